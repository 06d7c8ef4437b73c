"""A first spec from the columns of a log file: valid as it is, but a guess that a person must correct."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from exporter.errors import UsageError
from generator.init.log_columns import Column, Kind
from generator.serialization import yaml_text

_DATES: Final = (
    (r"(?<!\d)\d{4}-\d{2}-\d{2}([T_-])\d{2}(?!\d)", r"%Y-%m-%d\1%H"),
    (r"(?<!\d)\d{4}/\d{2}/\d{2}/\d{2}(?!\d)", "%Y/%m/%d/%H"),
    (r"(?<!\d)\d{4}-\d{2}-\d{2}/(\w+=)?\d{2}(?=[/.])", r"%Y-%m-%d/\1%H"),
    (r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", "%Y-%m-%d"),
    (r"(?<!\d)\d{4}/\d{2}/\d{2}(?!\d)", "%Y/%m/%d"),
    (r"(?<!\d)20\d{6}([T_-]?)\d{2}(?!\d)", r"%Y%m%d\1%H"),
    (r"(?<!\d)20\d{6}(?!\d)", "%Y%m%d"),
)
"""Patterns of days and hours in paths, the most precise first."""

_HOURLY: Final = "%Y-%m-%dT%H.parquet"
_UUID: Final = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SCHEMA_FILE: Final = "model.schema.json"
"""The JSON Schema beside a spec, which its first line names for editors."""

_ROLES: Final[dict[str, Callable[[str, Column], bool]]] = {
    "timestamp": lambda name, column: column.kind is Kind.TIME,
    "score": lambda name, column: column.kind is Kind.NUMBER and _has_word(name, "score|prob|proba|probability"),
    "prediction_id": lambda name, column: column.is_unique and _has_word(name, "id|uuid|guid|key"),
    "model_version": lambda name, column: not column.is_unique and _has_word(name, "version|ver"),
    "prediction": lambda name, column: (
        column.kind in {Kind.TEXT, Kind.WHOLE} and _has_word(name, "decision|prediction|predicted|pred")
    ),
    "role": lambda name, column: name in {"role", "variant"} and column.kind is Kind.TEXT,
}
"""Whether a column may have each role, by its name and its values; the first column that may has it."""
_PREDICTED: Final = "predicted|prediction|pred|yhat|estimate"
_OUTCOME: Final = "label|target|outcome|actual|truth"
_TWO_VALUED_OUTCOME: Final = (
    "y|fraud|churn|churned|default|defaulted|click|clicked|convert|converted|conversion|chargeback"
)
"""Words of outcomes with two values; a feature may have them too, such as the number of clicks."""
_WANTED: Final = ("timestamp", "score", "prediction_id", "model_version")
_MOST_CLASSES: Final = 50
_LONGEST: Final = 1000
_TAIL: Final = (
    "  # alerting:",
    "  #   page: {pagerduty: {routing_key_file: /etc/alertmanager/secrets/pagerduty}}",
    '  #   ticket: {slack: {channel: "#models", api_url_file: /etc/alertmanager/secrets/slack}}',
)


def _has_word(name: str, words: str) -> bool:
    return any(re.fullmatch(words, word) for word in re.split(r"[^a-z0-9]+", name))


def model_name(address: str) -> str:
    """Return a model's name from that of its file or folder, without the date."""
    stem = (_dated(address)[0] or address).rstrip("/").rpartition("/")[2].partition(".")[0]
    words = re.sub(r"[^a-z0-9]+", "-", re.sub("%.", "", stem).lower()).strip("-")[:63].strip("-")
    return "model" if words in {"", "t"} else words


def first_spec(name: str, address: str, columns: Sequence[Column], folder: Path) -> str:
    """Return the text of a spec.

    Args:
        name: the model's name.
        address: the log file.
        columns: the columns of that file.
        folder: the folder of the spec, to which local paths are relative.

    Raises:
        UsageError: when no column can be watched, or the path cannot be used in a spec.
    """
    if "%" in address:
        raise UsageError(f"{address}: the path must not contain %, which starts a part of a date in a spec")
    roles = _roles(columns)
    rest = [column for column in columns if column.name not in roles.values()]
    features = list(_features(rest))
    if not any(not line.startswith("#") for line in features):
        raise UsageError(f"{address}: has no column that can be watched: a number, or a text with repeated values")
    head = (
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        "# A first guess from the columns of one file. Check the lines marked with ?; docs/spec.md has every key.",
        "apiVersion: leeway/v1",
        "kind: Model",
        f"metadata: {{name: {_quoted(name)}}}  # add team, owner, runbooks, grafana",
        "spec:",
        f"  task: {_task(columns, roles)}  # ? or multiclass_classification, regression, ranking",
    )
    body = (*_log(address, roles, folder), *_reference(address, roles, folder))
    lines = (*head, *body, "  features:", *(f"    {line}" for line in features), *_TAIL)
    return "".join(f"{line}\n" for line in lines)


