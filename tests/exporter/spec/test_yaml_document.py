from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import SpecError
from exporter.spec.yaml_document import MAX_ALIASED, MAX_DEPTH, Place, parse

TEXT = """\
# a comment
name: fraud
windows:
  - 1h
  - "24h"
slos: [{name: auroc,
        objective: 0.95}]
team:
  risk
"""


def data(text: str) -> object:
    return parse(text, "a.yaml").data


def problem(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, "a.yaml")
    return str(caught.value)


def test_every_value_has_a_place() -> None:
    document = parse(TEXT, "a.yaml")
    assert document.data == {
        "name": "fraud",
        "windows": ["1h", "24h"],
        "slos": [{"name": "auroc", "objective": 0.95}],
        "team": "risk",
    }
    assert document.places == {
        (): Place(2, 2, None),
        ("name",): Place(2, 2, "fraud"),
        ("windows",): Place(3, 3, None),
        ("windows", 0): Place(4, 4, "1h"),
        ("windows", 1): Place(5, 5, None),
        ("slos",): Place(6, 6, None),
        ("slos", 0): Place(6, 6, None),
        ("slos", 0, "name"): Place(6, 6, "auroc"),
        ("slos", 0, "objective"): Place(7, 7, "0.95"),
        ("team",): Place(8, 9, "risk"),
    }
    assert document.refused == {}


@pytest.mark.parametrize(
    ("path", "existing"),
    [
        (("slos", 0, "objective"), ("slos", 0, "objective")),
        (("slos", 0, "metric", "x"), ("slos", 0)),
        (("slos", 1), ("slos",)),
        (("nothing",), ()),
    ],
)
def test_a_missing_value_has_the_place_of_its_parent(
    path: tuple[str | int, ...], existing: tuple[str | int, ...]
) -> None:
    assert parse(TEXT, "a.yaml").existing(path) == existing


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-1_000", -1000),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("1.5E3", 1500.0),
        (".5", 0.5),
        ("no", False),
        ("~", None),
        ("2026-11-22", date(2026, 11, 22)),
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("09:00-18:00", "09:00-18:00"),
        ('"1:30"', "1:30"),
        ("!!str 5", "5"),
        ("=", "="),
        ("1h", "1h"),
        ("0", 0),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_scalars_have_the_expected_type(text: str, value: object) -> None:
    found = data(f"key: {text}")
    assert found == {"key": value}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1:30", "must be quoted if it is text: YAML reads 1:30 as 90"),
        ("1:30.5", "must be quoted if it is text: YAML reads 1:30.5 as 90.5"),
        ("0200", "must be quoted if it is text: YAML reads 0200 as 128"),
        ("2026-02-30", "is not a valid date"),
        ("9" * 101, "is not a valid number"),
        ("!!int x", "must not have a tag: remove !!int"),
        ("!!python/name:os.system x", "must not have a tag: remove !!python/name:os.system"),
        ("!!set {a}", "must not have a tag: remove !!set"),
        ("!secret x", "must not have a tag: remove !secret"),
        (r'"\udc00"', "must be valid Unicode text: it has half a surrogate pair"),
    ],
)
def test_an_ambiguous_value_is_refused_with_its_place(text: str, why: str) -> None:
    document = parse(f"first: 1\nkey: {text}\nlast: 2\n", "a.yaml")
    assert document.refused == {("key",): why}
    assert isinstance(document.data, dict)
    assert (document.data["first"], document.data["last"]) == (1, 2)


def test_keys_are_text_as_written() -> None:
    assert data("{no: 1, 5: 2, 2026-01-01: 3, ~: 4, '': 5}") == {"no": 1, "5": 2, "2026-01-01": 3, "~": 4, "": 5}


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    document = parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\na: 4\n", "a.yaml")
    assert document.refused == {
        ("a",): "is given twice, on lines 1 and 6",
        ("b", "c"): "is given twice, on lines 3 and 4",
    }


def test_aliases_are_expanded() -> None:
    document = parse("a: &x {b: [1, 2]}\nc: *x\n", "a.yaml")
    assert document.data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}
    assert document.places["c", "b", 1] == Place(1, 1, "2")


def test_the_number_of_aliases_is_limited() -> None:
    most = MAX_ALIASED - 1
    assert len(data(f"[&x {{a: 1}}, {', '.join(['*x'] * (most // 2))}]")) == most // 2 + 1  # type: ignore[arg-type]
    assert problem(f"[&x {{a: 1}}, {', '.join(['*x'] * (MAX_ALIASED // 2 + 1))}]") == (
        "a.yaml:1: aliases expand to more than 10,000 values: write the values out"
    )


def test_the_depth_of_nesting_is_limited() -> None:
    assert data("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert problem("[" * 100_000) == "a.yaml:1: is nested too deeply"
    assert problem("a: &x\n  b: [*x]\n") == "a.yaml:1: is nested too deeply: an alias may contain itself"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml: is empty: a spec begins with apiVersion: leeway/v1"),
        ("# nothing\n", "a.yaml: is empty: a spec begins with apiVersion: leeway/v1"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: begins a second document: write one spec per file"),
        ("a: 1\n...\nb\n", "a.yaml:3: begins a second document: write one spec per file"),
        ("a:\n\t- b\n", "a.yaml:2: is not YAML: tabs cannot indent, use spaces"),
        ("a: [1,\n  2\n", "a.yaml:1: is not YAML: the [ is never closed"),
        ("a: 1\nb: {c: 1", "a.yaml:2: is not YAML: the { is never closed"),
        ("a: 1\nb: 'c\n\n", "a.yaml:2: is not YAML: the quotation mark is never closed"),
        ("a: b: c", "a.yaml:1: is not YAML: a colon is not allowed here; fix the indentation or quote the text"),
        ("- a\nb: c", "a.yaml:2: is not YAML: the indentation does not match the lines above"),
        ("a: @b", "a.yaml:1: is not YAML: text cannot begin with this character, quote it"),
        ("a: 1\nb: *c", "a.yaml:2: is not YAML: found undefined alias 'c'"),
        ("a: &x 1\nb: &x 2", "a.yaml:2: defines an anchor a second time: give every anchor its own name"),
        ("a: 1\nb: \x07", "a.yaml:2: must not contain the control character U+0007"),
        ('a: 1\nb: "\\UFFFFFFFF"', "a.yaml:2: is not YAML: a number is too large"),
        ("a: 1\n? [b]\n: 2", "a.yaml:2: a key must be plain text"),
        ('{"\\ud800": 1}', "a.yaml:1: a key must be plain text"),
        ("!!python/name:os.system a: 1", "a.yaml:1: a key must be plain text"),
    ],
)
def test_a_syntax_error_is_reported_with_its_line(text: str, message: str) -> None:
    assert problem(text) == message


@given(st.text("ab1:-[]{}&*!|>'\"#%@`,? \n\t\\x0", max_size=60) | st.text(max_size=60))
def test_any_text_is_a_document_or_an_error(text: str) -> None:
    with suppress(SpecError):
        document = parse(text, "a.yaml")
        assert () in document.places
        assert document.refused.keys() <= document.places.keys()
