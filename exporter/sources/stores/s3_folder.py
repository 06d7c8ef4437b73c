"""A folder in S3 that is written to: objects below a prefix, each replaced whole, or only if it is as it was read."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from exporter.errors import FileUnreadable, UsageError
from exporter.sources.stores.objects import Limits
from exporter.sources.stores.s3 import body_of, connected

SCHEME: Final = "s3://"

_LIMITS: Final = Limits(connect_timeout=3.0, read_timeout=10.0, attempts=3)
_CONFLICTS: Final = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""Error codes of a conditional write whose condition does not hold, or that met another write."""


class Stored(NamedTuple):
    """An object as it was read."""

    content: bytes
    tag: str
    """Changes with the content."""
    age: float
    """Seconds since it was written, by the clock of the store alone."""


class S3Folder:
    """Objects below `s3://bucket/prefix`, by their names in it. Threads may share it.

    A call raises `SourceUnavailable`, or another `SourceError`, if the store does not answer or refuses.
    """

    def __init__(self, address: str, limits: Limits = _LIMITS) -> None:
        """Save the arguments; no request is sent, and no credentials are needed, before the first call.

        Raises:
            UsageError: the address has no bucket.
        """
        self._bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
        if not address.startswith(SCHEME) or not self._bucket:
            raise UsageError(f"{address}: must be an address such as s3://bucket/prefix")
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")
        self._limits = limits

    def __str__(self) -> str:
        return self.path("").rstrip("/")

    def path(self, name: str) -> str:
        """Return the address of an object."""
        return f"{SCHEME}{self._bucket}/{self._prefix}{name}"

    def get(self, name: str) -> Stored | None:
        """Return an object, or None."""
        place = self.path(name)
        try:
            with connected(place, self._limits) as connection:
                response = connection.client.get_object(Bucket=self._bucket, Key=self._prefix + name)
                content = body_of(place, response["Body"], response["ContentLength"])
        except FileUnreadable:  # there is none, since the request has no other condition
            return None
        sent = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return Stored(content, response["ETag"], (sent - response["LastModified"]).total_seconds())

    def put(self, name: str, content: bytes) -> None:
        """Write an object in place of what was there."""
        self._put(name, content)

    def create(self, name: str, content: bytes) -> str | None:
        """Write an object if there is none of this name; return its tag, or None."""
        return self._put(name, content, IfNoneMatch="*")

    def replace(self, name: str, content: bytes, tag: str) -> str | None:
        """Write an object if the present one has this tag; return the new one's tag, or None."""
        return self._put(name, content, IfMatch=tag)

    def delete(self, name: str) -> None:
        """Remove an object, if there is one."""
        with connected(self.path(name), self._limits) as connection:
            connection.client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def names(self, folder: str) -> set[str]:
        """Return the names of the objects directly below a folder of this one."""
        prefix = f"{self._prefix}{folder}/"
        with connected(self.path(folder), self._limits) as connection:
            listing = connection.client.get_paginator("list_objects_v2").paginate
            pages = listing(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
            return {item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", ())}

    def _put(self, name: str, content: bytes, **condition: Any) -> str | None:
        with connected(self.path(name), self._limits) as connection:
            put = partial(connection.client.put_object, Bucket=self._bucket, Key=self._prefix + name, Body=content)
            try:
                return put(**condition)["ETag"]
            except ClientError as error:
                if condition and error.response["Error"].get("Code") in _CONFLICTS:
                    return None
                raise
