"""The series that a dashboard shows, as PromQL matchers: of one model, of the selected models, or of one feature.

What the user selects are Grafana variables with the names of the labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from exporter.catalogue import CHALLENGER, FEATURE, MODEL, ROLE, SEGMENT, VERSION, WINDOW
from exporter.spec.model import ModelSpec

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "$": r"\x24", "[": r"\x5b", "\n": r"\n"})


def quote(text: str) -> str:
    """A PromQL string literal in which Grafana replaces nothing: no `$` or `[[` of `text` is read as a variable."""
    return f'"{text.translate(_ESCAPES)}"'


def equal(label: str, value: str) -> str:
    """The matcher for one value."""
    return f"{label}={quote(value)}"


def differs(label: str, value: str) -> str:
    """The matcher for every other value, and for no value."""
    return f"{label}!={quote(value)}"


def selected_value(label: str) -> str:
    """The matcher for the selection in a variable with one value, which has the name of the label."""
    return f'{label}="${label}"'


def selected_values(label: str) -> str:
    """The matcher for the selection in a variable with several values, which has the name of the label."""
    return f'{label}=~"${label}"'


@dataclass(frozen=True, slots=True)
class Scope:
    """The series that a dashboard shows.

    `model_matchers` select the series of the model, alerts too. `selected` has a matcher for each label that a metric
    may have. A metric without the label `model` is about the whole exporter and gets no matchers.
    """

    model_matchers: tuple[str, ...]
    selected: Mapping[str, str]

    def with_value(self, label: str, value: str) -> Scope:
        """The same with one value of `label`."""
        return replace(self, selected={**self.selected, label: equal(label, value)})

    def with_any_value(self, label: str) -> Scope:
        """The same with every value of `label`, independent of the selection."""
        return replace(self, selected={**self.selected, label: differs(label, "")})

    def without(self, label: str) -> Scope:
        """The same without a matcher for `label`."""
        return replace(self, selected={name: matcher for name, matcher in self.selected.items() if name != label})

    @property
    def multiple_models(self) -> bool:
        """Whether it is about more than one model."""
        return selected_values(MODEL) in self.model_matchers

    @property
    def without_challengers(self) -> Scope:
        """The same without challengers, whose predictions nobody uses: the series that alerts read."""
        if ROLE not in self.selected:
            return self
        return replace(self, selected={**self.selected, ROLE: differs(ROLE, CHALLENGER)})


_SELECTIONS: Final = {
    VERSION: selected_values(VERSION),
    WINDOW: selected_value(WINDOW),
    FEATURE: selected_values(FEATURE),
}


def selections(spec: ModelSpec) -> dict[str, str]:
    """The matchers of the dashboard's variables; role and segment only if the model has them."""
    optional = {ROLE: spec.spec.inference.columns.role is not None, SEGMENT: bool(spec.spec.segments)}
    return _SELECTIONS | {label: selected_values(label) for label, has in optional.items() if has}


def model_scope(spec: ModelSpec) -> Scope:
    """One model with its constant labels: the same model in another environment is another model."""
    labels = {MODEL: spec.name, **spec.metadata.labels}
    return Scope(tuple(equal(label, value) for label, value in labels.items()), selections(spec))


def hook_scope(spec: ModelSpec) -> Scope:
    """One model by its name only: the series of the retraining hook have no constant labels."""
    return Scope((equal(MODEL, spec.name),), {})


def any_model_scope() -> Scope:
    """The models selected in `$model`."""
    return Scope((selected_values(MODEL),), _SELECTIONS)


def fleet_scope() -> Scope:
    """The selected models, without challengers and segments: the series that alerts read, for all selected windows."""
    whole = {WINDOW: selected_values(WINDOW), ROLE: differs(ROLE, CHALLENGER), SEGMENT: equal(SEGMENT, "")}
    return replace(any_model_scope(), selected=whole)


def feature_scope() -> Scope:
    """One selected feature of one selected model, in all roles, without segments."""
    selected = _SELECTIONS | {FEATURE: selected_value(FEATURE), ROLE: f'{ROLE}=~".*"', SEGMENT: equal(SEGMENT, "")}
    return Scope((selected_value(MODEL),), selected)
