from __future__ import annotations

import re
import string
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.errors import SourceError
from exporter.sources.source import StoredObject
from exporter.sources.stores.templates import Template, dataset, parse, partitions
from exporter.spec.windows import Window

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def hours(count: int, end: datetime = MONDAY) -> tuple[datetime, ...]:
    return Window(end - count * HOUR, end).partitions(HOUR)


class Store:
    """A bucket of names, which records its listings."""

    def __init__(self, *paths: str) -> None:
        self.paths = sorted(paths)
        self.prefixes: list[str] = []
        self.listed = 0

    def __call__(self, prefix: str, depth: int | None) -> Iterable[StoredObject]:
        self.prefixes.append(prefix)
        found = [StoredObject(path, 1, "tag") for path in self.paths if path.startswith(prefix)]
        self.listed += len(found)
        return found


def found(template: str, starts: Iterable[datetime], *paths: str) -> dict[datetime, list[str]]:
    partitioned = partitions(parse(template), starts, Store(*paths))
    return {start: [item.path for item in partition.objects] for start, partition in partitioned.items()}


def prefixes(template: str, starts: Iterable[datetime]) -> tuple[str, ...]:
    """The prefix of each group that is listed first."""
    return tuple(texts[0] for _, texts in parse(template).prefixes(starts))


def matches(template: str, path: str) -> bool:
    return parse(template).read(path) is not None


