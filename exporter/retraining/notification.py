"""Parsing of Alertmanager's webhook notifications, and the incident of a notification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exporter.catalogue import LAYER, MODEL, Layer
from exporter.errors import LeewayError


class InvalidNotification(LeewayError):  # noqa: N818 - named like the other errors
    """A request body is not a notification of Alertmanager."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One firing alert."""

    labels: Mapping[str, str]
    starts_at: datetime
    fingerprint: str

    @property
    def instance(self) -> str:
        """An id that is equal in all notifications of this alert, and differs for a later alert with equal labels."""
        return f"{self.fingerprint}@{self.starts_at.isoformat()}"

    @property
    def is_drift(self) -> bool:
        """Whether the alert reports drift of the data."""
        return self.labels.get(LAYER) in (Layer.DATASET, Layer.FEATURE)


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification about one group of alerts of one model."""

    model: str
    group_key: str
    firing: tuple[Alert, ...]

    @property
    def instances(self) -> frozenset[str]:
        """The ids of the firing alerts; an incident lasts as long as one of them."""
        return frozenset(alert.instance for alert in self.firing)

    @property
    def common_labels(self) -> dict[str, str]:
        """The labels that all firing alerts share."""
        first, *others = (alert.labels for alert in self.firing)
        return {name: value for name, value in first.items() if all(each.get(name) == value for each in others)}

    @property
    def incident(self) -> str:
        """The incident as 64 hexadecimal digits, from its group and the start of its first alert.

        Only for a notification with firing alerts.
        """
        start = min(alert.starts_at for alert in self.firing)
        return hashlib.sha256(f"{self.group_key}\n{start.isoformat()}".encode()).hexdigest()


def read(body: Any) -> Notification:
    """Parse a notification from Alertmanager's JSON (version 4).

    Raises:
        InvalidNotification: when the body is something else, or its alerts are of several models.
    """
    try:
        models = {alert["labels"].get(MODEL, "") for alert in body["alerts"]}
        firing = tuple(_alert(alert) for alert in body["alerts"] if alert["status"] == "firing")
        group_key = str(body["groupKey"])
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is no text that could be passed on
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as problem:
        raise InvalidNotification(f"not a notification of Alertmanager: {problem!r}") from None
    if len(models) != 1 or models == {""}:
        raise InvalidNotification("must contain alerts of one model: group by model")
    return Notification(str(models.pop()), group_key, firing)


def _alert(item: Mapping[str, Any]) -> Alert:
    labels = {str(name): str(value) for name, value in item["labels"].items()}
    return Alert(labels, datetime.fromisoformat(item["startsAt"]).astimezone(UTC), str(item["fingerprint"]))
