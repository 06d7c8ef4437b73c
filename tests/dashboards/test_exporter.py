from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boards import panels_of
from dashboards import exporter
from exporter.catalogue import (
    BUILD_INFO,
    HOOK_METRICS,
    MODEL_INFO,
    PROCESS_CPU_SECONDS_TOTAL,
    PROCESS_RESIDENT_MEMORY_BYTES,
    REFRESH_SUCCESS,
    SPEC_LOAD_SUCCESS,
    SPEC_RELOAD_SUCCESS,
)


def panel(title: str) -> dict[str, Any]:
    [match] = [each for each in panels_of(exporter.dashboard()) if each["title"] == title]
    return match


def test_models_with_a_failing_refresh_are_counted_once_and_none_is_0(evaluates: Callable[..., None]) -> None:
    [target] = panel("Models with a failing refresh")["targets"]
    name = REFRESH_SUCCESS.name
    healthy = {f'{name}{{model="a",instance="1"}}': 1.0, f'{name}{{model="b",instance="1"}}': 1.0}
    evaluates(healthy, target["expr"], {"{}": 0.0})
    failing = {f'{name}{{model="c",instance="{each}"}}': 0.0 for each in "12"}
    evaluates(healthy | failing, target["expr"], {"{}": 1.0})


def test_each_exporter_that_rejected_its_specs_counts(evaluates: Callable[..., None]) -> None:
    [target] = panel("Exporters that rejected a spec")["targets"]
    name = SPEC_RELOAD_SUCCESS.name
    given = {f'{name}{{instance="1"}}': 0.0, f'{name}{{instance="2"}}': 0.0, f'{name}{{instance="3"}}': 1.0}
    evaluates(given, target["expr"], {"{}": 2.0})


def test_every_spec_file_has_a_line_also_one_without_a_model(evaluates: Callable[..., None]) -> None:
    [target] = panel("Spec files")["targets"]
    name = SPEC_LOAD_SUCCESS.name
    given = {f'{name}{{file="a.yaml",model="a",instance="1"}}': 1.0, f'{name}{{file="b.yaml",instance="1"}}': 0.0}
    given |= {f'{name}{{file="a.yaml",model="a",instance="2"}}': 0.0}
    expected = {'{file="a.yaml",model="a"}': 0.0, '{file="b.yaml"}': 0.0}
    evaluates(given, target["expr"].replace("$__rate_interval", "5m"), expected)
    assert target["legendFormat"] == "{{file}}"


def test_replicas_with_different_specs_are_visible(evaluates: Callable[..., None]) -> None:
    [target] = panel("Specs in use, by model")["targets"]
    series = {("a", "x", "1"), ("a", "x", "2"), ("b", "x", "1"), ("b", "y", "2")}
    given = {f'{MODEL_INFO.name}{{model="{m}",spec="{s}",instance="{i}"}}': 1.0 for m, s, i in series}
    evaluates(given, target["expr"], {'{model="a"}': 1.0, '{model="b"}': 2.0})


def test_the_legends_of_several_models_name_them() -> None:
    legends = [target["legendFormat"] for target in panel("Refreshes and spec loads")["targets"]]
    assert legends == ["{{model}} refresh", "spec load"]  # specs are loaded all at once
    assert panel("Duration of a refresh")["targets"][0]["legendFormat"] == "{{model}}"


def test_decisions_of_the_hook_are_counted_by_decision(evaluates: Callable[..., None]) -> None:
    [target] = panel("Time since the last retraining")["targets"]
    decisions, last = HOOK_METRICS
    evaluates(
        {f'{last.name}{{model="a",instance="{each}"}}': 0.0 for each in "12"},
        f"({target['expr']}) * 0",
        {'{model="a"}': 0.0},
    )
    [target] = panel("Decisions of the retraining hook")["targets"]
    assert decisions.name in target["expr"]
    assert target["legendFormat"] == "{{model}} {{decision}}"


def test_an_exporter_that_is_down_is_red_and_other_jobs_are_not_shown(evaluates: Callable[..., None]) -> None:
    [target] = panel("Exporters that are scraped")["targets"]
    text = target["expr"].replace("$__rate_interval", "5m").replace("$job", "leeway")
    given = {
        'up{job="leeway",instance="a"}': 1.0,
        'up{job="leeway",instance="b"}': 0.0,
        'up{job="node",instance="c"}': 0.0,
    }
    evaluates(given, text, {'{instance="a"}': 1.0, '{instance="b"}': 0.0})


def test_each_exporter_has_its_processors_and_memory(evaluates: Callable[..., None]) -> None:
    cpu, memory = (panel(title)["targets"][0]["expr"] for title in ("Processors in use", "Memory in use"))
    given = {f'{PROCESS_RESIDENT_MEMORY_BYTES.name}{{job="leeway",instance="{each}"}}': 7.0 for each in "ab"}
    evaluates(given, memory, {'{instance="a"}': 7.0, '{instance="b"}': 7.0})
    assert cpu.startswith(f"max by (instance) (rate({PROCESS_CPU_SECONDS_TOTAL.name}{{")


def test_the_jobs_of_the_exporters_are_found_and_hidden() -> None:
    variables = {each["name"]: each for each in exporter.dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "model", "job", "instance"]
    assert (variables["job"]["hide"], variables["instance"]["hide"]) == (2, 0)
    assert variables["job"]["definition"] == f"label_values({BUILD_INFO.name}{{}}, job)"
