from __future__ import annotations

from pathlib import Path

import pytest

from examples import HOSTILE
from exporter.errors import RenderError
from generator.jsonnet import LIBRARY, evaluate
from generator.routing.matchers import Matcher, all_match, parse, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('severity="critical"', [Matcher("severity", "=", "critical")]),
        ("severity = critical", [Matcher("severity", "=", "critical")]),
        ('layer!~"a|b"', [Matcher("layer", "!~", "a|b")]),
        ('{a="1",b!="2, 3"}', [Matcher("a", "=", "1"), Matcher("b", "!=", "2, 3")]),
        ('a=""', [Matcher("a", "=", "")]),
        ('a="\\"\\\\\\n"', [Matcher("a", "=", '"\\\n')]),
        ("", []),
    ],
)
def test_a_text_is_parsed(text: str, expected: list[Matcher]) -> None:
    assert list(parse(text)) == expected


@pytest.mark.parametrize("text", ["severity", '="x"', 'a="b', 'a=~"("', "1a=b"])
def test_an_invalid_matcher_is_an_error(text: str) -> None:
    with pytest.raises(RenderError, match=r"not a matcher|unbalanced quotation mark|a=~"):
        read({"matchers": [text]})


@pytest.mark.parametrize(
    ("text", "value", "matches"),
    [
        ('a="x"', "x", True),
        ('a="x"', "xy", False),
        ('a!="x"', "", True),
        ('a=~"x|y"', "y", True),
        ('a=~"x"', "xy", False),  # the whole value
        ('a=~"x"', "x\n", False),
        ('a=~".+"', "", False),
        ('a!~"x.*"', "xy", False),
        ('a!~"x.*"', "", True),
    ],
)
def test_a_matcher_looks_at_the_whole_value(text: str, value: str, matches: bool) -> None:
    (matcher,) = parse(text)
    assert matcher.matches({"a": value}) is matches


def test_a_missing_label_is_empty() -> None:
    assert parse('a=""')[0].matches({})
    assert not parse('a=~".+"')[0].matches({})


def test_older_forms_are_read_with_the_new_one() -> None:
    part = {"source_match": {"a": "1"}, "source_match_re": {"b": "2|3"}, "source_matchers": ["c=4"]}
    assert read(part, "source_") == (Matcher("c", "=", "4"), Matcher("a", "=", "1"), Matcher("b", "=~", "2|3"))
    assert all_match(read(part, "source_"), {"a": "1", "b": "3", "c": "4"})
    assert all_match((), {})


@pytest.mark.parametrize("value", [HOSTILE, '"', "\\n", "\n", ",", "{}"])
def test_a_value_that_the_library_quotes_is_parsed_to_itself(value: str, tmp_path: Path) -> None:
    file = tmp_path / "quoted.libsonnet"
    library = LIBRARY / "alertmanager" / "matchers.libsonnet"
    file.write_text(f"local matchers = import '{library}';\nfunction(arguments) matchers.equal('a', arguments.value)")
    assert parse(evaluate(file, {"value": value})) == (Matcher("a", "=", value),)
