"""A folder in S3 that is written to."""

from __future__ import annotations

import pytest

from exporter.errors import SourceUnavailable, UsageError
from exporter.sources.stores.s3_folder import S3Folder
from s3_server import Refuse, S3Server, always


@pytest.fixture
def folder(s3_server: S3Server) -> S3Folder:
    s3_server.put("store", "leeway2/other", b"of a prefix that only begins alike")
    return S3Folder("s3://store/leeway/")


def test_objects_are_written_read_listed_and_removed(folder: S3Folder) -> None:
    assert (folder.get("fraud/a"), folder.names("fraud")) == (None, set())
    folder.put("fraud/a", b"1")
    folder.put("fraud/deeper/b", b"2")
    stored = folder.get("fraud/a")
    assert stored is not None
    assert (stored.content, folder.names("fraud")) == (b"1", {"a"})
    assert 0 <= stored.age < 60
    folder.delete("fraud/a")
    folder.delete("fraud/a")
    assert folder.names("fraud") == set()


def test_a_write_with_a_condition_writes_only_if_it_holds(folder: S3Folder) -> None:
    tag = folder.create("lock", b"1")
    assert tag is not None
    assert folder.create("lock", b"2") is None
    assert folder.replace("lock", b"3", '"another"') is None
    changed = folder.replace("lock", b"4", tag)
    assert changed not in (None, tag)
    assert folder.replace("lock", b"5", tag) is None
    stored = folder.get("lock")
    assert stored is not None
    assert (stored.content, stored.tag) == (b"4", changed)
    assert folder.replace("nothing", b"6", tag) is None


def test_a_bucket_alone_is_a_folder(s3_server: S3Server) -> None:
    s3_server.put("store", "fraud/a", b"1")
    folder = S3Folder("s3://store")
    assert (str(folder), folder.path("x"), folder.names("fraud")) == ("s3://store", "s3://store/x", {"a"})


@pytest.mark.parametrize("address", ["s3://", "s3:///prefix", "gs://bucket/prefix"])
def test_an_address_without_a_bucket_is_a_mistake(address: str) -> None:
    with pytest.raises(UsageError, match=f"^{address}: must be an address such as s3://bucket/prefix"):
        S3Folder(address)


def test_a_refusal_names_the_object_and_the_action(folder: S3Folder, s3_server: S3Server) -> None:
    s3_server.faults = always(Refuse(403, "AccessDenied"))
    message = r"^s3://store/leeway/a: DeleteObject failed: AccessDenied: .*; allow s3:DeleteObject on the objects below"
    with pytest.raises(SourceUnavailable, match=message):
        folder.delete("a")
