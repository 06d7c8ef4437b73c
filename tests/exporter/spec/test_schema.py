from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from exporter.spec.model import ModelSpec
from exporter.spec.schema import EXAMPLE, json_schema, schema_at, schema_text
from exporter.spec.sections.thresholds import Thresholds
from spec_files import EXAMPLES, INVALID, loaded_data

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft202012Validator(json_schema())


def as_json(data: Any) -> Any:
    """Convert YAML data to JSON, as an editor does: dates become text."""
    return json.loads(json.dumps(data, default=lambda value: value.isoformat()))


def accepts(data: Any) -> bool:
    return VALIDATOR.is_valid(as_json(data))


def test_the_committed_file_is_up_to_date() -> None:
    assert (ROOT / "docs" / "schema" / "model.json").read_text() == schema_text(), "make docs writes it again"


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json_schema()["examples"] == [EXAMPLE]
    assert accepts(EXAMPLE)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_valid_spec_matches_the_schema(path: Path) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(as_json(loaded_data(path)))] == []


@pytest.mark.parametrize(
    "path", [path for path in INVALID if path.stem.startswith(("shape", "key", "value"))], ids=lambda p: p.stem
)
def test_a_spec_of_the_wrong_shape_does_not_match(path: Path) -> None:
    beyond = {
        "value-confidence",
        "value-template",
        "value-hours-backwards",
        "value-period",
        "value-text",
        "value-payloads",
    }
    assert accepts(loaded_data(path)) == (path.stem in beyond)


@pytest.mark.parametrize(
    "path", [path for path in INVALID if path.stem.startswith("check")], ids=lambda path: path.stem
)
def test_inconsistent_sections_match_the_schema(path: Path) -> None:
    assert accepts(loaded_data(path))


def test_every_section_and_key_has_a_description() -> None:
    schema = json_schema()
    for name, section in schema["$defs"].items():
        assert section["description"], name
        assert section["additionalProperties"] is False, name
        for key, value in section["properties"].items():
            assert "description" in value or "$ref" in json.dumps(value), f"{name}.{key}"


PLAIN = {
    "column_readable",
    "page_psi",
    "base_rate_shift",
    "false_positive_rate",
    "min_rows",
    "estimated_gap",
    "label_coverage",
    "label_silence",
    "log_usable",
}
"""The thresholds without weekdays."""


@pytest.mark.parametrize("name", [name for name in Thresholds.model_fields if name not in PLAIN])
def test_a_threshold_is_a_number_or_a_mapping(name: str) -> None:
    def with_threshold(value: Any) -> dict[str, Any]:
        return {**EXAMPLE, "spec": {**EXAMPLE["spec"], "thresholds": {name: value}}}

    level = 1 if name == "traffic_factor" else 0.3  # a factor is never below 1, a ratio never above
    assert accepts(with_threshold(level))
    assert accepts(with_threshold({"floor": level, "weekdays": {"saturday": 1}}))
    assert not accepts(with_threshold({"weekdays": {"saturday": 1}}))
    assert not accepts(with_threshold({"floor": level, "weekdays": {"someday": 1}}))
    assert not accepts(with_threshold(str(level)))
    assert not accepts(with_threshold(-1))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("column_readable", 0.5, 1.1),
        ("estimated_gap", 0.1, 1.1),
        ("label_coverage", 0, -0.1),
        ("label_coverage", 1, {"floor": 1}),
        ("label_silence", "8d", 8),
        ("log_usable", 0.5, 1.1),
    ],
)
def test_a_threshold_without_weekdays_is_a_plain_value(name: str, good: Any, bad: Any) -> None:
    def with_threshold(value: Any) -> dict[str, Any]:
        return {**EXAMPLE, "spec": {**EXAMPLE["spec"], "thresholds": {name: value}}}

    assert accepts(with_threshold(good))
    assert not accepts(with_threshold(bad))


def test_defaults_are_those_of_the_model_as_written_in_yaml() -> None:
    complete = ModelSpec.model_validate(EXAMPLE).as_arguments()["spec"]
    sections = {"Body": complete, **{name.title(): complete[name] for name in ("seasonality", "limits", "refresh")}}
    for name, section in sections.items():
        for key, value in json_schema()["$defs"][name]["properties"].items():
            assert value.get("default", section[key]) == section[key], f"{name}.{key}"


def test_every_call_returns_a_new_copy() -> None:
    json_schema()["$defs"].clear()
    assert json_schema()["$defs"]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ((), ["apiVersion", "kind", "metadata", "spec"]),
        (("spec", "features", 3), ["name", "type", "importance"]),
        (("spec", "thresholds", "drift_share"), ["floor", "weekdays"]),
        (("spec", "reference", "period"), ["from", "to"]),
        (("spec", "windows"), []),
        (("spec", "nothing", 0, "at", "all"), []),
    ],
)
def test_schema_at_returns_the_keys_of_a_path(path: tuple[str | int, ...], keys: list[str]) -> None:
    assert list(schema_at(path).get("properties", {})) == keys


JUNK = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5) | st.dates()
VALUES = JUNK | st.lists(JUNK, max_size=2) | st.dictionaries(st.sampled_from(["floor", "name", "s3"]), JUNK, max_size=2)


@given(
    st.sampled_from(sorted(json_schema()["$defs"]["Body"]["properties"])),
    VALUES,
    st.sampled_from([None, 0, "grain", "floor"]),
)
def test_every_valid_spec_matches_the_schema(part: str, value: Any, inner: Any) -> None:
    data = {**EXAMPLE, "spec": {**EXAMPLE["spec"], part: value if inner is None else {str(inner): value}}}
    try:
        ModelSpec.model_validate(data)
    except ValueError:
        return
    assert accepts(data)
