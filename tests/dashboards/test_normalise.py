"""The dashboards fit Grafana's own schema, as its SDK has it."""

from __future__ import annotations

import enum
import json
import types
import typing
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from grafanalib.core import Dashboard, Graph, RowPanel, Target, Template, Templating, TimeSeries

with warnings.catch_warnings():  # the SDK tells users of dashboard v1 about v2 as soon as it is imported
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import dashboard as sdk

from boards import boards
from dashboards.model import dashboard as model_dashboard
from dashboards.normalise import SCHEMA_VERSION, normalise
from exporter.spec.model import ModelSpec

register_default_plugins()

LEGACY = {
    *("__inputs", "cacheTimeout", "columns", "error", "fontSize", "gnetId", "height", "hideControls", "intervalFactor"),
    *("metric", "minSpan", "repeatIteration", "rows", "sharedCrosshair", "span", "step", "style"),
    *("tagValuesQuery", "tagsQuery", "time_options", "useTags", "yaxes"),
}


def violations(value: Any, hint: Any, path: str = "") -> Iterator[str]:
    """Where a value is not what its declared type says; a dict is read by the type it is declared to be."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        failures = [list(violations(value, option, path)) for option in arguments]
        yield from [] if [] in failures else max(failures, key=len)
    elif origin is typing.Literal or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
        allowed = arguments if origin else [member.value for member in hint]
        yield from [] if value in allowed else [f"{path}: {value!r} is none of {list(allowed)}"]
    elif origin in (list, dict):
        items = enumerate(value) if origin is list and isinstance(value, list) else []
        items = value.items() if origin is dict and isinstance(value, dict) else items
        yield from [] if isinstance(value, origin) else [f"{path}: {value!r} is no {origin.__name__}"]
        for key, item in items:
            yield from violations(item, arguments[-1], f"{path}/{key}")
    elif hint is float:
        yield from [] if isinstance(value, int | float) and not isinstance(value, bool) else [f"{path}: {value!r}"]
    elif isinstance(hint, type) and isinstance(value, dict) and hasattr(hint, "from_json"):
        yield from model_violations(hint.from_json(value), path)
    elif hint in (object, Any):
        yield from model_violations(value, path)
    elif isinstance(hint, type):
        fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
        yield from model_violations(value, path) if fits else [f"{path}: {value!r} is no {hint.__name__}"]


def model_violations(model: Any, path: str) -> Iterator[str]:
    hints = typing.get_type_hints(type(model)) if hasattr(model, "to_json") else {}
    for name, hint in hints.items():
        yield from violations(getattr(model, name), hint, f"{path}/{name}")


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """The parts of our dashboard that the SDK did not write back; it may add its defaults."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            yield from lost(value, theirs[key], f"{path}/{key}") if key in theirs else [f"{path}/{key}"]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(*pair, f"{path}/{index}")
    elif ours != theirs:
        yield f"{path}: {ours!r} became {theirs!r}"


def keys(part: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every key of a document with the path of its object and its value."""
    children = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in children:
        if isinstance(part, dict):
            yield path, key, value
        yield from keys(value, f"{path}/{key}".lstrip("/"))


def test_the_sdk_reads_a_dashboard_without_violation_and_loses_nothing(
    spec: ModelSpec, hostile_spec: ModelSpec
) -> None:
    for written in (*boards(spec).values(), model_dashboard(hostile_spec)):
        read = sdk.Dashboard.from_json(written)
        assert list(model_violations(read, "")) == []
        assert list(lost(written, json.loads(JSONEncoder().encode(read)))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("refresh",), 5, id="a number for a text"),
        pytest.param(("panels", 0, "gridPos", "w"), "4", id="a text for a number"),
        pytest.param(("panels", 0, "options", "colorMode"), "loud", id="no such colour mode"),
        pytest.param(("panels", 1, "links", 0, "title"), None, id="a null"),
        pytest.param(("templating", "list", 1, "current", "text"), 7, id="a number for a choice"),
    ],
)
def test_the_check_itself_finds_violations(path: tuple[Any, ...], value: Any, dashboard: dict[str, Any]) -> None:
    part: Any = dashboard
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    assert list(model_violations(sdk.Dashboard.from_json(dashboard), "")) != []


def test_the_check_itself_finds_lost_parts() -> None:
    assert list(lost({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}], "d": 3})) == ["/a/0/c"]
    assert list(lost({"a": 1}, {"a": 2})) == ["/a: 1 became 2"]


def test_no_key_of_an_older_grafana_is_left(dashboard: dict[str, Any]) -> None:
    assert [(path, key) for path, key, _ in keys(dashboard) if key in LEGACY] == []
    assert [path for path, key, _ in keys(dashboard) if key == "displayMode" and path.endswith("custom")] == []


def test_the_only_null_is_the_first_step_of_a_threshold(dashboard: dict[str, Any]) -> None:
    nulls = [(path, key) for path, key, value in keys(dashboard) if value is None]
    assert nulls
    assert all(path.endswith("/steps/0") and key == "value" for path, key in nulls)


def test_the_schema_is_the_one_that_the_sdk_writes(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] == SCHEMA_VERSION == sdk.Dashboard().schema_version


def test_the_default_output_of_grafanalib_is_corrected() -> None:
    """A dashboard of plain grafanalib objects, with its own targets and a collapsed row."""
    graph = TimeSeries(title="one", targets=[Target(expr="up", refId="A")], dataSource={"type": "p", "uid": "u"})
    variable = Template(name="v", query="a,b", type="custom", default="b")
    raw = Dashboard(title="t", panels=[RowPanel(collapsed=True, panels=[graph])], templating=Templating([variable]))
    written = normalise(raw)
    panel = written["panels"][0]["panels"][0]
    assert list(model_violations(sdk.Dashboard.from_json(written), "")) == []
    assert panel["targets"] == [{"expr": "up", "legendFormat": "", "refId": "A"}]
    assert written["templating"]["list"][0]["current"] == {"selected": True, "text": "b", "value": "b"}
    assert "targets" not in written["panels"][0]


def test_an_angular_panel_is_not_hidden() -> None:
    written = normalise(Dashboard(title="t", panels=[Graph(title="old", dataSource=None)]))
    assert written["panels"][0]["type"] == "graph"


def test_normalising_does_not_depend_on_the_run(spec: ModelSpec) -> None:
    assert json.dumps(model_dashboard(spec)) == json.dumps(model_dashboard(spec))
