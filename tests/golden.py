"""What is generated for two specs, committed so that a change of it is read before it is merged: `make golden`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from examples import write_all
from exporter.spec.file import load_all
from generator.documents import Documents, render

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
SPECS = {"fraud": HERE.parent / "models" / "fraud.yaml", "minimal": HERE / "specs" / "valid" / "minimal.yaml"}


def documents(name: str) -> Documents:
    """What the generator makes of one of the specs."""
    return render(load_all([SPECS[name]]))


if __name__ == "__main__":
    for each in SPECS:
        shutil.rmtree(GOLDEN / each, ignore_errors=True)
        write_all(documents(each), GOLDEN / each)
        sys.stdout.write(f"wrote {(GOLDEN / each).relative_to(HERE.parent)}\n")
