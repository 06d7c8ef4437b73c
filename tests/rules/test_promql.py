from __future__ import annotations

from collections.abc import Callable
from typing import Any

import promql_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec.value_types import parse_duration

Jsonnet = Callable[..., Any]
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20)


@settings(max_examples=25, deadline=None)  # each example starts jsonnet
@given(TEXTS)
def test_a_text_is_quoted(jsonnet: Jsonnet, texts: list[str]) -> None:
    matchers = jsonnet("[lib.promql.equal('a', text) for text in it]", texts)
    parsed = [promql_parser.parse(f"up{{{matcher}}}") for matcher in matchers]
    assert [selector.matchers.matchers[0].value for selector in parsed] == texts


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "1m"), (90, "90s"), (900, "15m"), (3600, "1h"), (5400, "90m"), (172800, "48h")]
)
def test_a_duration_is_in_its_largest_whole_unit(jsonnet: Jsonnet, seconds: int, text: str) -> None:
    assert jsonnet("lib.promql.duration(it)", seconds) == text
    assert parse_duration(text).total_seconds() == seconds


def test_one_window_has_an_equality_matcher_and_several_a_regular_expression(jsonnet: Jsonnet) -> None:
    assert jsonnet("lib.promql.any('window', ['1h'])") == 'window="1h"'
    assert jsonnet("lib.promql.any('window', ['1h', '24h'])") == 'window=~"1h|24h"'


def test_the_operand_of_an_aggregation_is_indented(jsonnet: Jsonnet) -> None:
    inner = "lib.promql.without('max', ['a', 'b'], 'x{}')"
    assert jsonnet(inner) == "max without (a, b) (\n  x{}\n)"
    assert jsonnet(f"lib.promql.without('min', ['c'], {inner})") == (
        "min without (c) (\n  max without (a, b) (\n    x{}\n  )\n)"
    )
