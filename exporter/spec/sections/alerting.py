"""Who hears of it: receivers of pages and tickets, what starts a retraining, and how much of it may be false."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator

from exporter.spec.sections.retraining import Retrain
from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Duration, Hours, Positive, SecretFile, Text, Url


class Pagerduty(SpecSection):
    """A PagerDuty service."""

    routing_key_file: SecretFile
    """The file, on Alertmanager's machine, that holds the integration key."""


class Slack(SpecSection):
    """A Slack channel."""

    channel: Text
    """Its name."""
    api_url_file: SecretFile
    """The file, on Alertmanager's machine, that holds the webhook's address."""


class Opsgenie(SpecSection):
    """An Opsgenie integration."""

    api_key_file: SecretFile
    """The file, on Alertmanager's machine, that holds the key."""


class Email(SpecSection):
    """A mailbox."""

    to: Text
    """The addresses, separated by commas."""


class Webhook(SpecSection):
    """Any HTTP receiver."""

    url: Url
    """Alertmanager's webhook JSON is posted here."""


_RECEIVERS: Final = ("pagerduty", "slack", "opsgenie", "email", "webhook")


class Receiver(SpecSection):
    """Where notifications go; at least one kind."""

    model_config = alternatives("anyOf", *_RECEIVERS)

    pagerduty: Pagerduty | None = None
    """A PagerDuty service."""
    slack: Slack | None = None
    """A Slack channel."""
    opsgenie: Opsgenie | None = None
    """An Opsgenie integration."""
    email: Email | None = None
    """A mailbox."""
    webhook: Webhook | None = None
    """Any HTTP receiver."""
    hours: Hours | None = None
    """Notify only then, in the model's time zone; what fires outside is told when they begin."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(getattr(self, kind) for kind in _RECEIVERS):
            raise ValueError(f"must have at least one of {', '.join(_RECEIVERS)}")
        return self


def _at_any_hour(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"required": [kind]} for kind in _RECEIVERS]
    del schema["properties"]["hours"]


class Page(Receiver):
    """Where critical alerts go, at any hour; at least one kind."""

    model_config = ConfigDict(json_schema_extra=_at_any_hour)

    @model_validator(mode="after")
    def _always(self) -> Self:
        if self.hours is not None:
            raise ValueError("must not have hours: a page goes out at any hour")
        return self


class FalseAlarms(SpecSection):
    """The false-alarm budget; `leeway backtest` solves the false-positive rate that keeps it."""

    pages_per_month: Positive
    """How many pages a month may be wrong."""
    tickets_per_month: Positive | None = None
    """How many tickets a month may be wrong; left out, twice as many."""

    @property
    def tickets(self) -> float:
        """`tickets_per_month`, or its default."""
        return self.tickets_per_month or 2 * self.pages_per_month


class Alerting(SpecSection):
    """Who hears of it."""

    page: Page | None = None
    """Critical alerts."""
    ticket: Receiver | None = None
    """Warnings."""
    retrain: Retrain | None = None
    """What starts a retraining."""
    windows: Annotated[tuple[Duration, ...], Field(min_length=1)] | None = None
    """The windows that alert; left out, those of at most a day, or the shortest."""
    false_alarms: FalseAlarms | None = None
    """The false-alarm budget."""
