"""What Grafana makes of the results of a panel's queries: its data source's frames, and transformations of them.

The rules are those of Grafana 11.1. Of the transformations, `tests/dashboards/test_frames.py` compares all but
`timeSeriesTable` with Grafana's own package, where node is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Frame = dict[str, Any]
Series = tuple[Mapping[str, str], float]
NOW = 1_700_000_000_000
EARLIER = NOW - 60_000


def frames(targets: Sequence[Mapping[str, Any]], results: Mapping[str, Sequence[Series]]) -> list[Frame]:
    """Return the frames of queries, by the id of each: first those of time series, then the tables.

    A query without a result gives a frame without fields. Of time series, each has a frame; a table has all of a query.
    Only with several tables a column of values has the id of its query.
    """
    series = [target["refId"] for target in targets if target.get("format") != "table"]
    tables = [target["refId"] for target in targets if target.get("format") == "table"]
    lines = [line for query in series for line in (_lines(query, results[query]) or [frame(query, [])])]
    if len(tables) == 1 and not results[tables[0]]:
        return [*lines, frame(tables[0], [])]
    return [*lines, *(_table(query, results[query], single=len(tables) == 1) for query in tables)]


def frame(query: str | None, fields: list[dict[str, Any]]) -> Frame:
    """Return a frame of fields of equal length."""
    return {"refId": query, "fields": fields, "length": len(fields[0]["values"]) if fields else 0}


def _field(name: str, kind: str, values: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "values": values, **more}


def _lines(query: str, results: Sequence[Series]) -> list[Frame]:
    return [
        frame(
            query, [_field("Time", "time", [EARLIER, NOW]), _field("Value", "number", [0, value], labels=dict(labels))]
        )
        for labels, value in results
    ]


def _table(query: str, results: Sequence[Series], *, single: bool) -> Frame:
    names = list(dict.fromkeys(name for labels, _ in results for name in sorted(labels)))
    return frame(
        query,
        [
            _field("Time", "time", [NOW] * len(results)),
            *(_field(name, "string", [labels.get(name, "") for labels, _ in results]) for name in names),
            _field("Value" if single else f"Value #{query}", "number", [value for _, value in results]),
        ],
    )


def transformed(steps: Sequence[Mapping[str, Any]], given: list[Frame]) -> list[Frame]:
    """Return the frames after each transformation; one with a filter leaves the other frames as they are."""
    for step in steps:
        pattern = step.get("filter", {}).get("options")
        chosen = [each for each in given if _matches(pattern, each["refId"] or "")]
        others = [place for place, each in enumerate(given) if each not in chosen]
        made = _TRANSFORMATIONS[step["id"]](chosen, step["options"])
        start = others[0] if others else 0
        given = [*made[:start], *(given[place] for place in others), *made[start:]]
    return given


def _matches(pattern: str | None, query: str) -> bool:
    if pattern is None:
        return True
    return bool(re.search(pattern[1:-1], query) if pattern.startswith("/") else re.fullmatch(pattern, query))


def small_lines(given: list[Frame], _: Mapping[str, Any]) -> list[Frame]:
    """Return one table for each query, with a field of frames; what is no time series stays as it is.

    A table of numbers over time is a time series too, also the table of an instant query.
    """
    kept = [each for each in given if not _is_time_series(each)]
    lines = [each for each in given if _is_time_series(each)]
    for query in dict.fromkeys(each["refId"] for each in lines):
        own = [next(f for f in each["fields"] if f["type"] == "number") for each in lines if each["refId"] == query]
        names = list(dict.fromkeys(name for field in own for name in field.get("labels", {})))
        labels = [_field(name, "string", [field["labels"].get(name, "") for field in own]) for name in names]
        kept.append(frame(query, [*labels, _field(f"Trend #{query}", "frame", [field["values"][-1] for field in own])]))
    return kept


def _is_time_series(given: Frame) -> bool:
    return {"time", "number"} <= {field["type"] for field in given["fields"]}


def _merge(given: list[Frame], _: Mapping[str, Any]) -> list[Frame]:
    """Return one table with a row for each value of the fields that all frames share; without one, the frames."""
    if len(given) <= 1:
        return given
    with_fields = [each for each in given if each["fields"]]
    if not with_fields:
        return given[:1]
    fields = {field["name"]: field["type"] for each in with_fields for field in each["fields"]}
    names = [[field["name"] for field in each["fields"]] for each in with_fields]
    keys = [name for name in names[-1] if all(name in each for each in names)]
    if not keys:
        return given
    rows: list[dict[str, Any]] = []
    for row in (row for each in with_fields for row in _rows(each)):
        same = [at for at, other in enumerate(rows) if all(other[key] == row[key] for key in keys)]
        joined = [at for at in same if all(rows[at].get(name) in {None, value} for name, value in row.items())]
        for at in joined:
            rows[at] |= row
        if not joined:
            rows.append(row)
    return [frame(None, [_field(name, kind, [row.get(name) for row in rows]) for name, kind in fields.items()])]


def _rows(given: Frame) -> Iterator[dict[str, Any]]:
    for at in range(given["length"]):
        yield {field["name"]: field["values"][at] for field in given["fields"]}


def _organize(given: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    """Return the frames with their fields in order and renamed, without those that are left without a field."""
    excluded, order, names = (options[key] for key in ("excludeByName", "indexByName", "renameByName"))
    organized = []
    for each in given:
        left = [field for field in each["fields"] if not excluded.get(field["name"])]
        left.sort(key=lambda field: order.get(field["name"], len(order)))
        fields = [field | {"name": names.get(field["name"], field["name"])} for field in left]
        organized += [each | {"fields": fields}] if fields else []
    return organized


def _sort(given: list[Frame], options: Mapping[str, Any]) -> list[Frame]:
    [by] = options["sort"]
    return [_sorted(each, by["field"], by["desc"]) for each in given]


def _sorted(given: Frame, name: str, descending: bool) -> Frame:
    for field in given["fields"]:
        if field["name"] == name:
            values = field["values"]
            order = sorted(range(len(values)), key=values.__getitem__, reverse=descending)
            fields = [other | {"values": [other["values"][at] for at in order]} for other in given["fields"]]
            return given | {"fields": fields}
    return given


_TRANSFORMATIONS = {"timeSeriesTable": small_lines, "merge": _merge, "organize": _organize, "sortBy": _sort}