def _log(address: str, roles: Mapping[str, str], folder: Path) -> Iterator[str]:
    template, grain = _dated(address)
    yield "  inference:"
    if template is None:
        yield "    # ? the path has no date: give the path of each partition of the log"
    yield f"    source: {{{_source(template or _undated(address), folder)}}}"
    yield f"    grain: {grain}  # the length of one partition"
    yield "    columns:" if roles else "    columns: {}"
    yield from (f"      {role}: {_quoted(column)}" for role, column in roles.items())
    yield from (f"      # {role}: which column?" for role in _WANTED if role not in roles)
    yield "  # labels:  # where the labels of predictions are, and their columns"
    yield f"  #   source: {{{_source(_labels(template or _undated(address)), folder)}}}"
    yield "  #   columns: {prediction_id: …, label: …, timestamp: …}"
    yield "  #   maturity: 7d"


def _reference(address: str, roles: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Yield the reference, the windows and the season; without timestamps, the reference is the file itself."""
    hourly = _dated(address)[1] == "1h"
    if "timestamp" in roles:
        yield "  reference: {trailing: 4w}  # ? better: the training data, {source: …}, which drift cannot enter"
    else:
        yield f"  reference: {{source: {{{_source(address, folder)}}}}}  # ? the training data"
    yield f"  windows: [{'1h, ' if hourly else ''}24h, 7d]"
    season = "hour_of_week" if hourly else "day_of_week"
    yield f"  seasonality: {{timezone: UTC, season: {season}}}  # ? the time zone of the model's users"


def _roles(columns: Sequence[Column]) -> dict[str, str]:
    """Return the column of each role that has one; no column has two roles."""
    roles: dict[str, str] = {}
    usable = [column for column in columns if _is_usable(column.name)]
    for role, fits in _ROLES.items():
        free = (column for column in usable if column.name not in roles.values())
        if match := next((column for column in free if fits(column.name.lower(), column)), None):
            roles[role] = match.name
    if "score" not in roles:
        numbers = (column for column in usable if column.kind is Kind.NUMBER)
        if match := next((column for column in numbers if _has_word(column.name.lower(), _PREDICTED)), None):
            roles["score"] = match.name
    return roles


def _task(columns: Sequence[Column], roles: dict[str, str]) -> str:
    by_name = {column.name: column for column in columns}
    prediction, score = by_name.get(roles.get("prediction", "")), by_name.get(roles.get("score", ""))
    if prediction is not None and 2 < prediction.distinct <= _MOST_CLASSES:
        return "multiclass_classification"
    is_value = score is not None and not score.is_probability and prediction is None
    return "regression" if is_value else "binary_classification"


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
    if not _is_usable(column.name):
        return "its name cannot be used in a spec"
    if column.kind in {Kind.OTHER, Kind.TIME}:
        return f"{column.type} is not watched"
    if _is_outcome(column):
        return "looks like a label, not like an input; in training data it is reference.columns.label"
    if (
        column.kind in {Kind.TEXT, Kind.WHOLE}
        and column.is_unique
        and (column.kind is Kind.TEXT or _has_word(column.name.lower(), "id|uuid|guid|key"))
    ):
        return "has a different value in nearly every row"
    return "" if column.rows else "has no values"


def _is_outcome(column: Column) -> bool:
    name, two_valued = column.name.lower(), column.distinct == 2 and column.kind is not Kind.NUMBER
    return _has_word(name, _OUTCOME) or (two_valued and _has_word(name, _TWO_VALUED_OUTCOME))


def _is_usable(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and all(ord(letter) >= 32 and ord(letter) != 127 for letter in name)


def _dated(address: str) -> tuple[str | None, str]:
    """Return the path as a template, None when it has no date, and the grain of that template."""
    dated = address
    for pattern, template in _DATES:
        dated = re.sub(pattern, template, dated)
    if dated == address:
        return None, "1h"
    folder, slash, file = dated.rpartition("/")
    return folder + slash + _any_writer(file), "1h" if "%H" in dated else "24h"


def _any_writer(file: str) -> str:
    """Return the name of a file as a pattern without what a writer makes up anew for each file."""
    return "*.parquet" if re.match(r"part-\d", file) else re.sub(_UUID, "*", file)


def _undated(address: str) -> str:
    folder = address.rpartition("/")[0] or "."
    return f"{folder}{'' if folder.endswith(('/log', '/inference')) else '/log'}/{_HOURLY}"


def _labels(template: str) -> str:
    """Return a likely path of the labels: a folder beside that of the log, in the same bucket."""
    folder = template.partition("%")[0].rpartition("/")[0]
    beside = folder if re.fullmatch("s3://[^/]*", folder) else folder.rpartition("/")[0]
    return f"{beside}/labels/{_HOURLY}" if beside or template.startswith("/") else f"labels/{_HOURLY}"


def _source(address: str, folder: Path) -> str:
    if address.startswith("s3://"):
        return f"s3: {_quoted(address)}"
    return f"local: {_quoted(address if address.startswith('/') else os.path.relpath(address, folder))}"


def _quoted(text: str) -> str:
    """Return a text for use in braces: quoted unless it is a plain word."""
    return text if re.fullmatch(r"[a-z][a-z_]*[a-z0-9_]*", text) and yaml_text(text) == f"{text}\n" else _single(text)


def _single(text: str) -> str:
    written = yaml_text(text).removesuffix("\n")
    return written if written[0] in "'\"" else f"'{written}'"
