"""Partitions in S3 or in a folder, counted by Apache Spark: its executors read the files, and only counts travel.

Each task gets the number of a piece, reads it with the same reader as the exporter would, and yields its packed counts;
the plan has no data source of Spark's own. The master and all settings are those of the environment, as for any
program that Spark runs: `spark-defaults.conf`, `SPARK_CONF_DIR`, `PYSPARK_SUBMIT_ARGS`.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from exporter.errors import LeewayError, SourceError, SourceUnavailable
from exporter.sources.parquet import one_line
from exporter.sources.pieces import (
    COLUMNS,
    FAN_IN,
    PIECE_BYTES,
    Piece,
    PieceResult,
    Task,
    cut_pieces,
    merge_rounds,
    read_results,
)
from exporter.sources.reducing import K, Reduction
from exporter.sources.source import Kernel, Partition, Selection, Source, Traffic

T = TypeVar("T")

JOB_SECONDS: Final = 1200.0
"""How long a job may take, its wait for executors included; then it is cancelled."""
JOB_PIECES: Final = 512
"""Pieces of one job: enough to keep many cores busy, few enough that a refresh can end between two."""

log = logging.getLogger(__name__)

_REASON: Final = re.compile(r"^(?:Caused by: |: )?((?:\w+\.)*\w*(?:Error|Exception|Exit)\b.*)$", re.MULTILINE)
_ADVICE: Final = (
    ("No module named", "the executors' Python must have Leeway: give them its image, or its environment"),
    ("cancelled", "the cluster is busy, or gave no executor; the next refresh tries again"),
    ("PYTHON_VERSION_MISMATCH", "set PYSPARK_PYTHON to a Python of the same version on the executors"),
    ("", "the next refresh tries again"),
)
_STARTING: Final = threading.Lock()


class Spark:
    """What another source has, counted by Spark.

    Rows that must travel whole, as those of labels that are joined, are read here, by the other source itself.
    """

    def __init__(
        self, source: Source, place: str, piece_bytes: int = PIECE_BYTES, seconds: float = JOB_SECONDS
    ) -> None:
        """Remember what to read; Spark is started by the first partition that is counted.

        Args:
            source: lists, and reads on the executors: its paths must be the same there.
            place: what errors call it.
            piece_bytes: how large a file is that is not cut.
            seconds: how long a job may take.

        Raises:
            SourceError: there is no Java to run Spark.
        """
        refuse_without_java(place)
        self.traffic: Traffic = source.traffic
        self._source = source
        self._place = place
        self._piece_bytes = piece_bytes
        self._seconds = seconds

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        return self._source.partitions(starts)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return self._source.dataset(**names)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        return self._source.profile(partition, selection, kernel)

    def reduce(
        self, partitions: Mapping[K, Partition], selection: Selection, reduction: Reduction[T]
    ) -> Iterator[tuple[K, T | LeewayError]]:
        """See `ReducingSource`."""
        keys = list(partitions)
        pieces = [cut_pieces(number, partitions[key], self._piece_bytes) for number, key in enumerate(keys)]
        for job in _jobs(pieces):
            for item in (item for number in job for item in partitions[keys[number]].objects):
                self.traffic.opened(item, selection)
            yield from (
                (keys[number], outcome) for number, outcome in self._outcomes(job, pieces, selection, reduction)
            )

    def _outcomes(
        self, job: list[int], pieces: list[list[Piece]], selection: Selection, reduction: Reduction[T]
    ) -> Iterator[tuple[int, T | LeewayError]]:
        """What the partitions of a job come to; if the job fails, each of them is tried alone."""
        task = Task(self._source, selection, reduction, [piece for number in job for piece in pieces[number]])
        try:
            found = self._run(task)
        except SourceUnavailable as problem:
            if len(job) == 1:
                yield job[0], problem
                return
            log.warning("%s; its %d partitions are tried one by one", problem, len(job))
            for number in job:
                yield from self._outcomes([number], pieces, selection, reduction)
            return
        for number in job:
            yield number, task.outcome(*task.merged(found[number]))

    def _run(self, task: Task[T]) -> dict[int, list[PieceResult]]:
        """What is left of each partition once the executors have merged all that they should."""
        try:
            spark = session()
            with _limited(spark.sparkContext, self._seconds, self._place):
                answer = read_results(_plan(spark, task).toArrow().to_batches())
        except (PySparkException, Py4JError, OSError) as problem:
            raise _failed(f"{self._place}, from {task.pieces[0].item.path}", problem) from None
        found: dict[int, list[PieceResult]] = {}
        for one in answer:
            found.setdefault(one.partition, []).append(one)
        return found


def _plan(spark: SparkSession, task: Task[T]) -> DataFrame:
    """A task for each piece, and while a partition has many, one for each that merges some of them."""
    count = len(task.pieces)
    frame = spark.range(0, count, 1, numPartitions=count).mapInArrow(task.count, COLUMNS)
    for _ in range(merge_rounds(task.pieces)):
        count = -(-count // FAN_IN)
        frame = frame.repartition(count, "partition", "node").mapInArrow(task.merge, COLUMNS)
    return frame


def _jobs(pieces: list[list[Piece]]) -> Iterator[list[int]]:
    """Partitions, by number, in runs that have at most `JOB_PIECES` pieces, or are one partition."""
    job: list[int] = []
    held = 0
    for number, own in enumerate(pieces):
        if job and held + len(own) > JOB_PIECES:
            yield job
            job, held = [], 0
        job.append(number)
        held += len(own)
    if job:
        yield job


def session() -> SparkSession:
    """The session of this process, started if there is none.

    Raises:
        PySparkException: it cannot be had.
    """
    # Workers of a local master, and of a cluster of the same image, run the same Python as the exporter.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _STARTING:
        logging.getLogger("py4j").setLevel(logging.WARNING)  # it tells of every connection that it closes
        # no pandas is used here
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        return SparkSession.builder.appName("leeway").config("spark.ui.showConsoleProgress", "false").getOrCreate()


@contextmanager
def _limited(context: SparkContext, seconds: float, place: str) -> Iterator[None]:
    """Cancel what this thread has Spark do once so many seconds have passed; `place` is what Spark's pages show."""
    group, done = f"leeway-{threading.get_ident()}", threading.Event()

    def watch() -> None:
        left = seconds
        while not done.wait(left):
            context.cancelJobGroup(group)  # again and again: a plan may not have become a job yet
            left = 1.0

    context.setJobGroup(group, f"leeway: {place}", interruptOnCancel=True)
    watcher = threading.Thread(target=watch, name=group, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def refuse_without_java(place: str) -> None:
    """Raise a `SourceError` where no Java can be found."""
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").is_file() if home else shutil.which("java")):
        where = f"JAVA_HOME ({home})" if home else "the PATH"
        raise SourceError(f"{place}: Spark needs Java, and there is none in {where}; install a JRE, 17 or later")


def _failed(place: str, problem: Exception) -> SourceUnavailable:
    """What went wrong, in the last words that name an error."""
    words = one_line((_REASON.findall(str(problem)) or [problem])[-1])
    advice = next(text for sign, text in _ADVICE if sign in str(problem))
    return SourceUnavailable(f"{place}: Spark failed: {words}; {advice}")
