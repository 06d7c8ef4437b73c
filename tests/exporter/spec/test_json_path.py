from __future__ import annotations

from typing import Any

import pytest

from exporter.spec.json_path import parse_path

DOCUMENT = {"a": {"b-c": [10, {"d e": 20}]}, "rows": [{"x": 1}, {"x": None}, {}, 7], "n": None}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.a.b-c[0]", 10),
        ("$['a']['b-c'][1]['d e']", 20),
        ("$.n", None),
        ("$.n.x", None),
        ("$.a[0]", None),
        ("$.a.b-c[2]", None),
        ("$.absent", None),
    ],
)
def test_a_path_names_one_value(path: str, value: Any) -> None:
    assert parse_path(path).value(DOCUMENT) == value
    assert parse_path(path).item_steps is None


@pytest.mark.parametrize(
    ("path", "values"),
    [("$.rows[*].x", [1, None, None, None]), ("$.a.b-c[*]", [10, {"d e": 20}]), ("$.a[*]", None), ("$[*]", None)],
)
def test_a_star_names_a_value_of_each_item(path: str, values: Any) -> None:
    assert parse_path(path).items(DOCUMENT) == values


@pytest.mark.parametrize(
    "text", ["", "a", ".a", "$a", "$.", "$..a", "$.a[", "$[-1]", "$.*", "$.a.0", "$[*][*]", "$['a", "$.a b"]
)
def test_anything_else_is_refused_with_what_is_possible(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a path such as \$\.id"):
        parse_path(text)
