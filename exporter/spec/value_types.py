"""The types of single values in a spec: durations, days, hours, numbers, names, URLs.

Each is an annotated type with strict parsing, a message for users, serialization to the written form, and a title for
the spec's page in docs.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Final, Literal
from unicodedata import category
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, StringConstraints, WithJsonSchema

_UNITS: Final = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_DURATION: Final = re.compile("".join(f"(?:([0-9]+){unit})?" for unit in _UNITS))
_MAX_DURATION: Final = timedelta(days=3660)


def parse_duration(value: object) -> timedelta:
    """Read a Prometheus duration such as `90s`, `1h30m`, `7d`: positive, at most ten years.

    Raises:
        ValueError: with the format of a duration.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) <= 40 else None
    if match is None or not any(match.groups()):
        raise ValueError("must be a duration such as 90s, 15m, 1h30m or 7d")
    parts = zip(_UNITS, (min(int(text or 0), 10**9) for text in match.groups()), strict=True)
    seconds = sum(count * int(_UNITS[unit].total_seconds()) for unit, count in parts)
    if not 0 < seconds <= _MAX_DURATION.total_seconds():
        raise ValueError("must be longer than 0s and at most 10 years")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Write a duration as Prometheus does, in its largest whole unit if possible: `24h`, `7d`, `1h30m`.

    Up to two days it is written in hours: `24h`, `48h`.
    """
    seconds = int(value.total_seconds())
    if seconds % 3600 == 0 and seconds <= 48 * 3600:
        return f"{seconds // 3600}h"
    text = ""
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, int(_UNITS[unit].total_seconds()))
        text += f"{count}{unit}" if count else ""
    return text


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "title": "duration",
            "minLength": 2,
            "pattern": f"^{_DURATION.pattern}$",
            "examples": ["1h", "7d"],
        }
    ),
]


_BYTE_UNITS: Final = {"": 1} | {
    f"{prefix}{binary}B": (1024 if binary else 1000) ** power
    for binary in ("", "i")
    for power, prefix in enumerate(("k" if not binary else "K", "M", "G", "T", "P"), start=1)
}
_BYTES: Final = re.compile(f"([0-9]{{1,18}})({'|'.join(_BYTE_UNITS)})")


def _parse_bytes(value: object) -> int:
    match = _BYTES.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if match is None or not int(match[1]):
        raise ValueError("must be a number of bytes such as 500MB, 20GiB or 1TB")
    return int(match[1]) * int(_BYTE_UNITS[match[2]])


def format_bytes(value: int) -> str:
    """Write a number of bytes in the largest decimal unit that is not larger than it: `1.5 GB`."""
    for unit in ("PB", "TB", "GB", "MB", "kB"):
        if value >= _BYTE_UNITS[unit]:
            return f"{value / _BYTE_UNITS[unit]:.4g} {unit}"
    return f"{value} bytes"


Bytes = Annotated[
    int,
    BeforeValidator(_parse_bytes),
    WithJsonSchema(
        {
            "title": "bytes",
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{_BYTES.pattern}$"}],
            "examples": ["500MB", "20GiB"],
        }
    ),
]


def _to_day(value: object) -> object:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if isinstance(day, datetime) or not isinstance(day, date):
        raise ValueError("must be a date such as 2026-08-31")  # noqa: TRY004 - pydantic only places a ValueError
    if not 1970 <= day.year < 2200:
        raise ValueError("must be between 1970 and 2199")
    return day


Day = Annotated[date, BeforeValidator(_to_day), WithJsonSchema({"type": "string", "title": "date", "format": "date"})]


@cache
def _zones() -> set[str]:
    return available_timezones() - {"Factory", "localtime"}  # they depend on the machine


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be an IANA time zone such as UTC or America/New_York")
    return value


TimeZone = Annotated[
    str,
    AfterValidator(_zone),
    WithJsonSchema({"type": "string", "title": "time zone", "examples": ["UTC", "America/New_York"]}),
]

_DAY: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS: Final = re.compile(f"(?:{_DAY}(?:-{_DAY})? )?({_CLOCK})-({_CLOCK}|24:00)")


def _hours(value: str) -> str:
    match = _HOURS.fullmatch(value)
    if match is None:
        raise ValueError('must be hours such as "Mon-Fri 09:00-18:00" or "08:00-20:00"')
    if match[1] >= match[2]:
        raise ValueError("must end after the start, on the same day")
    return value


Hours = Annotated[
    str,
    AfterValidator(_hours),
    WithJsonSchema(
        {
            "type": "string",
            "title": "hours",
            "pattern": f"^{_HOURS.pattern}$",
            "examples": ["Mon-Fri 09:00-18:00", "Sat-Sun 10:00-16:00", "08:00-20:00"],
        }
    ),
]


_BREAKS: Final = frozenset(("Cc", "Zl", "Zp"))
"""Control characters, among them the line breaks of Unicode, and the separators of lines and paragraphs."""


def has_break(text: str) -> bool:
    """Return whether a text has a line break or control character, which would break titles and notifications."""
    return not text.isprintable() and any(category(letter) in _BREAKS for letter in text)


def _no_control_characters(value: str) -> str:
    if has_break(value):
        raise ValueError("must not contain line breaks or control characters")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_no_control_characters)]


def _to_values(value: object) -> object:
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(map(_value_text, items))


def _value_text(item: object) -> object:
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, float) and not math.isfinite(item):
        raise ValueError("must be texts, numbers, true or false")
    return str(item) if isinstance(item, int | float) else item


Values = Annotated[
    tuple[Text, ...],
    Field(min_length=1, max_length=100),
    BeforeValidator(_to_values),
    WithJsonSchema(
        {
            "title": "value or list of values",
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1, "maxItems": 100},
            ],
            "examples": ["fraud", [2, 3]],
        }
    ),
]
"""Values of a column, as texts."""

_NAME: Final = re.compile("[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be 1 to 63 lower-case letters, digits, - and _, with a letter or digit at both ends")
    return value


Name = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema({"type": "string", "title": "name", "pattern": f"^{_NAME.pattern}$", "maxLength": 63}),
]


def _not_text_or_bool(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic only places a ValueError
    return value


def _ratio(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("must be between 0 and 1")
    return value


def _open_ratio(value: float) -> float:
    if _ratio(value) in {0, 1}:
        raise ValueError("must be more than 0 and less than 1")
    return value


Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_not_text_or_bool)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_not_text_or_bool)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_not_text_or_bool)]
Factor = Annotated[float, Field(ge=1, allow_inf_nan=False), BeforeValidator(_not_text_or_bool)]
Ratio = Annotated[Number, AfterValidator(_ratio), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
OpenRatio = Annotated[
    Number,
    AfterValidator(_open_ratio),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Count = Annotated[int, Strict()]
TimeUnit = Literal["s", "ms", "us", "ns"]
YesNo = Annotated[bool, Strict(), WithJsonSchema({"type": "boolean", "title": "true or false"})]


def _url(value: str) -> str:
    match = re.fullmatch(r"https?://([^\s/?#\"'<>\\{}$]+)[^\s\"'<>\\{}$]*", value)
    if match is None:
        raise ValueError("must be an http:// or https:// address")
    if "@" in match[1]:
        raise ValueError("must not contain a user or password: secrets do not belong in a spec")
    return value.rstrip("/")


Url = Annotated[
    Text,
    AfterValidator(_url),
    WithJsonSchema({"type": "string", "title": "URL", "pattern": "^https?://[^\\s/?#]", "maxLength": 1000}),
]


def _base_url(value: str) -> str:
    if set("?#") & set(value):
        raise ValueError("must not contain ? or #: paths are added to its end")
    return _url(value)


BaseUrl = Annotated[
    Text,
    AfterValidator(_base_url),
    WithJsonSchema({"type": "string", "title": "URL", "pattern": "^https?://[^\\s/?#][^\\s?#]*$", "maxLength": 1000}),
]


ALERT: Final = "{alert}"
"""The place of an alert's name in an address."""


def _alert_url(value: str) -> str:
    if set("{}") & set(value.replace(ALERT, "")):
        raise ValueError(f"must not have braces other than those of {ALERT}, which becomes the alert's name")
    return value if _url(value.replace(ALERT, "alert")) and ALERT in value else _url(value)


AlertUrl = Annotated[
    Text,
    AfterValidator(_alert_url),
    WithJsonSchema({"type": "string", "title": "URL", "pattern": "^https?://[^\\s/?#]", "maxLength": 1000}),
]


def _absolute(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("must be the absolute path of a file that contains the secret, not the secret itself")
    return value


SecretFile = Annotated[
    Text,
    AfterValidator(_absolute),
    WithJsonSchema({"type": "string", "title": "file", "pattern": "^/", "maxLength": 1000}),
]
