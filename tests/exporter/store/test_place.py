"""Both places of the store hold files alike; the one in S3 asks little, and writes only while its lock is held."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.sources.stores.s3_folder import S3Folder
from exporter.store.files import Files
from exporter.store.lease import Lease
from exporter.store.place import Bucket, Folder, Place, StoreUnavailable
from exporter.store.profiles import ProfileStore
from s3_server import Refuse, S3Server, always

PATH, OTHER = Path("fraud/inference/one.arrow"), Path("fraud/inference/two.arrow")
ADDRESS = "s3://store/leeway"


@pytest.fixture
def lease(s3_server: S3Server) -> Lease:
    s3_server.put("store", "other", b"")
    lease = Lease(S3Folder(ADDRESS))
    assert lease.take() is None
    return lease


@pytest.fixture
def bucket(lease: Lease) -> Bucket:
    return Bucket(S3Folder(ADDRESS), lease)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Folder(tmp_path) if request.param == "folder" else request.getfixturevalue("bucket")


def test_a_place_holds_files(place: Place) -> None:
    assert place.read(PATH) is None
    assert set(place.names("fraud/inference")) == set()
    place.write(PATH, b"old")
    place.write(PATH, b"new")
    place.write(OTHER, b"")
    assert (place.read(PATH), place.read(OTHER)) == (b"new", b"")
    assert set(place.names("fraud/inference")) == {PATH.name, OTHER.name}
    place.remove(PATH)
    place.remove(PATH)
    assert place.read(PATH) is None
    assert list(place.names("fraud/inference")) == [OTHER.name]
    assert place.read(OTHER / "below a file") is None
    place.remove(OTHER / "below a file")


def test_a_new_process_finds_what_was_written_and_asks_for_nothing_else(
    bucket: Bucket, lease: Lease, s3_server: S3Server
) -> None:
    Files(bucket).write(PATH, b"content")
    s3_server.requests.clear()
    files = Files(Bucket(S3Folder(f"{ADDRESS}/"), lease))
    assert files.read(PATH) == b"content"
    assert [files.read(OTHER) for _ in range(3)] == [None] * 3
    assert files.of("fraud/inference", "*.arrow") == [PATH]
    assert [request.method for request in s3_server.requests] == ["GET", "GET"]
    assert [request.lists for request in s3_server.requests] == [True, False]


def test_an_object_of_another_key_is_not_taken_for_it(bucket: Bucket, s3_server: S3Server) -> None:
    Files(bucket).write(PATH, b"content")
    copied = bucket.read(PATH)
    assert copied is not None
    s3_server.put("store", f"leeway/{OTHER}", copied)
    with pytest.raises(ValueError, match="as another file"):
        Files(Bucket(S3Folder(ADDRESS), bucket._lease)).read(OTHER)


def test_what_the_store_refuses_stays_in_memory_until_it_takes_it(
    bucket: Bucket, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(bucket)
    bucket.names("fraud/inference")
    s3_server.faults = always(Refuse(403, "AccessDenied"), lambda request: request.method in ("PUT", "DELETE"))
    files.write(PATH, b"content")
    refusal = files.refusal("fraud")
    assert isinstance(refusal, StoreUnavailable)
    assert str(refusal).startswith("s3://store/leeway/fraud/inference/one.arrow: PutObject failed: AccessDenied")
    assert str(refusal).endswith("; allow s3:PutObject on the objects below the prefix")
    assert files.read(PATH) == b"content"
    s3_server.faults = None
    requests = len(s3_server.requests)
    assert files.refusal("fraud") is not None, "none is sent for some seconds, so that a refresh does not wait for each"
    assert len(s3_server.requests) == requests
    monkeypatch.setattr(bucket, "_paused_until", 0.0)
    assert files.refusal("fraud") is None
    assert Files(Bucket(S3Folder(ADDRESS), bucket._lease)).read(PATH) == b"content"


def test_weeks_are_no_others_while_the_store_does_not_answer(bucket: Bucket, s3_server: S3Server) -> None:
    s3_server.faults = always(Refuse(403, "AccessDenied"))
    with pytest.raises(StoreUnavailable, match="allow s3:ListBucket on the bucket"):
        ProfileStore(bucket).load_alarming_weeks("fraud")


def test_without_the_lock_nothing_is_written_and_with_it_again_names_are_read_anew(
    bucket: Bucket, lease: Lease, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write(PATH, b"content")
    with monkeypatch.context() as patch:
        patch.setattr(lease, "_until", -1.0)
        for refused in (lambda: bucket.write(OTHER, b"x"), lambda: bucket.remove(PATH)):
            with pytest.raises(StoreUnavailable, match="the lock is lost, so nothing is written"):
                refused()
        assert bucket.read(PATH) == b"content"
    s3_server.put("store", f"leeway/{OTHER}", b"of the exporter that had the lock meanwhile")
    assert bucket.read(OTHER) is None
    monkeypatch.setattr(lease, "_tag", None)
    s3_server.delete("store", "leeway/lock")
    assert lease.take() is None
    assert bucket.read(OTHER) is not None
