"""Partitions in S3, or in a store with its API.

boto3 takes the endpoint, the region and the credentials from the usual AWS environment, and lists. pyarrow reads with
the same settings: only the column chunks that are selected, and near ones in one request.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
import pyarrow.fs
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from exporter.errors import PartitionUnreadable, SourceError, SourceUnavailable
from exporter.sources import templates
from exporter.sources.parquet import one_line, parquet_errors, read_batches
from exporter.sources.source import Batch, Found, Kernel, Partition, Selection, StoredObject, Traffic

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

# endpoints of AWS; any other is passed to pyarrow, which then writes the bucket into the path
_AWS: Final = re.compile(r"s3(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_USERINFO: Final = re.compile(r"//[^/@\s]*@")
_GONE: Final = {"NoSuchKey", "PreconditionFailed", "InvalidRange", "InvalidObjectState"}
"""Error codes of an object that was deleted, rewritten or archived."""
_ADVICE: Final = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        ("NoSuchBucket", "check the bucket's name, and AWS_ENDPOINT_URL if the store is not AWS"),
        (
            "InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|credentials|config profile|status 400",
            "check the credentials in the AWS environment",
        ),
        ("AccessDenied|ACCESS_DENIED", "allow s3:ListBucket on the bucket and s3:GetObject on its objects"),
        (
            "SlowDown|SLOW_DOWN|SERVICE_UNAVAILABLE|status 503|Throttl",
            "the store is busy: the next refresh tries again",
        ),
        ("PermanentRedirect|status 301|AuthorizationHeaderMalformed", "set AWS_REGION to the bucket's region"),
        ("endpoint|connect|SSL|curlCode", "check AWS_ENDPOINT_URL, the network, proxies and certificates"),
        ("", "the next refresh tries again"),
    )
)


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
        self._bucket, _, key = template.removeprefix("s3://").partition("/")
        self._root = f"s3://{self._bucket}/"
        self._template = templates.parse(key, self._root)
        self._limits = limits
        self._region: str | None = None

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        return templates.partitions(self._template, starts, self._list)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return templates.dataset(self._template, names, self._list)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        with closing(self._batches(partition, selection)) as stream:
            return kernel(stream)

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
                self._region = page["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
                for item in page.get("Contents", ()):
                    yield StoredObject(self._root + item["Key"], item["Size"], item["ETag"].strip('"'))

    def _batches(self, partition: Partition, selection: Selection) -> Generator[Batch]:
        for item in partition.objects:
            with self._connected(item.path) as connection:
                filesystem = connection.filesystem(self._region)
            self.traffic.count_opened(item, selection)
            with (
                parquet_errors(item, self._store_error),
                filesystem.open_input_file(item.path.removeprefix("s3://")) as file,
            ):
                yield from read_batches(file, item, selection)

    def _store_error(self, item: StoredObject, error: OSError) -> SourceError | None:
        """Return the error of this package for an error of pyarrow; None if the store did not cause it.

        pyarrow's errors have a text but no types, and for a denied request often not even the text. So boto3 requests
        one byte of the object, and its error is the reason. If that request succeeds, the failure was temporary.
        """
        _, marker, message = one_line(error).partition("AWS Error ")
        if not marker:
            return None
        if not message.startswith("NETWORK_CONNECTION"):
            try:
                self._fetch_byte(item)
            except SourceError as reason:
                return reason
        return _unavailable(item.path, message)

    def _fetch_byte(self, item: StoredObject) -> None:
        key = item.path.removeprefix(self._root)
        with self._connected(item.path) as connection:
            response = connection.client.get_object(
                Bucket=self._bucket, Key=key, Range="bytes=0-0", IfMatch=f'"{item.tag}"'
            )
            response["Body"].read()

    @contextmanager
    def _connected(self, place: str) -> Iterator[Connection]:
        """Yield the connection, and turn boto3's errors into errors of this package, also those of connecting.

        The error has no cause: the message already says all of it, without secrets.
        """
        try:
            yield connect(self._limits)
        except ClientError as error:
            code, message = (error.response["Error"].get(name, "") for name in ("Code", "Message"))
            message = one_line(f"{error.operation_name} failed: {code}: {message}")
            gone = code in _GONE and error.operation_name == "GetObject"
            raise (PartitionUnreadable(f"{place}: {message}") if gone else _unavailable(place, message)) from None
        except (BotoCoreError, ValueError) as error:
            raise _unavailable(place, one_line(error)) from None


@dataclass(frozen=True, eq=False)
class Connection:
    """The clients that boto3 made from the AWS environment; safe to share among threads."""

    client: S3Client
    credentials: Credentials
    ca_bundle: str
    limits: Limits

    def filesystem(self, region: str | None) -> pyarrow.fs.S3FileSystem:
        """Return a filesystem whose credentials are valid for some minutes: call this again for each object."""
        return _filesystem(self.credentials.get_frozen_credentials(), region or self.client.meta.region_name, self)


@lru_cache
def connect(limits: Limits) -> Connection:
    """Return the connection of this process. A failure is not cached: the next call reads the environment again.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    core = botocore.session.get_session()
    credentials = core.get_credentials()
    if credentials is None:
        raise SourceUnavailable(
            "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or give the machine a role"
        )
    client = boto3.Session(botocore_session=core).client(
        "s3",
        config=Config(
            connect_timeout=limits.connect_timeout,
            read_timeout=limits.read_timeout,
            retries={"mode": "standard", "total_max_attempts": limits.attempts},
        ),
    )
    ca_bundle = core.get_config_variable("ca_bundle") or get_cert_path(verify=True)
    return Connection(client, credentials, str(ca_bundle), limits)


@lru_cache(maxsize=8)
def _filesystem(credentials: ReadOnlyCredentials, region: str, connection: Connection) -> pyarrow.fs.S3FileSystem:
    endpoint = urlsplit(connection.client.meta.endpoint_url)
    proxies = get_environ_proxies(connection.client.meta.endpoint_url)
    addressing = (getattr(connection.client.meta.config, "s3", None) or {}).get("addressing_style")
    return pyarrow.fs.S3FileSystem(
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        session_token=credentials.token,
        region=region,
        scheme=endpoint.scheme,
        endpoint_override=None if _AWS.fullmatch(endpoint.netloc) else endpoint.netloc.rpartition("@")[2],
        force_virtual_addressing=addressing == "virtual",
        proxy_options=proxies.get(endpoint.scheme),
        tls_ca_file_path=connection.ca_bundle,
        connect_timeout=connection.limits.connect_timeout,
        request_timeout=connection.limits.read_timeout,
        retry_strategy=pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=connection.limits.attempts),
    )


def _unavailable(place: str, message: str) -> SourceUnavailable:
    advice = next(text for pattern, text in _ADVICE if pattern.search(message))
    return SourceUnavailable(f"{place}: {_USERINFO.sub('//', message)}; {advice}")
