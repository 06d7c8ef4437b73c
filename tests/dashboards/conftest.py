"""Fixtures: specs, their dashboards, and the parts of Grafana and Prometheus that the tests need."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from boards import panels_of
from dashboards.model import dashboard as model_dashboard
from exporter.spec.model import ModelSpec

HOSTILE = "a\"b\\c$version${window}[[feature]]{{feature}}$__range'</script>; drop"


@pytest.fixture
def make_spec() -> Callable[..., ModelSpec]:
    """A small spec; keyword arguments replace keys of its metadata."""

    def make(**metadata: Any) -> ModelSpec:
        return ModelSpec.model_validate(
            {
                "apiVersion": "leeway/v1",
                "kind": "Model",
                "metadata": {"name": "fraud", "labels": {"env": "prod"}} | metadata,
                "spec": {
                    "task": "binary_classification",
                    "inference": {
                        "source": {"local": "log/%Y-%m-%dT%H.parquet"},
                        "columns": {"score": "score", "prediction": "decision", "prediction_id": "id"},
                    },
                    "labels": {
                        "source": {"local": "labels/%Y-%m-%dT%H.parquet"},
                        "columns": {"prediction_id": "id", "label": "paid"},
                    },
                    "reference": {"source": {"local": "reference.parquet"}, "columns": {"label": "paid"}},
                    "features": [
                        {"name": "age", "type": "numeric"},
                        {"name": "country_code", "type": "categorical"},
                    ],
                    "proxies": [{"name": "review_rate", "ratio": {"numerator": "decision", "equals": "review"}}],
                    "alerting": {
                        "retrain": {
                            "sagemaker": {"pipeline": "retrain"},
                            "hook": {"url": "http://leeway-retrain-hook:9878/retrain", "token_file": "/secrets/hook"},
                            "gate": {"metric": "auroc", "at_least": 0.91, "window": "24h"},
                        }
                    },
                    "slos": [{"name": "ranking", "metric": "auroc", "at_least": 0.91, "objective": 0.95}],
                },
            }
        )

    return make


@pytest.fixture
def spec(make_spec: Callable[..., ModelSpec]) -> ModelSpec:
    return make_spec(runbooks="https://runbooks.example.com/ml", grafana="https://grafana.example.com")


@pytest.fixture
def hostile_spec(make_spec: Callable[..., ModelSpec]) -> ModelSpec:
    """A spec whose free texts would be code in PromQL, Grafana, Go templates or HTML."""
    return make_spec(labels={"env": HOSTILE}, team=HOSTILE, owner=HOSTILE)


@pytest.fixture
def segmented_spec(spec: ModelSpec) -> ModelSpec:
    """A model with segments, whose dashboard has every panel."""
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"segments": ("country_code",)})})


@pytest.fixture
def dashboard(segmented_spec: ModelSpec) -> dict[str, Any]:
    """The dashboard of the model with segments."""
    return model_dashboard(segmented_spec)


@pytest.fixture
def every_panel() -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    """All panels of a dashboard that are not rows, also in collapsed rows."""
    return panels_of


# How Grafana finds variables in a query: $name, [[name]], ${name} and ${name:format}.
_VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:^}]+)?(?::[^}]+)?\}")
_SELECTION = {
    "version": ".+",
    "window": "1h",
    "feature": ".+",
    "model": ".+",
    "role": ".*",
    "segment": "^$",
    "datasource": "prom",
    "team": ".+",
    "job": ".+",
    "instance": ".+",
    "state": "0",
}
_SELECTION |= {"__range": "1h", "__interval": "1m", "__rate_interval": "4m"}


@pytest.fixture
def interpolate() -> Callable[[str], str]:
    """A text as Grafana would send it, with all variables selected; unknown variables are not replaced."""

    def known(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2) or match.group(4)
        return _SELECTION.get(name, match.group(0))

    return lambda text: _VARIABLE.sub(known, text)


@pytest.fixture
def promtool(tmp_path: Path) -> Callable[..., None]:
    """Check the results of expressions and alerts with the real promtool; its documentation has the keys."""

    def check(series: Mapping[str, str], *, rules: list[dict[str, Any]] | None = None, **test: Any) -> None:
        (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "all", "rules": rules or []}]}))
        inputs = [{"series": name, "values": values} for name, values in series.items()]
        tests = [{"interval": "1m", "input_series": inputs, **test}]
        path = tmp_path / "test.json"
        path.write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": tests}))
        run = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr

    return check


@pytest.fixture
def evaluates(promtool: Callable[..., None], interpolate: Callable[[str], str]) -> Callable[..., None]:
    """Check an expression after an hour of constant series; None is a series that was 0.75 and ended early."""

    def check(series: Mapping[str, float | None], expression: str, expected: Mapping[str, float]) -> None:
        values = {name: f"{0.75 if v is None else v}+0x{20 if v is None else 60}" for name, v in series.items()}
        values |= {name: f"{text} stale" for name, text in values.items() if series[name] is None}
        samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
        query = {"expr": interpolate(expression), "eval_time": "1h", "exp_samples": samples}
        promtool(values, promql_expr_test=[query])

    return check
