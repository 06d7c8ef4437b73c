"""A fixture for the tests of the rules: the value of a jsonnet expression."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.jsonnet import LIBRARY, evaluate


@pytest.fixture(scope="module")
def jsonnet(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Evaluate an expression; in it `lib.promql` is a file of `rules/`, and `it` is the argument."""
    path: Path = tmp_path_factory.mktemp("jsonnet") / "expression.libsonnet"
    files = ", ".join(f"'{file.stem}': import '{file}'" for file in LIBRARY.glob("rules/**/*.libsonnet"))

    def compute(expression: str, it: Any = None) -> Any:
        path.write_text(f"local lib = {{ {files} }};\nfunction(arguments) local it = arguments.it; {expression}")
        return evaluate(path, {"it": it})

    return compute
