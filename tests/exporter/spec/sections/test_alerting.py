"""Receivers and the false-alarm budget."""

from __future__ import annotations

import pytest

from exporter.spec.sections.alerting import FalseAlarms
from spec_parts import body, refusal

EMAIL = {"email": {"to": "a@example.com"}}


def test_a_ticket_can_have_hours_and_a_page_cannot() -> None:
    hours = "Sat-Sun 10:00-18:00"
    ticket = body(alerting={"ticket": {**EMAIL, "hours": hours}}).alerting.ticket
    assert ticket is not None
    assert ticket.hours == hours
    assert refusal(alerting={"page": {**EMAIL, "hours": hours}}).startswith("must not have hours")


@pytest.mark.parametrize("part", ["page", "ticket"])
def test_page_and_ticket_need_a_receiver(part: str) -> None:
    assert refusal(alerting={part: {}}).startswith("must have at least one of pagerduty, slack")


def test_the_default_budget_of_tickets_is_twice_that_of_pages() -> None:
    assert FalseAlarms(pages_per_month=1.5).tickets == 3
    assert FalseAlarms(pages_per_month=1, tickets_per_month=0.5).tickets == 0.5
