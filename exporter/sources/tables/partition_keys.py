"""Columns by which a table is stored in folders, such as `dt=2026-11-23/hour=10`, as conditions of a query.

Each key has a template of a time: `{dt: "%Y-%m-%d", hour: "%H"}`. A query names the values of the keys that it needs,
so the engine lists and reads no other folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from exporter.errors import SourceError
from exporter.sources.engine import Kind, Parameter, quoted
from exporter.sources.tables.time_range import TimeRange
from exporter.spec.sections.source import directives
from exporter.spec.windows import EPOCH

_FINEST: Final = (("M", timedelta(minutes=1)), ("H", timedelta(hours=1)))
_OTHER: Final = re.compile("[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """The templates of the keys, the coarsest first, and the types of their columns."""

    templates: Mapping[str, str]
    types: Mapping[str, str]

    @property
    def grain(self) -> timedelta:
        """How much time one folder holds: a minute, an hour or a day."""
        written = {each[-1] for template in self.templates.values() for each in directives(template)}
        return next((grain for letter, grain in _FINEST if letter in written), timedelta(days=1))

    def within(self, ranges: Sequence[TimeRange], prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        """Return the condition that a row is in a folder of some ranges, and its parameters."""
        *outer, last = self.templates
        parameters: dict[str, Parameter] = {}
        inner: dict[tuple[str, ...], dict[str, None]] = {}
        for folder in self._folders(ranges):
            *rest, value = self._values(folder)
            inner.setdefault(tuple(rest), {})[value] = None
        conditions = []
        for values, lasts in inner.items():
            equal = [
                f"{quoted(key)} = {self._named(key, value, parameters, prefix)}"
                for key, value in zip(outer, values, strict=True)
            ]
            names = ", ".join(self._named(last, value, parameters, prefix) for value in lasts)
            conditions.append(" AND ".join([*equal, f"{quoted(last)} IN ({names})"]))
        return " OR ".join(f"({condition})" for condition in conditions), parameters

    def slot(self, ranges: Sequence[TimeRange], grain: timedelta, prefix: str = "") -> tuple[str, dict[str, Parameter]]:
        """Return the expression of a row's partition number, counted from the first range, and its parameters."""
        parameters: dict[str, Parameter] = {}
        cases = []
        for folder in self._folders(ranges):
            equal = (
                f"{quoted(key)} = {self._named(key, value, parameters, prefix)}"
                for key, value in zip(self.templates, self._values(folder), strict=True)
            )
            cases.append(f"WHEN {' AND '.join(equal)} THEN {(folder - ranges[0].start) // grain}")
        return f"CASE {' '.join(cases)} ELSE NULL END", parameters

    def _folders(self, ranges: Sequence[TimeRange]) -> Iterator[datetime]:
        """Yield the start of each folder of some ranges, once."""
        done = datetime.min.replace(tzinfo=UTC)
        for each in ranges:
            start = each.start - (each.start - EPOCH) % self.grain
            while start < each.end:
                if start >= done:
                    yield start
                    done = start + self.grain
                start += self.grain

    def _values(self, folder: datetime) -> list[str]:
        return [written(folder, template) for template in self.templates.values()]

    def _named(self, key: str, value: str, parameters: dict[str, Parameter], prefix: str) -> str:
        """Return the parameter of a value, which is added to the parameters once."""
        kind, parsed = self._typed(key, value)
        plain = _OTHER.sub("_", value.lower())
        name = f"{prefix}key{list(self.templates).index(key)}_{plain}"
        parameters[name] = Parameter(kind, parsed)
        return f"@{name}"

    def _typed(self, key: str, value: str) -> tuple[Kind, str | int | date]:
        kind = self.types.get(key)
        try:
            if kind == "INT64":
                return "INT64", int(value)
            if kind == "DATE":
                return "DATE", date.fromisoformat(value)
        except ValueError:
            raise SourceError(f"the partition key {key} is {kind}, and {value} is none; change its template") from None
        if kind != "STRING":
            raise SourceError(f"the partition key {key} is {kind}; it must be STRING, INT64 or DATE")
        return "STRING", value


def written(moment: datetime, template: str) -> str:
    """Return a time in a template; `%-m` and its like have no leading zeros."""
    text = template
    for each in dict.fromkeys(directives(template)):
        plain = moment.strftime(each.replace("-", ""))
        text = text.replace(each, (plain.lstrip("0") or "0") if "-" in each else plain)
    return text