class TestRead:
    def test_a_path_has_the_start_of_its_partition(self) -> None:
        template = parse("inference/%Y-%m-%dT%H.parquet")
        assert template.read("inference/2026-11-22T14.parquet") == (2026, 11, 22, 14)
        assert template.fields(datetime(2026, 11, 22, 14, tzinfo=UTC)) == (2026, 11, 22, 14)

    @pytest.mark.parametrize(
        "path",
        [
            "inference/2026-11-22T.parquet",
            "inference/2026-11-22T014.parquet",
            "inference/2026-11-22T140.parquet",
            "inference/2026-11-22T14.parquet.crc",
            "inference/2026-11-22T14xparquet",
            "old/inference/2026-11-22T14.parquet",
            "inference/2026-11-22T14.parquet\n",
            "inference/٢٠٢٦-11-22T14.parquet",
        ],
    )
    def test_similar_paths_do_not_match(self, path: str) -> None:
        assert not matches("inference/%Y-%m-%dT%H.parquet", path)

    def test_a_repeated_date_must_agree(self) -> None:
        template = parse("%Y/%m/%d/%Y-%m-%d-%H.parquet")
        assert template.read("2026/11/22/2026-11-22-05.parquet") == (2026, 11, 22, 5)
        assert template.read("2026/11/22/2026-11-22-5.parquet") == (2026, 11, 22, 5)
        assert template.read("2026/11/22/2026-11-23-05.parquet") is None

    def test_hive_and_day_of_year(self) -> None:
        template = parse("year=%Y/day=%j/%H%M/*.parquet")
        assert template.read("year=2026/day=326/1430/part-0.parquet") == (2026, 326, 14, 30)

    @pytest.mark.parametrize(
        ("template", "path", "match"),
        [
            ("year=%Y/month=%m/day=%d/hour=%H/", "year=2026/month=1/day=5/hour=9/x.parquet", True),
            ("year=%Y/month=%-m/day=%-d/hour=%-H/", "year=2026/month=01/day=05/hour=09/x.parquet", True),
            ("year=%Y/month=%m/%Y-%m-%d/%H/", "year=2026/month=1/2026-01-05/09/x.parquet", True),
            ("year=%Y/month=%m/%Y-%m-%d/%H/", "year=2026/month=1/2026-11-05/09/x.parquet", False),
            ("%Y/%j/%H.parquet", "2026/5/9.parquet", True),
            ("%Y/%j-%H", "2026/005-9", True),
            ("%Y%m%d/%H.parquet", "2026105/9.parquet", False),
            ("%Y%m%d/%H.parquet", "20260105/9.parquet", True),
            ("%Y-%m-%d/*%H.parquet", "2026-01-05/x9.parquet", False),
            ("%Y-%m-%d/%H*", "2026-01-05/9x", False),
            ("%Y-%m-%d/1%H.parquet", "2026-01-05/19.parquet", False),
            ("%Y-%m-%d/%H%M", "2026-01-05/905", False),
            ("%Y-%m-%d", "26-1-5", False),
        ],
    )
    def test_a_number_between_other_characters_may_have_no_leading_zeros(
        self, template: str, path: str, match: bool
    ) -> None:
        assert matches(template, path) is match

    @pytest.mark.parametrize(
        ("template", "path", "match"),
        [
            ("a/*.parquet", "a/x.parquet", True),
            ("a/*.parquet", "a/b/x.parquet", False),
            ("a/*.parquet", "a/.x.parquet", False),
            ("a/*.parquet", "a/_x.parquet", False),
            ("a/*.parquet", "a/x.parquet.tmp", False),
            ("a/*/x.parquet", "a/_temporary/x.parquet", False),
            ("a/*/x.parquet", "a/b/x.parquet", True),
            ("a/*/x.parquet", "a//x.parquet", False),
            ("a/*", "a/", False),
            ("a/*", "a/x", True),
            ("a/*", "a/x.tmp", False),
            ("a/*", "a/x~", False),
            ("a/*", "a/x.parquet.crc", False),
            ("a/x.tmp", "a/x.tmp", True),
            ("a/_x-*", "a/_x-1", True),
            ("a/part-*", "a/part-", True),
            ("a/part-**", "a/part-1", True),
            ("a/part-?.parquet", "a/part-1.parquet", True),
            ("a/part-?.parquet", "a/part-12.parquet", False),
            ("a/part-?.parquet", "a/part-/.parquet", False),
            ("a/?.parquet", "a/_.parquet", False),
            ("a/", "a/x.parquet", True),
            ("a/", "a/b/c=1/x.snappy.parquet", True),
            ("a/", "a/x.csv", False),
            ("a/", "a/000000_0", True),
            ("a/", "a/b/20261122_120000_00042_a7k2m", True),
            ("a/", "a/x.0.parq", True),
            ("a/", "a/x.pq", True),
            ("a/", "a/_SUCCESS", False),
            ("a/", "a/x~", False),
            ("a/", "a/b/", False),
            ("a/", "a//x.parquet", True),
            ("a/", "a//b//x.parquet", True),
            ("a//b/../x.parquet", "a//b/../x.parquet", True),
            ("a/", "a/.x.parquet", False),
            ("a/", "a/_delta_log/x.parquet", False),
            ("a/", "a/.parquet", False),
            ("a/", "ab/x.parquet", False),
            ("a/[b].parquet", "a/[b].parquet", True),
            ("a/[b].parquet", "a/b.parquet", False),
            ("a/b+(c)$.parquet", "a/b+(c)$.parquet", True),
            ("*", "a", True),
        ],
    )
    def test_wildcards(self, template: str, path: str, match: bool) -> None:
        assert matches(template, path) is match

    @pytest.mark.parametrize(
        ("template", "path"),
        [
            ("*a*a*a*a*a*a*b", "a" * 100_000),
            ("*-%H-*-%d-*-%m-*x", "-1" * 50_000),
            ("i/*%H*%M*%d*.parquet", "i/" + "1" * 100_000),
            ("*/*/*a*b/", "a/" * 50_000),
            ("i/", "i/" + "a/" * 50_000),
            ("i/", "i/" + "a.parquet" * 11_000 + "/"),
        ],
    )
    def test_a_long_path_that_almost_matches_is_read_at_once(self, template: str, path: str) -> None:
        assert not matches(template, path)

    def test_the_root_is_always_literal(self) -> None:
        template = parse("%d.parquet", root="/mnt/100%d/*{x}/")
        assert template.read("/mnt/100%d/*{x}/22.parquet") == (22,)
        assert template.read("/mnt/10022/*{x}/22.parquet") is None
        assert str(template) == "/mnt/100%d/*{x}/%d.parquet"

    def test_depth(self) -> None:
        assert parse("a/%Y/*.parquet").depth == 2
        assert parse("a/%Y/").depth is None


