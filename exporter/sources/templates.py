"""Path templates: the stored objects of a partition, and the few listings that find them.

In a template, `%Y %m %d %j %H %M` stand for the partition's start in UTC, `*` for any characters and `?` for one
character of a name (neither matches a `/`), and `{version}` and its like for a given name. A `/` at the end stands for
every file below it whose name ends in `.parquet`, `.parq` or `.pq`, or has no `.`, as Hive and Athena name files. As in
a shell, a wildcard never matches a hidden name. Hidden names begin with `.`, or with `_`, which writers use for
unfinished files. A wildcard also does not match a name with the suffix of a temporary file. A path is parsed back into
the one start that it belongs to, so that no object is in two partitions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain, islice
from typing import Final

from exporter.errors import SourceError
from exporter.sources.source import Partition, StoredObject

Listing = Callable[[str, int | None], Iterable[StoredObject]]
"""Lists every object whose path begins with a prefix; objects with more `/` than the number may be left out."""

_WIDTHS: Final = {"%Y": 4, "%m": 2, "%d": 2, "%j": 3, "%H": 2, "%M": 2}
_DAYS: Final = ({"%Y", "%m", "%d"}, {"%Y", "%j"})
_VARIABLE: Final = re.compile(r"(%[YmdjHM]|\*+|\?|\{[A-Za-z_]\w*\})")
_BELOW: Final = ""  # the variable part after the slash at a template's end
_SHOWN: Final = r"(?![._])(?=[^/])"
_TEMPORARY: Final = ("~", ".tmp", ".temp", ".part", ".partial", ".crc")
_BROWSED: Final = 10_000
_FINISHED: Final = "".join(rf"(?<!{re.escape(ending)})" for ending in _TEMPORARY)


@dataclass(frozen=True)
class Template:
    """A parsed template: literal text and variable parts alternate, and it begins and ends with literal text."""

    pieces: tuple[str, ...]

    def __str__(self) -> str:
        """Return the template as it was written."""
        return "".join(self.pieces)

    @property
    def depth(self) -> int | None:
        """The number of `/` in a matching path; `None` when there is no limit."""
        return None if _BELOW in self.pieces[1::2] else str(self).count("/")

    def filled(self, names: Mapping[str, str]) -> Template:
        """Return the same template with each `{name}` replaced by its value as literal text.

        Raises:
            SourceError: a name has no value.
        """
        pieces = list(self.pieces[:1])
        for part, text in zip(self.pieces[1::2], self.pieces[2::2], strict=True):
            if not part.startswith("{"):
                pieces += [part, text]
            elif part[1:-1] in names:
                pieces[-1] += names[part[1:-1]] + text
            else:
                raise SourceError(f"{self}: {part} has no value here: only the path of a reference may contain it")
        return Template(tuple(pieces))

    def fields(self, start: datetime) -> tuple[str, ...]:
        """Return the text of each of the template's directives at `start`, each directive once."""
        return tuple(_field(directive, start) for directive in self._directives)

    def read(self, path: str) -> tuple[str, ...] | None:
        """Return the texts of the directives in a path, as `fields` gives them; `None` when the path does not match."""
        match = self._form.fullmatch(path)
        return match.groups() if match else None

    def prefixes(self, starts: Iterable[datetime]) -> tuple[str, ...]:
        """Return the prefixes under which all objects of `starts` are found, none within another.

        There is one for each UTC day where the day is before the first wildcard and before the hour. Otherwise there is
        one for each text before the first wildcard.
        """
        groups: dict[str, list[str]] = defaultdict(list)
        for start in starts:
            groups[_rendered(self._head[: self._day_end], start)].append(_rendered(self._head, start))
        return tuple(map(_common_prefix, groups.values()))

    @property
    def prefix(self) -> str:
        """The literal text before the first variable part."""
        return self.pieces[0]

    @cached_property
    def _directives(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for part in self.pieces[1::2] if part in _WIDTHS))

    @cached_property
    def _head(self) -> tuple[str, ...]:
        others = (index for index in range(1, len(self.pieces), 2) if self.pieces[index] not in _WIDTHS)
        return self.pieces[: next(others, len(self.pieces))]

    @cached_property
    def _day_end(self) -> int:
        ends = range(1, len(self._head) + 1, 2)
        return next((end for end in ends if any(day <= set(self._head[1:end:2]) for day in _DAYS)), len(self._head))

    @cached_property
    def _form(self) -> re.Pattern[str]:
        form, wild = re.escape(self.pieces[0]), False
        for index in range(1, len(self.pieces), 2):
            part, text = self.pieces[index : index + 2]
            starts_name = not "".join(self.pieces[:index]).rpartition("/")[2]
            form += _expression(part, starts_name=starts_name, again=part in self.pieces[1:index:2]) + re.escape(text)
            wild = "/" not in text and (wild or part not in _WIDTHS)
        return re.compile(form + _FINISHED * wild, re.DOTALL)


