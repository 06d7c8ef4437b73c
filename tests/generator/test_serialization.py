from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from generator.serialization import json_text, yaml_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15)


@given(DATA)
@example("\x85")
def test_yaml_reads_back_as_it_was(data: object) -> None:
    assert yaml.safe_load(yaml_text(data)) == data


@given(DATA)
def test_json_reads_back_as_it_was(data: object) -> None:
    assert json.loads(json_text(data)) == data


@given(st.dictionaries(st.text(), SCALARS), st.randoms())
def test_the_order_of_a_mapping_does_not_matter(data: dict[str, object], random: object) -> None:
    items = list(data.items())
    random.shuffle(items)  # type: ignore[attr-defined] - hypothesis gives random.Random
    assert yaml_text(dict(items)) == yaml_text(data)
    assert json_text(dict(items)) == json_text(data)


def test_a_rule_reads_as_a_person_would_write_it() -> None:
    rule = {
        "labels": {"severity": "critical"},
        "for": "10m",
        "expr": "a\n>\nb",
        "alert": "High",
        "annotations": {"summary": "x: {{ $value }}"},
    }
    assert yaml_text({"groups": [{"rules": [rule], "name": "g"}]}) == (
        "groups:\n"
        "  - name: g\n"
        "    rules:\n"
        "      - alert: High\n"
        "        expr: |-\n"
        "          a\n"
        "          >\n"
        "          b\n"
        "        for: 10m\n"
        "        labels:\n"
        "          severity: critical\n"
        "        annotations:\n"
        "          summary: 'x: {{ $value }}'\n"
    )


def test_a_long_line_is_not_folded() -> None:
    assert yaml_text({"a": "word " * 100 + "end"}).count("\n") == 1


AMBIGUOUS = ["yes", "No", "null", "~", "1", "1e3", "0o17", "0x1F", "1_000", "12:30", ".5", "2026-11-22", "nan", ""]
SYNTAX = [" a", "a ", "-", "- a", "a: b", "a #b", "{}", "*a", "&a", "!a", "%a", "@a", "`a", '"', "'"]


@pytest.mark.parametrize("text", AMBIGUOUS + SYNTAX)
def test_text_that_other_readers_could_mistake_is_quoted(text: str) -> None:
    assert yaml_text({"a": text})[3:4] in {"'", '"'}


@pytest.mark.parametrize("text", ["10m", "1h30m", "fraud-page", "ml-platform", "America/New_York", "a b"])
def test_plain_text_stays_plain(text: str) -> None:
    assert yaml_text({"a": text}) == f"a: {text}\n"


def test_a_value_that_stands_twice_is_written_twice() -> None:
    same = {"x": [1]}
    assert yaml_text({"a": same, "b": same}) == "a:\n  x:\n    - 1\nb:\n  x:\n    - 1\n"


def test_json_has_sorted_keys_and_on_one_line_what_fits() -> None:
    assert json_text({"b": 1, "a": ["é"]}) == '{"a":["é"],"b":1}\n'
    long = "x" * 60
    broken = f'{{\n"a":[1],\n"b":[\n"{long}",\n"{long}"\n]\n}}\n'
    assert json_text({"b": [long] * 2, "a": [1]}) == broken


def test_json_refuses_what_is_not_json() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text(float("nan"))
