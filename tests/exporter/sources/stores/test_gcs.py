from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.errors import SourceUnavailable
from exporter.sources.stores import gcs
from exporter.sources.stores.gcs import Gcs
from exporter.sources.stores.objects import DEFAULT_LIMITS, Limits
from gcs_server import GcsServer
from object_stores import HASTY, KEY, NOON, PATH, ObjectStoreTests, Open, log, read
from store_server import Alter, Hang, Refuse, always


def forget_client() -> None:
    if gcs.connect.cache_info().currsize:
        gcs.connect().close()
    gcs.connect.cache_clear()


class BucketServer(GcsServer):
    """A Cloud Storage with the bucket `logs`."""

    def put_object(self, key: str, content: bytes) -> None:
        self.put("logs", key, content)

    def delete_object(self, key: str) -> None:
        self.delete("logs", key)


@pytest.fixture(scope="module")
def _running() -> Iterator[BucketServer]:
    with BucketServer() as server:
        yield server


@pytest.fixture
def store(_running: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketServer]:
    for name, value in _running.environment().items():
        monkeypatch.setenv(name, value)
    forget_client()
    yield _running
    forget_client()
    _running.reset()


@pytest.fixture
def opened() -> Open:
    def at(path: str, limits: Limits = DEFAULT_LIMITS) -> Gcs:
        return Gcs(f"gs://logs/{path}", limits)

    return at


class TestGcs(ObjectStoreTests):
    root = "gs://logs/"
    denied = Refuse(403, "forbidden", "leeway@ml.iam does not have the access that it needs.")
    busy = Refuse(503, "backendError", "Try again later.")
    permission = "allow storage.objects.list"


def test_a_bucket_that_does_not_exist(store: BucketServer, opened: Open) -> None:
    with pytest.raises(
        SourceUnavailable, match=r"^gs://logs/: storage.objects.list failed: 404: .*; check the bucket's"
    ):
        opened(PATH).partitions([NOON])


def test_an_object_that_is_stored_compressed_comes_as_it_was_listed(store: BucketServer, opened: Open) -> None:
    store.put_object(KEY, log(1, 2))
    encoded = Alter(lambda response: response.headers.set("Content-Encoding", "gzip"))
    store.faults = always(encoded, lambda request: not request.lists)
    assert read(opened(PATH)) == [1, 2]


class TestCredentials:
    @pytest.fixture(autouse=True)
    def _without_emulator(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        for name in ("STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
        forget_client()
        yield
        forget_client()

    def test_without_any_the_error_says_how_to_give_them(self, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        with pytest.raises(
            SourceUnavailable, match=r"^gs://logs/: no access token: .*; set GOOGLE_APPLICATION_CREDENTIALS,"
        ):
            opened(PATH, HASTY).partitions([NOON])

    def test_a_token_server_that_does_not_answer_costs_no_more_than_the_limits(
        self, store: BucketServer, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        store.faults = always(Hang())
        file = tmp_path / "account.json"
        file.write_text(service_account(f"{store.url}/token"))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        with pytest.raises(SourceUnavailable, match=re.escape("gs://logs/: no access token: ")):
            opened(PATH, HASTY).partitions([NOON])
        assert 1 <= len(store.requests) <= 4


def service_account(token_server: str) -> str:
    import json

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "leeway@ml.iam.gserviceaccount.com",
            "token_uri": token_server,
            "private_key": key.decode(),
        }
    )
