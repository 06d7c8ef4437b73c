"""Serve the emulator on free ports of this machine until standard input ends; print the ports first, as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from local_bigquery import app
from local_bigquery.grpc import server
from local_bigquery.settings import settings


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings.data_dir = Path(folder)
        storage, storage_port = server.start("127.0.0.1", 0)
        rest = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
        thread = threading.Thread(target=rest.run, daemon=True)
        thread.start()
        while not rest.started and thread.is_alive():
            thread.join(0.01)
        port = rest.servers[0].sockets[0].getsockname()[1]
        print(json.dumps({"rest": port, "storage": storage_port}), flush=True)  # noqa: T201
        sys.stdin.read()
        rest.should_exit = True
        thread.join()
        storage.stop(None)


if __name__ == "__main__":
    main()
