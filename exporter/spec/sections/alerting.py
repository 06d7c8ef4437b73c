"""The spec's `alerting`: receivers of pages and tickets, retraining, and the false-alarm budget."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from exporter.spec.sections.retraining import Retrain
from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Duration, Hours, Positive, SecretFile, Text, Url


class Pagerduty(SpecSection):
    """A PagerDuty service."""

    routing_key_file: SecretFile
    """The file on Alertmanager's machine that contains the integration key."""


class Slack(SpecSection):
    """A Slack channel."""

    channel: Text
    """The channel's name."""
    api_url_file: SecretFile
    """The file on Alertmanager's machine that contains the webhook's address."""


class Opsgenie(SpecSection):
    """An Opsgenie integration."""

    api_key_file: SecretFile
    """The file on Alertmanager's machine that contains the key."""


class Email(SpecSection):
    """An e-mail receiver."""

    to: Text
    """The addresses, separated by commas."""


class Webhook(SpecSection):
    """Any HTTP receiver."""

    url: Url
    """The address to which Alertmanager posts its webhook JSON."""


_RECEIVERS: Final = ("pagerduty", "slack", "opsgenie", "email", "webhook")


class Receiver(SpecSection):
    """Where notifications are sent; at least one kind of receiver."""

    model_config = alternatives("anyOf", *_RECEIVERS)

    pagerduty: Pagerduty | None = None
    """A PagerDuty service."""
    slack: Slack | None = None
    """A Slack channel."""
    opsgenie: Opsgenie | None = None
    """An Opsgenie integration."""
    email: Email | None = None
    """An e-mail receiver."""
    webhook: Webhook | None = None
    """Any HTTP receiver."""
    hours: Hours | None = None
    """Notify only in these hours, in the model's time zone; other alerts wait until the hours begin."""

    @model_validator(mode="after")
    def _at_least_one_receiver(self) -> Self:
        if not any(getattr(self, kind) for kind in _RECEIVERS):
            raise ValueError(f"must have at least one of {', '.join(_RECEIVERS)}")
        return self


def _without_hours(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"required": [kind]} for kind in _RECEIVERS]
    del schema["properties"]["hours"]


class Page(Receiver):
    """Where critical alerts are sent, at any hour; at least one kind of receiver."""

    model_config = ConfigDict(json_schema_extra=_without_hours)

    @model_validator(mode="after")
    def _no_hours(self) -> Self:
        if self.hours is not None:
            raise ValueError("must not have hours: a page is sent at any hour")
        return self


class FalseAlarms(SpecSection):
    """The false-alarm budget; `leeway backtest` solves the false-positive rate that keeps it."""

    pages_per_month: Positive
    """How many false pages a month are allowed."""
    tickets_per_month: Positive | None = None
    """How many false tickets a month are allowed; left out, twice as many as pages."""

    @property
    def tickets(self) -> float:
        """`tickets_per_month`, or its default."""
        return self.tickets_per_month or 2 * self.pages_per_month


class Alerting(SpecSection):
    """Receivers of alerts, retraining, and the false-alarm budget."""

    page: Page | None = None
    """The receivers of critical alerts."""
    ticket: Receiver | None = None
    """The receivers of warnings."""
    retrain: Retrain | None = None
    """What starts a retraining."""
    windows: Annotated[tuple[Duration, ...], Field(min_length=1)] | None = None
    """The windows that alert; left out, all of at most a day, or else the shortest."""
    false_alarms: FalseAlarms | None = None
    """The false-alarm budget."""
