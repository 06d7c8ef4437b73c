"""Partitions in S3 or in a folder, counted by Apache Spark: its executors read the files and return only counts.

Each task gets the number of a piece, reads it with the same reader as the exporter, and returns its packed counts. The
plan has no data source of Spark's own. The master and all settings come from the environment, as for any Spark program:
`spark-defaults.conf`, `SPARK_CONF_DIR`, `PYSPARK_SUBMIT_ARGS`.
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
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from exporter.errors import LeewayError, SourceError, SourceUnavailable
from exporter.installation import FOLDER
from exporter.sources.formats.content import one_line
from exporter.sources.formats.file_format import BY_NAME, FileFormat
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
    unpack_errors,
)
from exporter.sources.reducing import K, Reduction
from exporter.sources.skipping import FileError, SkippedFiles, SkippingSource
from exporter.sources.source import Found, Kernel, Partition, Selection, Traffic

T = TypeVar("T")

JOB_SECONDS: Final = 1200.0
"""The timeout of a job, including its wait for executors; the job is then cancelled."""
JOB_PIECES: Final = 512
"""Pieces of one job: enough for many cores, and few enough that a refresh can end between two jobs."""

log = logging.getLogger(__name__)

_REASON: Final = re.compile(r"^(?:Caused by: |: )?((?:\w+\.)*\w*(?:Error|Exception|Exit)\b.*)$", re.MULTILINE)
_ADVICE: Final = (
    ("No module named", "the executors' Python must have Leeway: give them its image, or its environment"),
    ("cancelled", "the cluster is busy, or gave no executor; the next refresh tries again"),
    ("PYTHON_VERSION_MISMATCH", "set PYSPARK_PYTHON to a Python of the same version on the executors"),
    ("", "the next refresh tries again"),
)
_STARTING: Final = threading.Lock()
_PYTHON_PATH: Final = "spark.executorEnv.PYTHONPATH"
"""The setting of the workers' import path: an installation adds the project's folders to that of a command only."""


class Spark:
    """Another source, counted by Spark.

    Rows that are needed whole, such as those of labels that are joined, are read here, by the other source itself.
    """

    def __init__(
        self,
        source: SkippingSource,
        place: str,
        piece_bytes: int = PIECE_BYTES,
        seconds: float = JOB_SECONDS,
        form: FileFormat = BY_NAME,
    ) -> None:
        """Save the arguments; Spark starts with the first partition that is counted.

        Args:
            source: lists partitions, and reads them on the executors: its paths must be the same there.
            place: the name in errors.
            piece_bytes: the size from which a file is cut.
            seconds: the timeout of a job.
            form: the format of the files; those of texts are not cut.

        Raises:
            SourceError: there is no Java to run Spark.
        """
        refuse_without_java(place)
        self.traffic: Traffic = source.traffic
        self._source = source
        self._place = place
        self._piece_bytes = piece_bytes
        self._form = form
        self._seconds = seconds

    @property
    def skipped(self) -> SkippedFiles:
        """See `SkippingSource`."""
        return self._source.skipped

    def retry_skipped(self) -> None:
        """See `SkippingSource`."""
        self._source.retry_skipped()

    def partitions(self, starts: Iterable[datetime]) -> Mapping[datetime, Partition]:
        """See `Source`."""
        return self._source.partitions(starts)

    def dataset(self, **names: str) -> Partition | None:
        """See `Source`."""
        return self._source.dataset(**names)

    def profile(self, partition: Partition, selection: Selection, kernel: Kernel[T]) -> T:
        """See `Source`."""
        return self._source.profile(partition, selection, kernel)

    def browse(self, limit: int) -> Found:
        """See `BrowsableSource`."""
        return self._source.browse(limit)

    def reduce(
        self, partitions: Mapping[K, Partition], selection: Selection, reduction: Reduction[T]
    ) -> Iterator[tuple[K, T | LeewayError]]:
        """See `ReducingSource`."""
        keys = list(partitions)
        pieces = [cut_pieces(number, partitions[key], self._piece_bytes, self._form) for number, key in enumerate(keys)]
        for job in _jobs(pieces):
            for item in (item for number in job for item in partitions[keys[number]].objects):
                self.traffic.count_opened(item, read=self._form.reads_rows(item, selection))
            yield from (
                (keys[number], outcome) for number, outcome in self._outcomes(job, pieces, selection, reduction)
            )

    def _outcomes(
        self, job: list[int], pieces: list[list[Piece]], selection: Selection, reduction: Reduction[T]
    ) -> Iterator[tuple[int, T | LeewayError]]:
        """Yield the results of a job's partitions; if the job fails, each partition is tried alone."""
        task = Task(self._source, selection, reduction, [piece for number in job for piece in pieces[number]])
        try:
            results = self._run(task)
        except SourceUnavailable as problem:
            if len(job) == 1:
                yield job[0], problem
                return
            log.warning("%s; retrying its %d partitions one by one", problem, len(job))
            for number in job:
                yield from self._outcomes([number], pieces, selection, reduction)
            return
        for number in job:
            failed, content = task.merged(results[number])
            left = self._without_failed(pieces[number], content) if failed else []
            if left:
                again = [left if place == number else each for place, each in enumerate(pieces)]
                yield from self._outcomes([number], again, selection, reduction)
            else:
                yield number, task.outcome(failed, content)

    def _without_failed(self, pieces: list[Piece], content: bytes) -> list[Piece]:
        """Return the pieces of a partition without the files that failed; none if another error ends the partition."""
        errors = {}
        for item, error in unpack_errors(content):
            if not isinstance(error, FileError):
                return []
            errors[item] = error
        items = tuple(dict.fromkeys(piece.item for piece in pieces))
        self.skipped.update(Partition("", items), errors)
        left = tuple(item for item in items if item not in errors)
        return cut_pieces(pieces[0].partition, Partition("", left), self._piece_bytes, self._form)

    def _run(self, task: Task[T]) -> dict[int, list[PieceResult]]:
        """Return the results of each partition that the executors did not merge further."""
        try:
            spark = session()
            with _limited(spark.sparkContext, self._seconds, self._place):
                merged = read_results(_plan(spark, task).toArrow().to_batches())
        except (PySparkException, Py4JError, OSError) as problem:
            raise _failed(f"{self._place}, from {task.pieces[0].item.path}", problem) from None
        results: dict[int, list[PieceResult]] = {}
        for result in merged:
            results.setdefault(result.partition, []).append(result)
        return results


