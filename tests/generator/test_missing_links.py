from __future__ import annotations

from typing import Any

import pytest

from examples import model
from generator.missing_links import missing_links
from generator.options import Options


@pytest.mark.parametrize(
    ("metadata", "options", "line"),
    [
        ({}, {}, None),
        ({"grafana": None}, {"grafana": "https://g"}, None),
        ({"runbooks": None}, {"exporter": {"url": "https://e"}}, None),
        ({"grafana": None}, {}, "of fraud to dashboards (in generator.yaml write grafana: https://…)"),
        (
            {"grafana": None, "runbooks": None},
            {"grafana": "https://g"},
            "of fraud to runbooks (in generator.yaml write exporter: {url: https://…}: the exporter serves them)",
        ),
    ],
)
def test_links_that_alerts_lack_are_one_line(
    metadata: dict[str, Any], options: dict[str, Any], line: str | None
) -> None:
    found = missing_links([model(metadata).spec], Options.model_validate(options))
    assert found == (line and f"note: alerts have no links: {line}")


def test_links_of_many_models_are_one_line() -> None:
    spec = model({"grafana": None, "runbooks": None}).spec
    assert "of 4 models to runbooks (" in str(missing_links([spec] * 4, Options()))
    assert "), and of 4 models to dashboards (" in str(missing_links([spec] * 4, Options()))
