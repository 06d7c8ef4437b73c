"""What models do, and what labels need to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Task = Literal["binary_classification", "multiclass_classification", "regression", "ranking"]
CLASSIFICATION: Final[tuple[Task, ...]] = ("binary_classification", "multiclass_classification")
"""The tasks whose answers are classes."""
SINGLE_SCORE_TASKS: Final[tuple[Task, ...]] = ("binary_classification", "regression")
"""The tasks in which one score is all that a label is compared with."""

REQUIRED_COLUMNS: Final[Mapping[Task, tuple[str, ...]]] = {
    "binary_classification": ("score",),
    "multiclass_classification": ("prediction",),
    "regression": ("score",),
    "ranking": ("score", "query"),
}
"""The columns of the inference log without which labels say nothing of a task."""