def _plan(spark: SparkSession, task: Task[T]) -> DataFrame:
    """Return a plan with one task for each piece, and while a partition has many results, one for each merge."""
    count = len(task.pieces)
    frame = spark.range(0, count, 1, numPartitions=count).mapInArrow(task.count, COLUMNS)
    for _ in range(merge_rounds(task.pieces)):
        count = -(-count // FAN_IN)
        frame = frame.repartition(count, "partition", "node").mapInArrow(task.merge, COLUMNS)
    return frame


def _jobs(pieces: list[list[Piece]]) -> Iterator[list[int]]:
    """Yield partitions, by number, in jobs that have at most `JOB_PIECES` pieces, or are one partition."""
    job: list[int] = []
    pieces_of_job = 0
    for number, own in enumerate(pieces):
        if job and pieces_of_job + len(own) > JOB_PIECES:
            yield job
            job, pieces_of_job = [], 0
        job.append(number)
        pieces_of_job += len(own)
    if job:
        yield job


def session() -> SparkSession:
    """Return the Spark session of this process; start one if there is none.

    Raises:
        PySparkException: the session cannot be started.
    """
    # Workers of a local master, and of a cluster of the same image, run the same Python as the exporter.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with _STARTING:
        logging.getLogger("py4j").setLevel(logging.WARNING)  # it logs every connection that it closes
        # no pandas is used here
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        settings = SparkConf().setAppName("leeway").set("spark.ui.showConsoleProgress", "false")
        path = os.pathsep.join(filter(None, (str(FOLDER), settings.get(_PYTHON_PATH))))
        return SparkSession.builder.config(conf=settings.set(_PYTHON_PATH, path)).getOrCreate()


@contextmanager
def _limited(context: SparkContext, seconds: float, place: str) -> Iterator[None]:
    """Cancel this thread's Spark jobs after so many seconds; `place` is the description in Spark's UI."""
    group, done = f"leeway-{threading.get_ident()}", threading.Event()

    def watch() -> None:
        left = seconds
        while not done.wait(left):
            context.cancelJobGroup(group)  # repeated, because a plan may not have become a job yet
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
    """Raise a `SourceError` where Java is missing."""
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").is_file() if home else shutil.which("java")):
        where = f"JAVA_HOME ({home})" if home else "the PATH"
        raise SourceError(f"{place}: Spark needs Java, and {where} has none; install a JRE, 17 or later")


def _failed(place: str, problem: Exception) -> SourceUnavailable:
    """Return the error with the last line that names an exception."""
    reason = one_line((_REASON.findall(str(problem)) or [problem])[-1])
    advice = next(text for sign, text in _ADVICE if sign in str(problem))
    return SourceUnavailable(f"{place}: Spark failed: {reason}; {advice}")
