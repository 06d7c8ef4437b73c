"""Alertmanager's webhook, read: the incident that a notification is about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exporter.catalogue import LAYER, MODEL, Layer
from exporter.errors import LeewayError


class NotANotification(LeewayError):  # noqa: N818 - what it is not
    """A body is not what Alertmanager posts."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that fires."""

    labels: Mapping[str, str]
    starts_at: datetime
    fingerprint: str

    @property
    def instance(self) -> str:
        """What it has in common with itself in another notification, and with no later alert of the same labels."""
        return f"{self.fingerprint}@{self.starts_at.isoformat()}"

    @property
    def drift(self) -> bool:
        """Whether it tells of drifting data."""
        return self.labels.get(LAYER) in (Layer.DATASET, Layer.FEATURE)


@dataclass(frozen=True, slots=True)
class Notification:
    """What one group of alerts of one model has come to."""

    model: str
    group_key: str
    firing: tuple[Alert, ...]
    body: Mapping[str, Any]
    """As it was posted."""

    @property
    def instances(self) -> frozenset[str]:
        """Its alerts; an incident goes on as long as one of them does."""
        return frozenset(alert.instance for alert in self.firing)

    @property
    def incident(self) -> str:
        """64 hexadecimal digits that stand for the incident: its group and when the first of its alerts began.

        It must fire.
        """
        began = min(alert.starts_at for alert in self.firing)
        return hashlib.sha256(f"{self.group_key}\n{began.isoformat()}".encode()).hexdigest()


def read(body: Any) -> Notification:
    """A notification from the JSON that Alertmanager posts (version 4).

    Raises:
        NotANotification: when it is something else, or its alerts are not all of one model.
    """
    try:
        models = {alert["labels"].get(MODEL, "") for alert in body["alerts"]}
        firing = tuple(_alert(alert) for alert in body["alerts"] if alert["status"] == "firing")
        group_key = str(body["groupKey"])
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise NotANotification(f"not a notification of Alertmanager: {problem!r}") from None
    if len(models) != 1 or models == {""}:
        raise NotANotification("must hold alerts of one model: group by it")
    return Notification(models.pop(), group_key, firing, body)


def _alert(told: Mapping[str, Any]) -> Alert:
    labels = {str(name): str(value) for name, value in told["labels"].items()}
    return Alert(labels, datetime.fromisoformat(told["startsAt"]).astimezone(UTC), str(told["fingerprint"]))
