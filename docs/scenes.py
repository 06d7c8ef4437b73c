"""The scenes of docs/notifications.md: what is wrong, and the gauges that an exporter would have then."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exporter import catalogue
from exporter.catalogue import Alert, Metric
from exporter.spec.model import ModelSpec

END: Final = 1795536000
"""The end of the newest window: 24 November 2026, 16:00 UTC."""

Gauges = Mapping[tuple[Metric, str], float]
"""The values of a scene: by metric, and by more labels in PromQL's notation."""


class Scene(NamedTuple):
    """One notification: its title, the models that it is about, the alert, the gauges, and the ways to show it."""

    title: str
    models: Sequence[str]
    alert: Alert
    gauges: Gauges
    ways: Sequence[str]


def _spec(name: str, task: str) -> ModelSpec:
    way = {
        "pagerduty": {"routing_key_file": "/etc/alertmanager/secrets/pagerduty"},
        "slack": {"channel": "#ml-alerts", "api_url_file": "/etc/alertmanager/secrets/slack"},
        "email": {"to": "ml-oncall@example.com"},
    }
    regression = task == "regression"
    columns = {"prediction_id": "id", "score": "price" if regression else "score"}
    metric, target = ("mae", {"at_most": 1500}) if regression else ("auroc", {"at_least": 0.9})
    body: dict[str, Any] = {
        "task": task,
        "inference": {"source": {"s3": f"s3://ml-logs/{name}/%Y-%m-%dT%H.parquet"}, "columns": columns},
        "labels": {
            "source": {"s3": f"s3://ml-logs/{name}-labels/%Y-%m-%dT%H.parquet"},
            "columns": {"prediction_id": "id", "label": "label"},
            "maturity": "2d",
        },
        "reference": {"source": {"s3": f"s3://ml-logs/{name}/reference.parquet"}, "columns": {"label": "label"}},
        "features": [{"name": "area", "type": "numeric"}, {"name": "region", "type": "categorical"}],
        "segments": ["region"],
        "slos": [{"name": metric, "metric": metric, **target, "objective": 0.95, "period": "30d", "slice": "1d"}],
        "alerting": {"page": way, "ticket": way},
    }
    metadata = {"name": name, "team": "pricing", "owner": "ml", "grafana": "https://grafana.example.com"}
    document = {"metadata": {**metadata, "runbooks": "https://runbooks.example.com/ml"}, "spec": body}
    return ModelSpec.model_validate({"apiVersion": "leeway/v1", "kind": "Model", **document})


FRAUD: Final = "fraud"
PRICES: Final = "prices"
MODELS: Final = {
    name: _spec(name, "binary_classification" if name == FRAUD else "regression")
    for name in (PRICES, FRAUD, "rents", "demand", "returns", "costs")
}


def _feature(
    name: str, psi: float, values: Mapping[Metric, float], limit: float = 0.2
) -> dict[tuple[Metric, str], float]:
    own = f'feature="{name}"'
    drift = {catalogue.FEATURE_PSI: psi, catalogue.FEATURE_PSI_THRESHOLD: limit}
    return {(metric, own): value for metric, value in {**drift, **values}.items()}


def _with_limit(metric: Metric, value: float, limit: float, own: str = "") -> dict[tuple[Metric, str], float]:
    return {(metric, own): value, (metric.threshold(), own): limit}


