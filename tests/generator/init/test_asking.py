from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import pytest

from generator.init.asking import ask_on_terminal, asked
from generator.init.data_sets import DataSet, Found
from generator.init.guessing import guess
from generator.init.log_columns import Column, Kind

LOG = DataSet(
    ("log/2026-11-22T10.parquet",),
    (
        Column("request_id", Kind.TEXT, "string", 100, 100),
        Column("other_id", Kind.TEXT, "string", 100, 100),
        Column("score", Kind.NUMBER, "double", 100, 99, 0, 1),
        Column("age", Kind.WHOLE, "int64", 100, 50, 18, 90),
    ),
)
LABELS = DataSet(
    ("labels/2026-11-22.parquet",),
    (
        Column("request_id", Kind.TEXT, "string", 100, 100),
        Column("amount", Kind.NUMBER, "double", 100, 99, 0, 900),
        Column("is_fraud", Kind.TEXT, "bool", 100, 2),
    ),
)
FOUND = Found(LOG, LABELS)


def test_answers_take_the_place_of_guesses() -> None:
    answers = {
        "the model's task": "regression",
        "the column of the prediction's id": "other_id",
        "the column of the label": "amount",
    }
    asked_for: list[str] = []

    def ask(question: str, choices: Sequence[str], default: str) -> str:
        asked_for.append(f"{question} [{default}]")
        return answers.get(question, default)

    result = asked(FOUND, guess(FOUND), ask)
    assert result.task == "regression"
    assert result.roles == {"score": "score", "prediction_id": "other_id"}
    assert result.labels == {"prediction_id": "request_id", "label": "amount"}
    assert asked_for == [
        "the model's task [binary_classification]",
        "the column of the prediction's id [request_id]",
        "the column of this id in the labels [request_id]",
        "the column of the label [is_fraud]",
    ]


def test_no_id_is_an_answer() -> None:
    result = asked(FOUND, guess(FOUND), lambda question, choices, default: "none" if "none" in choices else default)
    assert "prediction_id" not in result.roles


@pytest.mark.parametrize(("typed", "answer"), [("\n", "a"), ("b\n", "b"), ("x\n b \n", "b"), ("", "a")])
def test_an_answer_is_one_of_the_choices_or_the_default(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert ask_on_terminal("which", ["a", "b"], "a") == answer
    assert capsys.readouterr().err.startswith("which [a]: ")
