from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.catalogue import Unit
from promtool import verdict

Jsonnet = Callable[..., Any]


def expanded(templates: dict[str, str], value: float, folder: Path, series: dict[str, str] | None = None) -> str:
    """The output of promtool for an alert with these templates as annotations and this value."""
    rule = {"alert": "A", "expr": f'one{{q="{value}"}} * {value}', "annotations": templates}
    inputs = [{"series": f'one{{q="{value}"}}', "values": "1x5"}]
    inputs += [{"series": name, "values": values} for name, values in (series or {}).items()]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": [{"eval_time": "1m", "alertname": "A"}]}
    rules = {"groups": [{"name": "g", "rules": [rule]}]}
    return verdict(rules, {"evaluation_interval": "1m", "tests": [test]}, folder)[1]


def test_a_literal_is_not_read_as_a_template(jsonnet: Jsonnet, tmp_path: Path) -> None:
    texts = {"a": "{{ $value }}", "b": "{{{", "c": "{", "d": "x}} {{- 1 -}}"}
    templates = {name: jsonnet("lib.template.literal(it)", text) for name, text in texts.items()}
    output = expanded(templates, 1, tmp_path)
    for name, text in texts.items():
        assert f'{name}="{text}"' in output


@pytest.mark.parametrize("unit", [Unit.RATIO, Unit.NUMBER, Unit.DEVIATIONS])
@pytest.mark.parametrize("value", [0.125, 0.25, 0.75, 3])
def test_an_expanded_value_is_what_prometheus_writes(
    jsonnet: Jsonnet, tmp_path: Path, unit: Unit, value: float
) -> None:
    template, text = (
        jsonnet(f"lib.template.{call}") for call in (f"value('{unit}')", f"expanded_value('{unit}', {value})")
    )
    assert f'v="{text}"' in expanded({"v": template}, value, tmp_path)


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 3600, 11401, 86399, 86400, 90061, 864000])
def test_an_expanded_duration_is_what_prometheus_writes(jsonnet: Jsonnet, tmp_path: Path, seconds: int) -> None:
    template = jsonnet("lib.template.age(function(age) age, 'none')")
    assert f'v="{jsonnet("lib.template.expanded_duration(it)", seconds)}"' in expanded(
        {"v": template}, seconds, tmp_path
    )


def test_an_infinite_age_has_its_own_text(jsonnet: Jsonnet, tmp_path: Path) -> None:
    assert 'v="none"' in expanded({"v": jsonnet("lib.template.age(function(age) age, 'none')")}, 1e300, tmp_path)


def test_a_lookup_returns_the_series_with_the_alerts_labels_or_the_text_for_missing(
    jsonnet: Jsonnet, tmp_path: Path
) -> None:
    lookup = "lib.template.lookup({ name: it, unit: 'number' }, [lib.promql.equal('c', '100% \"')], ['q'], 'none')"
    templates = {"found": jsonnet(lookup, "limit"), "missing": jsonnet(lookup, "other")}
    series = {'limit{c="100% \\"",q="7"}': "0.5x5", 'limit{c="100% \\"",q="8"}': "0.6x5", 'limit{c="",q="7"}': "0.7x5"}
    output = expanded(templates, 7, tmp_path, series)
    assert 'found="0.5"' in output
    assert 'missing="none"' in output
