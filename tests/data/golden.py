"""The generated documents of some specs, and the plain manifests, committed to be reviewed: `make golden`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import manifests
from examples import write_all
from exporter.spec.loading import load_all
from generator.documents import render
from generator.layout import Documents

HERE = Path(__file__).resolve().parents[1]
GOLDEN = HERE / "golden"
VALID = HERE / "specs" / "valid"
SPECS = {
    "fraud": HERE.parent / "models" / "fraud.yaml",
    **{name: VALID / f"{name}.yaml" for name in ("minimal", "multiclass", "ranking")},
}


def documents(name: str) -> Documents:
    """Return the generated documents of one of the specs."""
    return render(load_all([SPECS[name]]))


if __name__ == "__main__":
    manifests.write()
    for each in SPECS:
        shutil.rmtree(GOLDEN / each, ignore_errors=True)
        write_all(documents(each), GOLDEN / each)
        sys.stdout.write(f"wrote {(GOLDEN / each).relative_to(HERE.parent)}\n")
