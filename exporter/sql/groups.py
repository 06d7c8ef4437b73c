"""How a statement groups rows: by keys, each of which is a text of a row, and by segments.

A row has one group of keys. It also belongs to one segment of each segment column that has a value with a segment. The
row is crossed with the numbers of the segment columns, so one scan counts all groups and segments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exporter.profiles.values import find_values
from exporter.sources.engine import Parameter
from exporter.sql.columns import CategoryColumn

ROW: Final = -1
"""The feature number that stands for the rows themselves."""
WHOLE_ROWS: Final = -1
"""The segment column number that stands for all rows, in every segment or none."""
SUMS: Final = "SUM(n) AS n, SUM(total) AS total, SUM(squares) AS squares, MIN(low) AS low, MAX(high) AS high"


@dataclass(frozen=True, slots=True)
class Key:
    """A text of each row, by which rows are grouped.

    `expression` reads `column` and may use `parameters`. `named` turns a text into the group's name. A row without a
    text has the text `missing`, or is left out where that is `None`. The `most` texts with the most rows have groups of
    their own, ties in the order of their names; the others together are the group `other`.
    """

    column: str
    expression: str
    named: Callable[[str], str] = str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    missing: str | None = None
    most: int | None = None
    other: str = "other"


@dataclass(frozen=True, slots=True)
class SegmentKey:
    """A column of segments, and the values that have a segment."""

    column: str
    names: CategoryColumn
    values: tuple[str, ...]

    def value_named(self, text: str) -> str:
        """Return the value that has a segment, from a text of a row that is in it."""
        return self.values[find_values([self.names.named(text)], self.values)[0]]


@dataclass(frozen=True, slots=True)
class GroupBy:
    """How rows are grouped: by keys, and by segments in each of these groups."""

    keys: tuple[Key, ...] = ()
    segments: tuple[SegmentKey, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the grouping reads."""
        return (*(key.column for key in self.keys), *(segment.column for segment in self.segments))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that identify a group in each step of a statement: one per key, and two for segments."""
        keys = [f"key{position}" for position in range(len(self.keys))]
        return (*keys, "segment", "segment_name") if self.segments else tuple(keys)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The parameters of the expressions and steps."""
        parameters: dict[str, Parameter] = {}
        for position, key in enumerate(self.keys):
            parameters |= key.parameters
            if key.missing is not None:
                parameters[f"missing{position}"] = Parameter("STRING", key.missing)
            if key.most is not None:
                parameters[f"most{position}"] = Parameter("INT64", key.most)
                parameters[f"other{position}"] = Parameter("STRING", key.other)
        return parameters | self.segment_parameters

    @property
    def segment_parameters(self) -> dict[str, Parameter]:
        """The parameters of the segments alone."""
        return {
            f"s{position}": Parameter(segment.names.kind, segment.names.key_values(segment.values))
            for position, segment in enumerate(self.segments)
        }

    @property
    def values(self) -> list[str]:
        """The expressions computed for each row: its keys, and the name of the segment that it has in each column."""
        keys = [f"{_key_text(key, position)} AS key{position}" for position, key in enumerate(self.keys)]
        return [*keys, *segment_values(self.segments)]

    @property
    def row_names(self) -> list[str]:
        """The columns that `values` makes."""
        return [*self.names[: len(self.keys)], *(f"segment{position}" for position in range(len(self.segments)))]

    @property
    def entry_values(self) -> list[str]:
        """The expressions of `names`, for a row that is `crossed` with its segments."""
        keys = list(self.names[: len(self.keys)])
        return [*keys, *segment_entry(len(self.segments))] if self.segments else keys

    @property
    def crossed(self) -> str:
        """The end of a FROM clause: each row once for all rows, and once for each segment column."""
        return crossed_with_segments(len(self.segments)) if self.segments else ""

    @property
    def capped(self) -> list[int]:
        """The positions of the keys that have a limit."""
        return [position for position, key in enumerate(self.keys) if key.most is not None]

    @property
    def present(self) -> str:
        """The condition that a row has every key."""
        return " AND ".join(f"key{position} IS NOT NULL" for position in range(len(self.keys))) or "TRUE"


def _key_text(key: Key, position: int) -> str:
    return key.expression if key.missing is None else f"IFNULL({key.expression}, @missing{position})"


def segment_values(segments: Sequence[SegmentKey]) -> list[str]:
    """Return the expression of the name of a row's segment in each column; NULL where it has none."""
    return [
        f"IF({each.names.key} IN UNNEST(@s{position}), {each.names.name}, NULL) AS segment{position}"
        for position, each in enumerate(segments)
    ]


def segment_entry(columns: int) -> list[str]:
    """Return the expressions `segment` and `segment_name` of a row that is crossed with `columns` segment columns.

    The row is in no segment where the name is NULL.
    """
    names = {position: f"segment{position}" for position in range(columns)}
    return ["segment", f"{chosen('segment', names, repr(''))} AS segment_name"]


def crossed_with_segments(columns: int) -> str:
    """Return the end of a FROM clause that crosses each row with all rows and with each of some segment columns."""
    places = ", ".join(map(str, [WHOLE_ROWS, *range(columns)]))
    return f" CROSS JOIN UNNEST([{places}]) AS segment"


def chosen(number: str, expressions: Mapping[int, str], other: str) -> str:
    """Return the expression that a number chooses of several; `other` where it chooses none."""
    cases = "".join(f" WHEN {each} THEN {expression}" for each, expression in expressions.items())
    return f"CASE {number}{cases} ELSE {other} END" if cases else other


def limit_groups(grouping: GroupBy, cell: Sequence[str], source: str) -> Iterator[tuple[str, str]]:
    """Yield the steps that limit the texts of each key: count the rows of each, rank them, and rename those beyond.

    Args:
        grouping: the keys.
        cell: the columns that identify a cell within a group.
        source: the step that has a row for each cell.
    """
    capped = grouping.capped
    whole = f" AND segment = {WHOLE_ROWS}" if grouping.segments else ""
    counted = f"IF(feature = {ROW}{whole}, n, 0)"
    weights = ", ".join(f"SUM({counted}) OVER (PARTITION BY key{position}) AS rows{position}" for position in capped)
    yield "weighed", f"SELECT *, {weights}\nFROM {source}"
    ranks = (
        f"DENSE_RANK() OVER (ORDER BY rows{position} DESC, key{position}) AS place{position}" for position in capped
    )
    yield "placed", f"SELECT *, {', '.join(ranks)}\nFROM weighed"
    names = {name: name for name in grouping.names}
    names |= {
        f"key{position}": f"IF(place{position} <= @most{position}, key{position}, @other{position})"
        for position in capped
    }
    renamed = ", ".join(f"{expression} AS {name}" for name, expression in names.items())
    yield "renamed", f"SELECT {renamed}, {', '.join(cell)}, n, total, squares, low, high\nFROM placed"
    by = ", ".join([*grouping.names, *cell])
    yield "limited_groups", f"SELECT {by},\n  {SUMS}\nFROM renamed\nGROUP BY {by}"
