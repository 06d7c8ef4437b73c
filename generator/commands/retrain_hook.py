"""`leeway retrain-hook`: serve the webhook that starts retrainings."""

from __future__ import annotations

import argparse
import logging
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from exporter import logs
from exporter.errors import UsageError
from exporter.spec.loading import load_all
from exporter.spec.model import ModelSpec
from generator.commands.flags import add_specs
from generator.commands.terminal import EXIT_OK

log = logging.getLogger(__name__)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_specs(parser)
    add = parser.add_argument
    text = "the file that holds the token; a request without it is refused"
    add("--token.file", dest="token", type=Path, required=True, metavar="PATH", help=text)
    text = "start retrainings; without this flag the hook only decides, logs and counts"
    add("--start", action="store_true", help=text)
    text = "the Prometheus that evaluates the gate (default: http://127.0.0.1:9090)"
    add("--prometheus.url", dest="prometheus", default="http://127.0.0.1:9090", metavar="URL", help=text)
    text = "the folder that records the starts, so that a restart starts nothing twice (default: retraining)"
    add("--storage.path", dest="storage", type=Path, default=Path("retraining"), metavar="DIR", help=text)
    text = "where to serve (default: 127.0.0.1:9878, this machine only); :9878 is every interface"
    add("--web.listen-address", dest="listen", default="127.0.0.1:9878", metavar="HOST:PORT", help=text)
    text = "the format of log lines (default: logfmt)"
    add("--log.format", dest="log_format", default="logfmt", choices=["logfmt", "json"], help=text)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SpecError: when a spec is wrong.
        UsageError: when no spec has a hook, or the token, the storage or the address cannot be used.
    """
    from exporter.retraining import pipelines, prometheus, server  # noqa: PLC0415 - they import cloud clients
    from exporter.retraining.hook import Hook  # noqa: PLC0415 - likewise
    from exporter.retraining.ledger import Ledger, only_user  # noqa: PLC0415 - likewise
    from exporter.service.server import listen  # noqa: PLC0415 - it imports the exporter
    from exporter.service.server import run as serve  # noqa: PLC0415 - likewise

    logs.set_up("info", options.log_format)
    hooked = _hooked(options.specs)
    server.secret(options.token)
    try:
        (bound,) = listen(options.listen)
    except (OSError, ValueError) as problem:
        raise UsageError(f"--web.listen-address: {problem}") from None
    starts = options.storage / "starts.json"
    with bound, only_user(options.storage):
        hook = Hook(
            hooked,
            Ledger(starts),
            query_value=partial(prometheus.query_value, options.prometheus),
            start=pipelines.start if options.start else None,
            clock=lambda: datetime.now(UTC),
        )
        host, port = bound.getsockname()[:2]
        mode = "starting retrainings" if options.start else "dry run: without --start nothing is started"
        log.info("listening on %s:%d for %s; %s", host, port, ", ".join(sorted(hooked)), mode)
        serve(server.application(hook, server.Counters(hooked), partial(server.secret, options.token)), [bound])
    return EXIT_OK


def _hooked(paths: list[Path]) -> dict[str, ModelSpec]:
    """Return the specs that have a hook, by the model's name."""
    specs = {loaded.spec.name: loaded.spec for loaded in load_all(paths)}
    hooked = {name: spec for name, spec in specs.items() if (retrain := spec.spec.alerting.retrain) and retrain.hook}
    if not hooked:
        raise UsageError("no spec has alerting.retrain.hook: there is nothing to retrain")
    return hooked
