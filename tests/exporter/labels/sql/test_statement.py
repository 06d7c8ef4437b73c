"""The statement about predictions and their labels: what it names, and what it never holds.

`test_counting` runs it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from exporter.labels.evaluation import Evaluation
from exporter.labels.sql.statement import label_statement, outcome_query, touched_statement
from exporter.spec.sections.logs import InferenceColumns, LabelColumns
from exporter.sql.logs import Logs, NotCountable

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOGS = Logs(
    made={"id": "STRING", "p": "FLOAT64", "v": "STRING", "at": "TIMESTAMP", "land": "STRING", "share": "FLOAT64"},
    prediction_columns=InferenceColumns(timestamp="at", prediction_id="id", model_version="v", score="p"),
    made_from=START,
    prediction_grain=HOUR,
    arrived={"ref": "INT64", "y": "BOOL"},
    label_columns=LabelColumns(prediction_id="ref", label="y", timestamp=None),
    labels_start=START,
    label_grain=HOUR,
    look_back=6 * HOUR,
)
EVALUATION = Evaluation(True, 0.625, np.array([0.125, 0.875]), tolerances=(0.375,), segments={"land": ("it's",)})


def test_values_are_parameters_and_only_what_is_needed_is_read() -> None:
    query = outcome_query(LOGS, "binary_classification", EVALUATION)
    statement = query.statement
    text = "\n".join([*statement.steps.values(), statement.select])
    assert (statement.columns, query.label_columns) == (("id", "p", "at", "v", "land"), ("ref", "y"))
    assert set(re.findall(r"@(\w+)", text)) == statement.parameters.keys()
    assert statement.parameters["edges"].value == [-0.875, -0.125]
    assert statement.parameters["s0"].value == ["it's"]
    assert not re.search(r"0\.625|0\.125|0\.375|it's|unknown", text)
    assert not re.search(r"(?<!`)\b(land|ref|share)\b(?!`)", text), "names are quoted"
    for other in (label_statement(LOGS, "regression"), touched_statement(LOGS)[0]):
        named = set(re.findall(r"@(\w+)", "\n".join([*other.steps.values(), other.select])))
        assert named == other.parameters.keys()


def test_a_group_that_is_a_float_needs_rows() -> None:
    floats = Evaluation(True, 0.5, None, segments={"share": ("0.1",)})
    with pytest.raises(NotCountable, match="is FLOAT64"):
        outcome_query(LOGS, "binary_classification", floats)
    with pytest.raises(NotCountable, match="ranking is evaluated by rows"):
        label_statement(LOGS, "ranking")
