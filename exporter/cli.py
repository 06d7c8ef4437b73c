"""`leeway-exporter`: flags, wiring, exit codes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from exporter import logs, sharding
from exporter.errors import LeewayError, Problem, SourceError, SpecError
from exporter.installation import VERSION
from exporter.service.model_state import ModelState
from exporter.service.refresh import Clock, Refresher, wall_clock
from exporter.service.server import listen, serve, signals_before_serving
from exporter.service.web.security import Security
from exporter.spec.instant import instant
from exporter.spec.loading import Loads, RejectedSpec, load_valid
from exporter.spec.value_types import Url
from exporter.store.opening import opened_place
from exporter.store.place import Place
from exporter.store.profiles import ProfileStore

log = logging.getLogger("leeway")

EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, EXIT_INCOMPLETE = 0, 1, 2, 3

_DESCRIPTION = """\
Watch machine-learning models through their inference logs and expose drift, scores and freshness to Prometheus.

The exporter reads each model's windows on a schedule of its own and serves the newest values; a scrape never waits."""

_EXAMPLES = """\
examples:
  leeway-exporter --config.file=models/
  leeway-exporter --config.file=models/fraud.yaml --once
  leeway-exporter --config.file=models/fraud.yaml --once --now=2026-11-22T10:00:00Z

Credentials come from the usual environment of AWS, Google Cloud or Azure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the exporter; return 0 for success, 1 for a problem that was printed, 2 for wrong usage, 3 for data left."""
    options = _parser().parse_args(arguments)
    logs.set_up(options.log_level, options.log_format)
    try:
        with opened_place(options.storage_path) as place:
            return _once(options, place) if options.once else _serve(options, place)
    except SpecError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - one problem a line, in the order of the files
        return EXIT_PROBLEM
    except (LeewayError, OSError, ValueError) as problem:
        log.error("%s", problem)  # noqa: TRY400 - a mistake of the user needs no trace
        return EXIT_PROBLEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "leeway-exporter",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )

    def add(flag: str, **settings: Any) -> None:
        parser.add_argument(flag, dest=flag.lstrip("-").replace(".", "_").replace("-", "_"), **settings)

    add(
        "--config.file", type=Path, default=Path("models"), metavar="PATH", help="a spec, or a folder of specs (models)"
    )
    add(
        "--storage.path",
        default="data",
        metavar="DIR",
        help="where profiles are stored: a folder, or s3://bucket/prefix (data)",
    )
    add(
        "--web.listen-address",
        action="append",
        metavar="HOST:PORT",
        help="where to serve (:9877); port 0 is any free port; may be given several times",
    )
    add(
        "--web.config.file",
        type=Path,
        metavar="PATH",
        help="TLS, users and headers, as in Prometheus' exporter-toolkit",
    )
    add("--web.telemetry-path", type=_path, default="/metrics", metavar="PATH", help="path of the metrics (/metrics)")
    add("--web.enable-lifecycle", action="store_true", help="allow POST /-/reload; SIGHUP always reloads")
    add(
        "--shard",
        type=_shard,
        default=sharding.WHOLE,
        metavar="I/N",
        help="watch only the models whose name hashes to I of N, from 0, like Prometheus' hashmod (0/1)",
    )
    add("--refresh.workers", type=_positive, default=2, metavar="N", help="how many models are refreshed at a time (2)")
    add("--prometheus.url", type=_url, metavar="URL", help="Prometheus to query for proxies, for specs that name none")
    add(
        "--log.level",
        default="info",
        choices=["debug", "info", "warn", "warning", "error"],
        help="lowest level to log (info)",
    )
    add("--log.format", default="logfmt", choices=["logfmt", "json"], help="format of log lines (logfmt)")
    add("--once", action="store_true", help="read everything, write the exposition to standard output and exit")
    add("--now", type=instant, metavar="TIME", help="evaluate as of this instant, such as 2026-11-22T10:00:00Z")
    add("--version", action="version", version=f"leeway-exporter {VERSION}")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _path(text: str) -> str:
    if not text.startswith("/") or set(text) & set("{}?#") or text == "/" or text.startswith("/-/"):
        raise argparse.ArgumentTypeError("must be a path such as /metrics, other than / and those below /-/")
    return text


def _shard(text: str) -> sharding.Shard:
    try:
        return sharding.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _url(text: str) -> str:
    try:
        return TypeAdapter(Url).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("must be an http:// or https:// address, without user or password") from None


def _specs(options: argparse.Namespace) -> Loads:
    """Return the specs that the flags name, or those of them that are in the shard; mistakes are logged.

    Raises:
        SpecError: with every problem of the specs, alone or together with the flags, when none can be used.
    """
    loads = _with_prometheus(load_valid(options.config_file), options.prometheus_url)
    for problem in loads.problems:
        log.error("a spec is rejected: %s", problem)
    return _of_shard(loads, options.shard)


