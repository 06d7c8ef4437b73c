"""Hostile input, made by hypothesis: specs, Parquet, texts, web configs, webhooks, stored files and label values.

    python benchmarks/fuzz.py [spec|parquet|text|web|webhook|store|labels]... [--seconds=60] [--seed=1]

Each kind runs in processes of its own, with 4 GB of memory: a crash of a library counts too. Each input must give
a result or an error of ours within 5 s of processor time; one that does not is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from starlette.testclient import TestClient

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests" / "data")]

from exporter import catalogue
from exporter.errors import LeewayError
from exporter.profiles.grouping import Grouping
from exporter.profiles.kernel import profile_partition
from exporter.profiles.packing import pack_partition
from exporter.retraining.hook import Hook
from exporter.retraining.ledger import Ledger
from exporter.retraining.server import PATH, Counters, application
from exporter.samples.windows import Sample
from exporter.service.snapshot import render
from exporter.service.web import config
from exporter.sources.source import Selection
from exporter.sources.stores.local import Local
from exporter.spec.loading import load
from exporter.store.profiles import Key, ProfileStore
from profiling import binning, categorical, numeric, whole
from retraining import BEGAN, body, firing, retrained

ROOT: Final = Path(__file__).parents[1]
SECONDS: Final = 5.0
MEMORY: Final = 4 * 2**30
EXAMPLES: Final = 300
"""Inputs of a process."""

CELLS = binning(numeric("age", (0.0, 30.0, 60.0)), numeric("score", (0.0, 0.5, 1.0)), categorical("country", "US", "é"))
SELECTION = Selection(("version",), ("age", "score"), ("country",))
SPECS = [path.read_text() for path in sorted((ROOT / "tests/specs/valid").glob("*.yaml"))]
LINES = [line for text in SPECS for line in text.splitlines(keepends=True)]
WEB = """\
tls_server_config: {cert_file: a, key_file: b, client_ca_file: c, client_auth_type: RequireAndVerifyClientCert}
http_server_config: {http2: true, headers: {X-Frame-Options: DENY}}
basic_auth_users:
  user: $2y$10$NXBCUyGlhvOhhIZCBkvnS.8h9YOCzfRDp8fXrkJb4rmXJgQrDCnwW
"""
PIECES = st.text("{}[]:,-&*!|>'\"#%@`\\ \n\t\0\x85\u2028ano019.~eE+_<=?", max_size=12) | st.text(max_size=6)
TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(['"', "\\", "\n", "\0", "{{", "é" * 300, "\ud800", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def check(holds: bool, message: str) -> None:  # noqa: FBT001
    """Raise an error that ends the run with its input, unless something holds."""
    if not holds:
        raise AssertionError(message)


def table() -> pa.Table:
    """Rows of each type that counts."""
    rows = 40
    return pa.table(
        {
            "age": pa.array([float(row) if row % 7 else None for row in range(rows)]),
            "score": pa.array([row / rows for row in range(rows)], pa.float32()),
            "country": pa.array(["US", "é", None, "x" * 50] * (rows // 4)).dictionary_encode(),
            "version": ["v1", "v2"] * (rows // 2),
        }
    )


def parquet_files() -> list[bytes]:
    """The same rows, encoded and compressed in several ways."""
    ways: list[dict[str, Any]] = [
        *({"compression": each} for each in ("none", "snappy", "gzip", "zstd", "lz4", "brotli")),
        {"use_dictionary": False, "column_encoding": {"age": "BYTE_STREAM_SPLIT"}, "compression": "none"},
        {"use_dictionary": False, "column_encoding": {"country": "DELTA_BYTE_ARRAY"}, "data_page_version": "2.0"},
        {"row_group_size": 7, "write_page_index": True},
    ]
    files = []
    for way in ways:
        sink = io.BytesIO()
        rows = table()
        plain_rows = rows.set_column(2, "country", rows["country"].cast(pa.string()))
        pq.write_table(plain_rows if "column_encoding" in way else rows, sink, **way)
        files.append(sink.getvalue())
    return files


@st.composite
def harmed(draw: st.DrawFn, contents: list[bytes]) -> bytes:
    """A content with some bytes changed, left out, doubled or cut off, mostly near its end, where a footer is."""
    content = bytearray(draw(st.sampled_from(contents)))
    for _ in range(draw(st.integers(0, 6))):
        if not content:
            break
        from_end = draw(st.booleans())
        place = draw(st.integers(0, min(len(content) - 1, 300) if from_end else len(content) - 1))
        place = len(content) - 1 - place if from_end else place
        length = draw(st.integers(0, 8))
        match draw(st.sampled_from(["change", "flip", "drop", "double", "cut"])):
            case "change":
                content[place : place + length] = draw(st.binary(min_size=length, max_size=length))
            case "flip":
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "drop":
                del content[place : place + length]
            case "double":
                content[place:place] = content[place : place + length]
            case "cut":
                del content[place:]
    return bytes(content)


@st.composite
def edited(draw: st.DrawFn, texts: list[str], lines: list[str]) -> str:
    """A text with some stretches replaced, by pieces or by whole lines of such texts."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(PIECES | st.sampled_from(lines)) + text[start + draw(st.integers(0, 40)) :]
    return text


