"""The tasks of models, and the columns that labels need for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Task = Literal["binary_classification", "multiclass_classification", "regression", "ranking"]
CLASSIFICATION: Final[tuple[Task, ...]] = ("binary_classification", "multiclass_classification")
"""The tasks that return classes."""
SINGLE_SCORE_TASKS: Final[tuple[Task, ...]] = ("binary_classification", "regression")
"""The tasks in which a label is compared with one score alone."""

REQUIRED_COLUMNS: Final[Mapping[Task, tuple[str, ...]]] = {
    "binary_classification": ("score",),
    "multiclass_classification": ("prediction",),
    "regression": ("score",),
    "ranking": ("score", "query"),
}
"""The columns of the inference log that labels of a task need."""
