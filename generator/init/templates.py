"""Paths of files as templates of a spec: their dates, and what writers make up anew for each file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

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

_HOURLY: Final = "%Y-%m-%dT%H"
_UUID: Final = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def model_name(address: str) -> str:
    """Return a model's name from that of its file or folder, without the date."""
    stem = (dated(address)[0] or address).rstrip("/").rpartition("/")[2].partition(".")[0]
    words = re.sub(r"[^a-z0-9]+", "-", re.sub("%.", "", stem).lower()).strip("-")[:63].strip("-")
    return "model" if words in {"", "t"} else words


def dated(address: str) -> tuple[str | None, str]:
    """Return the path as a template, None when it has no date, and the grain of that template."""
    path = address
    for pattern, template in _DATES:
        path = re.sub(pattern, template, path)
    if path == address:
        return None, "1h"
    folder, slash, file = path.rpartition("/")
    return folder + slash + _any_writer(file), "1h" if "%H" in path else "24h"


def template_of(files: Sequence[str]) -> tuple[str | None, str]:
    """Return the template of all files, None when they have no date, and its grain."""
    template, grain = dated(files[0])
    templates = {dated(file)[0] for file in files}
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


def whole_path(files: Sequence[str]) -> str:
    """Return the path of a data set that is read whole: files of any date, or its only file."""
    folder = files[0].rpartition("/")[0] or "."
    return template_of(files)[0] or (files[0] if len(files) == 1 else f"{folder}/*{_suffix(files[0])}")


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
    beside = folder if re.fullmatch("s3://[^/]*", folder) else folder.rpartition("/")[0]
    name = f"labels/{_HOURLY}{_suffix(template)}"
    return f"{beside}/{name}" if beside or template.startswith("/") else name
