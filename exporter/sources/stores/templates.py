"""Path templates: the stored objects of a partition, and the few listings that find them.

In a template, `%Y %m %d %j %H %M` stand for the partition's start in UTC, `*` for any characters and `?` for one
character of a name (neither matches a `/`), and `{version}` and its like for a given name. A number between other
characters than digits is read with and without leading zeros, so `hour=%H` matches `hour=09` and `hour=9`; `%-m %-d %-j
%-H %-M` say that it is written without, so that it is listed so first. A `/` at the end stands for every file below it
whose name has a form that the caller gives, such as `.parquet` at its end. As in a shell, a wildcard
never matches a hidden name. Hidden names begin with `.`, or with `_`, which writers use for unfinished files. A
wildcard also does not match a name with the suffix of a temporary file. A path is parsed back into the one start that
it belongs to, so that no object is in two partitions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice, product
from typing import Final

from exporter.errors import SourceError
from exporter.sources.source import Partition, StoredObject

Listing = Callable[[str, int | None], Iterable[StoredObject]]
"""Lists every object whose path begins with a prefix; objects with more `/` than the number may be left out."""

_WIDTHS: Final = {"Y": 4, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2}
_DAYS: Final = ({"Y", "m", "d"}, {"Y", "j"})
_VARIABLE: Final = re.compile(r"(%(?:Y|-?[mdjHM])|\*+|\?|\{[A-Za-z_]\w*\})")
_BELOW: Final = ""  # the variable part after the slash at a template's end
PARQUET_NAME: Final = r"(?:[^/]+\.(?:parquet|parq|pq)|[^/.]+)"
"""The pattern of names of Parquet files; those without a `.` are named as by Hive and Athena."""
_SHOWN: Final = r"(?![._])(?=[^/])"
_TEMPORARY: Final = ("~", ".tmp", ".temp", ".part", ".partial", ".crc")
_BROWSED: Final = 10_000
_FINISHED: Final = "".join(rf"(?<!{re.escape(ending)})" for ending in _TEMPORARY)


@dataclass(frozen=True)
class Template:
    """A parsed template: literal text and variable parts alternate, and it begins and ends with literal text.

    `below` is the pattern of the names of files below a `/` at the end, and `reading` that of `Partition`.
    """

    pieces: tuple[str, ...]
    below: str = PARQUET_NAME
    reading: str = ""

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
        return replace(self, pieces=tuple(pieces))

    def fields(self, start: datetime) -> tuple[int, ...]:
        """Return the numbers of the template's directives at `start`, each directive once."""
        return tuple(_number(letter, start) for letter in dict.fromkeys(self._written))

    def read(self, path: str) -> tuple[int, ...] | None:
        """Return the numbers of the directives in a path, as `fields` gives them; `None` if the path does not match."""
        match = self._form.fullmatch(path)
        if match is None:
            return None
        numbers = dict[str, int]()
        for letter, text in zip(self._written, match.groups(), strict=True):
            if numbers.setdefault(letter, int(text)) != int(text):
                return None
        return tuple(numbers.values())

    def prefixes(self, starts: Iterable[datetime]) -> tuple[tuple[frozenset[datetime], tuple[str, ...]], ...]:
        """Return the starts in groups, each with the prefixes under which all of its objects are found.

        There is a group for each UTC day where the day is before the first wildcard and before the hour. Otherwise
        there is one for each text before the first wildcard. The first prefix is as the template writes numbers; the
        others are with and without leading zeros, and needed only while a start has no object.
        """
        groups: dict[str, list[datetime]] = defaultdict(list)
        for start in starts:
            groups[self._spellings(0, self._day_end, start)[0]].append(start)
        return tuple((frozenset(group), self._group_prefixes(group)) for group in groups.values())

    @property
    def prefix(self) -> str:
        """The literal text before the first variable part."""
        return self.pieces[0]

    def _group_prefixes(self, starts: list[datetime]) -> tuple[str, ...]:
        end = len(self._head)
        rest = _common_prefix([text for start in starts for text in self._spellings(self._day_end, end, start)])
        return tuple(day + rest for day in self._spellings(0, self._day_end, starts[0]))

    def _spellings(self, first: int, end: int, start: datetime) -> tuple[str, ...]:
        """Return the texts that some pieces may have at `start`, that of the template itself first."""
        return tuple(map("".join, product(*(self._piece_spellings(index, start) for index in range(first, end)))))

    def _piece_spellings(self, index: int, start: datetime) -> tuple[str, ...]:
        piece = self.pieces[index]
        if not index % 2:
            return (piece,)
        short = str(_number(piece[-1], start))
        padded = short.zfill(_WIDTHS[piece[-1]])
        ordered = (short, padded) if "-" in piece else (padded, short)
        return tuple(dict.fromkeys(ordered)) if self._is_delimited(index) else (padded,)

    def _is_delimited(self, index: int) -> bool:
        """Return whether a number stands between characters that are no digits, so that its width may vary."""
        before, after = self.pieces[index - 1], self.pieces[index + 1]
        begins, ends = index == 1, index + 2 == len(self.pieces)
        return (
            self.pieces[index][-1] != "Y"
            and (not before[-1].isdigit() if before else begins)
            and (not after[0].isdigit() if after else ends)
        )

    @cached_property
    def _written(self) -> tuple[str, ...]:
        """The letters of the directives, in order; one that is repeated is here as often."""
        return tuple(part[-1] for part in self.pieces[1::2] if _is_directive(part))

    @cached_property
    def _head(self) -> tuple[str, ...]:
        others = (index for index in range(1, len(self.pieces), 2) if not _is_directive(self.pieces[index]))
        return self.pieces[: next(others, len(self.pieces))]

    @cached_property
    def _day_end(self) -> int:
        ends = range(1, len(self._head) + 1, 2)
        letters = [piece[-1:] for piece in self._head]
        return next((end for end in ends if any(day <= set(letters[1:end:2]) for day in _DAYS)), len(self._head))

    @cached_property
    def _form(self) -> re.Pattern[str]:
        """The pattern of paths: linear in their length, for `*` is matched once, with what follows it up to the next.

        What follows has only one way to match from a given place, so the first place where it does leaves the most to
        the next `*`: no other need be tried. Tried one within the other, a few `*` take minutes for one long name.
        """
        stretches, wild = [re.escape(self.pieces[0])], False
        for index in range(1, len(self.pieces), 2):
            part, text = self.pieces[index : index + 2]
            if _is_directive(part):
                stretches[-1] += _digits(part, varies=self._is_delimited(index))
            elif part == _BELOW:
                stretches[-1] += rf"(?:{_SHOWN}[^/]++/|/)*+{_SHOWN}{self.below}"
            elif part == "?":
                stretches[-1] += _SHOWN * self._starts_name(index) + "[^/]"
            else:
                stretches.append(_SHOWN * self._starts_name(index) + "[^/]*?")
            stretches[-1] += re.escape(text)
            wild = "/" not in text and (wild or not _is_directive(part))
        form = "".join(f"(?>{stretch})" for stretch in stretches[:-1]) + stretches[-1]
        return re.compile(form + _FINISHED * wild, re.DOTALL)

    def _starts_name(self, index: int) -> bool:
        return not "".join(self.pieces[:index]).rpartition("/")[2]