class TestPrefixes:
    def test_a_week_of_hours_needs_one_listing_per_day(self) -> None:
        year = [f"inference/{start:%Y-%m-%dT%H}.parquet" for start in hours(24 * 365)]
        store = Store(*year)
        week = partitions(parse("inference/%Y-%m-%dT%H.parquet"), hours(168, MONDAY - 10 * HOUR), store)
        assert len(week) == 168
        assert len(store.prefixes) == 8
        assert store.listed <= 8 * 24

    @pytest.mark.parametrize(
        ("template", "prefix"),
        [
            ("i/%Y/%m/%d/%H/*.parquet", "i/2026/11/22/"),
            ("i/%Y%j%H.parquet", "i/2026326"),
            ("i/dt=%Y-%m-%d/hour=%H/", "i/dt=2026-11-22/hour="),
            ("%Y-%m-%d/run-*/%H.parquet", "2026-11-22/run-"),
            ("i/%Y-%m/*-%d-%H.parquet", "i/2026-11/"),
            ("i/*/%Y-%m-%dT%H.parquet", "i/"),
        ],
    )
    def test_a_day_has_one_prefix(self, template: str, prefix: str) -> None:
        assert prefixes(template, hours(24)) == (prefix,)

    def test_an_hour_before_the_date_needs_one_listing_per_hour(self) -> None:
        assert prefixes("i/%H/%Y-%m-%d.parquet", hours(3)) == (
            "i/21/2026-11-22.parquet",
            "i/22/2026-11-22.parquet",
            "i/23/2026-11-22.parquet",
        )

    def test_the_prefix_of_one_hour_is_not_its_day(self) -> None:
        assert prefixes("i/%Y-%m-%d/%H/", hours(1)) == ("i/2026-11-22/23/",)

    def test_a_day_below_ten_has_prefixes_of_each_width(self) -> None:
        ((_, texts),) = parse("i/%Y-%-m/day=%d/hour=%H/").prefixes([datetime(2026, 1, 5, 9, tzinfo=UTC)])
        assert texts == (
            "i/2026-1/day=05/hour=",
            "i/2026-1/day=5/hour=",
            "i/2026-01/day=05/hour=",
            "i/2026-01/day=5/hour=",
        )

    def test_without_starts_there_are_no_prefixes(self) -> None:
        assert prefixes("i/%Y-%m-%dT%H.parquet", ()) == ()


class TestPartitions:
    def test_each_object_goes_to_its_own_hour(self) -> None:
        paths = ["i/2026-11-22T14.parquet", "i/2026-11-22T01.parquet", "i/2026-11-21T14.parquet", "i/readme.txt"]
        assert found("i/%Y-%m-%dT%H.parquet", hours(24), *paths) == {
            datetime(2026, 11, 22, 1, tzinfo=UTC): ["i/2026-11-22T01.parquet"],
            datetime(2026, 11, 22, 14, tzinfo=UTC): ["i/2026-11-22T14.parquet"],
        }

    def test_all_matching_objects_are_one_partition_in_fixed_order(self) -> None:
        start = datetime(2026, 11, 22, 14, tzinfo=UTC)
        store = Store("i/14/b.parquet", "i/14/a.parquet", "i/14/_SUCCESS")
        partition = partitions(parse("i/%H/"), [start], store)[start]
        assert [item.path for item in partition.objects] == ["i/14/a.parquet", "i/14/b.parquet"]
        assert partition.name == "2026-11-22T14:00Z"

    def test_starts_may_be_in_any_zone_and_come_back_as_they_were(self) -> None:
        start = datetime(2026, 11, 22, 9, tzinfo=timezone(-5 * HOUR))
        partition = partitions(parse("%H.parquet"), [start, start], Store("14.parquet"))
        assert [(key.tzinfo, value.name) for key, value in partition.items()] == [(start.tzinfo, "2026-11-22T14:00Z")]

    @pytest.mark.parametrize("template", ["day=%d/hour=%H/%Y-%m/", "%Y-%m/day=%d/hour=%H/", "%Y-%-m/day=%-d/hour=%-H/"])
    @pytest.mark.parametrize("name", ["%Y-%m/day=%d/hour=%H", "%Y-%m/day=%-d/hour=%-H", "%Y-%-m/day=%d/hour=%-H"])
    def test_a_week_without_leading_zeros_is_found_as_a_whole(self, template: str, name: str) -> None:
        week = hours(168, datetime(2026, 1, 13, tzinfo=UTC))
        if template.startswith("day"):
            name = "/".join(reversed(name.split("/", 1)))
        assert len(found(template, week, *(start.strftime(f"{name}/x.parquet") for start in week))) == 168

    def test_other_widths_cost_a_listing_only_where_nothing_is_found(self) -> None:
        store = Store(*(f"i/2026-01-05/{hour}.parquet" for hour in range(24)))
        day = hours(24, datetime(2026, 1, 6, tzinfo=UTC))
        assert len(partitions(parse("i/%Y-%m-%d/%H.parquet"), day, store)) == 24
        assert store.prefixes == ["i/2026-01-05/"]
        assert len(partitions(parse("i/%Y-%-m-%d/%H.parquet"), day, store)) == 24
        assert store.prefixes[1:] == ["i/2026-1-05/", "i/2026-1-5/", "i/2026-01-05/"]

    def test_a_day_with_names_of_both_widths_is_found_as_a_whole(self) -> None:
        day = hours(24, datetime(2026, 1, 6, tzinfo=UTC))
        names = [start.strftime("i/%Y-%m-%d/%H" if start.hour < 12 else "i/%Y-%m-%-d/%-H") for start in day]
        assert len(found("i/%Y-%m-%d/%H", day, *names)) == 24

    def test_a_prefix_of_another_day_finds_nothing_twice(self) -> None:
        days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 15)]
        assert found("i/%Y-%m-%-d", days, "i/2026-01-1", "i/2026-01-15") == {
            days[0]: ["i/2026-01-1"],
            days[1]: ["i/2026-01-15"],
        }

    def test_a_path_without_the_hour_is_an_error_for_hours(self) -> None:
        with pytest.raises(
            SourceError, match=r"i/%Y-%m-%d\.parquet: gives the same files for 2026-11-22T00:00Z and .*01:00Z"
        ):
            found("i/%Y-%m-%d.parquet", hours(24), "i/2026-11-22.parquet")

    def test_a_name_is_an_error_in_a_log_path(self) -> None:
        with pytest.raises(SourceError, match=r"i/\{version\}/%H\.parquet: \{version\} has no value here"):
            found("i/{version}/%H.parquet", hours(1))

    def test_an_object_that_could_be_read_as_two_hours_is_in_one(self) -> None:
        assert found("*%H*", hours(24), "0114") == {datetime(2026, 11, 22, 1, tzinfo=UTC): ["0114"]}


