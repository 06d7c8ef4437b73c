"""Findings from an exposition."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from exporter import catalogue
from exporter.catalogue import Metric
from exporter.demo.findings import ABSENT, FeatureFinding, caption, findings, row, table
from exporter.samples.windows import Sample
from exporter.service.snapshot import render

END = datetime(2026, 11, 23, 11, tzinfo=UTC)


def exposition(*samples: Sample) -> str:
    return render(samples, {"fraud": {"env": "demo"}}).text.decode()


def of_feature(metric: Metric, feature: str, value: float, window: str = "1h", model: str = "fraud") -> Sample:
    named = {"model": model, "version": "v3", "feature": feature, "window": window}
    return Sample(metric, tuple(named.get(label, "") for label in metric.labels), value)


def of_window(metric: Metric, value: float, window: str = "1h", model: str = "fraud") -> Sample:
    return of_feature(metric, "", value, window, model)


def numeric(feature: str, psi: float, *, drifted: bool, window: str = "1h", model: str = "fraud") -> list[Sample]:
    values = {
        catalogue.FEATURE_ROWS: 2000,
        catalogue.FEATURE_PSI: psi,
        catalogue.FEATURE_PSI_THRESHOLD: 0.2,
        catalogue.FEATURE_KS_STATISTIC: 0.25,
        catalogue.FEATURE_MEAN_SHIFT: -0.5,
        catalogue.FEATURE_NULL_RATIO: 0.015,
        catalogue.FEATURE_DRIFTED: float(drifted),
    }
    return [of_feature(metric, feature, value, window, model) for metric, value in values.items()]


WHOLE = exposition(
    of_window(catalogue.VERSION_ROWS, 2000),
    of_window(catalogue.DATA_DRIFT_SHARE, 0.5),
    of_window(catalogue.DATA_DRIFT_SHARE_THRESHOLD, 0.2),
    of_window(catalogue.PREDICTION_MEAN_SHIFT, 0.1),
    of_window(catalogue.PREDICTION_MEAN_SHIFT_THRESHOLD, 0.15),
    Sample(catalogue.WINDOW_END_TIMESTAMP_SECONDS, ("fraud", catalogue.INFERENCE, "1h"), END.timestamp()),
    *numeric("txn_count_7d", 1.25, drifted=True),
    *numeric("age", 0.01, drifted=False),
    of_window(catalogue.VERSION_ROWS, 48_000, "24h"),
    *numeric("txn_count_7d", 0.05, drifted=False, window="24h"),
    of_window(catalogue.VERSION_ROWS, 1, model="churn"),
    *numeric("tenure", 9.0, drifted=True, model="churn"),
)


def test_windows_and_features_keep_their_order_without_other_models() -> None:
    found = findings(WHOLE, "fraud")

    assert [(window.window, [feature.feature for feature in window.features]) for window in found] == [
        ("1h", ["txn_count_7d", "age"]),
        ("24h", ["txn_count_7d"]),
    ]


def test_values_are_those_of_the_exposition() -> None:
    hour = findings(WHOLE, "fraud")[0]

    assert (hour.version, hour.end, hour.rows) == ("v3", END, 2000)
    assert (hour.drift_share, hour.drift_share_threshold) == (0.5, 0.2)
    assert (hour.score_shift, hour.score_shift_threshold) == (0.1, 0.15)
    assert hour.features[0] == FeatureFinding("txn_count_7d", 1.25, 0.2, 0.25, -0.5, 0.015, drifted=True)
    assert hour.drifted == ("txn_count_7d",)


def test_a_missing_sample_is_none_and_not_zero() -> None:
    text = exposition(of_window(catalogue.VERSION_ROWS, 3), of_feature(catalogue.FEATURE_ROWS, "age", 3))
    (found,) = findings(text, "fraud")

    assert found.features == (FeatureFinding("age", None, None, None, None, None, None),)
    assert row(found.features[0]) == ("age", ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, "too few rows")
    assert caption(found) == f"drift share {ABSENT}\nscore shift (sd) {ABSENT}"
    assert found.end is None


def test_an_exposition_without_the_model_has_no_findings() -> None:
    assert findings(WHOLE, "nobody") == []
    assert findings("", "fraud") == []


def test_an_invalid_exposition_is_refused() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        findings('broken{model="fraud" 1\n', "fraud")


def test_a_row_has_its_units_and_its_verdict() -> None:
    drifted, calm = findings(WHOLE, "fraud")[0].features

    assert row(drifted) == ("txn_count_7d", "1.250", "0.200", "0.250", "-0.50 sd", "1.5%", "DRIFTED")
    assert row(calm)[-1] == "ok"


def test_the_caption_compares_with_the_thresholds() -> None:
    assert caption(findings(WHOLE, "fraud")[0]) == (
        "drift share 0.500 ABOVE its threshold 0.200\nscore shift (sd) 0.100 within its threshold 0.150"
    )


def test_a_table_fits_a_narrow_terminal() -> None:
    out = StringIO()
    Console(file=out, width=80).print(table(findings(WHOLE, "fraud")[0]))
    text = out.getvalue()

    assert "Window 1h: 2,000 rows, until 2026-11-23 11:00 UTC" in text
    assert "txn_count_7d" in text
    assert "DRIFTED" in text
    assert max(map(len, text.splitlines())) <= 80
