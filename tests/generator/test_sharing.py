from __future__ import annotations

from typing import Any

import pytest

from examples import RECEIVERS, model
from generator.sharing import shared_receivers

PAGE, TICKET = {"page": {"slack": RECEIVERS["slack"]}}, {"ticket": {"slack": RECEIVERS["slack"]}}


def shared(*models: Any) -> dict[str, list[int]]:
    """The places of the models that share a receiver, by its kind."""
    return {
        each["kind"]: each["models"] for each in shared_receivers([loaded.spec.as_arguments() for loaded in models])
    }


def test_models_that_notify_the_same_place_share_a_receiver_of_each_kind() -> None:
    assert shared(*(model({"name": name}, alerting=PAGE | TICKET) for name in "abc")) == {
        "page": [0, 1, 2],
        "ticket": [0, 1, 2],
    }


def test_a_model_alone_shares_none() -> None:
    assert shared(model(alerting=PAGE)) == {}


@pytest.mark.parametrize(
    "other",
    [
        model({"name": "b"}, alerting={"page": {"webhook": RECEIVERS["webhook"]}}),
        model({"name": "b", "labels": {"env": "test"}}, alerting=PAGE),
        model({"name": "b", "runbooks": None}, alerting=PAGE),
    ],
    ids=["another place", "another environment", "no links"],
)
def test_models_that_differ_in_what_a_notification_is_made_of_share_no_page(other: Any) -> None:
    assert "page" not in shared(model({"name": "a"}, alerting=PAGE), other)


@pytest.mark.parametrize(("hours", "kinds"), [({}, {"page", "ticket"}), ({"hours": "09:00-18:00"}, {"page"})])
def test_tickets_with_hours_are_shared_within_a_time_zone(hours: dict[str, str], kinds: set[str]) -> None:
    alerting = PAGE | {"ticket": TICKET["ticket"] | hours}
    zones = {"a": "Europe/Berlin", "b": "America/New_York"}
    models = [model({"name": name}, alerting=alerting, seasonality={"timezone": zone}) for name, zone in zones.items()]
    assert set(shared(*models)) == kinds


def test_a_name_depends_on_the_settings_alone() -> None:
    models = [model({"name": name}, alerting=PAGE).spec.as_arguments() for name in "abc"]
    few, many = shared_receivers(models[:2])[0], shared_receivers(models)[0]
    assert few["suffix"] == many["suffix"]
