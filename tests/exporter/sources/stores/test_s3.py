from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exporter.errors import FileUnavailable, FileUnreadable, PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources import deadline
from exporter.sources.source import ROWS_ONLY, Batch, Partition, Selection
from exporter.sources.stores import objects, s3
from exporter.sources.stores.s3 import S3
from object_stores import AGES, HASTY, KEY, NOON, ONE_TRY, PATH, ages, fetches, lists, log, parquet, read
from s3_server import Alter, Drip, Fault, Hang, Refuse, Request, S3Server, Truncate, always, once

TEMPLATE = f"s3://logs/{PATH}"


@pytest.fixture
def listed(s3_server: S3Server) -> tuple[S3, Partition]:
    """A source, and a partition that it has listed."""
    s3_server.put("logs", KEY, log(1, 2, 3))
    source = S3(TEMPLATE, ONE_TRY)
    return source, source.partitions([NOON])[NOON]


class TestLayouts:
    def test_keys_of_the_path_are_columns(self, s3_server: S3Server) -> None:
        s3_server.put("logs", "dt=2026-11-22/hour=9/country=S%C3%A3o/x.parquet", log(1, 2))
        source = S3("s3://logs/dt=%Y-%m-%d/hour=%H/country=*/*.parquet")
        partition = source.partitions([NOON - timedelta(hours=3)])[NOON - timedelta(hours=3)]
        found = source.profile(partition, Selection(("country",), (), ()), lambda batches: next(batches).table)
        assert found["country"].to_pylist() == ["São", "São"]

    def test_files_of_a_delta_table_are_refused_and_others_cost_one_listing(self, s3_server: S3Server) -> None:
        name = "part-00000-0b6f2f2e-1c1d-4a55-9d31-2f7a1f0c6c11-c000.snappy.parquet"
        s3_server.put("logs", f"t/hour=12/{name}", log(1))
        source = S3("s3://logs/t/hour=%H/*.parquet")
        for _ in range(3):
            source.partitions([NOON])
        assert [request.query.partition("prefix=")[2] for request in s3_server.requests if "delta_log" in request.query]
        assert len(s3_server.requests) == 4
        s3_server.put("logs", "t/_delta_log/00000000000000000000.json", b"{}")
        source = S3("s3://logs/t/hour=%H/*.parquet")
        for _ in range(2):
            with pytest.raises(
                SourceError, match=r'^s3://logs/t/: is a Delta table, .*`source: \{delta: "s3://logs/t"\}`'
            ):
                source.partitions([NOON])
        assert len(s3_server.requests) == 4 + 3


class TestListing:
    def test_partitions_are_the_objects_of_the_hours(self, s3_server: S3Server) -> None:
        s3_server.put("logs", KEY, b"abc")
        s3_server.put("logs", "inference/2026-11-22T14.parquet", b"x")
        s3_server.put("logs", "other", b"x")
        starts = [NOON + index * timedelta(hours=1) for index in range(3)]
        found = S3(TEMPLATE).partitions(starts)
        assert list(found) == [starts[0], starts[2]]
        (item,) = found[NOON].objects
        assert (item.path, item.size, item.tag) == (f"s3://logs/{KEY}", 3, "900150983cd24fb0d6963f7d28e17f72")

    def test_a_rewritten_object_has_another_fingerprint(self, s3_server: S3Server) -> None:
        prints = []
        for content in (b"abc", b"abd", b"abd"):
            s3_server.put("logs", KEY, content)
            prints.append(S3(TEMPLATE).partitions([NOON])[NOON].fingerprint)
        assert prints[0] != prints[1] == prints[2]

    def test_a_week_is_eight_listings_of_a_day_whatever_the_history(self, s3_server: S3Server) -> None:
        start = NOON - timedelta(days=60)
        for index in range(60 * 24):
            s3_server.put("logs", f"inference/{start + index * timedelta(hours=1):%Y-%m-%dT%H}.parquet", b"")
        week = [NOON - index * timedelta(hours=1) for index in range(1, 169)]
        source = S3(TEMPLATE)
        assert len(source.partitions(week)) == 168
        assert len(s3_server.requests) == source.traffic.requests == 8
        assert s3_server.sent < 8 * 24 * 600

    def test_every_page_is_read(self, s3_server: S3Server) -> None:
        for index in range(2500):
            s3_server.put("logs", f"12/part-{index:05}.parquet", b"")
        source = S3("s3://logs/%H/")
        assert len(source.partitions([NOON])[NOON].objects) == 2500
        assert len(s3_server.requests) == source.traffic.requests == 3

    def test_a_dataset_has_all_objects_of_its_path(self, s3_server: S3Server) -> None:
        s3_server.put("logs", "reference/train_v3.parquet", log(1))
        source = S3("s3://logs/reference/train_{version}.parquet")
        partition = source.dataset(version="v3")
        assert partition is not None
        assert partition.name == "s3://logs/reference/train_v3.parquet"
        assert source.profile(partition, AGES, ages) == [1]
        assert source.dataset(version="v4") is None

    def test_without_objects_there_is_no_partition_and_no_error(self, s3_server: S3Server) -> None:
        s3_server.put("logs", "other", b"x")
        assert S3(TEMPLATE).partitions([NOON]) == {}


