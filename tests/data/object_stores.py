"""What every source of objects does, as tests of the stores that are not S3."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exporter.errors import FileUnavailable, FileUnreadable, SourceUnavailable
from exporter.sources.source import ROWS_ONLY, Batch, Selection
from exporter.sources.stores import objects
from exporter.sources.stores.objects import Limits, ObjectSource
from store_server import Fault, Faults, Hang, Refuse, Request, Truncate, always, once

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGES = Selection(keys=(), numeric=("age",), categorical=())
HASTY = Limits(connect_timeout=1, read_timeout=1, attempts=2)
ONE_TRY = HASTY._replace(attempts=1)
PATH = "inference/%Y-%m-%dT%H.parquet"
KEY = "inference/2026-11-22T12.parquet"


class Store(Protocol):
    """A store of one bucket or container, behind a server of the tests."""

    requests: list[Request]
    sent: int
    delay: float
    faults: Faults | None

    def put_object(self, key: str, content: bytes) -> None: ...

    def delete_object(self, key: str) -> None: ...

    def reset_counts(self) -> None: ...


Open = Callable[..., ObjectSource]
"""Opens the source of a path in the store, with limits."""


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def log(*ages: int) -> bytes:
    return parquet(pa.table({"age": pa.array(ages, pa.int64())}))


def ages(batches: Iterator[Batch]) -> list[int]:
    return [age for batch in batches for age in batch.table["age"].to_pylist()]


def read(source: ObjectSource, start: datetime = NOON) -> list[int]:
    return source.profile(source.partitions([start])[start], AGES, ages)


def lists(request: Request) -> bool:
    return request.lists


def fetches(request: Request) -> bool:
    return request.method == "GET" and not request.lists


def of(name: str) -> Callable[[Request], bool]:
    return lambda request: fetches(request) and name in request.path


class ObjectStoreTests:
    """A test class of a store has the fixtures `store` and `opened`, and the refusals below."""

    root: str
    denied: Refuse
    busy: Refuse
    permission: str

    def test_partitions_are_the_objects_of_the_hours(self, store: Store, opened: Open) -> None:
        store.put_object(KEY, b"abc")
        store.put_object("inference/2026-11-22T14.parquet", b"x")
        store.put_object("other", b"x")
        starts = [NOON + index * timedelta(hours=1) for index in range(3)]
        found = opened(PATH).partitions(starts)
        assert list(found) == [starts[0], starts[2]]
        (item,) = found[NOON].objects
        assert (item.path, item.size) == (self.root + KEY, 3)
        assert item.tag.strip('"') == item.tag != ""

    def test_without_objects_there_is_no_partition_and_no_error(self, store: Store, opened: Open) -> None:
        store.put_object("other", b"x")
        assert opened(PATH).partitions([NOON]) == {}

    def test_a_rewritten_object_has_another_fingerprint(self, store: Store, opened: Open) -> None:
        prints = []
        for content in (b"abc", b"abd"):
            store.put_object(KEY, content)
            prints.append(opened(PATH).partitions([NOON])[NOON].fingerprint)
        assert prints[0] != prints[1] == opened(PATH).partitions([NOON])[NOON].fingerprint

    def test_only_the_days_of_the_hours_are_listed(self, store: Store, opened: Open) -> None:
        for day in range(9):
            store.put_object(f"inference/{NOON - timedelta(days=day):%Y-%m-%dT%H}.parquet", b"")
        source = opened(PATH)
        store.reset_counts()
        assert len(source.partitions([NOON, NOON - timedelta(days=1)])) == 2
        listings = [request.query for request in store.requests]
        assert len(listings) == source.traffic.requests == 2
        assert ["prefix=inference%2F2026-11-2" + day in query for query, day in zip(listings, "21", strict=True)]

    def test_every_page_is_read(self, store: Store, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(objects, "PAGE_OBJECTS", 3)
        for index in range(7):
            store.put_object(f"12/part-{index:05}.parquet", b"")
        source = opened("%H/")
        store.reset_counts()
        assert len(source.partitions([NOON])[NOON].objects) == 7
        assert len(store.requests) == source.traffic.requests == 3

    def test_a_dataset_has_all_objects_of_its_path(self, store: Store, opened: Open) -> None:
        store.put_object("reference/train_v3.parquet", log(1))
        source = opened("reference/train_{version}.parquet")
        partition = source.dataset(version="v3")
        assert partition is not None
        assert source.profile(partition, AGES, ages) == [1]
        assert source.dataset(version="v4") is None

    def test_the_kernel_sees_all_rows_of_all_objects(self, store: Store, opened: Open) -> None:
        store.put_object("12/a.parquet", log(1, 2))
        store.put_object("12/b.parquet", log(3))
        source = opened("%H/")
        assert read(source) == [1, 2, 3]
        assert source.traffic.requests == 1 + 2
        assert source.traffic.bytes_read == len(log(1, 2)) + len(log(3))

    def test_the_number_of_rows_needs_one_request_and_the_footer(self, store: Store, opened: Open) -> None:
        content = log(*range(100_000))
        store.put_object(KEY, content)
        source = opened(PATH)
        partition = source.partitions([NOON])[NOON]
        store.reset_counts()
        assert source.profile(partition, ROWS_ONLY, lambda rows: sum(batch.table.num_rows for batch in rows)) == 100_000
        assert [request.method for request in store.requests] == ["GET"]
        assert store.sent <= 2**16 < len(content)

    def test_a_small_object_is_one_request(self, store: Store, opened: Open) -> None:
        store.put_object(KEY, log(1, 2, 3))
        source = opened(PATH)
        partition = source.partitions([NOON])[NOON]
        store.reset_counts()
        assert source.profile(partition, AGES, ages) == [1, 2, 3]
        assert [request.method for request in store.requests] == ["GET"]

    def test_a_long_range_is_fetched_in_parts_and_put_together(
        self, store: Store, opened: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(objects, "WHOLE_BYTES", 0)
        monkeypatch.setattr(objects, "PART_BYTES", 50_000)
        numbers = np.random.default_rng(7).integers(0, 2**40, 30_000)
        store.put_object(KEY, log(*numbers.tolist()))
        assert read(opened(PATH)) == numbers.tolist()
        assert len(store.requests) > 1 + 240_000 // 50_000

    def test_many_objects_are_read_side_by_side_over_connections_that_are_kept(
        self, store: Store, opened: Open, caplog: pytest.LogCaptureFixture
    ) -> None:
        for index in range(20):
            store.put_object(f"12/{index:02}.parquet", log(index))
        store.delay = 0.03
        assert read(opened("%H/")) == list(range(20))
        assert not [record for record in caplog.records if record.name.startswith("urllib3")]

    @pytest.mark.parametrize("name", ["hour=12 €+%20&a#b.parquet", "12/a:b=c,d.parquet", "12 'x'?.parquet"])
    def test_keys_are_taken_literally(self, store: Store, opened: Open, name: str) -> None:
        store.put_object(name, log(7))
        assert read(opened(name.replace("12", "%H").replace("?", "*"))) == [7]

    @pytest.mark.parametrize("where", [lists, fetches])
    @pytest.mark.parametrize("fault", ["busy", Hang(), Truncate(20)], ids=repr)
    def test_a_temporary_failure_is_retried(
        self, store: Store, opened: Open, fault: Fault | str, where: Callable[[Request], bool]
    ) -> None:
        store.put_object(KEY, log(1, 2, 3))
        store.faults = once(self.busy if isinstance(fault, str) else fault, where)
        assert read(opened(PATH, HASTY)) == [1, 2, 3]

    @pytest.mark.parametrize("where", [lists, fetches])
    @pytest.mark.parametrize("fault", ["busy", Hang(), Truncate(20)], ids=repr)
    def test_a_store_that_keeps_failing_is_unavailable(
        self, store: Store, opened: Open, fault: Fault | str, where: Callable[[Request], bool]
    ) -> None:
        store.put_object(KEY, log(1, 2, 3))
        store.faults = always(self.busy if isinstance(fault, str) else fault, where)
        place = self.root + (KEY if where is fetches else "")
        with pytest.raises(SourceUnavailable, match=f"^{place}: .+; .+") as caught:
            read(opened(PATH, ONE_TRY))
        assert not isinstance(caught.value, FileUnavailable)
        if isinstance(fault, str):
            assert str(caught.value).endswith("; the store is busy: the next refresh tries again")

    def test_a_denied_listing_names_what_to_allow(self, store: Store, opened: Open) -> None:
        store.put_object(KEY, b"x")
        store.faults = always(self.denied, lists)
        with pytest.raises(SourceUnavailable, match=f"^{self.root}: .*{self.denied.message}.*; {self.permission}$"):
            opened(PATH, HASTY).partitions([NOON])
        assert len(store.requests) == 1

    def test_one_denied_object_costs_its_own_rows_until_it_is_allowed(self, store: Store, opened: Open) -> None:
        for index in range(5):
            store.put_object(f"12/{index}.parquet", log(index))
        source = opened("%H/", ONE_TRY)
        whole = source.partitions([NOON])[NOON]
        store.faults = always(self.denied, of("3.parquet"))
        assert source.profile(whole, AGES, ages) == [0, 1, 2, 4]
        assert source.skipped.counts == {"denied": 1}
        ((path, why),) = source.skipped.take_new().items()
        assert path == f"{self.root}12/3.parquet"
        assert self.denied.message in why
        store.faults = None
        source.retry_skipped()
        assert source.profile(whole, AGES, ages) == [0, 1, 2, 3, 4]
        assert source.skipped.counts == {}

    @pytest.mark.parametrize("content", [b"", b"not parquet", log(1)[:-9]])
    def test_one_corrupt_object_costs_its_own_rows(self, store: Store, opened: Open, content: bytes) -> None:
        store.put_object("12/a.parquet", log(1))
        store.put_object("12/b.parquet", content)
        source = opened("%H/")
        assert read(source) == [1]
        assert source.skipped.counts == {"corrupt": 1}

    @pytest.mark.parametrize("content", [log(3, 2, 1), log(*range(100)), None])
    def test_an_object_that_was_rewritten_or_deleted_is_unreadable(
        self, store: Store, opened: Open, content: bytes | None
    ) -> None:
        store.put_object(KEY, log(1, 2, 3))
        source = opened(PATH)
        partition = source.partitions([NOON])[NOON]
        store.delete_object(KEY) if content is None else store.put_object(KEY, content)
        with pytest.raises(FileUnreadable, match=f"^{self.root}{KEY}: ") as caught:
            source.profile(partition, AGES, ages)
        assert caught.value.reason == "changed"

    def test_what_is_not_there_is_browsed_from_the_nearest_prefix(self, store: Store, opened: Open) -> None:
        for key in ("a/1.csv", "inference/2026-11-22T12.csv", KEY):
            store.put_object(key, b"x")
        found = opened(PATH).browse(5)
        assert found.place == f"{self.root}inference/"
        assert found.names == (f"{self.root}inference/2026-11-22T12.csv", self.root + KEY)
        assert found.matching == (self.root + KEY,)
        assert opened("inferences/%Y.parquet").browse(1) == (self.root, (f"{self.root}a/1.csv",), ())

    def test_it_travels_to_other_machines(self, store: Store, opened: Open) -> None:
        store.put_object(KEY, log(1, 2, 3))
        source = pickle.loads(pickle.dumps(opened(PATH)))  # noqa: S301 - our own
        assert read(source) == [1, 2, 3]

    def test_errors_of_the_kernel_are_not_translated(self, store: Store, opened: Open) -> None:
        store.put_object(KEY, log(1))
        source = opened(PATH)

        def failing(batches: Iterator[Batch]) -> Any:
            next(batches)
            raise ValueError("of the kernel")

        with pytest.raises(ValueError, match=r"^of the kernel$"):
            source.profile(source.partitions([NOON])[NOON], AGES, failing)
