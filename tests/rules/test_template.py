from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter.catalogue import Unit
from promtool import verdict

Jsonnet = Callable[..., Any]


def expanded(templates: dict[str, str], value: float, folder: Path, series: dict[str, str] | None = None) -> str:
    """Promtool's account of an alert whose annotations are the templates and whose value is `value`."""
    rule = {"alert": "A", "expr": f'one{{q="{value}"}} * {value}', "annotations": templates}
    inputs = [{"series": f'one{{q="{value}"}}', "values": "1x5"}]
    inputs += [{"series": name, "values": values} for name, values in (series or {}).items()]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": [{"eval_time": "1m", "alertname": "A"}]}
    rules = {"groups": [{"name": "g", "rules": [rule]}]}
    return verdict(rules, {"evaluation_interval": "1m", "tests": [test]}, folder)[1]


def test_a_literal_is_not_read_as_a_template(jsonnet: Jsonnet, tmp_path: Path) -> None:
    texts = {"a": "{{ $value }}", "b": "{{{", "c": "{", "d": "x}} {{- 1 -}}"}
    templates = {name: jsonnet("lib.template.literal(it)", text) for name, text in texts.items()}
    said = expanded(templates, 1, tmp_path)
    for name, text in texts.items():
        assert f'{name}="{text}"' in said


@pytest.mark.parametrize("unit", [Unit.RATIO, Unit.NUMBER, Unit.DEVIATIONS])
@pytest.mark.parametrize("value", [0.125, 0.25, 0.75, 3])
def test_a_formatted_number_is_what_prometheus_makes_of_it(
    jsonnet: Jsonnet, tmp_path: Path, unit: Unit, value: float
) -> None:
    template, text = (jsonnet(f"lib.template.{call}") for call in (f"value('{unit}')", f"formatted('{unit}', {value})"))
    assert f'v="{text}"' in expanded({"v": template}, value, tmp_path)


@pytest.mark.parametrize("seconds", [1, 59, 60, 61, 3600, 11401, 86399, 86400, 90061, 864000])
def test_an_age_is_what_prometheus_makes_of_it(jsonnet: Jsonnet, tmp_path: Path, seconds: int) -> None:
    template = jsonnet("lib.template.age(function(age) age, 'none')")
    assert f'v="{jsonnet("lib.template.aged(it)", seconds)}"' in expanded({"v": template}, seconds, tmp_path)


def test_an_age_without_end_has_a_word(jsonnet: Jsonnet, tmp_path: Path) -> None:
    assert 'v="none"' in expanded({"v": jsonnet("lib.template.age(function(age) age, 'none')")}, 1e300, tmp_path)


def test_a_lookup_finds_the_series_with_the_alerts_labels_or_says_that_there_is_none(
    jsonnet: Jsonnet, tmp_path: Path
) -> None:
    lookup = "lib.template.lookup({ name: it, unit: 'number' }, [lib.promql.equal('c', '100% \"')], ['q'], 'none')"
    templates = {"found": jsonnet(lookup, "limit"), "lost": jsonnet(lookup, "other")}
    series = {'limit{c="100% \\"",q="7"}': "0.5x5", 'limit{c="100% \\"",q="8"}': "0.6x5", 'limit{c="",q="7"}': "0.7x5"}
    said = expanded(templates, 7, tmp_path, series)
    assert 'found="0.5"' in said
    assert 'lost="none"' in said
