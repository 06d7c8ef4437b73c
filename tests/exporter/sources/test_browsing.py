"""A look around folders of this machine and of each object store: the same files, the same content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.errors import SourceError, SourceUnavailable
from exporter.sources import browsing
from exporter.sources.browsing import files_at
from exporter.sources.stores import azure, gcs
from exporter.sources.stores.objects import Limits
from gcs_server import GcsServer
from s3_server import S3Server
from store_server import Hang, Refuse, always

CONTENT = bytes(range(256)) * 40
KEYS = ("a/log/1.csv", "a/log/2/x.csv", "a/log/2/y.csv", "a/log/10.csv", "a/logs.csv", "a/log/2/")


@pytest.fixture
def gcs_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcsServer]:
    with GcsServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        gcs.connect.cache_clear()
        yield server
        gcs.connect().close()
        gcs.connect.cache_clear()


def _look_around(root: str, put: Callable[[str, bytes], None]) -> None:
    for key in KEYS:
        put(key, CONTENT if key.endswith("csv") else b"")
    files = files_at(root)
    for folder in (f"{root}/a/log", f"{root}/a/log/"):
        assert files.is_folder(folder)
        assert [(entry.path, entry.is_folder) for entry in files.entries(folder)] == [
            (f"{root}/a/log/1.csv", False),
            (f"{root}/a/log/10.csv", False),
            (f"{root}/a/log/2", True),
        ]
    assert [entry.name for entry in files.entries(root)] == ["a"]
    assert [entry.name for entry in files.entries(f"{root}/a/log/2")] == ["x.csv", "y.csv"]
    assert not files.is_folder(f"{root}/a/lo")
    assert not files.is_folder(f"{root}/a/log/1.csv")
    with files.opened(f"{root}/a/log/1.csv") as file:
        file.seek(1000)
        assert bytes(file.read(30)) == CONTENT[1000:1030]
    with pytest.raises((OSError, SourceError), match="no such"):
        files.opened(f"{root}/a/log/")  # for a store it is the object of a folder
    with pytest.raises((OSError, SourceError), match=r"(?i)no such"):
        files.opened(f"{root}/a/log")


def test_cloud_storage(gcs_server: GcsServer) -> None:
    _look_around("gs://logs", lambda key, content: gcs_server.put("logs", key, content))


def test_s3(s3_server: S3Server) -> None:
    _look_around("s3://logs", lambda key, content: s3_server.put("logs", key, content))


@pytest.mark.azurite
def test_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure_server import ACCOUNT, AzureServer

    with AzureServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        azure.connect.cache_clear()
        root = f"abfss://logs@{ACCOUNT}.dfs.core.windows.net"
        _look_around(root, lambda key, content: server.put("logs", key, content))
    azure.connect.cache_clear()


def test_a_folder_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "log" / "2").mkdir(parents=True)
    (tmp_path / "log" / "1.csv").write_bytes(CONTENT)
    files = files_at(str(tmp_path))
    assert files.is_folder(f"{tmp_path}/log")
    assert [(entry.name, entry.is_folder) for entry in files.entries(f"{tmp_path}/log")] == [
        ("1.csv", False),
        ("2", True),
    ]
    with files.opened(f"{tmp_path}/log/1.csv") as file:
        assert bytes(file.read()) == CONTENT


def test_a_store_that_refuses_or_hangs_is_given_up_in_time(
    gcs_server: GcsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gcs_server.put("logs", "a/1.csv", CONTENT)
    gcs_server.faults = always(Refuse(403, "forbidden"))
    with pytest.raises(SourceUnavailable, match=r"storage\.objects\.list"):
        files_at("gs://logs/a").is_folder("gs://logs/a")
    monkeypatch.setattr(browsing, "QUICK", Limits(0.05, 0.05, 1))
    gcs_server.faults = always(Hang())
    with pytest.raises(SourceUnavailable, match="gs://logs/"):
        files_at("gs://logs/a").entries("gs://logs/a")


def test_of_a_very_large_folder_the_first_part_is_listed(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "MOST", 2)
    for key in KEYS:
        s3_server.put("logs", key, b"x")
    assert len(files_at("s3://logs").entries("s3://logs/a/log")) == 2


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("gs://", "must be gs://bucket/path"),
        ("s3:///a", "must be s3://bucket/path"),
        ("abfss://logs/a", "must be abfss://container@account.dfs.core.windows.net/path"),
        ("ftp://a/b", "is in none of the stores that are read: s3://, gs://, abfss://"),
    ],
)
def test_any_other_address_is_an_error(address: str, message: str) -> None:
    with pytest.raises(SourceError) as raised:
        files_at(address)
    assert str(raised.value) == f"{address}: {message}"
