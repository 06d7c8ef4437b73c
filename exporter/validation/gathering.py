"""Gathers the samples of one model: lists each source, and reads some rows of its newest partition.

What a source refuses is part of the result. More than 50,000 rows of a partition are never read, beside its times and
its ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from exporter import catalogue
from exporter.errors import LeewayError, SourceError
from exporter.profiles.proxies import ratio_selection
from exporter.service.labels.reading import STREAM as LABELS
from exporter.service.labels.reductions import label_reduction
from exporter.service.missing_data import what_lies_there
from exporter.service.references.reading import selected_columns
from exporter.service.references.source import STREAM as REFERENCE
from exporter.service.references.source import open_reference
from exporter.sources.engine import CountingSource
from exporter.sources.formats.content import one_line
from exporter.sources.opening import open_log, open_source
from exporter.sources.source import Partition, Selection, Source, Stream
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import Body, ModelSpec
from exporter.spec.sections import source as spec_source
from exporter.spec.windows import Window, newest_end, window
from exporter.validation.checks.columns import named_columns
from exporter.validation.finding import Place
from exporter.validation.id_gathering import LABEL_TRIES, LONGEST, gather_ids
from exporter.validation.reading import MOST_PIECES, read_rows
from exporter.validation.sample import IdSample, LogSample, Rows

Step = Callable[[str], None]
"""Called with what is read next."""
STEPS: Final = 4

_DAY: Final = timedelta(days=1)
_TRIES: Final = 3
"""The newest partitions of predictions that are tried until one has rows; and failures, until no more are tried."""
_TABLE_BYTES: Final = 10**9
"""A reference that is a larger table is not read: a query would be billed for all of it."""
_TIME_ROWS: Final = 1_000_000
"""Times of a partition of a day or more that are read: its traffic by hour shows its zone."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one model. `day_times` are the times of the whole newest partition where it is a day or more."""

    loaded: LoadedSpec
    now: datetime
    inference: LogSample
    labels: LogSample | None
    reference: LogSample
    ids: IdSample | None = None
    day_times: Rows | None = None


def gather(loaded: LoadedSpec, now: datetime, step: Step) -> Samples:
    """Read the samples of a model.

    Args:
        loaded: its spec.
        now: the time to which the newest partitions are sought.
        step: called before each of the `STEPS`.
    """
    loaded = replace(loaded, spec=_without_engine(loaded.spec))
    body = loaded.spec.spec
    step(catalogue.INFERENCE)
    log, source = _inference(loaded, now)
    day_times = _day_times(body, log, source)
    step(REFERENCE)
    reference = _reference(loaded, now)
    step(LABELS)
    labels, label_source = _labels(loaded, now) if body.labels is not None else (None, None)
    step("ids")
    ids = None
    if source is not None and labels is not None and label_source is not None:
        with suppress(SourceError):  # a store that is down now has been up: its other findings matter more
            ids = gather_ids(body, source, log, label_source, labels)
    return Samples(loaded, now, log, labels, reference, ids, day_times)


def reason(error: Exception) -> str:
    """Return the message of an error; one that is not Leeway's own has its type before it."""
    return str(error) if isinstance(error, LeewayError) else f"{type(error).__name__}: {one_line(error)}"


def _without_engine(spec: ModelSpec) -> ModelSpec:
    """Return a spec whose files are read in this process: to start Spark for a sample takes longer than to read it."""

    def plain(source: spec_source.Source) -> spec_source.Source:
        return source.model_copy(update={"engine": None})

    body = spec.spec
    changed: dict[str, object] = {
        "inference": body.inference.model_copy(update={"source": plain(body.inference.source)})
    }
    if body.labels is not None:
        changed["labels"] = body.labels.model_copy(update={"source": plain(body.labels.source)})
    if body.reference.source is not None:
        changed["reference"] = body.reference.model_copy(update={"source": plain(body.reference.source)})
    return spec.model_copy(update={"spec": body.model_copy(update=changed)})


# ------------------------------------------------------------------------------------------------ the logs


