from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from promtool import whole_verdict

Jsonnet = Callable[..., Any]


def expanded(templates: dict[str, str], value: float, folder: Path, series: dict[str, str] | None = None) -> str:
    """The output of promtool for an alert with these templates as annotations and this value."""
    rule = {"alert": "A", "expr": f'one{{q="{value}"}} * {value}', "annotations": templates}
    inputs = [{"series": f'one{{q="{value}"}}', "values": "1x5"}]
    inputs += [{"series": name, "values": values} for name, values in (series or {}).items()]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": [{"eval_time": "1m", "alertname": "A"}]}
    rules = {"groups": [{"name": "g", "rules": [rule]}]}
    return whole_verdict(rules, {"evaluation_interval": "1m", "tests": [test]}, folder)[1]


def test_a_literal_is_not_read_as_a_template(jsonnet: Jsonnet, tmp_path: Path) -> None:
    texts = {"a": "{{ $value }}", "b": "{{{", "c": "{", "d": "x}} {{- 1 -}}"}
    templates = {name: jsonnet("lib.template.literal(it)", text) for name, text in texts.items()}
    output = expanded(templates, 1, tmp_path)
    for name, text in texts.items():
        assert f'{name}="{text}"' in output


def test_an_infinite_age_has_its_own_text(jsonnet: Jsonnet, tmp_path: Path) -> None:
    assert 'v="none"' in expanded({"v": jsonnet("lib.template.age(function(age) age, 'none')")}, 1e300, tmp_path)


MODEL = """{
  matchers: [lib.promql.equal('c', '100% "')],
  whole_traffic(metric, segments):: if segments then [] else [lib.promql.equal('segment', '')],
}"""


def test_a_lookup_returns_the_series_with_the_alerts_labels_or_the_text_for_missing(
    jsonnet: Jsonnet, tmp_path: Path
) -> None:
    own = f"lib.template.own({MODEL}, ['q', 'unused'])"
    lookup = f"lib.numbers.complete({own}.lookup({{ name: it, unit: 'ratio', labels: ['q'] }}, 'none'))"
    templates = {"found": jsonnet(lookup, "limit"), "missing": jsonnet(lookup, "other")}
    series = {
        'limit{c="100% \\"",q="7",instance="a"}': "0.5x5",
        'limit{c="100% \\"",q="7",instance="b"}': "0.5x5",
        'limit{c="100% \\"",q="8"}': "0.6x5",
        'limit{c="",q="7"}': "0.7x5",
        'limit{c="100% \\"",q="7",segment="a=b"}': "0.8x5",
    }
    output = expanded(templates, 7, tmp_path, series)
    assert 'found="50%"' in output
    assert 'missing="none"' in output


def test_a_listing_has_each_result_with_a_text_before_and_between(jsonnet: Jsonnet, tmp_path: Path) -> None:
    own = f"lib.template.own({MODEL}, [], segments=true)"
    query = f"'sort_desc(' + {own}.selector({{ name: it, labels: [] }}) + ')'"
    call = f"{own}.each({query}, '{{{{ .Labels.q }}}}', 'none', ', ', 'Of ')"
    templates = {"found": jsonnet(call, "limit"), "missing": jsonnet(call, "other")}
    series = {f'limit{{c="100% \\"",q="{name}"}}': f"{name}x5" for name in (1, 3, 2)}
    output = expanded(templates, 7, tmp_path, series)
    assert 'found="Of 3, 2, 1"' in output
    assert 'missing="none"' in output
