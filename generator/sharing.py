"""Receivers that several models share: an outage of what the models have in common is one notification there.

Alertmanager groups alerts within a route, and each model has routes of its own. So the alerts on the exporter and on
freshness, which come from many models at once, have a route for all models that notify the same place.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

KINDS: Final = ("page", "ticket")
"""The kinds of receivers, as keys of `spec.alerting`."""


def shared_receivers(models: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the receivers that two or more models share, in the order of their first models.

    Models share a receiver if their settings, constant labels and time zone are equal, and both or neither have links.

    Args:
        models: the completed specs as plain data.

    Returns:
        Of each: its `kind`, a `suffix` for its name that depends on the settings alone, and the places of its `models`.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, model in enumerate(models):
        for kind in KINDS:
            places[_key(model, kind)].append(place)
    return [
        {
            "kind": json.loads(key)[0],
            "suffix": hashlib.sha256(key.encode()).hexdigest()[:8],
            "models": sharing,
        }
        for key, sharing in places.items()
        if len(sharing) > 1
    ]


def _key(model: Mapping[str, Any], kind: str) -> str:
    metadata, body = model["metadata"], model["spec"]
    settings = body["alerting"][kind]
    zone = body["seasonality"]["timezone"] if (settings or {}).get("hours") else None
    links = [metadata[name] is not None for name in ("grafana", "runbooks")]
    return json.dumps([kind, settings, metadata["labels"], zone, links], sort_keys=True)
