"""A model whose logs are texts: the same values as from Parquet, and what a damaged line costs."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from exporter.store.profiles import ProfileStore
from fraud_log import REFERENCE_KEY, ROWS, FraudLog, labelled_spec_document

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
FEATURES = ("age", "credit_balance", "txn_count_7d", "country_code", "device_type")


def json_lines(table: pa.Table) -> bytes:
    return b"".join(json.dumps(row, default=str).encode() + b"\n" for row in table.to_pylist())


def csv(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table, buffer)
    return buffer.getvalue()


def payloads(table: pa.Table) -> bytes:
    """Requests and responses in turn for predictions, flat lines for other tables."""
    if "predicted_score" not in table.column_names or "is_fraud" in table.column_names:
        return json_lines(table)
    lines: list[dict[str, Any]] = []
    for row in table.to_pylist():
        event = {"id": row["request_id"], "version": row["model_version"]}
        lines.append({**event, "data": {"instances": [[row[name] for name in FEATURES]]}})
        lines.append({**event, "data": {"predictions": [row["predicted_score"]]}})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class Form(NamedTuple):
    """How tables are written, the suffix of the files, and further keys of the log's source."""

    write: Callable[[pa.Table], bytes]
    suffix: str
    source: dict[str, Any] = {}  # noqa: RUF012 - not changed


FORMS = {
    "JSON Lines": Form(json_lines, ".jsonl"),
    "CSV": Form(csv, ".csv"),
    "gzip without a suffix": Form(lambda table: gzip.compress(json_lines(table), 1), "", {"format": "jsonl"}),
    "KServe": Form(
        payloads,
        ".json",
        {
            "format": "jsonl",
            "shape": "kserve",
            "request": FEATURES,
            "response": ["predicted_score"],
            "paths": {"request_id": "$.id", "model_version": "$.version"},
        },
    ),
}


class Model:
    """Three hours of predictions and labels, and a reference, which is Parquet or CSV."""

    def __init__(self, folder: Path, form: Form | None = None) -> None:
        self.folder = folder
        self.suffix = ".parquet" if form is None else form.suffix
        log = FraudLog.in_folder(folder, NOW)
        if form is not None:
            store, write = log.store, form.write

            def store_texts(key: str, content: bytes) -> None:
                if key != REFERENCE_KEY or form.write is csv:
                    key, content = key.replace(".parquet", form.suffix), write(pq.read_table(io.BytesIO(content)))
                store(key, content)

            log.store = store_texts
        log.put_all(3)
        for hour in range(3):
            log.put_labels(hour)
        self.newest = folder / log.key(0).replace(".parquet", self.suffix)
        document = labelled_spec_document(windows=["1h", "2h"])
        body = document["spec"]
        body["reference"]["columns"] = {"label": "is_fraud"}
        sources = {section: body[section]["source"] for section in ("inference", "labels", "reference")}
        if form is not None:
            sources["inference"] |= form.source
            sources["labels"]["format"] = form.source.get("format")
            if form.write is not csv:
                del sources["reference"]
        for source in sources.values():
            source["local"] = source["local"].replace(".parquet", self.suffix)
        self.spec = ModelSpec.model_validate(document)

    def reader(self) -> ModelReader:
        return ModelReader(LoadedSpec(self.folder / "fraud.yaml", self.spec), ProfileStore(self.folder / "store"))

    def samples(self) -> list[Sample]:
        return self.reader().read(Attempt(NOW))


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, tuple[str, ...]], float]:
    return values(Model(tmp_path_factory.mktemp("parquet")).samples())


def values(samples: list[Sample]) -> dict[tuple[str, tuple[str, ...]], float]:
    return {(each.metric.name, each.labels): each.value for each in samples}


def window_rows(found: dict[tuple[str, tuple[str, ...]], float]) -> float:
    (rows,) = (value for (name, labels), value in found.items() if name == "ml_window_rows" and "1h" in labels)
    return rows


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_texts_give_the_values_of_parquet(
    tmp_path: Path, form: Form, expected: dict[tuple[str, tuple[str, ...]], float]
) -> None:
    model = Model(tmp_path, form)
    reader = model.reader()
    found = values(reader.read(Attempt(NOW)))
    assert reader.problems == {}
    assert found.keys() == expected.keys()
    assert {name for name, _ in found} >= {"ml_auroc", "ml_auroc_estimated", "ml_feature_psi"}
    assert found == pytest.approx(expected, rel=1e-9)


class TestDamagedLines:
    @pytest.mark.parametrize("form", ["JSON Lines", "CSV"])
    def test_they_are_rows_without_any_column_and_are_reported_once(self, tmp_path: Path, form: str) -> None:
        model = Model(tmp_path, FORMS[form])
        lines = model.newest.read_bytes().splitlines(keepends=True)
        model.newest.write_bytes(b"".join([*lines[:100], b'{"a", 1\n', *lines[100:], lines[5][:20]]))
        reader = model.reader()
        found = values(reader.read(Attempt(NOW)))
        assert window_rows(found) == ROWS + 2
        for column in ("age", "country_code", "model_version"):
            by_version = {
                labels[1]: value
                for (name, labels), value in found.items()
                if name == "ml_column_readable_ratio" and {column, "1h"} <= set(labels)
            }
            assert by_version == {"v3": ROWS / (ROWS + 2)}
        usable = [value for (name, labels), value in found.items() if name == "ml_log_usable_ratio" and "1h" in labels]
        assert sorted(usable) == pytest.approx([ROWS / (ROWS + 2), 1.0])
        (problem,) = reader.problems.items()
        assert problem[0] == "partition 2026-11-22T09:00Z, some lines"
        assert problem[1].startswith(f"2 lines of {model.newest} cannot be read; the first is line 101: ")
        assert reader.record.failures == {"read": 1}

    def test_a_restart_knows_them_too(self, tmp_path: Path) -> None:
        model = Model(tmp_path, FORMS["JSON Lines"])
        model.newest.write_bytes(model.newest.read_bytes()[:-20])
        first = model.samples()
        again = model.reader()
        assert again.read(Attempt(NOW)) == first
        assert len(again.problems) == 1
        assert again.record.failures == {}

    def test_in_the_reference_they_are_reported(self, tmp_path: Path) -> None:
        model = Model(tmp_path, FORMS["CSV"])
        path = tmp_path / "reference/train_features_v3.csv"
        path.write_bytes(path.read_bytes() + b"1,2\n")
        reader = model.reader()
        reader.read(Attempt(NOW))
        (problem,) = reader.problems.items()
        assert problem[0] == "some lines of the reference"
        assert "; the first is line 40002: it has 2 fields, the header has 1" in problem[1]

    def test_halves_without_the_other_are_reported(self, tmp_path: Path) -> None:
        model = Model(tmp_path, FORMS["KServe"])
        lines = model.newest.read_bytes().splitlines(keepends=True)
        model.newest.write_bytes(b"".join(lines[1:]))
        reader = model.reader()
        found = values(reader.read(Attempt(NOW)))
        assert window_rows(found) == ROWS
        (why,) = reader.problems.values()
        assert why.endswith("this response has no request in its partition")


def test_the_rows_of_past_weeks_are_counted_from_texts(tmp_path: Path) -> None:
    model = Model(tmp_path, FORMS["CSV"])
    reader = model.reader()
    reader.read(Attempt(NOW))
    read = [each.value for each in reader.own_samples() if each.metric is catalogue.SOURCE_READ_BYTES_TOTAL]
    stored = sum(path.stat().st_size for path in (tmp_path / "inference").iterdir())
    assert read[0] >= stored
