from __future__ import annotations

from pathlib import Path

import pytest

from examples import model
from exporter import catalogue
from exporter.errors import RenderError
from generator import jsonnet
from generator.arguments import rule_arguments
from generator.jsonnet import LIBRARY, evaluate
from generator.options import Options


def write(folder: Path, text: str) -> Path:
    path = folder / "one.libsonnet"
    path.write_text(text)
    return path


def test_arguments_and_results_are_plain_data(tmp_path: Path) -> None:
    path = write(tmp_path, "function(arguments) { got: arguments, more: [1, 'é', null, true] }")
    assert evaluate(path, {"a": {"b": "c"}}) == {"got": {"a": {"b": "c"}}, "more": [1, "é", None, True]}


def test_a_runtime_error_names_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "function(arguments)\n  arguments.missing")
    with pytest.raises(RenderError, match=rf"^{path}:2: Field does not exist: missing$"):
        evaluate(path, {})


def test_a_syntax_error_names_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "function(arguments)\n  {")
    with pytest.raises(RenderError, match=rf"^{path}:2: .*[Uu]nexpected"):
        evaluate(path, {})


def test_a_missing_file_is_an_error() -> None:
    with pytest.raises(RenderError, match=r"rules/nothing\.libsonnet: "):
        evaluate(Path("rules/nothing.libsonnet"), {})


def test_both_engines_return_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = rule_arguments(model().spec, Options())
    fast = evaluate(Path("rules/mixin.libsonnet"), arguments)
    monkeypatch.setattr(jsonnet, "_rjsonnet", None)
    assert evaluate(Path("rules/mixin.libsonnet"), arguments) == fast


def test_a_name_that_the_catalogue_does_not_have_is_an_error_with_its_place() -> None:
    arguments = rule_arguments(model().spec, Options())
    del arguments["catalogue"]["metrics"][catalogue.DATA_DRIFT_SHARE.key]
    with pytest.raises(RenderError, match=rf"^rules/[\w/]+\.libsonnet:\d+: .*{catalogue.DATA_DRIFT_SHARE.key}"):
        evaluate(Path("rules/mixin.libsonnet"), arguments)


@pytest.mark.parametrize(
    "path", sorted(LIBRARY.glob("rules/**/*.libsonnet")) + sorted(LIBRARY.glob("alertmanager/*.libsonnet"))
)
def test_every_file_of_the_library_is_used(path: Path) -> None:
    entry = {"mixin.libsonnet", "proof.libsonnet", "alertmanager.libsonnet"}
    entry |= {"overlay.libsonnet", "fleet.libsonnet"}  # for overlays, and for all models together
    imported = any(
        f"{path.name}'" in other.read_text() for other in LIBRARY.glob("[ar]*/**/*.libsonnet") if other != path
    )
    assert imported or path.name in entry
