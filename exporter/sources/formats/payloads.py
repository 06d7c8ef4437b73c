"""Payload logs of serving tools: what a line says of a request, of its response, or of both, as rows.

Each tool has a shape of its own, see `Writer`. A shape that this module does not have is described by paths.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from exporter.sources.formats.json_objects import Object
from exporter.sources.formats.payload_rows import (
    PayloadMismatch,
    Row,
    captured_values,
    one_value_a_row,
    record_row,
    record_rows,
    tensor_rows,
)
from exporter.spec.json_path import JsonPath

ID: Final = "id"
"""The column of a request's id: `<id>-<position>` where the request has several rows."""
TIME: Final = "time"
"""The column of a request's time."""


class Writer(StrEnum):
    """The tool that writes a payload log."""

    KSERVE = "kserve"
    TRITON = "triton"
    SAGEMAKER = "sagemaker"


class Payload(NamedTuple):
    """What one line says: the id of the request, and the rows of the request, of the response, or of both.

    Where one is None, another line has it. `shared` are columns with the same value in each row.
    """

    id: str
    request: list[Row] | None
    response: list[Row] | None
    shared: Row

    @property
    def complete(self) -> bool:
        """Whether it is request and response."""
        return self.request is not None and self.response is not None

    def rows(self) -> list[Row]:
        """Return the rows of a complete payload.

        Raises:
            PayloadMismatch: the response has another number of rows than the request.
        """
        request, response = self.request or [], self.response or []
        if len(request) != len(response):
            raise PayloadMismatch(f"its request has {len(request)} rows, and its response {len(response)}")
        rows = [{**self.shared, **given, **returned} for given, returned in zip(request, response, strict=True)]
        if not self.id:
            return rows
        ids = [self.id] if len(rows) == 1 else [f"{self.id}-{position}" for position in range(len(rows))]
        return [{ID: each, **row} for each, row in zip(ids, rows, strict=True)]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a line is turned into rows.

    `request` and `response` name the values of a request's and a response's row where these are lists. `paths` are
    columns by their path in a line. Without a writer a line has the columns of the paths alone.
    """

    writer: Writer | None = None
    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    paths: Mapping[str, JsonPath] = field(default_factory=dict)

    def payload(self, line: Object) -> Payload:
        """Return what a line says.

        Raises:
            PayloadMismatch: it is not of this shape, with the reason.
        """
        if self.writer is None:
            rows = _rows_of_paths(line, self.paths)
            return Payload("", rows, [{} for _ in rows], {})
        payload = _READERS[self.writer](line, self)
        if not self.paths:
            return payload
        found = {name: path.value(line) for name, path in self.paths.items()}
        return payload._replace(
            shared=payload.shared | {name: each for name, each in found.items() if each is not None}
        )


def _rows_of_paths(line: Object, paths: Mapping[str, JsonPath]) -> list[Row]:
    lists = {name: path.items(line) for name, path in paths.items() if path.item_steps is not None}
    shared = {name: path.value(line) for name, path in paths.items() if path.item_steps is None}
    lengths = {len(values) for values in lists.values() if values is not None}
    if len(lengths) > 1:
        raise PayloadMismatch(f"its lists have {' and '.join(map(str, sorted(lengths)))} items")
    if not lengths and (lists or all(value is None for value in shared.values())):
        raise PayloadMismatch(
            "it has nothing at any of the paths" if not lists else "it has no list at the paths with [*]"
        )
    count = lengths.pop() if lengths else 1
    columns = {name: values if values is not None else [None] * count for name, values in lists.items()}
    return [shared | {name: values[row] for name, values in columns.items()} for row in range(count)]


# ------------------------------------------------------------------------------------------------ KServe, Triton


Rows = Callable[[Any, str, Sequence[str]], list[Row]]
"""Returns the rows of a request or response; which of the two it is; and the names of their values."""


def _event(line: Object, requested: str, returned: str, rows: Rows, shape: Shape) -> Payload:
    """Return a request, a response or both of the inference protocol, alone or as the data of a CloudEvent."""
    body = _decoded(line)
    request = rows(body[requested], "request", shape.request) if requested in body else None
    response = rows(body[returned], "response", shape.response) if returned in body else None
    if request is None and response is None:
        raise PayloadMismatch(f"it has neither {requested} nor {returned}")
    identity = line.get("id") or body.get("id")
    if not isinstance(identity, str | int) or identity == "":
        raise PayloadMismatch("it has no id")
    time = line.get("time") if request is not None else None
    return Payload(str(identity), request, response, {TIME: time} if time is not None else {})


def _decoded(line: Object) -> Object:
    """Return the data of a CloudEvent, which may be JSON, text or base64; a line without data is returned itself."""
    data = line.get("data", line)
    if "data_base64" in line:
        data = base64.b64decode(str(line["data_base64"])).decode(errors="replace")
    body = json.loads(data) if isinstance(data, str) else data
    if not isinstance(body, dict):
        raise PayloadMismatch("its data are not a JSON object")
    return body


# ------------------------------------------------------------------------------------------------ SageMaker


def _captured(line: Object, shape: Shape) -> Payload:
    """Return a line of SageMaker's data capture; without a captured response, all values of it are missing."""
    capture, event = line.get("captureData"), line.get("eventMetadata")
    if not isinstance(capture, dict) or not isinstance(event, dict):
        raise PayloadMismatch("it has no captureData or no eventMetadata")
    given, returned = captured_values(capture.get("endpointInput")), captured_values(capture.get("endpointOutput"))
    if given is not None and returned is not None and len(given) != len(returned) == 1:
        returned = one_value_a_row(returned[0], len(given))
    request = None if given is None else [record_row(value, "request", shape.request) for value in given]
    response = None if returned is None else [record_row(value, "response", shape.response) for value in returned]
    rows = request if request is not None else [{} for _ in response or []]
    shared = {TIME: event.get("inferenceTime")}
    identity = str(event.get("inferenceId") or event.get("eventId") or "")
    return Payload(identity, rows, response if response is not None else [{} for _ in rows], shared)


_READERS: Final[Mapping[Writer, Callable[[Object, Shape], Payload]]] = {
    Writer.KSERVE: lambda line, shape: _event(line, "instances", "predictions", record_rows, shape),
    Writer.TRITON: lambda line, shape: _event(line, "inputs", "outputs", tensor_rows, shape),
    Writer.SAGEMAKER: _captured,
}