_MEAN, _BEFORE = catalogue.FEATURE_MEAN, catalogue.FEATURE_MEAN_REFERENCE
_SCALE, _SPREAD = catalogue.FEATURE_SCALE_FACTOR, catalogue.FEATURE_STDDEV_RATIO
_AREA = _feature("area", 0.361, {_MEAN: 56410, _BEFORE: 86697, _SCALE: 0.651, _SPREAD: 0.648})
_ROOMS = _feature("rooms", 0.29, {_MEAN: 3.1, _BEFORE: 4.4, catalogue.FEATURE_MEAN_SHIFT: -0.9, _SPREAD: 1.05})
_REGION = {
    **_feature("region", 0.94, {}),
    (catalogue.FEATURE_BIN_RATIO, 'feature="region",bin="01 north"'): 0.12,
    (catalogue.FEATURE_BIN_RATIO_REFERENCE, 'feature="region",bin="01 north"'): 0.58,
    (catalogue.FEATURE_BIN_RATIO, 'feature="region",bin="02 south"'): 0.88,
    (catalogue.FEATURE_BIN_RATIO_REFERENCE, 'feature="region",bin="02 south"'): 0.42,
}
_ERRORS = {
    (catalogue.MAE, ""): 3690,
    (catalogue.MAE_ESTIMATED_GAP, ""): 1069 - 3690,
    (catalogue.RMSE, ""): 4890,
    (catalogue.RMSE_ESTIMATED_GAP, ""): 2350 - 4890,
    (catalogue.MEAN_ERROR, ""): -3480,
    (catalogue.MEAN_ERROR_REFERENCE, ""): 12.4,
    (catalogue.MAE, 'segment="region=south"'): 5120,
    (catalogue.MAE, 'segment="region=north"'): 1130,
}
(_MAE,) = MODELS[PRICES].spec.slos
_SLO = 'slo="mae"'
_BURN = {
    (metric, f'{_SLO},window="{_MAE.window_name(length)}"'): value
    for length in _MAE.windows()
    for metric, value in (
        (catalogue.SLO_BURN_RATE, 20.0),
        (catalogue.SLO_SLICES, length),
        (catalogue.SLO_BAD_SLICES, length),
    )
} | {(catalogue.SLO_ERROR_BUDGET_REMAINING_RATIO, _SLO): -0.4286, (catalogue.SLO_SLI, _SLO): 3690}
_ALL_SCORES = {
    (catalogue.PREDICTION_MEAN, ""): 0.312,
    (catalogue.PREDICTION_MEAN_REFERENCE, ""): 0.121,
    (catalogue.PREDICTION_MEAN_SHIFT, 'segment="region=south"'): 1.2,
}
_ROWS = {
    (catalogue.WINDOW_ROWS, 'stream="inference"'): 0,
    (catalogue.WINDOW_ROWS_REFERENCE, 'stream="inference"'): 1240,
}
_NULLS = {
    **_with_limit(catalogue.FEATURE_NULL_RATIO, 0.3412, 0.06, 'feature="area"'),
    (catalogue.FEATURE_NULL_RATIO_REFERENCE, 'feature="area"'): 0.0123,
    (catalogue.FEATURE_NULL_RATIO, 'feature="area",segment="region=south"'): 0.97,
}
_NEW = {
    **_with_limit(catalogue.FEATURE_NEW_CATEGORY_PEAK_RATIO, 0.1234, 0.01, 'feature="region"'),
    (catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS, 'feature="region",category="SOUTH"'): END - 10800,
    (catalogue.FEATURE_NEW_CATEGORY_FIRST_SEEN_TIMESTAMP_SECONDS, 'feature="region",category="islands"'): END - 3600,
}
_BROKEN = {
    **_feature("area", 4.25, {_MEAN: 8.66e6, _BEFORE: 86697, _SCALE: 99.8, _SPREAD: 101}),
    (catalogue.FEATURE_BROKEN, 'feature="area",reason="scale"'): 1,
}
_PRICES = {(catalogue.PREDICTION_MEAN, ""): 291400, (catalogue.PREDICTION_MEAN_REFERENCE, ""): 402800}

SCENES: Final = (
    Scene(
        "Several inputs drift",
        [PRICES],
        catalogue.DATA_DRIFT_HIGH,
        {**_with_limit(catalogue.DATA_DRIFT_SHARE, 0.23256, 0.2), **_AREA, **_ROOMS, **_REGION, **_PRICES},
        ("PagerDuty", "Slack", "Mail"),
    ),
    Scene("An input is in another unit", [PRICES], catalogue.FEATURE_DRIFT_HIGH, _AREA, ("Slack",)),
    Scene("An input is broken", [PRICES], catalogue.FEATURE_BROKEN_ALERT, _BROKEN, ("PagerDuty",)),
    Scene("Values are missing", [PRICES], catalogue.FEATURE_NULLS_HIGH, _NULLS, ("Mail",)),
    Scene("New categories", [PRICES], catalogue.NEW_CATEGORIES, _NEW, ("Slack",)),
    Scene(
        "The scores have shifted",
        [FRAUD],
        catalogue.PREDICTION_SCORE_SHIFT,
        {**_with_limit(catalogue.PREDICTION_MEAN_SHIFT, 0.842, 0.15), **_ALL_SCORES},
        ("PagerDuty",),
    ),
    Scene(
        "The same inputs have other outcomes",
        [PRICES],
        catalogue.CONCEPT_DRIFT_ALERT,
        {**_with_limit(catalogue.CONCEPT_DRIFT, 4.87, 1), **_ERRORS},
        ("Slack",),
    ),
    Scene("An objective is missed", [PRICES], catalogue.ERROR_BUDGET_BURN_FAST, _BURN, ("PagerDuty",)),
    Scene(
        "The exporter of six models is down", list(MODELS), catalogue.EXPORTER_DOWN, {}, ("PagerDuty", "Slack", "Mail")
    ),
    Scene("A source of three models is away", [*MODELS][2:5], catalogue.INFERENCE_LOGS_MISSING, _ROWS, ("Slack",)),
)