def parse(text: str, root: str = "") -> Template:
    """Parse a template; `root` is put before it literally."""
    pieces = [*_VARIABLE.split(text), *([_BELOW, ""] if text.endswith("/") else [])]
    return Template((root + pieces[0], *pieces[1:]))


def partitions(template: Template, starts: Iterable[datetime], listing: Listing) -> dict[datetime, Partition]:
    """Return the partitions that begin at `starts` (aware) and have an object, in the order of `starts`.

    Raises:
        SourceError: the template gives the same objects for two of the starts, or has a `{name}`.
    """
    wanted = tuple(dict.fromkeys(starts))
    template = template.filled({})
    owners = _owners(template, wanted)
    objects: dict[datetime, list[StoredObject]] = defaultdict(list)
    for item in chain.from_iterable(listing(prefix, template.depth) for prefix in template.prefixes(wanted)):
        fields = template.read(item.path)
        if fields is not None and fields in owners:
            objects[owners[fields]].append(item)
    return {start: Partition(_name(start), tuple(sorted(objects[start]))) for start in wanted if start in objects}


def dataset(template: Template, names: Mapping[str, str], listing: Listing) -> Partition | None:
    """Return all objects of a template, at any date, with its `{name}`s filled in; `None` when there are none.

    The values may come from data. They are taken as plain text, and one that could leave the template's folder matches
    nothing.

    Raises:
        SourceError: the template has a `{name}` without a value in `names`.
    """
    if not all(map(_is_plain, names.values())):
        return None
    template = template.filled(names)
    listed = listing(template.prefix, template.depth)
    objects = tuple(sorted(item for item in listed if template.read(item.path) is not None))
    return Partition(str(template), objects) if objects else None


def matching(template: Template, listing: Listing, limit: int) -> tuple[str, ...]:
    """Return the first paths that match a template, at any time and with any names, among the first 10,000 listed."""
    listed = (item.path for item in islice(listing(template.prefix, template.depth), _BROWSED))
    return tuple(islice((path for path in listed if template.read(path) is not None), limit))


def _field(directive: str, start: datetime) -> str:
    return start.astimezone(UTC).strftime(directive).zfill(_WIDTHS[directive])  # %Y of year 1 is "1" on Linux


def _rendered(pieces: tuple[str, ...], start: datetime) -> str:
    return "".join(_field(piece, start) if index % 2 else piece for index, piece in enumerate(pieces))


def _name(start: datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _common_prefix(texts: list[str]) -> str:
    first, last = min(texts), max(texts)
    return next((first[:end] for end, letter in enumerate(first) if not last.startswith(letter, end)), first)


def _owners(template: Template, starts: Iterable[datetime]) -> dict[tuple[str, ...], datetime]:
    owners: dict[tuple[str, ...], datetime] = {}
    for start in starts:
        other = owners.setdefault(template.fields(start), start)
        if other != start:
            raise SourceError(
                f"{template}: gives the same files for {_name(other)} and {_name(start)}, so rows would count twice; "
                "add the missing ones of %Y %m %d %H %M to the path, or make the grain longer"
            )
    return owners


def _expression(part: str, *, starts_name: bool, again: bool) -> str:
    if part in _WIDTHS:
        return f"(?P={part[1]})" if again else f"(?P<{part[1]}>[0-9]{{{_WIDTHS[part]}}})"
    if part == _BELOW:
        return rf"(?:{_SHOWN}[^/]+/|/)*{_SHOWN}(?:[^/]+\.(?:parquet|parq|pq)|[^/.]+)"
    return _SHOWN * starts_name + ("[^/]" if part == "?" else "[^/]*?")


def _is_plain(value: str) -> bool:
    return bool(value) and value.isprintable() and not {"", ".", ".."} & set(value.split("/"))
