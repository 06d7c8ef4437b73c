from __future__ import annotations

from typing import Any

import pytest

from dashboards.panels.queries import Role, history, model_scope
from dashboards.sections.estimates import sections
from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.sections.reference import Reference


def of(spec: ModelSpec, **body: Any) -> ModelSpec:
    reference = spec.spec.reference.model_copy(
        update={"columns": spec.spec.reference.columns.model_copy(update={"label": "fraud"})}
    )
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"reference": reference, **body})})


def titles(spec: ModelSpec) -> list[list[str]]:
    return [[panel.title for panel in section.panels] for section in sections(spec, model_scope(spec))]


def test_a_classifier_has_estimates_gaps_and_what_first_labels_say(spec: ModelSpec) -> None:
    estimates, provisional = titles(of(spec))
    assert {"AUROC expected, $window", "AUROC: expected minus seen, $window", "Concept drift, $window"} <= set(
        estimates
    )
    assert {"Predictions represented, $window", "AUROC so far, $window", "Log loss so far, $window"} <= set(provisional)
    assert not any("error" in title for title in estimates + provisional)


def test_a_regression_has_those_of_its_errors(spec: ModelSpec) -> None:
    estimates, provisional = titles(of(spec, task="regression"))
    assert [title for title in estimates if "expected, " in title] == [
        "Root mean squared error expected, $window",
        "Mean absolute error expected, $window",
    ]
    assert "Concept drift, $window" in estimates
    assert provisional[-1] == "Mean absolute error so far, $window"


@pytest.mark.parametrize("score", ["confidence", None])
def test_of_several_classes_are_expected_how_they_rank_and_with_a_confidence_how_many_are_right(
    spec: ModelSpec, score: str | None
) -> None:
    told = {"scores": {"a": "p_a", "b": "p_b"}, "prediction": "class", "score": score}
    columns = spec.spec.inference.columns.model_copy(update=told)
    inference = spec.spec.inference.model_copy(update={"columns": columns})
    estimates = titles(of(spec, task="multiclass_classification", inference=inference))[0]
    names = ["AUROC", "Accuracy"] if score else ["AUROC"]
    gaps = [f"{name}: expected minus seen, $window" for name in names]
    assert estimates == [*(f"{name} expected, $window" for name in names), "Concept drift, $window", *gaps]


def test_without_labels_there_is_no_gap_and_without_a_labelled_reference_no_estimate(spec: ModelSpec) -> None:
    (estimates,) = titles(of(spec, labels=None))
    assert not any("seen" in title for title in estimates)
    unlabelled = spec.spec.reference.columns.model_copy(update={"label": None})
    reference = spec.spec.reference.model_copy(update={"columns": unlabelled})
    (provisional,) = titles(of(spec, reference=reference))
    assert provisional[0] == "Predictions represented, $window"


@pytest.mark.parametrize("of_log", [{"trailing": "4w"}, {"period": {"from": "2026-09-01", "to": "2026-09-28"}}])
def test_a_part_of_the_log_has_the_labels_of_the_log(spec: ModelSpec, of_log: dict[str, Any]) -> None:
    reference = Reference.model_validate(of_log)
    of_period = spec.model_copy(update={"spec": spec.spec.model_copy(update={"reference": reference})})
    estimates, _ = titles(of_period)
    assert "Concept drift, $window" in estimates
    unlabelled = of_period.spec.model_copy(update={"labels": None})
    assert titles(of_period.model_copy(update={"spec": unlabelled})) == []


def test_a_gap_is_drawn_with_its_threshold_and_a_provisional_value_with_its_interval(spec: ModelSpec) -> None:
    scope = model_scope(spec)
    for metric in (catalogue.AUROC_ESTIMATED_GAP, catalogue.CONCEPT_DRIFT):
        assert [query.role for query in history(metric, scope)] == [Role.VALUE, Role.THRESHOLD]
    roles = [query.role for query in history(catalogue.AUROC_PROVISIONAL, scope)]
    assert roles == [Role.VALUE, Role.LOWER, Role.UPPER]


def test_a_gap_says_which_predictions_it_is_about(spec: ModelSpec) -> None:
    (estimates, _) = sections(of(spec), model_scope(spec))
    gap = next(panel for panel in estimates.panels if "seen" in panel.title)
    assert "predictions that ended 7d ago" in gap.description
