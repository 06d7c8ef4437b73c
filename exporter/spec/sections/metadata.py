"""The spec's `metadata`: the model's name, its owner, and the constant labels of its series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from exporter import catalogue
from exporter.spec.sections.section import SpecSection
from exporter.spec.value_types import ALERT, AlertUrl, BaseUrl, Name, Text

_RESERVED: Final = {label for metric in catalogue.METRICS for label in metric.labels} | {
    *catalogue.TARGET_LABELS,
    catalogue.SEVERITY,
    catalogue.LAYER,
    catalogue.SLO,
    "alertname",
    "alertstate",
    "le",
    "quantile",
}
_LABEL_NAME: Final = "[a-zA-Z][a-zA-Z0-9_]*"


def _label_name(name: str) -> str:
    if not re.fullmatch(_LABEL_NAME, name):
        raise ValueError("must be a Prometheus label name: letters, digits and _, beginning with a letter")
    if name in _RESERVED:
        raise ValueError("is a label that Leeway, Prometheus or a scrape sets itself; choose another name")
    return name


LabelName = Annotated[
    str,
    AfterValidator(_label_name),
    WithJsonSchema({"type": "string", "title": "label name", "allOf": [{"pattern": f"^{_LABEL_NAME}$"}]}),
]


class Metadata(SpecSection):
    """The model's name, its owner, and its constant labels."""

    name: Name
    """The model's name: the label `model` on every series."""
    labels: Mapping[LabelName, Text] = {}
    """Constant labels on every series and alert of this model."""
    team: Text = "unknown"
    """The team that is paged: a label on alerts and on the model's info series."""
    owner: Text = "unknown"
    """The owner of the model: a label on the model's info series."""
    runbooks: AlertUrl | None = None
    """The address of the runbooks. `{alert}` in it becomes the alert's name; without it, `/<alert name>` is appended.
    Left out, alerts link to the exporter, which serves the runbooks, if `generator.yaml` has `exporter.url`."""
    grafana: BaseUrl | None = None
    """The base URL of Grafana, for the links in alerts."""

    def runbook(self, alert: str) -> str | None:
        """Return the address of an alert's runbook, or None where no address of runbooks is known."""
        if self.runbooks is None or ALERT in self.runbooks:
            return self.runbooks and self.runbooks.replace(ALERT, alert)
        return f"{self.runbooks}/{alert}"

    @property
    def runbook_folder(self) -> str | None:
        """The address of all runbooks: what comes before the alert's name."""
        return self.runbooks and self.runbooks.partition(f"/{ALERT}")[0].partition(ALERT)[0]
