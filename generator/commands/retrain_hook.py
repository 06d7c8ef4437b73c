"""`leeway retrain-hook`: its flags, and the hook that they start."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from exporter import logs
from exporter.errors import UsageError
from exporter.spec.loading import load_all

log = logging.getLogger(__name__)


def add_flags(add: Callable[..., object]) -> None:
    """Add the flags with a parser's `add_argument`."""
    add(
        "--token.file",
        dest="token",
        type=Path,
        required=True,
        metavar="PATH",
        help="the file with the token that Alertmanager must send; who has none is refused",
    )
    add(
        "--start",
        action="store_true",
        help="start retrainings; without it the hook only decides, logs and counts what it would start",
    )
    add(
        "--prometheus.url",
        dest="prometheus",
        default="http://127.0.0.1:9090",
        metavar="URL",
        help="the Prometheus that is asked whether the gate holds (http://127.0.0.1:9090)",
    )
    add(
        "--storage.path",
        dest="storage",
        type=Path,
        default=Path("retraining"),
        metavar="DIR",
        help="where is kept what has been started, so that a restart starts nothing twice (retraining)",
    )
    add(
        "--web.listen-address",
        dest="listen",
        default="127.0.0.1:9878",
        metavar="HOST:PORT",
        help="where to serve (127.0.0.1:9878), this machine only; :9878 is every interface",
    )
    add("--log.format", dest="log_format", default="logfmt", choices=["logfmt", "json"], help="how to log (logfmt)")


def run(options: argparse.Namespace) -> None:
    """Answer Alertmanager until SIGTERM or SIGINT.

    Raises:
        SpecError: when a spec is wrong.
        UsageError: when no spec has a hook, or the token, the storage or the address cannot be had.
    """
    from exporter.retraining import pipelines, prometheus, server  # noqa: PLC0415 - they bring cloud clients with them
    from exporter.retraining.hook import Hook  # noqa: PLC0415 - likewise
    from exporter.retraining.ledger import Ledger  # noqa: PLC0415 - likewise
    from exporter.service.server import listen, run  # noqa: PLC0415 - it brings the exporter with it

    logs.set_up("info", options.log_format)
    specs = {loaded.spec.name: loaded.spec for loaded in load_all(options.specs)}
    hooked = {name: spec for name, spec in specs.items() if (told := spec.spec.alerting.retrain) and told.hook}
    if not hooked:
        raise UsageError("no spec has alerting.retrain.hook: there is nothing to retrain")
    server.secret(options.token)
    hook = Hook(
        hooked,
        Ledger(options.storage / "starts.json"),
        query_value=partial(prometheus.query_value, options.prometheus),
        start=pipelines.start if options.start else None,
        clock=lambda: datetime.now(UTC),
    )
    try:
        bound = listen(options.listen)
    except (OSError, ValueError) as problem:
        raise UsageError(f"--web.listen-address: {problem}") from None
    with bound:
        host, port = bound.getsockname()[:2]
        mode = "starting" if options.start else "a dry run: nothing is started without --start"
        log.info("listening on %s:%d for %s; %s", host, port, ", ".join(sorted(hooked)), mode)
        run(server.application(hook, server.Counters(hooked), partial(server.secret, options.token)), bound)