def _inference(loaded: LoadedSpec, now: datetime) -> tuple[LogSample, Source | None]:
    log = loaded.spec.spec.inference
    length = max(*loaded.spec.spec.windows, _DAY // log.grain * log.grain)
    log_sample = LogSample(
        Place(catalogue.INFERENCE, f"spec.inference.source.{log.source.kind}"),
        log.source.template,
        log.grain,
        log.delay,
        window(now, length, log.delay, log.grain).partitions(log.grain),
    )
    opened = partial(open_log, loaded, catalogue.INFERENCE)
    return _sampled(log_sample, opened, _columns_of(loaded.spec), _TRIES)


def _columns_of(spec: ModelSpec) -> Selection:
    """Return all columns of the inference log that the spec names, as the exporter decodes them."""
    counted, used = selected_columns(spec, keys=()), spec.spec.inference.columns
    others = [name for name in named_columns(spec.spec) if name not in counted.columns]
    plain = tuple(filter(None, (used.prediction_id, used.query)))
    numbers = ratio_selection(proxy.ratio for proxy in spec.spec.proxies if proxy.ratio is not None).numeric_keys
    return replace(counted, categorical=(*counted.categorical, *others), plain=plain, numeric_keys=numbers)


def _labels(loaded: LoadedSpec, now: datetime) -> tuple[LogSample | None, Source | None]:
    body = loaded.spec.spec
    labels = body.labels
    if labels is None:
        return None, None
    end = newest_end(now, body.inference.delay, labels.grain)
    span = min(look_back(body), LONGEST)
    place = Place(LABELS, f"spec.labels.source.{labels.source.kind}")
    wanted = Window(end - max(span // labels.grain, 1) * labels.grain, end).partitions(labels.grain)
    sample = LogSample(place, labels.source.template, labels.grain, wanted=wanted)
    stream = Stream(loaded.spec.name, LABELS, labels.columns.timestamp, labels.grain)
    selection = label_reduction(loaded.spec, labels, look_back(body)).selection
    return _sampled(sample, partial(open_source, labels.source, loaded.folder, stream), selection, LABEL_TRIES)


def look_back(body: Body) -> timedelta:
    """Return how far back labels are joined: `maturity`, the longest window and a day."""
    return (body.labels.maturity if body.labels is not None else timedelta()) + max(body.windows) + _DAY


def _sampled(
    sample: LogSample, opened: Callable[[], Source], selection: Selection, tries: int
) -> tuple[LogSample, Source | None]:
    """Return a log with its partitions and some rows of the newest; the source is None where it cannot be listed."""
    try:
        source = opened()
        partitions = source.partitions(sample.wanted)
        requests = source.traffic.requests
        nearby = "" if partitions else what_lies_there(source)
    except Exception as error:  # noqa: BLE001 - no store may stop the other checks
        return replace(sample, failure=reason(error)), None
    sample = replace(sample, partitions=partitions, nearby=nearby, requests=requests)
    unreadable: dict[str, str] = {}
    rows = _newest_rows(source, sorted(partitions.items(), reverse=True)[:tries], selection, unreadable)
    return replace(sample, rows=rows, unreadable=unreadable), source


def _newest_rows(
    source: Source,
    partitions: Iterable[tuple[datetime, Partition]],
    selection: Selection,
    unreadable: dict[str, str],
) -> Rows | None:
    """Return rows of the first partition that has any; those that cannot be read are added to `unreadable`."""
    empty = None
    for start, partition in partitions:
        try:
            rows = read_rows(source, partition, selection, start)
        except Exception as error:  # noqa: BLE001 - no content may stop the other checks
            unreadable[partition.name] = reason(error)
            if len(unreadable) == _TRIES:
                break
            continue
        if rows.count:
            return rows
        empty = empty or rows
    return empty


def _day_times(body: Body, log: LogSample, source: Source | None) -> Rows | None:
    timestamp = body.inference.columns.timestamp
    if source is None or log.rows is None or timestamp is None or log.grain < _DAY:
        return None
    if log.rows.whole:
        return log.rows
    partition = log.rows.partition
    try:
        return read_rows(
            source,
            partition,
            Selection((), (), (timestamp,)),
            log.rows.start,
            rows=_TIME_ROWS,
            pieces=max(len(partition.objects), MOST_PIECES),
        )
    except Exception:  # noqa: BLE001 - what cannot be read has been reported
        return None


# ------------------------------------------------------------------------------------------------ the reference


def _reference(loaded: LoadedSpec, now: datetime) -> LogSample:
    body = loaded.spec.spec
    reference = body.reference
    kind = next(name for name in ("source", "period", "trailing") if getattr(reference, name) is not None)
    key = f"spec.reference.{kind}" + (f".{reference.source.kind}" if reference.source is not None else "")
    sample = LogSample(Place(REFERENCE, key), reference.source.template if reference.source else kind)
    try:
        location = open_reference(loaded, lambda: ())
        data = location.find(now)
        requests = location.source.traffic.requests
    except Exception as error:  # noqa: BLE001 - as above
        return replace(sample, failure=reason(error))
    sample = replace(sample, requests=requests)
    if isinstance(location.source, CountingSource) and data.size > _TABLE_BYTES:
        return sample
    selection = selected_columns(loaded.spec, keys=())
    more = [name for name in (location.timestamp, reference.columns.label) if name and name not in selection.columns]
    selection = replace(selection, categorical=(*selection.categorical, *more))
    try:
        return replace(sample, rows=read_rows(location.source, data, selection))
    except Exception as error:  # noqa: BLE001 - as above
        return replace(sample, unreadable={data.name: reason(error)})
