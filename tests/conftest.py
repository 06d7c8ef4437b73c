"""The shared fixtures: an S3 and a BigQuery server; hypothesis without a deadline; and how many tests run at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from hypothesis import settings

from athena_server import AthenaServer
from bigquery_server import BigQueryServer
from engines import Engine
from exporter.sources.tables import athena_client
from exporter.sources.tables.bigquery_client import connect
from exporter.sources.tables.redshift import client
from redshift_server import RedshiftServer
from s3_server import S3Server

S = TypeVar("S", AthenaServer, BigQueryServer, RedshiftServer)

settings.register_profile("leeway", deadline=None)  # other load on the machine must not fail a test
settings.load_profile("leeway")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers more than there are processors: tests that run servers wait for them a part of the time."""
    return (os.cpu_count() or 1) + 2


def _point_aws_to(server: S3Server, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", f"AWS_ENDPOINT_URL_{service}", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def _running_s3_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


def _emptied(server: S, forget_client: Callable[[], None]) -> Iterator[S]:
    """Yield a server to a client of this environment, and empty it after the test."""
    forget_client()
    yield server
    server.reset()
    forget_client()


@pytest.fixture
def s3_server(_running_s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An empty S3, to which the AWS environment of this process points; it is emptied after the test."""
    _point_aws_to(_running_s3_server, "S3", monkeypatch)
    yield _running_s3_server
    _running_s3_server.reset()


@pytest.fixture(scope="session")
def _running_athena() -> Iterator[AthenaServer]:
    with AthenaServer() as server:
        yield server


@pytest.fixture
def athena_server(_running_athena: AthenaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[AthenaServer]:
    """An Athena without tables, to which the AWS environment of this process points; it is emptied after the test."""
    _point_aws_to(_running_athena, "ATHENA", monkeypatch)
    yield from _emptied(_running_athena, athena_client.connect.cache_clear)


@pytest.fixture(scope="session")
def _running_bigquery() -> Iterator[BigQueryServer]:
    with BigQueryServer() as server:
        yield server


@pytest.fixture
def bigquery_server(_running_bigquery: BigQueryServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[BigQueryServer]:
    """An empty BigQuery, to which the environment of this process points; it is emptied after the test."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", _running_bigquery.address)
    yield from _emptied(_running_bigquery, connect.cache_clear)


@pytest.fixture(scope="session")
def _running_redshift() -> Iterator[RedshiftServer]:
    with RedshiftServer() as server:
        yield server


@pytest.fixture
def redshift_server(_running_redshift: RedshiftServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedshiftServer]:
    """A Redshift without tables, to which the AWS environment of this process points; it is emptied after the test."""
    _point_aws_to(_running_redshift, "REDSHIFT_DATA", monkeypatch)
    yield from _emptied(_running_redshift, client.connect.cache_clear)


@pytest.fixture(params=["athena", "bigquery", "redshift"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that counts tables, with its server."""
    return Engine(request.getfixturevalue(f"{request.param}_server"))
