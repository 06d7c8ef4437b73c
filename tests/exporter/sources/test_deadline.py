"""The end of a refresh's time, in the thread of the refresh and in those that read for it."""

from __future__ import annotations

import pytest

from exporter.errors import SourceUnavailable
from exporter.sources import deadline


def test_without_a_deadline_reads_go_on() -> None:
    deadline.check("s3://logs/a")


def test_a_read_ends_once_the_time_is_over_and_the_block_ends_the_deadline() -> None:
    over = False
    with deadline.until(lambda: over):
        deadline.check("s3://logs/a")
        over = True
        with pytest.raises(SourceUnavailable, match=r"^s3://logs/a: still sends"):
            deadline.check("s3://logs/a")
    deadline.check("s3://logs/a")


def test_the_threads_of_a_pool_have_the_deadline_of_the_thread_that_submits() -> None:
    with deadline.Pool(2) as pool, deadline.until(lambda: True):
        late = pool.submit(deadline.check, "s3://logs/a")
        every = pool.map(deadline.check, ["s3://logs/b"])
        assert isinstance(late.exception(), SourceUnavailable)
        with pytest.raises(SourceUnavailable, match="logs/b"):
            list(every)