class TestDataset:
    def test_a_version_is_filled_in(self) -> None:
        store = Store("r/train_v3.parquet", "r/train_v4.parquet")
        partition = dataset(parse("r/train_{version}.parquet"), {"version": "v3", "unused": "x"}, store)
        assert partition is not None
        assert (partition.name, [item.path for item in partition.objects]) == (
            "r/train_v3.parquet",
            ["r/train_v3.parquet"],
        )
        assert store.prefixes == ["r/train_v3.parquet"]

    def test_a_dataset_may_be_missing(self) -> None:
        assert dataset(parse("r/{version}/"), {"version": "v9"}, Store("r/v3/x.parquet")) is None

    def test_a_dated_path_means_every_date(self) -> None:
        partition = dataset(
            parse("r/%Y-%m-%d.parquet"), {}, Store("r/2026-11-21.parquet", "r/2026-11-22.parquet", "r/x")
        )
        assert partition is not None
        assert len(partition.objects) == 2

    def test_a_version_may_be_a_path(self) -> None:
        template = parse("r/{version}/x.parquet")
        assert template.filled({"version": "fraud/v3"}).depth == 3
        assert dataset(template, {"version": "fraud/v3"}, Store("r/fraud/v3/x.parquet")) is not None

    def test_a_value_from_data_is_not_a_pattern(self) -> None:
        store = Store("r/v3/x.parquet", "r/*/x.parquet")
        partition = dataset(parse("r/{version}/x.parquet"), {"version": "*"}, store)
        assert partition is not None
        assert [item.path for item in partition.objects] == ["r/*/x.parquet"]
        assert dataset(parse("r/{version}/x.parquet"), {"version": "%Y"}, store) is None
        assert dataset(parse("{a}/{b}/x.parquet"), {"a": "{b}", "b": "v3"}, store) is None

    @pytest.mark.parametrize("version", ["", "..", "../../etc", "a/../b", "/etc", "a//b", ".", "a\0b", "a\nb"])
    def test_a_value_cannot_leave_the_folder(self, version: str) -> None:
        store = Store(f"r/{version}/x.parquet")
        assert dataset(parse("r/{version}/x.parquet"), {"version": version}, store) is None
        assert store.prefixes == []

    def test_a_name_without_a_value_is_an_error(self) -> None:
        with pytest.raises(SourceError, match=r"\{version\} has no value"):
            dataset(parse("r/{version}.parquet"), {}, Store())


# ------------------------------------------------------------------------------------------------ laws


