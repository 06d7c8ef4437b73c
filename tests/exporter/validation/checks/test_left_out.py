from __future__ import annotations

from exporter.labels import predictions
from exporter.labels import rows as labels
from exporter.validation.checks.left_out import label_findings, prediction_findings
from sampled import brief, spec, texts

BODY = spec().spec


def test_no_row_left_out_is_no_finding() -> None:
    assert list(prediction_findings(BODY, "inference", {predictions.NO_ID: 0}, 100)) == []


def test_the_severity_follows_from_the_usable_share_of_the_spec() -> None:
    left_out = {predictions.NO_ID: 20, predictions.NO_SCORE: 19, predictions.REPEATED: 1}
    found = list(prediction_findings(BODY, "inference", left_out, 100))
    assert brief(found) == [
        "error ids_missing request_id",
        "warning scores_missing predicted_score",
        "warning ids_repeated request_id",
    ]
    assert "19 % of 100 rows have no finite score" in texts(found)


def test_labels_that_are_left_out_have_the_column_of_the_label_log() -> None:
    found = list(label_findings(BODY, "labels", {labels.NO_ID: 50, labels.OLD: 1}, 1000))
    assert brief(found) == ["warning ids_missing request_id", "note labels_older labelled_at"]
    assert "5 % of 1000 rows have no id" in texts(found)
