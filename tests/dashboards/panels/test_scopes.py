from __future__ import annotations

from collections.abc import Callable

import promql_parser
from hypothesis import given
from hypothesis import strategies as st

from dashboards.panels import queries, scopes
from exporter import catalogue
from exporter.catalogue import INFERENCE, STREAM
from exporter.spec.model import ModelSpec

Evaluates = Callable[..., None]


@given(st.text(st.characters(codec="utf-8")))
def test_a_quoted_text_is_read_back_as_it_was_and_holds_no_variable(text: str) -> None:
    literal = scopes.quote(text)
    assert promql_parser.parse(literal).val == text
    assert "$" not in literal
    assert "[[" not in literal


def test_a_selector_has_the_constant_labels_and_the_variables_of_the_metrics_labels(spec: ModelSpec) -> None:
    scope = scopes.model_scope(spec)
    always = 'model="fraud",env="prod"'
    assert queries.select(catalogue.FEATURE_PSI, scope) == (
        f'{catalogue.FEATURE_PSI.name}{{{always},version=~"$version",window="$window",feature=~"$feature"}}'
    )
    assert queries.select(catalogue.REFRESH_SUCCESS, scope) == f"{catalogue.REFRESH_SUCCESS.name}{{{always}}}"
    assert queries.select(catalogue.BUILD_INFO, scope) == f"{catalogue.BUILD_INFO.name}{{}}"


def test_a_scope_of_several_models_selects_them() -> None:
    assert queries.select(catalogue.REFRESH_SUCCESS, scopes.any_model_scope()).endswith('{model=~"$model"}')


def test_a_scope_with_a_value_sets_it_if_the_metric_has_the_label(spec: ModelSpec) -> None:
    scope = scopes.model_scope(spec).with_value(STREAM, INFERENCE)
    assert f'{STREAM}="{INFERENCE}"' in queries.select(catalogue.WINDOW_ROWS, scope)
    assert STREAM not in queries.select(catalogue.FEATURE_PSI, scope)


def grouped(spec: ModelSpec, role: str | None = "role", segments: tuple[str, ...] = ("plan",)) -> ModelSpec:
    """The spec with a column of roles and one of segments."""
    columns = spec.spec.inference.columns.model_copy(update={"role": role})
    inference = spec.spec.inference.model_copy(update={"columns": columns})
    return spec.model_copy(update={"spec": spec.spec.model_copy(update={"inference": inference, "segments": segments})})


def test_a_role_and_a_segment_are_selected_only_if_the_model_has_them(spec: ModelSpec) -> None:
    drift = catalogue.DATA_DRIFT_SHARE
    plain = queries.select(drift, scopes.model_scope(spec))
    assert queries.select(drift, scopes.model_scope(grouped(spec, None, ()))) == plain
    both = scopes.model_scope(grouped(spec))
    assert queries.select(drift, both) == plain.replace("}", ',role=~"$role",segment=~"$segment"}')
    assert queries.select(catalogue.WINDOW_ROWS, both) == queries.select(
        catalogue.WINDOW_ROWS, scopes.model_scope(spec)
    )
    assert queries.legend(drift, both) == "{{role}} {{segment}} {{version}}"
    assert queries.legend(drift, scopes.model_scope(grouped(spec, None))) == "{{segment}} {{version}}"


def test_the_whole_traffic_is_shown_until_a_segment_is_selected(spec: ModelSpec, evaluates: Evaluates) -> None:
    name, common = catalogue.DATA_DRIFT_SHARE.name, 'model="fraud",env="prod",version="1",window="1h"'
    given = {
        f'{name}{{{common},role="champion"}}': 0.25,
        f'{name}{{{common},role="challenger"}}': 0.5,
        f"{name}{{{common}}}": 0.125,
        f'{name}{{{common},role="champion",segment="plan=free"}}': 0.75,
    }
    scope = scopes.model_scope(grouped(spec))
    expected = {f'{{{common},role="champion"}}': 0.25, f'{{{common},role="challenger"}}': 0.5, f"{{{common}}}": 0.125}
    evaluates(given, queries.latest(catalogue.DATA_DRIFT_SHARE, scope), expected)
    without_challengers = {labels: value for labels, value in expected.items() if "challenger" not in labels}
    evaluates(given, queries.latest(catalogue.DATA_DRIFT_SHARE, scope.without_challengers), without_challengers)
