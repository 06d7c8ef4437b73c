"""A first spec from the columns of a log: valid as it is, but a guess that a person must correct."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from exporter.spec.sections.task import REQUIRED_COLUMNS
from generator.init.data_sets import DataSet, Found
from generator.init.guessing import ID, Guess, column_of, has_word, is_outcome, is_usable
from generator.init.log_columns import Column, Kind
from generator.init.templates import any_keys, labels_beside, undated, whole_path
from generator.serialization import yaml_text

SCHEMA_FILE: Final = "model.schema.json"
"""The JSON Schema beside a spec, which its first line names for editors."""

_STORES: Final = {"s3": "s3", "gs": "gcs", "abfss": "azure"}
"""The kind of a source for each scheme of an address."""
_WANTED: Final = ("timestamp", "score", "prediction_id", "model_version")
_TAIL: Final = (
    "  # alerting:",
    "  #   page: {pagerduty: {routing_key_file: /etc/alertmanager/secrets/pagerduty}}",
    '  #   ticket: {slack: {channel: "#models", api_url_file: /etc/alertmanager/secrets/slack}}',
)


def first_spec(name: str, found: Found, guessed: Guess, folder: Path) -> str:
    """Return the text of a spec.

    Args:
        name: the model's name.
        found: the log, its labels and its reference.
        guessed: the task and the columns.
        folder: the folder of the spec, to which local paths are relative.

    Raises:
        UsageError: when no column can be watched, or a path cannot be used in a spec.
    """
    for data in filter(None, (found.log, found.labels, found.reference)):
        if "%" in any_keys(data.files[0], len(data.above)):
            raise UsageError(f"{data.files[0]}: the path must not contain %, which starts a part of a date in a spec")
    rest = [column for column in found.log.columns if column.name not in guessed.roles.values()]
    features = list(_features(rest))
    if not any(not line.startswith("#") for line in features):
        address = found.log.files[0]
        raise UsageError(f"{address}: has no column that can be watched: a number, or a text with repeated values")
    files = "one file" if len(found.log.files) == 1 else f"{len(found.log.files)} files"
    head = (
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# A first guess from the columns of {files}. Check the lines marked with ?; docs/spec.md has every key.",
        "apiVersion: leeway/v1",
        "kind: Model",
        f"metadata: {{name: {_quoted(name)}}}  # add team, owner, runbooks, grafana",
        "spec:",
        f"  task: {guessed.task}  # ? or {', '.join(task for task in REQUIRED_COLUMNS if task != guessed.task)}",
    )
    body = (*_log(found, guessed, folder), *_reference(found, guessed, folder))
    lines = (*head, *body, "  features:", *(f"    {line}" for line in features), *_TAIL)
    return "".join(f"{line}\n" for line in lines)


def _log(found: Found, guessed: Guess, folder: Path) -> Iterator[str]:
    roles, (template, grain) = guessed.roles, found.log.template
    address = template or undated(found.log.files[0])
    yield "  inference:"
    if template is None:
        yield "    # ? the path has no date: give the path of each partition of the log"
    yield f"    source: {{{_source(address, folder)}}}"
    yield f"    grain: {grain}  # the length of one partition"
    yield "    columns:" if roles else "    columns: {}"
    yield from (f"      {role}: {_quoted(column)}" for role, column in roles.items())
    yield from (f"      # {role}: which column?" for role in _WANTED if role not in roles)
    yield from _label_log(found.labels, guessed, address, folder)


def _label_log(labels: DataSet | None, guessed: Guess, log: str, folder: Path) -> Iterator[str]:
    """Yield the label log; a comment where it, or a column that labels are compared with, is not known."""
    template, grain = labels.template if labels is not None else (None, "1h")
    columns = ", ".join(f"{key}: {_quoted(column)}" for key, column in guessed.labels.items())
    needed = {"prediction_id", *REQUIRED_COLUMNS[guessed.task]}
    if template is None or not guessed.labels or not needed <= guessed.roles.keys():
        yield "  # labels:  # where the labels of predictions are, and their columns"
        yield f"  #   source: {{{_source(template or labels_beside(log), folder)}}}"
        yield f"  #   columns: {{{columns or 'prediction_id: …, label: …, timestamp: …'}}}"
        yield "  #   maturity: 7d"
        return
    yield "  labels:"
    yield f"    source: {{{_source(template, folder)}}}"
    yield f"    grain: {grain}"
    yield f"    columns: {{{columns}}}  # ?"
    yield "    maturity: 7d  # ? the age at which most predictions have their label"


def _reference(found: Found, guessed: Guess, folder: Path) -> Iterator[str]:
    """Yield the reference, the windows and the season; without timestamps, the reference is the file itself.

    Its label has the name that it has in the label log, or one that looks like a label.
    """
    hourly, data = found.log.template[1] == "1h", found.reference
    if data is not None:
        columns = {"timestamp": column_of(data, lambda column: column.kind is Kind.TIME)}
        label, names = guessed.labels.get("label"), {column.name for column in data.columns}
        columns["label"] = label if label in names else column_of(data, is_outcome)
        named = ", ".join(f"{key}: {_quoted(name)}" for key, name in columns.items() if name is not None)
        path = _source(whole_path(data.files, data.above), folder)
        yield f"  reference: {{source: {{{path}}}{f', columns: {{{named}}}' if named else ''}}}  # ? the training data"
    elif "timestamp" in guessed.roles:
        yield "  reference: {trailing: 4w}  # ? better: the training data, {source: …}, which drift cannot enter"
    else:
        yield f"  reference: {{source: {{{_source(found.log.files[0], folder)}}}}}  # ? the training data"
    yield f"  windows: [{'1h, ' if hourly else ''}24h, 7d]"
    season = "hour_of_week" if hourly else "day_of_week"
    yield f"  seasonality: {{timezone: UTC, season: {season}}}  # ? the time zone of the model's users"


def _features(columns: Sequence[Column]) -> Iterator[str]:
    """Yield a line for each column; a column that cannot be a feature is a comment with the reason."""
    for column in columns:
        reason = _unusable(column)
        kind = "categorical" if column.kind is Kind.TEXT else "numeric"
        if reason:
            yield f"# {ascii(column.name)[:80]}: {reason}"
        else:
            yield f"- {{name: {_quoted(column.name)}, type: {kind}}}"


def _unusable(column: Column) -> str:
    if not is_usable(column.name):
        return "its name cannot be used in a spec"
    if column.kind in {Kind.OTHER, Kind.TIME}:
        return f"{column.type} is not watched"
    if is_outcome(column):
        return "looks like a label, not like an input; in training data it is reference.columns.label"
    if (
        column.kind in {Kind.TEXT, Kind.WHOLE}
        and column.is_unique
        and (column.kind is Kind.TEXT or has_word(column.name.lower(), ID))
    ):
        return "has a different value in nearly every row"
    return "" if column.rows else "has no values"


def _source(address: str, folder: Path) -> str:
    scheme, found, _ = address.partition("://")
    if found:
        return f"{_STORES[scheme]}: {_quoted(address)}"
    return f"local: {_quoted(address if address.startswith('/') else os.path.relpath(address, folder))}"


def _quoted(text: str) -> str:
    """Return a text for use in braces: quoted unless it is a plain word."""
    return text if re.fullmatch(r"[a-z][a-z_]*[a-z0-9_]*", text) and yaml_text(text) == f"{text}\n" else _single(text)


def _single(text: str) -> str:
    written = yaml_text(text).removesuffix("\n")
    return written if written[0] in "'\"" else f"'{written}'"
