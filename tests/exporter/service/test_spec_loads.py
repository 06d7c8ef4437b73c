from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from examples import model
from exporter import catalogue
from exporter.errors import Problem, SpecError
from exporter.samples.windows import Sample
from exporter.service.spec_loads import SpecLoads
from exporter.spec.loading import RejectedSpec
from exporter.spec.sections.metadata import Metadata

AT = datetime(2026, 11, 22, tzinfo=UTC)
LOADED = model()
FILE = LOADED.path.name


def loads(*rejected: tuple[Path, str | None]) -> SpecLoads:
    files = [
        RejectedSpec(path, (), Metadata(name=name, labels={"env": "x"}) if name else None) for path, name in rejected
    ]
    return SpecLoads(tuple(files))


def by_file(each: SpecLoads) -> dict[tuple[str, ...], float]:
    return {one.labels: one.value for one in each.samples([LOADED]) if one.metric is catalogue.SPEC_LOAD_SUCCESS}


def test_a_load_without_a_mistake() -> None:
    assert list(SpecLoads(last_success=AT).samples([LOADED])) == [
        Sample(catalogue.SPEC_RELOAD_SUCCESS, (), True),
        Sample(catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS, (), AT.timestamp()),
        Sample(catalogue.SPEC_LOAD_SUCCESS, ("fraud", FILE), True),
    ]


def test_a_rejected_file_has_the_name_in_it_or_none() -> None:
    rejected = loads((Path("a.yaml"), "churn"), (Path("b.yaml"), None))
    assert by_file(rejected) == {("fraud", FILE): 1, ("churn", "a.yaml"): 0, ("", "b.yaml"): 0}
    assert rejected.labels == {"churn": {"env": "x"}}
    assert not rejected.succeeded


def test_a_rejected_file_of_a_model_in_use_keeps_the_name_in_use() -> None:
    assert by_file(loads((LOADED.path, "renamed"))) == {("fraud", FILE): 0}


def test_without_any_valid_spec_no_file_was_loaded() -> None:
    nothing = SpecLoads(
        refusal=SpecError((Problem("a.yaml", 9, "", "odd"), Problem("a.yaml", 3, "", "bad"))), last_success=AT
    )
    assert by_file(nothing) == {("fraud", FILE): 0}
    assert not nothing.succeeded
    assert nothing.mistakes == ("a.yaml:3: bad", "a.yaml:9: odd")


def test_the_mistakes_are_those_of_each_rejected_file() -> None:
    files = [RejectedSpec(Path(name), (Problem(name, 3, "spec.task", "bad"),), None) for name in ("a.yaml", "b.yaml")]
    assert SpecLoads(tuple(files)).mistakes == ("a.yaml:3: spec.task: bad", "b.yaml:3: spec.task: bad")


def test_a_time_of_success_that_is_not_known_is_absent() -> None:
    metrics = [one.metric for one in SpecLoads().samples([LOADED])]
    assert catalogue.SPEC_RELOAD_SUCCESS_TIMESTAMP_SECONDS not in metrics