def readings(parts: list[str], path: str) -> Iterable[tuple[int, ...]]:
    """Each way to read a path whose names are not hidden: every length of every part is tried, the shortest first."""
    if not parts:
        if not path:
            yield ()
        return
    part, *rest = parts
    if part == "*":
        ends = range(len(path.partition("/")[0]) + 1)
    elif part == "%H":
        ends = range(1, len(path[:2]) + 1) if path[:2].isdigit() else range(1, 1 + path[:1].isdigit())
    else:
        ends = range(len(part), len(part) + path.startswith(part))
    for end in ends:
        for numbers in readings(rest, path[end:]):
            yield (int(path[:end]), *numbers) if part == "%H" else numbers


pieces_of_paths = st.sampled_from([*product("*", ["", "a", "b1", "-1-", "-"]), ("-%H-", "-1-"), ("-%H-", "-12-")])
literals = st.sampled_from([(text, text) for text in ("a", "b", "1", "/b")])


@settings(max_examples=50)
@given(st.lists(pieces_of_paths | literals, min_size=1, max_size=6))
def test_a_path_is_read_as_if_every_length_of_every_wildcard_were_tried(pieces: list[tuple[str, str]]) -> None:
    template, path = ("b" + "".join(texts) + "a" for texts in zip(*pieces, strict=True))
    hours_read = next(iter(readings(re.split(r"(\*|%H)", template), path)), (0, 1))
    assert parse(template).read(path) == (hours_read[:1] if len(set(hours_read)) < 2 else None)


# Fillings have no digits and do not begin as hidden names do, so that only the directives can be read as a date.
filling = st.text(string.ascii_letters, min_size=1, max_size=4)
literal = st.text(string.ascii_letters + string.digits + "-=_T/", max_size=6)
starts_of_hours = st.integers(0, 24 * 365 * 60).map(lambda index: datetime(1970, 1, 1, tzinfo=UTC) + index * HOUR)


@st.composite
def hourly_templates(draw: st.DrawFn) -> str:
    """A template with a directive for each part of an hour, and wildcards anywhere except next to a digit."""
    date = draw(st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%j", "%d.%m.%Y", "%Y%m%d-%j"]))
    parts = draw(st.permutations([date, "%H", *draw(st.lists(st.sampled_from(["*", "?", "%M", "%Y"]), max_size=3))]))
    text = "".join(draw(literal) + "-" + part + "-" for part in parts)
    return f"i/{text}" + draw(st.sampled_from([".parquet", "/"]))


def rendered(template: str, start: datetime, text: str) -> str:
    """A path of a partition, made by strftime: an oracle that shares nothing with the code."""
    path = template + "sub/x.parquet" if template.endswith("/") else template
    return start.strftime(path.replace("*", text).replace("?", text[0]))


@given(hourly_templates(), st.lists(starts_of_hours, min_size=1, max_size=30, unique=True), filling)
def test_every_rendered_path_belongs_to_exactly_its_own_partition(
    template: str, starts: list[datetime], text: str
) -> None:
    paths = {start: rendered(template, start, text) for start in starts}
    assert found(template, starts, *paths.values()) == {start: [path] for start, path in paths.items()}


@given(hourly_templates(), st.lists(starts_of_hours, min_size=2, max_size=30, unique=True), filling)
def test_no_path_matches_an_hour_outside_the_starts(template: str, starts: list[datetime], text: str) -> None:
    wanted, others = starts[::2], starts[1::2]
    assert found(template, wanted, *(rendered(template, start, text) for start in others)) == {}


@given(hourly_templates(), st.lists(starts_of_hours, max_size=30))
def test_prefixes_are_disjoint_and_at_most_one_for_each_start(template: str, starts: list[datetime]) -> None:
    listed = prefixes(template, starts)
    assert len(listed) <= len(set(starts))
    assert not [(one, other) for one in listed for other in listed if one is not other and one.startswith(other)]


@given(starts_of_hours, st.integers(1, 400))
def test_a_span_of_hours_needs_one_listing_per_day(start: datetime, count: int) -> None:
    span = [start + index * HOUR for index in range(count)]
    assert len(prefixes("i/%Y-%m-%dT%H.parquet", span)) == len({instant.date() for instant in span})


@given(st.text(max_size=30))
def test_any_text_is_a_template_and_is_unchanged_as_text(text: str) -> None:
    template = parse(text)
    assert isinstance(template, Template)
    assert str(template) == text
    template.read(text)
