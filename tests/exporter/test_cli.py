"""The command `leeway-exporter`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import catalogue
from exporter.cli import main
from exporter.service.attempt import Attempt
from exporter.service.reading import ModelReader
from exporter.sharding import hashmod
from fraud_log import FraudLog

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _keep_logging_as_it_is() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def spec(tmp_path: Path, write_local_spec: Callable[..., Path]) -> Path:
    path = write_local_spec(windows=["1h"])
    FraudLog.in_folder(path.parent, NOW).put_all(1)
    return path


def _once(spec: Path, *flags: str) -> int:
    return main([f"--config.file={spec}", f"--storage.path={spec.parent.parent / 'data'}", "--once", *flags])


def test_once_writes_the_exposition_as_of_then(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _once(spec, "--now=2026-11-22T10:05:00Z") == 0
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(capsys.readouterr().out)
        for sample in family.samples
    }
    assert samples[catalogue.WINDOW_ROWS.name] == 2000
    assert samples[catalogue.WINDOW_END_TIMESTAMP_SECONDS.name] == datetime(2026, 11, 22, 10, tzinfo=UTC).timestamp()


def test_once_fails_when_a_model_fails_and_still_writes_the_exposition(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    next(spec.parent.glob("reference/*")).unlink()
    assert _once(spec, "--now=2026-11-22T10:05:00Z") == 1
    output = capsys.readouterr()
    assert f'{catalogue.REFRESH_SUCCESS.name}{{env="prod",model="fraud"}} 0.0' in output.out
    assert "train_features_v3.parquet" in output.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"age"', '"agee"', 'spec.features[0].name: no column agee in any of 1 partitions; did you mean "age"?'),
        ('"predicted_score"', '"score"', "spec.inference.columns.score: no column score in any of 1 partitions"),
        ("inference/%Y", "infer/%Y", "no partition from 2026-11-22 09:00 to 2026-11-22 10:00 UTC at infer/%Y"),
        ("%H.parquet", "%H.csv", "no file matches this path, and "),
        ("reference/train", "reference/trainn", "/reference/ has train_features_v3.parquet"),
    ],
)
def test_once_fails_with_what_lies_there_when_a_path_or_a_column_is_wrong(
    old: str, new: str, message: str, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec.write_text(spec.read_text().replace(old, new, 1))
    assert _once(spec, "--now=2026-11-22T10:05:00Z") == 1
    output = capsys.readouterr()
    assert message in output.err.replace("\\", "")
    assert catalogue.MODEL_INFO.name in output.out


def test_once_exits_with_3_while_partitions_are_left(
    spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ModelReader, "left", property(lambda _: 883))
    assert _once(spec, "--now=2026-11-22T10:05:00Z") == 3
    assert "883 partitions are still to be read" in capsys.readouterr().err


def test_once_reads_everything_that_is_left(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[Attempt] = []
    read = ModelReader.read
    monkeypatch.setattr(ModelReader, "read", lambda self, attempt: attempts.append(attempt) or read(self, attempt))
    assert _once(spec, "--now=2026-11-22T10:05:00Z") == 0
    assert [attempt.unlimited for attempt in attempts] == [True]


def test_once_into_a_pipe_that_is_closed_ends_quietly(
    spec: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert _once(spec, "--now=2026-11-22T10:05:00Z") == 0
        pipe.write("as an interpreter that ends, the file is flushed")
    assert "Error" not in capfd.readouterr().err


def test_every_mistake_in_a_spec_is_printed_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fraud.yaml"
    path.write_text("apiVersion: leeway/v1\nkind: Modell\nmetadata: {name: fraud}\nspeck: {}\n")
    assert _once(path) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert {line.split(": ")[0] for line in lines} == {f"{path}:1", f"{path}:2", f"{path}:4"}


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--now=yesterday", "yesterday is not a time such as"),
        ("--shard=3", "3 is not a shard such as 0/3"),
        ("--shard=3/3", "of 3 the last is 2/3"),
        ("--refresh.workers=0", "must be at least 1"),
        ("--config.fil=x", "unrecognized arguments"),
        ("--prometheus.url=http://user:secret@prometheus", "must be an http:// or https:// address, without user"),
    ],
)
def test_wrong_usage_exits_with_2(flag: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([flag])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_promql_needs_an_address_in_the_spec_or_the_flag(
    write_local_spec: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    spec = write_local_spec(windows=["1h"], proxies=[{"name": "conversion", "promql": "sum(orders)"}])
    FraudLog.in_folder(spec.parent, NOW).put_all(1)
    assert _once(spec) == 1
    message = "must be given, here or by the flag --prometheus.url: a proxy has promql"
    assert capsys.readouterr().err == f"{spec}: spec.prometheus.url: {message}\n"
    assert _once(spec, "--now=2026-11-22T10:05:00Z", "--prometheus.url=http://127.0.0.1:1") == 0
    assert 'leeway_refresh_failures_total{env="prod",model="fraud",stage="query"} 1.0' in capsys.readouterr().out


def test_a_shard_has_the_models_that_hash_to_it(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["churn", "fraud", "search"]
    for name in names:
        (spec.parent / f"{name}.yaml").write_text(spec.read_text().replace('"name": "fraud"', f'"name": "{name}"'))
    for index in range(2):
        assert _once(spec.parent, "--now=2026-11-22T10:05:00Z", f"--shard={index}/2") == 0
        output = capsys.readouterr()
        samples = (one for family in text_string_to_metric_families(output.out) for one in family.samples)
        own = [name for name in names if hashmod(name, 2) == index]
        assert sorted(one.labels["model"] for one in samples if one.name == catalogue.MODEL_INFO.name) == own
        assert f"shard {index}/2 has {len(own)} of 3 models: {', '.join(own)}" in output.err


def test_a_bad_spec_costs_only_itself_and_the_exit_code(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = spec.parent / "bad.yaml"
    bad.write_text("apiVersion: leeway/v1\nkind: Model\nmetadata: {name: churn}\nspec: {task: oracle}\n")
    assert _once(spec.parent, "--now=2026-11-22T10:05:00Z") == 1
    output = capsys.readouterr()
    assert f'{catalogue.REFRESH_SUCCESS.name}{{env="prod",model="fraud"}} 1.0' in output.out
    assert f'{catalogue.SPEC_LOAD_SUCCESS.name}{{file="bad.yaml",model="churn"}} 0.0' in output.out
    assert f"{catalogue.SPEC_RELOAD_SUCCESS.name} 0.0" in output.out
    for mistake in ("spec.task: must be", "spec.inference: is required", "spec.features: is required"):
        assert f"a spec is rejected: {bad}:4: {mistake}" in output.err


def test_a_shard_reports_the_bad_specs_of_its_models_and_of_no_known_model(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "apiVersion: leeway/v1\nkind: Model\nmetadata: {name: churn}\nspec: {}\n"
    (spec.parent / "bad.yaml").write_text(text)
    (spec.parent / "broken.yaml").write_text("[")
    for index in range(2):
        _once(spec.parent, "--now=2026-11-22T10:05:00Z", f"--shard={index}/2")
        exposed = capsys.readouterr().out
        assert ('file="bad.yaml"' in exposed) == (hashmod("churn", 2) == index)
        assert 'file="broken.yaml"' in exposed


def test_a_shard_may_have_no_model(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = 1 - hashmod("fraud", 2)
    assert _once(spec, f"--shard={elsewhere}/2") == 0
    output = capsys.readouterr()
    assert "model=" not in output.out
    assert f"shard {elsewhere}/2 has 0 of 1 models: none" in output.err


def test_an_address_in_use_is_a_message(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--config.file={spec}", f"--storage.path={spec.parent}", "--web.listen-address=nowhere"]) == 1
    assert "nowhere is not HOST:PORT" in capsys.readouterr().err


def test_a_mistake_in_the_web_configuration_is_a_message_with_its_place(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web = spec.parent / "web.yml"
    web.write_text("basic_auth_users:\n  alice: plain\n")
    assert main([f"--config.file={spec}", f"--storage.path={spec.parent}", f"--web.config.file={web}"]) == 1
    assert f"{web}:2: basic_auth_users.alice: must be a bcrypt hash" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["metrics", "/", "/-/ready", "/{name}"])
def test_the_path_of_the_metrics_takes_no_other_place(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--web.telemetry-path={path}"])
    assert ended.value.code == 2
    assert "must be a path such as /metrics" in capsys.readouterr().err


def test_help_lists_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for flag in (
        "--config.file",
        "--storage.path",
        "--web.listen-address",
        "--web.config.file",
        "--log.level",
        "--log.format",
        "--once",
    ):
        assert flag in text
    assert "(:9877)" in text