@st.composite
def replaced(draw: st.DrawFn, document: Any) -> Any:
    """A JSON document in which some values, at any depth, are others."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    if isinstance(document, dict):
        return {name: draw(replaced(value)) for name, value in document.items() if draw(st.integers(0, 19))}
    if isinstance(document, list):
        return [draw(replaced(value)) for value in document]
    return document


def fuzz_spec(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """Any text is a spec, or has mistakes with their lines."""
    return _file(folder / "a.yaml", edited(SPECS, LINES), load)


def fuzz_web(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """Any text is a web config, or has mistakes with their lines; paths in it may not exist."""

    def read(path: Path) -> None:
        found = config.load(path)
        if found.tls_server_config:
            found.tls_server_config.context(folder)
        for name, value in found.http_server_config.headers.lines().items():
            f"{name}: {value}".encode("latin-1")

    return _file(folder / "web.yaml", edited([WEB], WEB.splitlines(keepends=True)), read)


def _file(path: Path, texts: st.SearchStrategy[str], read: Callable[[Path], object]) -> Any:
    def run(text: str) -> None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        read(path)

    return texts, run


def fuzz_parquet(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """A harmed file has a profile, or cannot be read."""
    return harmed(parquet_files()), lambda content: _profile(folder, "log.parquet", content)


def fuzz_text(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """A harmed file of JSON Lines or CSV, compressed or not, has a profile, or cannot be read."""
    rows = table().to_pylist()
    lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    delimited = "".join(f"{row['age']},{row['score']},{row['country']},{row['version']}\n" for row in rows)
    plain_files = {"log.jsonl": lines, "log.csv": f"age,score,country,version\n{delimited}".encode()}
    files = plain_files | {
        f"{name}.{suffix}": pa.compress(content, codec, asbytes=True)
        for name, content in plain_files.items()
        for suffix, codec in (("gz", "gzip"), ("zst", "zstd"))
    }
    names = {content: name for name, content in files.items()}
    cases = st.sampled_from(sorted(names)).flatmap(
        lambda content: st.tuples(st.just(names[content]), harmed([content]))
    )
    return cases, lambda case: _profile(folder, *case)


def _profile(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    source = Local(name, folder)
    partition = source.dataset()
    if partition is not None:
        kernel = lambda batches: profile_partition(batches, CELLS, Grouping("version"))  # noqa: E731
        source.profile(partition, SELECTION, kernel)


def fuzz_webhook(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """Any body is decided on or refused, and none is an error of the server."""
    gate = {"metric": "rmse", "at_most": 0, "window": "7d"}
    specs = {"fraud": retrained(gate=gate).spec}
    ledger = Ledger(folder / "starts.json")
    hook = Hook(specs, ledger, query_value=lambda _: 5000.0, start=lambda *_: "an execution", clock=lambda: BEGAN)
    client = TestClient(application(hook, Counters(specs), lambda: "token"))
    documents = replaced(body(firing("a"), firing("b", status="resolved")))
    texts = documents.map(json.dumps).map(lambda text: text.encode("utf-8", "surrogatepass"))
    deep = st.integers(1, 200_000).map(lambda depth: b"[" * depth)

    def run(content: bytes) -> None:
        response = client.post(PATH, content=content, headers={"Authorization": "Bearer token"})
        check(response.status_code in (200, 400, 503), response.text)
        check(client.get("/metrics").status_code == 200, "no metrics")

    return texts | texts.flatmap(lambda text: harmed([text])) | deep | st.binary(max_size=60), run


def fuzz_store(folder: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """A harmed stored file is as it was written, or is made again."""
    store, key = ProfileStore(folder), Key("fraud/inference", "20261122T0900", ("x",))
    profile = profile_partition(whole(table()), CELLS, Grouping("version"))
    store.save_partition(key, profile)
    content = (folder / key.path).read_bytes()

    def run(harm: bytes) -> None:
        (folder / key.path).write_bytes(harm)
        loaded = ProfileStore(folder).load_partition(key)
        check(loaded is None or pack_partition(loaded) == pack_partition(profile), "another profile")

    return harmed([content]), run


def fuzz_labels(_: Path) -> tuple[st.SearchStrategy[Any], Callable[[Any], object]]:
    """Any values of series labels come back, cut, from both forms of the exposition, for a parser of its own."""
    names = catalogue.FEATURE_PSI.labels

    def run(values: list[str]) -> None:
        text = render([Sample(catalogue.FEATURE_PSI, tuple(values), 1.0)], {})
        cut = (value.encode()[: catalogue.MAX_LABEL_BYTES].decode(errors="ignore") for value in values)
        wanted = {name: value for name, value in zip(names, cut, strict=True) if value}
        for families in (plain(text.text.decode()), openmetrics(text.openmetrics.decode())):
            (found,) = (sample for family in families for sample in family.samples)
            check(dict(found.labels) == wanted, f"{found.labels} instead of {wanted}")

    valid = TEXT.map(lambda value: value.encode("utf-8", "replace").decode())
    return st.lists(valid, min_size=len(names), max_size=len(names)), run


KINDS: Final[Mapping[str, Callable[[Path], tuple[st.SearchStrategy[Any], Callable[[Any], object]]]]] = {
    "spec": fuzz_spec,
    "parquet": fuzz_parquet,
    "text": fuzz_text,
    "web": fuzz_web,
    "webhook": fuzz_webhook,
    "store": fuzz_store,
    "labels": fuzz_labels,
}


class Result(NamedTuple):
    """How many inputs were tried, how many of them refused, and the longest time, in seconds of the processor."""

    count: int = 0
    refused: int = 0
    longest: float = 0.0

    def __add__(self, other: tuple[Any, ...]) -> Result:
        count, refused, longest = other
        return Result(self.count + count, self.refused + refused, max(self.longest, longest))


def tried(kind: str, number: int, examples: int, folder: Path) -> Result:
    """Try inputs of a kind; the first one, shrunk, that is neither handled nor refused is an error."""
    result = Result()
    strategy, run = KINDS[kind](folder)

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    @given(strategy)
    def every(value: Any) -> None:
        nonlocal result
        begin, refused = time.process_time(), 0
        try:
            run(value)
        except LeewayError:
            refused = 1
        seconds = time.process_time() - begin
        result += Result(1, refused, seconds)
        check(seconds < SECONDS, f"took {seconds:.1f} s")

    every()
    return result


def child(kind: str, number: int) -> int:
    """Try inputs of a kind in this process, and print the result."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()
    with TemporaryDirectory() as folder:
        print(json.dumps(tried(kind, number, EXAMPLES, Path(folder))))
    return 0


def main() -> int:
    """Run each kind in turn until the time is over; return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.seed)
    end, number, failed = time.monotonic() + options.seconds, options.seed, 0
    results = {kind: Result() for kind in options.kinds or KINDS}
    while time.monotonic() < end or number == options.seed:
        for kind in results:
            command = [sys.executable, __file__, f"--child={kind}", f"--seed={number}"]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode:
                failed += 1
                print(f"{kind}, seed {number}: exit code {ended.returncode}\n{ended.stderr[-4000:]}", flush=True)
            else:
                results[kind] += tuple(json.loads(ended.stdout.splitlines()[-1]))
        number += 1
    for kind, result in results.items():
        print(f"{kind}: {result.count} inputs, {result.refused} refused, longest {result.longest:.2f} s")
    print(f"{failed} of {len(results) * (number - options.seed)} processes failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
