"""The tests marked azurite need node; `make azure` runs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from azure_server import ACCOUNT, KEY, AzureServer
from exporter.errors import SourceUnavailable
from exporter.sources.stores import azure
from exporter.sources.stores.azure import Azure
from exporter.sources.stores.objects import DEFAULT_LIMITS, Limits
from object_stores import HASTY, NOON, ONE_TRY, PATH, ObjectStoreTests, Open, log, read
from object_stores import KEY as NAME
from store_server import Refuse

ROOT = f"abfss://logs@{ACCOUNT}.dfs.core.windows.net/"
azurite = pytest.mark.azurite


class ContainerServer(AzureServer):
    """A Blob Storage with the container `logs`."""

    def put_object(self, key: str, content: bytes) -> None:
        self.put("logs", key, content)

    def delete_object(self, key: str) -> None:
        self.delete("logs", key)


@pytest.fixture(scope="module")
def _running() -> Iterator[ContainerServer]:
    with ContainerServer() as server:
        yield server


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client is the process's, and is made anew of the environment of each test."""
    for name in ("CLIENT_ID", "TENANT_ID", "CLIENT_SECRET", "AUTHORITY_HOST", "STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(f"AZURE_{name}", raising=False)
    monkeypatch.setattr(azure.ExponentialRetry, "get_backoff_time", lambda *_: 0.01)
    opened = []
    for kind in (azure.BlobServiceClient, azure.DefaultAzureCredential):
        begin = kind.__init__

        def recorded(self: Any, *args: Any, begin: Any = begin, **options: Any) -> None:
            opened.append(self)
            begin(self, *args, **options)

        monkeypatch.setattr(kind, "__init__", recorded)
    azure.connect.cache_clear()
    yield
    azure.connect.cache_clear()
    for each in opened:
        each.close()


@pytest.fixture
def store(_running: ContainerServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerServer]:
    for name, value in _running.environment().items():
        monkeypatch.setenv(name, value)
    yield _running
    _running.reset()


@pytest.fixture
def opened() -> Open:
    def at(path: str, limits: Limits = DEFAULT_LIMITS) -> Azure:
        return Azure(ROOT + path, limits)

    return at


@azurite
class TestAzure(ObjectStoreTests):
    root = ROOT
    denied = Refuse(403, "AuthorizationPermissionMismatch", "This request is not authorized.")
    busy = Refuse(503, "ServerBusy", "The server is busy.")
    permission = "give the identity the role Storage Blob Data Reader"


@azurite
def test_a_folder_of_a_data_lake_is_no_file(store: ContainerServer, opened: Open) -> None:
    store.put("logs", "12/part", b"", {"hdi_isfolder": "true"})
    store.put_object("12/part/a", log(1))
    source = opened("%H/")
    assert [item.path for item in source.partitions([NOON])[NOON].objects] == [f"{ROOT}12/part/a"]
    assert read(source) == [1]


@azurite
def test_a_container_that_does_not_exist(store: ContainerServer) -> None:
    source = Azure(f"abfss://none@{ACCOUNT}.dfs.core.windows.net/{PATH}")
    with pytest.raises(SourceUnavailable, match=r"ContainerNotFound: .*; check the container's name$"):
        source.partitions([NOON])


@azurite
def test_a_wrong_key(store: ContainerServer, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = store.environment()["AZURE_STORAGE_CONNECTION_STRING"].replace(KEY, "d3Jvbmc=")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
    with pytest.raises(SourceUnavailable, match=r"AuthorizationFailure|AuthenticationFailed"):
        opened(PATH, ONE_TRY).partitions([NOON])


class TestCredentials:
    def test_without_any_the_error_says_how_to_give_them(self, opened: Open) -> None:
        with pytest.raises(SourceUnavailable, match=rf"^{ROOT}: .*DefaultAzureCredential .*; set AZURE_TENANT_ID, "):
            opened(PATH, ONE_TRY).partitions([NOON])

    def test_a_connection_string_of_another_account_is_not_used(
        self, opened: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = "DefaultEndpointsProtocol=https;AccountName=other;AccountKey=a2V5;EndpointSuffix=core.windows.net"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", other)
        with pytest.raises(SourceUnavailable, match="DefaultAzureCredential"):
            opened(PATH, ONE_TRY).partitions([NOON])

    def test_a_malformed_connection_string(self, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountName")
        with pytest.raises(SourceUnavailable, match=rf"^{ROOT}: .*; check AZURE_STORAGE_CONNECTION_STRING$"):
            opened(PATH, ONE_TRY).partitions([NOON])

    def test_an_account_that_does_not_answer_costs_no_more_than_the_limits(
        self, opened: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dead = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:9/{ACCOUNT}"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", dead)
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"Connection refused.*; check the network"):
            opened(PATH, HASTY).partitions([NOON])
        assert time.monotonic() - started < 10


def test_the_endpoint_is_the_blob_service_of_the_account() -> None:
    source = Azure(f"abfss://logs@ml.dfs.core.chinacloudapi.cn/{NAME}")
    assert source._endpoint == "https://ml.blob.core.chinacloudapi.cn"
    assert source._container == "logs"
