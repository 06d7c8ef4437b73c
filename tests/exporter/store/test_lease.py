"""The lock on a folder in S3: one holder at a time, whatever is lost, and it expires by the store's clock."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from functools import partial

import pytest

from exporter.errors import UsageError
from exporter.sources.stores.s3_folder import S3Folder
from exporter.store.lease import SECONDS, Lease, leased
from s3_server import Alter, Refuse, S3Server, always, once
from stack import until

FOLDER = S3Folder("s3://store/leeway")


@pytest.fixture(autouse=True)
def _bucket(s3_server: S3Server) -> None:
    s3_server.put("store", "other", b"")


def age(server: S3Server, seconds: float) -> None:
    """Make the lock older, as if it had not been renewed for so long."""
    lock = server._backend.buckets["store"].keys["leeway/lock"]
    lock.last_modified -= timedelta(seconds=seconds)


def holder() -> str:
    stored = FOLDER.get("lock")
    return "" if stored is None else json.loads(stored.content)["holder"]


def test_one_at_a_time_has_it_and_renews_it() -> None:
    first, second = Lease(FOLDER), Lease(FOLDER)
    assert first.take() is None
    taken = second.take()
    assert taken is not None
    assert json.loads(taken)["holder"] == first.holder == holder()
    assert (first.held, second.held) == (True, False)
    assert first.take() is None
    assert second.take() not in (None, taken), "each renewal shows"
    second.release()
    assert holder() == first.holder
    first.release()
    assert (holder(), first.held) == ("", False)
    assert second.take() is None
    assert (first.term, second.term) == (1, 1)


def test_of_many_that_take_it_at_a_time_one_gets_it(s3_server: S3Server) -> None:
    abandoned = Lease(FOLDER)
    assert abandoned.take() is None
    age(s3_server, SECONDS + 5)
    leases = [Lease(FOLDER) for _ in range(8)]
    threads = [threading.Thread(target=lease.take) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lease.holder for lease in leases if lease.held] == [holder()]


def test_an_expired_lock_is_taken_and_its_former_holder_notices(s3_server: S3Server) -> None:
    killed, next_one = Lease(FOLDER), Lease(FOLDER)
    assert killed.take() is None
    age(s3_server, SECONDS - 5)
    assert next_one.take() is not None
    age(s3_server, 10)
    assert next_one.take() is None
    assert killed.take() is not None
    assert (killed.held, next_one.held) == (False, True)


@pytest.mark.parametrize("renewed", [False, True])
def test_a_write_whose_response_is_lost_is_ones_own(s3_server: S3Server, renewed: bool) -> None:
    lease = Lease(FOLDER)
    if renewed:
        assert lease.take() is None

    def lose(response: object) -> None:
        response.status_code, response.data = 503, b"<Error><Code>SlowDown</Code></Error>"  # type: ignore[attr-defined]

    s3_server.faults = once(Alter(lose), lambda request: request.method == "PUT")
    assert lease.take() is None
    assert lease.held
    assert lease.term == 1
    assert holder() == lease.holder


@pytest.mark.parametrize(
    ("obeyed", "ignored"),
    [((), "If-None-Match and If-Match"), (("IfNoneMatch",), "If-Match"), (("IfMatch",), "If-None-Match")],
)
def test_a_store_that_ignores_a_condition_cannot_lock(
    monkeypatch: pytest.MonkeyPatch, obeyed: tuple[str, ...], ignored: str
) -> None:
    put = S3Folder._put

    def ignore(folder: S3Folder, name: str, content: bytes, **conditions: str) -> str | None:
        return put(folder, name, content, **{each: conditions[each] for each in obeyed if each in conditions})

    monkeypatch.setattr(S3Folder, "_put", ignore)
    with (
        pytest.raises(UsageError, match=f"^s3://store/leeway: the store ignores {ignored}, so"),
        leased(FOLDER, "taken"),
    ):
        pass


def test_a_lock_that_is_renewed_is_waited_for_no_longer(caplog: pytest.LogCaptureFixture) -> None:
    with leased(FOLDER, "a taken folder", seconds=0.3) as first:
        with pytest.raises(UsageError, match=f"a taken folder .{first.holder}"), leased(FOLDER, "a taken folder", 0.3):
            pass
        assert f"{first.holder} has the lock: waiting until it is renewed or expires" in caplog.text
    assert holder() == ""


def test_a_lock_that_is_lost_is_reported_once_and_taken_again(
    s3_server: S3Server, caplog: pytest.LogCaptureFixture
) -> None:
    wait = partial(until, within=10, what="the keeper of the lock")
    with leased(FOLDER, "taken", seconds=0.15) as lease:
        s3_server.put("store", "leeway/lock", json.dumps({"holder": "an intruder", "seconds": 600}).encode())
        wait(lambda: not lease.held and "an intruder has taken the lock, so nothing is written" in caplog.text)
        s3_server.delete("store", "leeway/lock")
        wait(lambda: lease.held)
        assert lease.term == 2
        s3_server.faults = always(Refuse(403, "AccessDenied"))
        wait(lambda: "the lock cannot be renewed: " in caplog.text)
        assert len([each for each in caplog.records if each.levelno == logging.ERROR]) == 1
    assert not lease.held
