from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.spec.messages import KeyPath, error_message, format_path, unknown_key
from exporter.spec.model import ModelSpec
from exporter.spec.yaml_document import parse
from spec_files import VALID, loaded_data

JUNK = [None, True, 0, -1, 1.5, math.nan, math.inf, 10**400, "", "text", "x" * 2000, "a\nb", [], {}, [None]]
JUNK += [["text", "text"], {"": 1}, {"text": {}}, {"floor": "x"}, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]
JUNK += [["1h"] * 11]


def paths(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from paths(value, (*path, key))


def replaced(data: Any, path: KeyPath, value: Any) -> Any:
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


def errors(data: Any) -> list[ErrorDetails]:
    try:
        ModelSpec.model_validate(data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_every_pydantic_error_has_our_own_message(file: Any) -> None:
    data = loaded_data(file)
    messages = {
        error_message(error, error["loc"] or (), "text")
        for path in paths(data)
        for junk in JUNK
        for error in errors(replaced(data, path, junk))
    }
    assert len(messages) > 20
    for message in messages:
        assert message[0].islower()
        assert not any(word in message for word in ("Input", "input", "Value error", "valid ", "{", "expected"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("spec", "slos", 0, "objective"), "spec.slos[0].objective"),
        (("spec", "features", 12, "name"), "spec.features[12].name"),
        ((), ""),
        ((0, "a"), "[0].a"),
        (("a.b", "c d", ""), '["a.b"]["c d"][""]'),
        (('"', "\n", "\ud800"), '["\\""]["\\n"]["\\ud800"]'),
        (("x" * 300,), f'["{"x" * 80}"]'),
    ],
)
def test_a_path_is_written_with_dots(path: KeyPath, text: str) -> None:
    assert format_path(path) == text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ojective", 'unknown key; did you mean "objective"?'),
        ("objectives", 'unknown key; did you mean "objective"?'),
        ("speed", "unknown key; the keys here are name, metric, objective"),
        ("", "unknown key; the keys here are name, metric, objective"),
    ],
)
def test_an_unknown_key_suggests_a_similar_one(key: str, words: str) -> None:
    assert unknown_key(key, ["name", "metric", "objective"]) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("no", 'must be text: quote it, "no" (YAML reads no as false)'),
        ("On", 'must be text: quote it, "On" (YAML reads On as true)'),
        ("true", 'must be text: quote it, "true"'),
        ("42", 'must be text: quote it, "42"'),
        ("2026-11-22", 'must be text: quote it, "2026-11-22"'),
        ("", "must be text"),
        ("[a]", "must be text"),
    ],
)
def test_text_that_yaml_reads_as_another_type_must_be_quoted(written: str, words: str) -> None:
    path: KeyPath = ("metadata", "labels", "key")
    document = parse(f"apiVersion: leeway/v1\nmetadata: {{name: a, labels: {{key: {written}}}}}\n", "a.yaml")
    [error] = [error for error in errors(document.data) if error["loc"] == path]
    assert error_message(error, path, document.places[path].written) == words