def _with_prometheus(loads: Loads, url: str | None) -> Loads:
    """Reject the specs that need the address of a Prometheus, where neither they nor the flag have it."""
    message = "must be given, here or by the flag --prometheus.url: a proxy has promql"
    rejected = tuple(
        RejectedSpec(each.path, (Problem(str(each.path), 0, "spec.prometheus.url", message),), each.spec.metadata)
        for each in loads.specs
        if not url and each.spec.spec.lacks_prometheus
    )
    paths = {each.path for each in rejected}
    loads = Loads(tuple(each for each in loads.specs if each.path not in paths), (*loads.rejected, *rejected))
    if not loads.specs:
        raise SpecError(loads.problems)
    return loads


def _of_shard(loads: Loads, shard: sharding.Shard) -> Loads:
    own = tuple(loaded for loaded in loads.specs if shard.has(loaded.spec.name))
    rejected = tuple(each for each in loads.rejected if each.metadata is None or shard.has(each.metadata.name))
    if shard != sharding.WHOLE:
        names = ", ".join(loaded.spec.name for loaded in own) or "none"
        log.info("shard %s has %d of %d models: %s", shard, len(own), len(loads.specs), names)
    return Loads(own, rejected)


def _once(options: argparse.Namespace, place: Place) -> int:
    loads = _specs(options)
    with logs.progress() as progress:
        refresher = _refresher(options, place, loads, progress, unlimited=True)
        try:
            refresher.refresh_all()
            missing = _missing_data(refresher.states.values(), _clock(options)())
        finally:
            refresher.stop()
    for each in missing:
        log.error("%s", each)
    if refresher.snapshot is not None:
        _print(refresher.snapshot.text)
    succeeded = not loads.rejected and not missing and all(state.succeeded for state in refresher.states.values())
    if not succeeded:
        return EXIT_PROBLEM
    return EXIT_INCOMPLETE if _incomplete(refresher.states.values()) else EXIT_OK


def _incomplete(states: Iterable[ModelState]) -> bool:
    """Log which models have partitions of labels or predictions left; return whether any has."""
    left = {state.loaded.spec.name: state.reader.left for state in states if state.reader is not None}
    for name, partitions in left.items():
        if partitions:
            message = (
                "%s: %d partitions are still to be read, so nothing of labels is known: make refresh.timeout longer"
            )
            log.error(message, name, partitions)
    return any(left.values())


def _print(text: bytes) -> None:
    """Write to standard output; a reader that closes it early, as `head` does, has seen enough."""
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _missing_data(states: Iterable[ModelState], now: datetime) -> list[str]:
    """Return what specs name and their inference logs do not have; a log that cannot be read has failed already."""
    missing: list[str] = []
    for state in states:
        with suppress(SourceError):
            found = state.reader.missing_data(now) if state.reader else []
            missing += [f"{state.loaded.path}: {each}" for each in found]
    return missing


def _serve(options: argparse.Namespace, place: Place) -> int:
    hung_up = signals_before_serving()
    log.info("starting leeway-exporter %s", VERSION)
    security = Security(options.web_config_file)
    refresher = _refresher(options, place, _specs(options), logs.log_progress())
    reloading = threading.Lock()

    def reload() -> None:
        with reloading:
            load_again()

    def load_again() -> None:
        try:
            loads = _specs(options)
        except LeewayError as problem:
            log.error("the new specs are rejected, the old ones stay in use: %s", problem)  # noqa: TRY400
            refresher.reject_specs(problem)
            raise
        refresher.replace_specs(loads.specs, loads.rejected)
        log.info("%d specs have been loaded again", len(loads.specs))
        if loads.rejected:
            raise SpecError(loads.problems)

    with ExitStack() as bound:
        listeners = [bound.enter_context(each) for each in listen(*(options.web_listen_address or [":9877"]))]
        for each in listeners:
            host, port = each.getsockname()[:2]
            log.info("listening on %s", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        loop = threading.Thread(target=refresher.run, name="refresher", daemon=True)
        loop.start()
        lifecycle, path = options.web_enable_lifecycle, options.web_telemetry_path
        serve(refresher, listeners, reload, security, lifecycle=lifecycle, telemetry_path=path, hung_up=hung_up)
        log.info("stopping")
        refresher.stop()
        loop.join(1)
    return EXIT_OK


def _refresher(
    options: argparse.Namespace, place: Place, loads: Loads, progress: logs.Progress, *, unlimited: bool = False
) -> Refresher:
    return Refresher(
        loads.specs,
        ProfileStore(place),
        rejected=loads.rejected,
        clock=_clock(options),
        workers=options.refresh_workers,
        prometheus=options.prometheus_url,
        progress=progress,
        unlimited=unlimited,
    )


def _clock(options: argparse.Namespace) -> Clock:
    return wall_clock if options.now is None else lambda: options.now


if __name__ == "__main__":
    sys.exit(main())
