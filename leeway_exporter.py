"""The commands as they are installed, and the one package that the wheel puts among those of others.

In the wheel this file is `leeway_exporter/__init__.py`, and the folders of the project are beside it. Their names are
generic, so only a process that imports this module finds them, before any other package of the same name.
"""

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

_FOLDER = str(Path(__file__).resolve().parent)
if sys.path[:1] != [_FOLDER]:
    sys.path.insert(0, _FOLDER)


def leeway() -> int:
    """Run `leeway`; return its exit code."""
    return int(import_module("generator.cli").main())


def exporter() -> int:
    """Run `leeway-exporter`; return its exit code. From here on, SIGTERM ends a server with 0."""
    if "--once" not in sys.argv:  # a job that is ended early has failed
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    return int(import_module("exporter.cli").main())
