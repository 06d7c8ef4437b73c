"""The spec's `accepted`: drift that is known, is right, and stays."""

from __future__ import annotations

from exporter.spec.sections.section import SpecSection
from exporter.spec.value_types import Day, Text


class Accepted(SpecSection):
    """A lasting change of a feature that no longer alerts; a later, greater one does."""

    feature: Text
    """The feature that has changed."""
    since: Day
    """The first day of the change, in the model's time zone."""
    why: Text
    """Why the change is right; it is shown on the dashboard."""
    category: Text | None = None
    """A new category that is right; left out, the feature's whole distribution, nulls and new categories are."""
