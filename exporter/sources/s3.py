"""Partitions in S3, or in a store with its API.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment. It lists, and it fetches what
pyarrow asks for: of a large object only the footer and the column chunks that are selected, near ones in one request.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import boto3
import botocore.session
import pyarrow as pa
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from exporter.errors import SourceUnavailable
from exporter.sources import templates
from exporter.sources.files import READERS, check_files, profile_files
from exporter.sources.parquet import one_line, parquet_errors, read_batches
from exporter.sources.s3_errors import refusal, unavailable
from exporter.sources.skipping import SkippedFiles
from exporter.sources.source import ROWS_ONLY, Batch, Found, Kernel, Partition, Selection, StoredObject, Traffic

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

WHOLE_BYTES: Final = 2**20
"""An object up to this size is fetched with one request."""
FOOTER_BYTES: Final = 2**16
"""What is fetched of an object whose rows are counted, unless its footer is longer."""
PART_BYTES: Final = 8 * 2**20
"""The longest range of one request."""
PARTS: Final = 4
"""Ranges of an object that are fetched at a time."""


class Limits(NamedTuple):
    """Timeouts and attempts of requests."""

    connect_timeout: float = 5.0
    """Seconds to connect to the store."""
    read_timeout: float = 30.0
    """Seconds without data after which a request fails."""
    attempts: int = 4
    """Attempts of a request, with growing pauses, before it fails."""


DEFAULT_LIMITS: Final = Limits()


class S3:
    """Objects whose keys match a template."""

    def __init__(self, template: str, limits: Limits = DEFAULT_LIMITS) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Args:
            template: `s3://bucket/key`, the key as in `exporter.sources.templates`.
            limits: timeouts and attempts of requests.
        """
        self.traffic = Traffic()
        self.skipped = SkippedFiles()
        self._bucket, _, key = template.removeprefix("s3://").partition("/")
        self._root = f"s3://{self._bucket}/"
        self._template = templates.parse(key, self._root)
        self._limits = limits

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        return templates.partitions(self._template, starts, self._list)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return templates.dataset(self._template, names, self._list)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        for item in partition.objects:
            self.traffic.count_opened(item, selection)
        return profile_files(partition, lambda item: self._read(item, selection), kernel, self.skipped)

    def retry_skipped(self) -> None:
        """See `SkippingSource`."""
        self.skipped.retry(lambda items: check_files(items, lambda item: self._read(item, ROWS_ONLY)))

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`; where no key begins with the prefix, the first keys of the bucket are returned."""
        prefix = self._template.prefix.rpartition("/")[0] + "/"
        for place in dict.fromkeys((prefix, self._root)):
            if names := tuple(item.path for item in islice(self._list(place, None), limit)):
                return Found(place, names, templates.matching(self._template, self._list, limit))
        return Found(self._root, (), ())

    def _list(self, prefix: str, _depth: int | None) -> Iterator[StoredObject]:
        with self._connected(self._root) as connection:
            pages = connection.client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix.removeprefix(self._root)
            )
            for page in pages:
                self.traffic.requests += 1
                for item in page.get("Contents", ()):
                    yield StoredObject(self._root + item["Key"], item["Size"], item["ETag"].strip('"'))

    def _read(self, item: StoredObject, selection: Selection) -> Generator[Batch]:
        with parquet_errors(item, lambda _item, _error: None), self._opened(item, selection) as file:
            yield from read_batches(file, item, selection)

    def _opened(self, item: StoredObject, selection: Selection) -> pa.NativeFile:
        if item.size <= (WHOLE_BYTES if selection.columns else FOOTER_BYTES):
            return pa.BufferReader(self._fetch(item, 0, item.size))
        return pa.PythonFile(StoredFile(item.size, partial(self._fetch, item)), mode="r")

    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        """Return a range of an object, unless it has changed since it was listed.

        Raises:
            FileUnreadable, FileUnavailable: the store refuses this object.
            SourceUnavailable: the store does not answer.
        """
        if not size:
            return b""
        with self._connected(item.path) as connection:
            for attempt in range(1, self._limits.attempts + 1):
                response = connection.client.get_object(
                    Bucket=self._bucket,
                    Key=item.path.removeprefix(self._root),
                    Range=f"bytes={start}-{start + size - 1}",
                    IfMatch=f'"{item.tag}"',
                )
                try:
                    return response["Body"].read()
                except BotoCoreError:  # boto3 repeats requests, but not the reading of their bodies
                    if attempt == self._limits.attempts:
                        raise
        raise AssertionError

    @contextmanager
    def _connected(self, place: str) -> Iterator[Connection]:
        """Yield the connection, and turn boto3's errors into errors of this package, also those of connecting.

        The error has no cause: the message already says all of it, without secrets.
        """
        try:
            yield connect(self._limits)
        except ClientError as error:
            raise refusal(place, error) from None
        except (BotoCoreError, ValueError) as error:
            raise unavailable(place, one_line(error)) from None


@dataclass(frozen=True, eq=False)
class Connection:
    """The client that boto3 made from the AWS environment; safe to share among threads."""

    client: S3Client


@lru_cache
def connect(limits: Limits) -> Connection:
    """Return the connection of this process. A failure is not cached: the next call reads the environment again.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    core = botocore.session.get_session()
    if core.get_credentials() is None:
        raise SourceUnavailable(
            "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or give the machine a role"
        )
    client = boto3.Session(botocore_session=core).client(
        "s3",
        config=Config(
            connect_timeout=limits.connect_timeout,
            read_timeout=limits.read_timeout,
            max_pool_connections=READERS,
            retries={"mode": "standard", "total_max_attempts": limits.attempts},
        ),
    )
    return Connection(client)


class StoredFile(io.RawIOBase):
    """An object as a file: each read is a request, or several at a time where it is long."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        """Save the arguments; `fetch` returns the bytes from a start, and as many as are asked for."""
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._position = 0

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, and return it."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(origin + offset, 0)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return the bytes at the position: as many as are asked for, or up to the end."""
        left = max(self._size - self._position, 0)
        end = self._position + (left if size < 0 else min(size, left))
        ranges = [(start, min(end - start, PART_BYTES)) for start in range(self._position, end, PART_BYTES)]
        self._position = end
        if len(ranges) < 2:
            return b"".join(self._fetch(*each) for each in ranges)
        with ThreadPoolExecutor(min(len(ranges), PARTS), thread_name_prefix="fetch") as pool:
            return b"".join(pool.map(lambda each: self._fetch(*each), ranges))
