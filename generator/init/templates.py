"""Paths of files as templates of a spec: their dates, and what writers make up anew for each file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from exporter.spec.file_names import known_suffix

_KEY: Final = r"([A-Za-z_]+=)"
_DATES: Final = (
    (rf"(?<!\d){_KEY}\d{{4}}/{_KEY}\d{{1,2}}/{_KEY}\d{{1,2}}/{_KEY}\d{{1,2}}(?=/)", r"\1%Y/\2%m/\3%d/\4%H"),
    (rf"(?<!\d){_KEY}\d{{4}}/{_KEY}\d{{1,2}}/{_KEY}\d{{1,2}}(?=/)", r"\1%Y/\2%m/\3%d"),
    (r"(?<!\d)\d{4}-\d{2}-\d{2}([T_-])\d{2}(?!\d)", r"%Y-%m-%d\1%H"),
    (r"(?<!\d)\d{4}/\d{1,2}/\d{1,2}/(?:\d{2}(?!\d)|\d(?=/))", "%Y/%m/%d/%H"),
    (r"(?<!\d)\d{4}-\d{2}-\d{2}/(\w+=)?\d{1,2}(?=[/.])", r"%Y-%m-%d/\1%H"),
    (r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", "%Y-%m-%d"),
    (r"(?<!\d)\d{4}/\d{1,2}/\d{1,2}(?!\d)", "%Y/%m/%d"),
    (r"(?<!\d)20\d{6}([T_-]?)\d{2}(?!\d)", r"%Y%m%d\1%H"),
    (r"(?<!\d)20\d{6}(?!\d)", "%Y%m%d"),
)
"""Patterns of days and hours in paths, the most precise first."""

_FOLDER: Final = r"(?<![^/])([A-Za-z_]\w*)=((?:[^/%]|%[0-9A-Fa-f]{2})*)(?=/)"
"""A folder of Hive whose key is a column of the rows, not a part of a date; its value may be percent-encoded."""
_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
_HOURLY: Final = "%Y-%m-%dT%H"
_UUID: Final = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def model_name(address: str) -> str:
    """Return a model's name from that of its file or folder, without the date."""
    stem = (dated(address)[0] or address).rstrip("/").rpartition("/")[2].partition(".")[0]
    words = re.sub(r"[^a-z0-9]+", "-", re.sub("%.", "", stem).lower()).strip("-")[:63].strip("-")
    return "model" if words in {"", "t"} else words


def dated(address: str, above: str = "") -> tuple[str | None, str]:
    """Return the path as a template, None when it has no date, and the grain of that template.

    Args:
        address: the path of a file.
        above: a folder above it, whose own keys have the value that its path says.
    """
    path = _with_dates(address)
    if path == address:
        return None, "1h"
    folder, slash, file = any_keys(path, len(_with_dates(above))).rpartition("/")
    return folder + slash + _any_writer(file), "1h" if "%H" in path else "24h"


def _with_dates(address: str) -> str:
    for pattern, template in _DATES:
        address = re.sub(pattern, template, address)
    return address


def path_keys(address: str, above: str = "") -> dict[str, str | None]:
    """Return the keys in the folders of a file's path that are columns of its rows; None is Hive's null.

    Keys of which a date is made, as in `dt=2026-11-22` or `year=2026/month=11`, are not among them.

    Args:
        address: the path of the file.
        above: a folder above it, whose own keys are left out: all rows have the same value there.
    """
    path = _with_dates(address)[len(_with_dates(above)) :]
    values = {unquote(key): unquote(value) for key, value in re.findall(_FOLDER, path)}
    return {key: None if value == _NULL else value for key, value in values.items()}


def template_of(files: Sequence[str], above: str = "") -> tuple[str | None, str]:
    """Return the template of all files, None when they have no date, and its grain; `above` is as in `dated`."""
    template, grain = dated(files[0], above)
    templates = {dated(file, above)[0] for file in files}
    if template is None or len(templates) == 1:
        return template, grain
    folders, names = zip(*(each.rpartition("/")[::2] for each in templates if each is not None), strict=True)
    if None in templates or len(set(folders)) > 1:
        return template, grain
    start = _common_start(names).rstrip("%")
    end = _common_start([name[len(start) :][::-1] for name in names])[::-1]
    return f"{folders[0]}/{start.removesuffix('*')}*{end.removeprefix('*')}", grain


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return next((first[:end] for end, letter in enumerate(first) if not last.startswith(letter, end)), first)


def whole_path(files: Sequence[str], above: str = "") -> str:
    """Return the path of a data set that is read whole: files of any date, or its only file; see `dated`."""
    template = template_of(files, above)[0]
    if template is not None or len(files) == 1:
        return template or files[0]
    folder = any_keys(files[0], len(above)).rpartition("/")[0] or "."
    return f"{folder}/*{_suffix(files[0])}"


def any_keys(path: str, start: int) -> str:
    """Return a path with any value for the keys of its folders from a position on."""
    return path[:start] + re.sub(_FOLDER, r"\1=*", path[start:])


def _any_writer(file: str) -> str:
    """Return the name of a file as a pattern without what a writer makes up anew for each file."""
    return f"*{_suffix(file)}" if re.match(r"part-\d", file) else re.sub(_UUID, "*", file)


def _suffix(address: str) -> str:
    return known_suffix(address) or ".parquet"


def undated(address: str) -> str:
    """Return a likely path of a log whose file has no date."""
    folder = address.rpartition("/")[0] or "."
    return f"{folder}{'' if folder.endswith(('/log', '/inference')) else '/log'}/{_HOURLY}{_suffix(address)}"


def labels_beside(template: str) -> str:
    """Return a likely path of the labels: a folder beside that of the log, in the same bucket."""
    folder = template.partition("%")[0].rpartition("/")[0]
    beside = folder if re.fullmatch("[a-z0-9]+://[^/]*", folder) else folder.rpartition("/")[0]
    name = f"labels/{_HOURLY}{_suffix(template)}"
    return f"{beside}/{name}" if beside or template.startswith("/") else name