class TestProfile:
    def test_the_kernel_sees_all_rows_of_all_objects(self, s3_server: S3Server) -> None:
        s3_server.put("logs", "12/a.parquet", log(1, 2))
        s3_server.put("logs", "12/b.parquet", log(3))
        source = S3("s3://logs/%H/")
        assert read(source) == [1, 2, 3]
        assert source.traffic.requests == 1 + 2
        assert source.traffic.bytes_read == len(log(1, 2)) + len(log(3))

    def test_the_number_of_rows_needs_one_request_and_the_footer(self, s3_server: S3Server) -> None:
        content = log(*range(100_000))
        s3_server.put("logs", KEY, content)
        source = S3(TEMPLATE)
        partition = source.partitions([NOON])[NOON]
        s3_server.requests.clear()
        s3_server.sent = 0
        assert source.profile(partition, ROWS_ONLY, lambda rows: sum(batch.table.num_rows for batch in rows)) == 100_000
        assert [request.method for request in s3_server.requests] == ["GET"]
        assert s3_server.sent <= 2**16 < len(content)
        assert source.traffic.bytes_read == 0

    def test_a_small_object_is_one_request(self, listed: tuple[S3, Partition], s3_server: S3Server) -> None:
        source, partition = listed
        s3_server.reset_counts()
        assert source.profile(partition, AGES, ages) == [1, 2, 3]
        assert [request.method for request in s3_server.requests] == ["GET"]

    def test_a_long_range_is_fetched_in_parts_and_put_together(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(objects, "WHOLE_BYTES", 0)
        monkeypatch.setattr(objects, "PART_BYTES", 10_000)
        numbers = np.random.default_rng(7).integers(0, 2**40, 30_000)
        s3_server.put("logs", KEY, log(*numbers.tolist()))
        assert read(S3(TEMPLATE)) == numbers.tolist()
        assert len(s3_server.requests) > 1 + 240_000 // 10_000

    @pytest.mark.parametrize(
        "name",
        [
            "hour=12 €+%20&a#b.parquet",
            "12/a:b=c,d.parquet",
            "12 'x'.parquet",
            "12//a.parquet",
            "/12/a.parquet",
            "12/../a.parquet",
            "12/./a.parquet",
            "12/a..b.parquet",
        ],
    )
    def test_keys_are_taken_literally(self, s3_server: S3Server, name: str) -> None:
        s3_server.put("logs", name, log(7))
        assert read(S3("s3://logs/" + name.replace("12", "%H"))) == [7]

    def test_only_selected_columns_are_fetched_and_near_ones_together(self, s3_server: S3Server) -> None:
        numbers = np.random.default_rng(7).normal(size=(60, 20_000))
        wide = parquet(pa.table({f"x{index}": column for index, column in enumerate(numbers)}))
        s3_server.put("logs", KEY, wide)
        source = S3(TEMPLATE)
        partition = source.partitions([NOON])[NOON]
        s3_server.reset_counts()
        source.profile(partition, Selection((), ("x7", "x8", "x9", "x40"), ()), list)
        footer = 64 * 1024
        assert s3_server.sent < footer + len(wide) * 5 / 60
        assert [request.method for request in s3_server.requests] == ["GET"] * 3

    def test_errors_of_the_kernel_are_not_translated(self, listed: tuple[S3, Partition]) -> None:
        source, partition = listed

        def failing(batches: Iterator[Batch]) -> None:
            next(batches)
            raise OSError("AWS Error of the kernel")

        with pytest.raises(OSError, match=r"^AWS Error of the kernel$"):
            source.profile(partition, AGES, failing)


ROTTEN = Alter(lambda response: response.set_data(bytes(reversed(response.get_data()))))


NOT_ALLOWED = (
    "User: arn:aws:sts::123456789012:assumed-role/leeway/x is not authorized to perform: kms:Decrypt on resource: "
    "arn:aws:kms:eu-west-1:123456789012:key/1234 because no identity-based policy allows the kms:Decrypt action"
)
REFUSALS = [
    (Refuse(403, "AccessDenied", "Access Denied"), "denied", "allow s3:GetObject on the object$"),
    (
        Refuse(403, "AccessDenied", NOT_ALLOWED),
        "denied",
        "; allow kms:Decrypt on resource: arn:aws:kms:eu-west-1:123456789012:key/1234$",
    ),
    (Refuse(400, "KMS.DisabledException", "It is disabled."), "denied", "; check that the object's KMS key is enabled"),
    (Refuse(400, "InvalidRequest", "The object was stored using encryption."), "denied", "encryption.; the next"),
    (Refuse(403, "InvalidObjectState", "Not in this storage class"), "archived", "; restore the object"),
]


class TestOneBadObject:
    """An object that is refused or corrupt among good ones costs its own rows."""

    @pytest.fixture
    def partition(self, s3_server: S3Server) -> tuple[S3, Partition]:
        for index in range(20):
            s3_server.put("logs", f"12/{index:02}.parquet", log(index))
        source = S3("s3://logs/%H/", ONE_TRY)
        return source, source.partitions([NOON])[NOON]

    @pytest.mark.parametrize(("fault", "reason", "words"), REFUSALS, ids=repr)
    def test_a_refused_object_is_skipped_with_the_services_reason(
        self, s3_server: S3Server, partition: tuple[S3, Partition], fault: Refuse, reason: str, words: str
    ) -> None:
        source, whole = partition
        s3_server.faults = always(fault, lambda request: request.path == "/logs/12/07.parquet")
        assert source.profile(whole, AGES, ages) == [index for index in range(20) if index != 7]
        assert source.skipped.counts == {reason: 1}
        ((path, why),) = source.skipped.take_new().items()
        assert path == "s3://logs/12/07.parquet"
        assert re.search(words, why)
        readable = source.skipped.without_skipped(whole)
        assert [item.path for item in readable.objects] == [
            item.path for item in whole.objects if item.path != "s3://logs/12/07.parquet"
        ]

    def test_a_refused_object_is_read_when_it_is_allowed(
        self, s3_server: S3Server, partition: tuple[S3, Partition]
    ) -> None:
        source, whole = partition
        s3_server.faults = always(Refuse(403, "AccessDenied"), lambda request: request.path == "/logs/12/07.parquet")
        source.profile(whole, AGES, ages)
        source.retry_skipped()
        assert source.skipped.without_skipped(whole) != whole
        s3_server.faults = None
        source.retry_skipped()
        assert source.skipped.without_skipped(whole) == whole
        assert source.profile(whole, AGES, ages) == list(range(20))
        assert source.skipped.counts == {}

    @pytest.mark.parametrize("content", [b"", b"not parquet", log(1)[:-9]])
    def test_a_corrupt_object_is_skipped_and_not_tried_again(
        self, s3_server: S3Server, partition: tuple[S3, Partition], content: bytes
    ) -> None:
        source, _ = partition
        s3_server.put("logs", "12/07.parquet", content)
        whole = source.partitions([NOON])[NOON]
        assert source.profile(whole, AGES, ages) == [index for index in range(20) if index != 7]
        s3_server.reset_counts()
        source.retry_skipped()
        assert s3_server.requests == []
        assert source.skipped.counts == {"corrupt": 1}

    def test_a_partition_that_is_refused_as_a_whole_is_unavailable(
        self, s3_server: S3Server, partition: tuple[S3, Partition]
    ) -> None:
        source, whole = partition
        s3_server.faults = always(Refuse(403, "AccessDenied"), fetches)
        with pytest.raises(FileUnavailable, match=r"^s3://logs/12/00.parquet: GetObject failed: AccessDenied"):
            source.profile(whole, AGES, ages)
        assert source.skipped.counts == {"denied": 20}
        assert source.skipped.take_new() == {}
        assert source.skipped.without_skipped(whole) == whole

    def test_a_store_that_fails_is_not_blamed_on_its_objects(
        self, s3_server: S3Server, partition: tuple[S3, Partition]
    ) -> None:
        source, whole = partition
        s3_server.faults = always(Refuse(503, "SlowDown"), lambda request: request.path == "/logs/12/07.parquet")
        with pytest.raises(SourceUnavailable, match="SlowDown"):
            source.profile(whole, AGES, ages)
        assert source.skipped.counts == {}


class TestFailures:
    @pytest.mark.parametrize("where", [lists, fetches])
    @pytest.mark.parametrize("fault", [Refuse(503, "SlowDown"), Refuse(500, "InternalError"), Hang()], ids=repr)
    def test_a_temporary_failure_is_retried(
        self, s3_server: S3Server, fault: Fault, where: Callable[[Request], bool]
    ) -> None:
        s3_server.put("logs", KEY, log(1, 2, 3))
        s3_server.faults = once(fault, where)
        assert read(S3(TEMPLATE, HASTY)) == [1, 2, 3]

    @pytest.mark.parametrize("where", [lists, fetches])
    def test_a_truncated_response_is_retried(self, s3_server: S3Server, where: Callable[[Request], bool]) -> None:
        s3_server.put("logs", KEY, log(1, 2, 3))
        s3_server.faults = once(Truncate(20), where)
        assert read(S3(TEMPLATE, HASTY)) == [1, 2, 3]

    def test_a_truncated_body_whose_length_nothing_tells_is_retried(self, s3_server: S3Server) -> None:
        s3_server.put("logs", KEY, log(1, 2, 3))
        s3_server.faults = once(Truncate(20, announced=False), fetches)
        assert read(S3(TEMPLATE, HASTY)) == [1, 2, 3]

    def test_a_store_that_drips_is_unavailable_when_the_time_is_over(
        self, s3_server: S3Server, listed: tuple[S3, Partition]
    ) -> None:
        source, partition = listed
        s3_server.faults = always(Drip(), fetches)
        end = time.monotonic() + 0.2
        with (
            deadline.until(lambda: time.monotonic() > end),
            pytest.raises(SourceUnavailable, match=f"^s3://logs/{KEY}: still sends when the refresh's time is over"),
        ):
            source.profile(partition, AGES, ages)
        assert time.monotonic() < end + 5

    def test_a_page_of_a_proxy_is_no_empty_listing(self, s3_server: S3Server) -> None:
        s3_server.put("logs", KEY, b"")
        s3_server.faults = always(Alter(lambda response: response.set_data("<html><p>Log in.</p></html>")), lists)
        with pytest.raises(SourceUnavailable, match=r"^s3://logs/: .* is not a listing of S3's; the next refresh"):
            S3(TEMPLATE).partitions([NOON])

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (Refuse(503, "SlowDown", "Reduce your rate."), "SlowDown: Reduce your rate.; the store is busy: the next"),
            (Refuse(403, "AccessDenied", "Access Denied"), "AccessDenied: Access Denied; allow s3:ListBucket on the b"),
            (Refuse(403, "InvalidAccessKeyId", "No such key."), "InvalidAccessKeyId: .*; check the credentials"),
            (Refuse(403, "SignatureDoesNotMatch", "No."), "SignatureDoesNotMatch: No.; check the credentials"),
            (Refuse(400, "ExpiredToken", "Expired."), "ExpiredToken: Expired.; check the credentials"),
            (Refuse(400, "AuthorizationHeaderMalformed", "the region is wrong"), "; set AWS_REGION to the bucket's"),
            (Refuse(418, "Odd", "What?"), "Odd: What\\?; the next refresh tries again"),
        ],
        ids=repr,
    )
    def test_a_denied_listing_is_an_error_with_reason_and_advice(
        self, s3_server: S3Server, fault: Fault, words: str
    ) -> None:
        s3_server.faults = always(fault)
        with pytest.raises(SourceUnavailable, match=f"^s3://logs/: ListObjectsV2 failed: .*{words}"):
            S3(TEMPLATE, HASTY).partitions([NOON])
        assert len(s3_server.requests) <= HASTY.attempts

    def test_a_bucket_that_does_not_exist(self, s3_server: S3Server) -> None:
        expected = r"^s3://logs/: ListObjectsV2 failed: NoSuchBucket: .* does not exist; check the bucket's name"
        with pytest.raises(SourceUnavailable, match=expected):
            S3(TEMPLATE).partitions([NOON])

    def test_a_store_that_does_not_answer_the_listing_is_unavailable(self, s3_server: S3Server) -> None:
        s3_server.faults = always(Hang())
        with pytest.raises(SourceUnavailable, match="Read timeout on endpoint URL"):
            S3(TEMPLATE, ONE_TRY).partitions([NOON])

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (Refuse(503, "SlowDown", "Reduce your rate."), "SlowDown: Reduce your rate.; the store is busy"),
            (Refuse(500, "InternalError"), "InternalError: .*; the next refresh tries again"),
            (Refuse(403, "SignatureDoesNotMatch"), "SignatureDoesNotMatch: .*; check the credentials"),
            (Refuse(400, "ExpiredToken"), "ExpiredToken: .*; check the credentials"),
        ],
        ids=repr,
    )
    def test_a_store_that_lists_and_then_fails_is_unavailable_with_its_message(
        self, s3_server: S3Server, listed: tuple[S3, Partition], fault: Fault, words: str
    ) -> None:
        source, partition = listed
        s3_server.faults = always(fault, fetches)
        with pytest.raises(SourceUnavailable, match=f"^s3://logs/{KEY}: GetObject failed: {words}") as caught:
            source.profile(partition, AGES, ages)
        assert not isinstance(caught.value, FileUnavailable)

    @pytest.mark.parametrize("fault", [Hang(), Truncate(20), Truncate(20, announced=False)], ids=repr)
    def test_a_store_that_stops_answering_is_unavailable(
        self, s3_server: S3Server, listed: tuple[S3, Partition], fault: Fault
    ) -> None:
        source, partition = listed
        s3_server.faults = always(fault, fetches)
        with pytest.raises(SourceUnavailable, match=f"^s3://logs/{KEY}: .*; ") as caught:
            source.profile(partition, AGES, ages)
        assert not isinstance(caught.value, FileUnavailable)

    @pytest.mark.parametrize(
        "fault",
        [
            Refuse(404, "NoSuchKey", "The specified key does not exist."),
            Refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
            Refuse(416, "InvalidRange", "The requested range is not satisfiable"),
        ],
        ids=repr,
    )
    def test_an_object_that_has_changed_is_unreadable(
        self, s3_server: S3Server, listed: tuple[S3, Partition], fault: Refuse
    ) -> None:
        source, partition = listed
        s3_server.faults = always(fault, fetches)
        expected = f"^s3://logs/{KEY}: GetObject failed: {fault.code}: {fault.message}$"
        with pytest.raises(PartitionUnreadable, match=expected):
            source.profile(partition, AGES, ages)

    def test_an_object_that_is_rewritten_while_it_is_read_is_unreadable(
        self, s3_server: S3Server, listed: tuple[S3, Partition], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(objects, "WHOLE_BYTES", 0)
        source, partition = listed

        def rewritten(_: Request) -> None:
            if len(s3_server.requests) == 3:  # the listing, the footer, and then the column
                s3_server.put("logs", KEY, log(3, 2, 1))

        s3_server.faults = rewritten
        with pytest.raises(FileUnreadable, match=f"^s3://logs/{KEY}: GetObject failed: PreconditionFailed") as caught:
            source.profile(partition, AGES, ages)
        assert caught.value.reason == "changed"

    def test_a_deleted_object_is_unreadable(self, s3_server: S3Server, listed: tuple[S3, Partition]) -> None:
        source, partition = listed
        s3_server.delete("logs", KEY)
        with pytest.raises(PartitionUnreadable, match=f"^s3://logs/{KEY}: GetObject failed: NoSuchKey: "):
            source.profile(partition, AGES, ages)

    def test_an_object_that_was_rewritten_is_unreadable(
        self, s3_server: S3Server, listed: tuple[S3, Partition]
    ) -> None:
        source, partition = listed
        s3_server.put("logs", KEY, log(*range(100)))
        with pytest.raises(PartitionUnreadable, match=f"^s3://logs/{KEY}: GetObject failed: PreconditionFailed"):
            source.profile(partition, AGES, ages)

    @pytest.mark.parametrize("content", [b"", b"not parquet at all", log(1, 2, 3)[:-20], log(*range(5000))[5000:]])
    def test_what_is_not_parquet_is_unreadable(self, s3_server: S3Server, content: bytes) -> None:
        s3_server.put("logs", KEY, content)
        with pytest.raises(PartitionUnreadable, match=f"^s3://logs/{KEY}: cannot be read as Parquet: "):
            read(S3(TEMPLATE))

    def test_a_body_that_is_corrupted_in_transit_is_unreadable(
        self, s3_server: S3Server, listed: tuple[S3, Partition]
    ) -> None:
        source, partition = listed
        s3_server.faults = always(ROTTEN, fetches)
        with pytest.raises(PartitionUnreadable, match=f"^s3://logs/{KEY}: cannot be read as Parquet: "):
            source.profile(partition, AGES, ages)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestEnvironment:
    @pytest.fixture(autouse=True)
    def _fresh_connection(self) -> Iterator[None]:
        """The connection is the process's, and these tests change the environment that it comes from."""
        s3.connect.cache_clear()
        yield
        s3.connect.cache_clear()

    def environ(self, monkeypatch: pytest.MonkeyPatch, **variables: str | None) -> None:
        for name, value in variables.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)

    def test_no_credentials(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        with pytest.raises(
            SourceUnavailable, match=r"no AWS credentials found: set AWS_ACCESS_KEY_ID and .*AWS_PROFILE"
        ):
            S3(TEMPLATE).partitions([NOON])
        assert s3_server.requests == []

    def test_incomplete_credentials(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, AWS_SECRET_ACCESS_KEY=None)
        with pytest.raises(SourceUnavailable, match=r"^s3://logs/: .*AWS_SECRET_ACCESS_KEY.*; check the credentials"):
            S3(TEMPLATE).partitions([NOON])

    def test_credentials_are_read_again_after_a_failure(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        s3_server.put("logs", KEY, log(1))
        source = S3(TEMPLATE)
        with monkeypatch.context() as without:
            self.environ(without, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
            with pytest.raises(SourceUnavailable):
                source.partitions([NOON])
        assert read(source) == [1]

    def test_a_profile_that_does_not_exist(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, AWS_PROFILE="nobody")
        with pytest.raises(SourceUnavailable, match=r"profile \(nobody\) could not be found; check the credentials"):
            S3(TEMPLATE).partitions([NOON])

    def test_a_profile_of_the_config_file(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        s3_server.put("logs", KEY, log(1))
        config = tmp_path / "config"
        config.write_text(
            "[profile prod]\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\nregion = eu-central-1\n"
            f"services = here\n[services here]\ns3 =\n  endpoint_url = {s3_server.url}\n"
        )
        self.environ(
            monkeypatch,
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_ENDPOINT_URL=None,
            AWS_DEFAULT_REGION=None,
            AWS_CONFIG_FILE=str(config),
            AWS_PROFILE="prod",
        )
        assert read(S3(TEMPLATE)) == [1]
        assert {signer.split("/")[0] for signer in s3_server.signers} == {"OFPROFILE"}
        assert {signer.split("/")[2] for signer in s3_server.signers} == {"eu-central-1"}

    def test_an_endpoint_for_s3_only(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        s3_server.put("logs", KEY, log(1))
        self.environ(
            monkeypatch,
            AWS_ENDPOINT_URL="http://127.0.0.1:1",
            AWS_ENDPOINT_URL_S3=s3_server.url,
            AWS_DEFAULT_REGION=None,
        )
        assert read(S3(TEMPLATE)) == [1]

    def test_a_web_identity(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        s3_server.put("logs", KEY, log(1))
        (tmp_path / "token").write_text("token-of-the-pod")
        self.environ(
            monkeypatch,
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_ROLE_ARN="arn:aws:iam::123456789012:role/exporter",
            AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
        )
        assert read(S3(TEMPLATE)) == [1]
        first, *others = (signer.split("/")[0] for signer in s3_server.signers)
        assert first == ""
        assert len(set(others)) == 1
        assert others[0].startswith("ASIA")

    def test_expired_credentials_are_renewed(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        s3_server.put("logs", KEY, log(1))
        program = tmp_path / "credentials.py"
        program.write_text(
            "import json, pathlib, datetime\n"
            f"count = pathlib.Path({str(tmp_path / 'count')!r})\n"
            "number = int(count.read_text()) + 1 if count.exists() else 1\n"
            "count.write_text(str(number))\n"
            "end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)\n"
            "print(json.dumps({'Version': 1, 'AccessKeyId': f'KEY{number}', 'SecretAccessKey': 's',\n"
            "                  'SessionToken': 't', 'Expiration': end.isoformat()}))\n"
        )
        (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} {program}\n")
        self.environ(
            monkeypatch,
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_CONFIG_FILE=str(tmp_path / "config"),
        )
        source = S3(TEMPLATE)
        partition = source.partitions([NOON])[NOON]
        keys = []
        for _ in range(2):
            s3_server.reset_counts()
            assert source.profile(partition, AGES, ages) == [1]
            keys.append({signer.split("/")[0] for signer in s3_server.signers})
        assert all(len(each) == 1 for each in keys)
        assert keys[0] != keys[1]

    def test_a_failing_credential_process_is_an_error_with_advice(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} -c 1/0\n")
        self.environ(
            monkeypatch,
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_CONFIG_FILE=str(tmp_path / "config"),
        )
        with pytest.raises(SourceUnavailable, match="check the credentials"):
            S3(TEMPLATE).partitions([NOON])

    @pytest.mark.parametrize(
        ("endpoint", "words"),
        [
            ("http://127.0.0.1:{port}", "Could not connect to the endpoint URL"),
            ("http://nowhere.invalid", "Could not connect to the endpoint URL"),
            ("https://127.0.0.1:{server}", "SSL validation failed"),
            ("nonsense", "Invalid endpoint: nonsense"),
        ],
    )
    def test_an_invalid_endpoint(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, endpoint: str, words: str
    ) -> None:
        url = endpoint.format(port=closed_port(), server=s3_server.url.rpartition(":")[2])
        self.environ(monkeypatch, AWS_ENDPOINT_URL=url)
        with pytest.raises(SourceUnavailable, match=f"^s3://logs/: {words}.*; check AWS_ENDPOINT"):
            S3(TEMPLATE, HASTY).partitions([NOON])

    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:{port}", "http://nowhere.invalid"])
    def test_a_store_that_stops_after_listing(
        self, listed: tuple[S3, Partition], monkeypatch: pytest.MonkeyPatch, endpoint: str
    ) -> None:
        source, partition = listed
        s3.connect.cache_clear()
        self.environ(monkeypatch, AWS_ENDPOINT_URL=endpoint.format(port=closed_port()))
        with pytest.raises(SourceUnavailable, match=r"Could not connect to the endpoint.*; check AWS_ENDPOINT_URL"):
            source.profile(partition, AGES, ages)

    def test_messages_have_no_secrets(self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ(monkeypatch, AWS_ENDPOINT_URL=f"http://user:hush-word@127.0.0.1:{closed_port()}")
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.setenv(name, f"hush-{name}")
        with pytest.raises(SourceError) as caught:
            S3(TEMPLATE, HASTY).partitions([NOON])
        assert "Could not connect" in str(caught.value)
        assert "hush" not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_a_proxy_is_used_for_listing_and_for_reading(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        s3_server.put("logs", KEY, log(1))
        for name in ("no_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
            self.environ(monkeypatch, **{name: None})
        self.environ(
            monkeypatch, NO_PROXY="localhost", http_proxy=s3_server.url, AWS_ENDPOINT_URL="http://192.0.2.1:9000"
        )
        assert read(S3(TEMPLATE, HASTY)) == [1]
        assert [request.method for request in s3_server.requests] == ["GET", "GET"]

    def test_tls_with_a_custom_certificate_authority(
        self, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        certificate, key = self_signed(tmp_path)
        with S3Server(tls=(str(certificate), str(key))) as server:
            server.put("logs", KEY, log(1))
            self.environ(monkeypatch, AWS_ENDPOINT_URL=server.url, AWS_CA_BUNDLE=str(certificate))
            assert read(S3(TEMPLATE, HASTY)) == [1]
            self.environ(monkeypatch, AWS_CA_BUNDLE=str(tmp_path / "nowhere.pem"))
            s3.connect.cache_clear()
            with pytest.raises(
                SourceUnavailable, match=r"SSL validation failed .*No such file or directory; check .*certificates"
            ):
                S3(TEMPLATE, HASTY).partitions([NOON])


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "s3.test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


def test_sources_share_one_connection(s3_server: S3Server) -> None:
    s3_server.put("logs", KEY, log(1))
    s3.connect.cache_clear()
    assert [read(S3(TEMPLATE)) for _ in range(3)] == [[1]] * 3
    assert s3.connect.cache_info().misses == 1


def test_a_bucket_is_browsed_at_the_prefix_or_from_its_first_key(s3_server: S3Server) -> None:
    for key in ("a/1.csv", "a/2.csv", "inference/2026-11-22T12.csv", KEY):
        s3_server.put("logs", key, b"x")
    found = S3(TEMPLATE).browse(5)
    assert found.place == "s3://logs/inference/"
    assert found.names == ("s3://logs/inference/2026-11-22T12.csv", f"s3://logs/{KEY}")
    assert found.matching == (f"s3://logs/{KEY}",)
    assert S3("s3://logs/inferences/%Y.parquet").browse(2) == (
        "s3://logs/",
        ("s3://logs/a/1.csv", "s3://logs/a/2.csv"),
        (),
    )
    s3_server.put("other", "x", b"x")
    assert S3("s3://other/%Y.parquet").browse(2) == ("s3://other/", ("s3://other/x",), ())
