from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.errors import SpecError
from exporter.spec.loading import load
from exporter.spec.messages import KeyPath, format_path
from exporter.spec.model import Body
from exporter.spec.repair import repaired
from exporter.spec.schema import EXAMPLE
from spec_files import VALID, loaded_data
from spec_parts import LABELS

SPEC: dict[str, Any] = EXAMPLE["spec"]


def paths_of(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths_of(inner, (*path, key))


def with_value(data: Any, path: KeyPath, value: Any) -> Any:
    changed = copy.deepcopy(data)
    part = changed
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return changed


def problem_paths(path: Path, data: Any) -> list[str]:
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    with pytest.raises(SpecError) as caught:
        load(path)
    return [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("valid", VALID, ids=lambda path: path.stem)
def test_a_wrong_value_in_a_valid_spec_causes_no_mistake_elsewhere(valid: Path, tmp_path: Path) -> None:
    data = loaded_data(valid)
    for path in paths_of(data["spec"], ("spec",)):
        place = format_path(path)
        for reported in problem_paths(tmp_path / "a.yaml", with_value(data, path, [[["wrong"]]])):
            assert reported.startswith(place) or place.startswith(reported), (place, reported)


@pytest.mark.parametrize("valid", VALID, ids=lambda path: path.stem)
def test_a_misspelt_key_in_a_valid_spec_causes_no_mistake_elsewhere(valid: Path, tmp_path: Path) -> None:
    data = loaded_data(valid)
    for path in paths_of(data["spec"], ("spec",)):
        *parents, key = path
        if isinstance(key, int) or parents[-1] in {"scores", "weekdays", "labels"}:
            continue
        changed = copy.deepcopy(data)
        part = changed
        for step in parents:
            part = part[step]
        part[f"{key}x"] = part.pop(key)
        for reported in problem_paths(tmp_path / "a.yaml", changed):
            assert reported.startswith(format_path(tuple(parents))), (path, reported)


def test_a_valid_spec_is_unchanged() -> None:
    assert repaired(SPEC) == (Body.model_validate(SPEC), set())


@pytest.mark.parametrize("data", [None, [], "text", 1])
def test_what_is_no_mapping_has_no_parts(data: Any) -> None:
    assert repaired(data) is None


def test_an_empty_spec_is_unknown_in_all_required_parts() -> None:
    body, unknown = repaired({}) or (None, None)
    assert body == Body.model_validate(SPEC)
    assert unknown == {("task",), ("inference",), ("reference",), ("features",)}


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        ({"task": "oracle"}, {("task",)}),
        ({"limits": {"categories": 0}}, {("limits", "categories")}),
        ({"windows": ["1h", "?"]}, {("windows", 1), ("windows",)}),
        ({"features": [{"name": "a", "type": "x"}]}, {("features", 0, "type")}),
        ({"features": [{"name": "a", "type": "numeric", "weight": 2}]}, set()),
        ({"features": [{"name": "a", "type": "numeric", "importanc": 2}]}, {("features", 0, "importance")}),
        ({"slos": ["x"]}, {("slos", 0)}),
        ({"labels": LABELS | {"columns": {"prediction_id": "id"}}}, {("labels", "columns", "label")}),
    ],
)
def test_only_the_wrong_part_is_unknown(changed: dict[str, Any], unknown: set[KeyPath]) -> None:
    result = repaired(SPEC | changed)
    assert result is not None
    assert result[1] == unknown


def test_the_given_data_are_not_changed() -> None:
    given = SPEC | {"task": "oracle"}
    before = copy.deepcopy(given)
    repaired(given, [("features",)])
    assert given == before


def test_a_refused_value_is_unknown() -> None:
    body, unknown = repaired(SPEC | {"windows": ["90"]}, [("windows",)]) or (None, None)
    assert body == Body.model_validate(SPEC)
    assert unknown == {("windows",)}
