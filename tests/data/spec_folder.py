"""A folder of specs to work in, as a user of `leeway` has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from examples import BODY, METADATA


def write_spec(name: str, **metadata: Any) -> Path:
    """Write the example spec to `models/` of the current folder; keys of its metadata may be replaced."""
    path = Path("models", f"{name}.yaml")
    path.parent.mkdir(exist_ok=True)
    document = {"apiVersion": "leeway/v1", "kind": "Model", "spec": BODY}
    path.write_text(yaml.safe_dump(document | {"metadata": {**METADATA, "name": name, **metadata}}))
    return path