def parse(text: str, root: str = "", below: str = PARQUET_NAME, reading: str = "") -> Template:
    """Parse a template; `root` is put before it literally, and `below` and `reading` are those of `Template`."""
    pieces = [*_VARIABLE.split(text), *([_BELOW, ""] if text.endswith("/") else [])]
    return Template((root + pieces[0], *pieces[1:]), below, reading)


def partitions(template: Template, starts: Iterable[datetime], listing: Listing) -> dict[datetime, Partition]:
    """Return the partitions that begin at `starts` (aware) and have an object, in the order of `starts`.

    Raises:
        SourceError: the template gives the same objects for two of the starts, or has a `{name}`.
    """
    wanted = tuple(dict.fromkeys(starts))
    template = template.filled({})
    owners = _owners(template, wanted)
    objects: dict[datetime, set[StoredObject]] = defaultdict(set)
    for group, prefixes in template.prefixes(wanted):
        for prefix in prefixes:
            for item in listing(prefix, template.depth):
                fields = template.read(item.path)
                if fields is not None and owners.get(fields) in group:
                    objects[owners[fields]].add(item)
            if group <= objects.keys():
                break
    return {
        start: Partition(_name(start), tuple(sorted(objects[start])), template.reading)
        for start in wanted
        if start in objects
    }


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
    return Partition(str(template), objects, template.reading) if objects else None


def matching(template: Template, listing: Listing, limit: int) -> tuple[str, ...]:
    """Return the first paths that match a template, at any time and with any names, among the first 10,000 listed."""
    listed = (item.path for item in islice(listing(template.prefix, template.depth), _BROWSED))
    return tuple(islice((path for path in listed if template.read(path) is not None), limit))


def _is_directive(part: str) -> bool:
    return part.startswith("%")


def _number(letter: str, start: datetime) -> int:
    return int(start.astimezone(UTC).strftime(f"%{letter}"))


def _name(start: datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _common_prefix(texts: list[str]) -> str:
    first, last = min(texts), max(texts)
    return next((first[:end] for end, letter in enumerate(first) if not last.startswith(letter, end)), first)


def _owners(template: Template, starts: Iterable[datetime]) -> dict[tuple[int, ...], datetime]:
    owners: dict[tuple[int, ...], datetime] = {}
    for start in starts:
        other = owners.setdefault(template.fields(start), start)
        if other != start:
            raise SourceError(
                f"{template}: gives the same files for {_name(other)} and {_name(start)}, so rows would count twice; "
                "add the missing ones of %Y %m %d %H %M to the path, or make the grain longer"
            )
    return owners


def _digits(directive: str, *, varies: bool) -> str:
    width = _WIDTHS[directive[-1]]
    return f"([0-9]{{1,{width}}})" if varies else f"([0-9]{{{width}}})"


def _is_plain(value: str) -> bool:
    return bool(value) and value.isprintable() and not {"", ".", ".."} & set(value.split("/"))
