from __future__ import annotations

from typing import Any

import pytest

from exporter.spec.model import Body
from spec_parts import body, refusal

RATIO = {"name": "ctr", "ratio": {"numerator": "clicks", "denominator": "impressions"}}
QUERY = {"name": "conversion", "promql": "sum(orders) / sum(views)"}


def test_the_default_floor_is_a_tenth_in_both_directions() -> None:
    (proxy,) = body(proxies=[RATIO]).proxies
    assert proxy.ratio is not None
    assert (proxy.floor.floor, proxy.direction, proxy.ratio.columns) == (0.1, "both", ("clicks", "impressions"))


def test_a_floor_is_a_number_or_has_weekdays() -> None:
    given = [{**RATIO, "floor": 0.2}, {**QUERY, "floor": {"floor": 0.2, "weekdays": {"sunday": 0.5}}}]
    assert [proxy.floor.on("sunday") for proxy in body(proxies=given).proxies] == [0.2, 0.5]


def test_promql_can_have_several_lines_and_is_stripped() -> None:
    text = "sum(\n\torders\n)\n"
    assert body(proxies=[{**QUERY, "promql": text}]).proxies[0].promql == "sum(\n\torders\n)"


@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ({"name": "ctr"}, "must have exactly one of ratio, promql"),
        ({**RATIO, **QUERY}, "must have exactly one of ratio, promql"),
        (
            {"name": "ctr", "ratio": {"numerator": "a", "denominator": "a"}},
            "must have two different columns: this ratio is always 1",
        ),
        ({**QUERY, "promql": "up\x00"}, "must not contain control characters other than line breaks and tabs"),
        ({**QUERY, "promql": "  \n"}, "String should have at least 1 character"),
    ],
)
def test_an_invalid_proxy_is_refused(proxy: dict[str, Any], why: str) -> None:
    assert refusal(proxies=[proxy]) == why


def test_a_count_of_one_value_can_be_divided_by_its_own_column() -> None:
    ratio = {"numerator": "amount", "equals": "0", "denominator": "amount"}
    assert body(proxies=[{"name": "free", "ratio": ratio}]).proxies[0].ratio is not None


@pytest.mark.parametrize(
    ("parts", "lacks"),
    [
        ({"proxies": [RATIO]}, False),
        ({"proxies": [RATIO, QUERY]}, True),
        ({"proxies": [QUERY], "prometheus": {"url": "http://prometheus:9090"}}, False),
        ({"proxies": [QUERY], "prometheus": {"credentials_file": "/etc/token"}}, True),
    ],
)
def test_promql_needs_a_prometheus(parts: dict[str, Any], lacks: bool) -> None:
    assert body(**parts).lacks_prometheus is lacks


def test_a_body_without_proxies_has_none() -> None:
    assert body() == Body.model_validate({**body().model_dump(by_alias=True)})
    assert body().proxies == ()
