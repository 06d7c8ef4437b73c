"""Where the project is installed, and its version; `make release` changes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VERSION: Final = "0.1.0"

FOLDER: Final = Path(__file__).resolve().parents[1]
"""The folder of `exporter` and the folders beside it: the repository, or the package `leeway_exporter` of the wheel."""
