from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from exporter.catalogue import Unit
from promtool import whole_verdict

Jsonnet = Callable[..., Any]

NUMBERS = {
    0: "0",
    0.0123: "0.0123",
    0.361: "0.361",
    56.44: "56.4",
    999.4: "999",
    999.6: "1,000",
    1069: "1,069",
    3690.2: "3,690",
    56410: "56,410",
    -2540: "-2,540",
    1234567: "1,234,567",
    123456789012: "123,456,789,012",
    1.5e15: "1.5e+15",
    -0.5: "-0.5",
}
PERCENT = {0.2326: "23.3%", 0.05129: "5.13%", 0.00123: "0.123%", -0.4286: "-42.9%", -15: "-1,500%", 1: "100%", 0: "0%"}
AGES = {
    0: "0s", 1: "1s", 59: "59s", 60: "1m", 61: "1m 1s", 3600: "1h", 11401: "3h 10m 1s", 86399: "23h 59m 59s",
    86400: "1d", 90061: "1d 1h", 262800: "3d 1h", 864000: "10d",
}  # fmt: skip
MOMENTS = {0: "1 Jan 00:00 UTC", 1795536000: "24 Nov 16:00 UTC"}
CASES = [
    *((Unit.NUMBER, value, text) for value, text in NUMBERS.items()),
    *((Unit.RATIO, value, text) for value, text in PERCENT.items()),
    *((Unit.SECONDS, value, text) for value, text in AGES.items()),
    *((Unit.TIMESTAMP, value, text) for value, text in MOMENTS.items()),
]


@pytest.fixture(scope="module")
def written(jsonnet: Jsonnet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Prometheus writes for each case, by its place."""
    templates = {
        f"c{place}": jsonnet(f"lib.numbers.complete(lib.numbers.write('{unit}', it))", f"{float(value)!r}")
        for place, (unit, value, _) in enumerate(CASES)
    }
    rules = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "vector(1)", "annotations": templates}]}]}
    test = {"interval": "1m", "input_series": [], "alert_rule_test": [{"eval_time": "1m", "alertname": "A"}]}
    proof = {"evaluation_interval": "1m", "tests": [test]}
    return dict(re.findall(r'(c\d+)="(.*?)"', whole_verdict(rules, proof, tmp_path_factory.mktemp("numbers"))[1]))


@pytest.mark.parametrize("place", range(len(CASES)))
def test_a_value_is_written_as_a_person_does(written: dict[str, str], place: int) -> None:
    assert written[f"c{place}"] == CASES[place][2]


@pytest.mark.parametrize(
    ("unit", "value"),
    [(unit, value) for unit, value, _ in CASES if unit == Unit.SECONDS]
    + [(Unit.NUMBER, value) for value in (0, 0.361, -0.5, 1069, 56410, -2540, 1234567)]
    + [(Unit.RATIO, value) for value in (0.125, 0.25, 0.625, 1)],
)
def test_the_tests_of_rules_expect_what_prometheus_writes(
    jsonnet: Jsonnet, written: dict[str, str], unit: Unit, value: float
) -> None:
    place = next((place for place, case in enumerate(CASES) if case[:2] == (unit, value)), None)
    text = jsonnet(f"lib.numbers.written('{unit}', it)", value)
    assert text == (written[f"c{place}"] if place is not None else f"{value * 100:g}%")


def test_a_text_defines_only_the_templates_that_it_uses(jsonnet: Jsonnet) -> None:
    text = jsonnet("lib.numbers.complete('a ' + lib.numbers.write('ratio', '$value'))")
    assert re.findall(r'define "(\w+)"', text) == ["number", "percent"]
    assert jsonnet("lib.numbers.complete('plain')") == "plain"
