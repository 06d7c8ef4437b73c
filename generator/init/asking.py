"""Asks a person what names and columns do not tell: the task, the id, and the column of labels."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, get_args

from exporter.spec.sections.task import Task
from generator.init.data_sets import DataSet, Found
from generator.init.guessing import Guess

Ask = Callable[[str, Sequence[str], str], str]
"""Is passed a question, the possible answers and the default; returns one of these."""
_NONE: Final = "none"


def asked(found: Found, guessed: Guess, ask: Ask) -> Guess:
    """Return a guess with what a person answers."""
    tasks: dict[str, Task] = {task: task for task in get_args(Task)}
    task = tasks[ask("the model's task", list(tasks), guessed.task)]
    roles = dict(guessed.roles)
    prediction_id = ask("the column of the prediction's id", _names(found.log), roles.pop("prediction_id", _NONE))
    if prediction_id != _NONE:
        roles = {key: column for key, column in roles.items() if column != prediction_id}
        roles["prediction_id"] = prediction_id
    labels = dict(guessed.labels)
    if found.labels is not None and labels:
        names = [name for name in _names(found.labels) if name != _NONE]
        labels["prediction_id"] = ask("the column of this id in the labels", names, labels["prediction_id"])
        labels["label"] = ask("the column of the label", names, labels["label"])
    return replace(guessed, task=task, roles=roles, labels=labels)


def _names(data: DataSet) -> list[str]:
    return [*(column.name for column in data.columns), _NONE]


def ask_on_terminal(question: str, choices: Sequence[str], default: str) -> str:
    """Ask until the answer is one of the choices; an empty one, or the end of the input, is the default."""
    while True:
        sys.stderr.write(f"{question} [{default}]: ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if not answer or answer in choices:
            return answer or default
        sys.stderr.write(f"  it must be one of: {', '.join(map(ascii, choices))}\n")
