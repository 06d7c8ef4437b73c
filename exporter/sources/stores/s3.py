"""Partitions in S3, or in a store with its API.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError, IncompleteRead

from exporter.sources import aws, deadline
from exporter.sources.formats.content import one_line
from exporter.sources.source import StoredObject
from exporter.sources.stores.files import READERS
from exporter.sources.stores.objects import Limits, ObjectSource
from exporter.sources.stores.s3_errors import refusal, unavailable

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client


_LISTING: Final = {"Name", "MaxKeys", "KeyCount", "Contents"}
"""What a listing has of these even if it is empty; the page of a proxy, which boto3 takes for one, has none."""


class S3(ObjectSource):
    """Objects whose keys match a template, `s3://bucket/key`."""

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Iterable[StoredObject]]:
        """See `ObjectSource`."""
        with connected(self._root, self._limits) as connection:
            listing = partial(
                connection.client.get_paginator("list_objects_v2").paginate, Bucket=self._place, Prefix=prefix
            )
            for page in listing(Delimiter=delimiter) if delimiter else listing():
                if not page.keys() & _LISTING:
                    raise unavailable(self._root, "ListObjectsV2: the response is not a listing of S3's")
                yield [
                    *(StoredObject(self._root + each["Prefix"], 0, "") for each in page.get("CommonPrefixes", ())),
                    *(
                        StoredObject(self._root + item["Key"], item["Size"], item["ETag"].strip('"'))
                        for item in page.get("Contents", ())
                    ),
                ]

    def _fetch(self, item: StoredObject, start: int, size: int) -> bytes:
        """See `ObjectSource`; an object without a tag may have changed."""
        with connected(item.path, self._limits) as connection:
            for attempt in range(1, self._limits.attempts + 1):
                get = partial(
                    connection.client.get_object,
                    Bucket=self._place,
                    Key=self._key(item),
                    Range=f"bytes={start}-{start + size - 1}",
                )
                response = get(IfMatch=f'"{item.tag}"') if item.tag else get()
                try:
                    return body_of(item.path, response["Body"], size)
                except (BotoCoreError, HTTPError):  # boto3 repeats requests, but not the reading of their bodies
                    if attempt == self._limits.attempts:
                        raise
        raise AssertionError


@contextmanager
def connected(place: str, limits: Limits) -> Iterator[Connection]:
    """Yield the connection, and turn boto3's errors into errors of this package, also those of connecting.

    The error has no cause: the message already says all of it, without secrets.
    """
    try:
        yield connect(limits)
    except ClientError as error:
        raise refusal(place, error) from None
    except (BotoCoreError, HTTPError, ValueError) as error:
        raise unavailable(place, one_line(error)) from None


def body_of(place: str, body: StreamingBody, size: int) -> bytes:
    """Return the body of a response; each read returns what has come, so that a slow store cannot hold it for ever.

    Raises:
        SourceUnavailable: the refresh's time is over.
        HTTPError: the body does not come, or ends early: also one whose length no header tells.
    """
    content, stream = bytearray(), body._raw_stream  # type: ignore[attr-defined]  # noqa: SLF001 - it alone returns what has come
    with closing(body):
        while len(content) < size and (part := stream.read1(size - len(content))):
            content += part
            deadline.check(place)
    if len(content) < size:
        raise IncompleteRead(len(content), size - len(content))
    return bytes(content)


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
    return Connection(
        aws.client(
            "s3",
            connect=limits.connect_timeout,
            read=limits.read_timeout,
            attempts=limits.attempts,
            connections=READERS,
        )
    )
