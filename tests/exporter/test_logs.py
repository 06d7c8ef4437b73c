"""Log lines and progress."""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest

from exporter import logs

log = logging.getLogger("exporter.somewhere")


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in logs._QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def fields_of(line: str) -> dict[str, str]:
    """The fields of a logfmt line without escapes, parsed by the rules of a shell."""
    return dict(part.split("=", 1) for part in shlex.split(line))


class TestLogfmt:
    def test_a_line_has_time_level_and_message(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")
        log.info("%s: %d of %d", "fraud", 3, 10)
        captured = capsys.readouterr()
        assert captured.out == ""
        fields = fields_of(captured.err.rstrip("\n"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields.pop("ts"))
        assert fields == {"level": "info", "msg": "fraud: 3 of 10"}

    def test_model_and_stage_are_fields(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")
        log.warning("refused", extra={"model": "fraud", "stage": "read", "other": "not one"})
        fields = fields_of(capsys.readouterr().err)
        assert fields.items() >= {("level", "warning"), ("msg", "refused"), ("model", "fraud"), ("stage", "read")}
        assert "other" not in fields

    @pytest.mark.parametrize(
        ("message", "quoted"),
        [
            ("plain", "msg=plain"),
            ("two words", 'msg="two words"'),
            ("", 'msg=""'),
            ("a=b", 'msg="a=b"'),
            ('say "no"', r'msg="say \"no\""'),
            ("zürich", "msg=zürich"),
            ("line\nlevel=fatal", r'msg="line\nlevel=fatal"'),
            ("\x1b[2J", r'msg="\u001b[2J"'),
        ],
    )
    def test_any_message_is_one_field_of_one_line(
        self, message: str, quoted: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.set_up("info", "logfmt")
        log.error(message)
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert line.endswith(f" level=error {quoted}\n")

    def test_every_line_of_a_thread_that_works_for_a_model_names_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")

        def work() -> None:
            logs.model.set("fraud")
            logging.getLogger("leeway").info("hello")
            logging.getLogger("leeway").info("hello", extra={"model": "other"})

        copy_context().run(work)
        logging.getLogger("leeway").info("hello")
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition("msg=hello")[2] for line in lines] == [" model=fraud", " model=other", ""]

    def test_a_trace_is_a_field(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")
        try:
            int("the cause")
        except ValueError:
            log.exception("failed")
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert "trace=" in line
        assert "ValueError: invalid literal" in line

    def test_nothing_is_logged_below_the_level(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "logfmt")
        log.debug("quiet")
        assert capsys.readouterr().err == ""

    @pytest.mark.parametrize("name", ["botocore.credentials", "uvicorn.error", "urllib3.connectionpool"])
    def test_libraries_log_only_warnings(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("debug", "logfmt")
        logging.getLogger(name).info("found credentials")
        assert capsys.readouterr().err == ""
        logging.getLogger(name).warning("retrying")
        assert "msg=retrying" in capsys.readouterr().err

    def test_setting_up_again_replaces_the_handler(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("DEBUG", "logfmt")
        log.debug("once")
        assert capsys.readouterr().err.count("msg=once") == 1


class TestJson:
    def test_a_line_is_an_object(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.set_up("info", "json")
        log.info('zürich "é"\n', extra={"model": "fraud"})
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert "zürich" in line
        fields: dict[str, Any] = json.loads(line)
        assert fields.keys() == {"ts", "level", "msg", "model"}
        assert (fields["msg"], fields["model"], fields["level"]) == ('zürich "é"\n', "fraud", "info")


class TestProgress:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [0.0]
        monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
        return now

    def test_a_quick_task_is_not_logged(self, clock: list[float], caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        progress = logs.log_progress()
        for done in range(1, 6):
            clock[0] += 1.9
            progress("fraud", done, 5)
        assert caplog.messages == []

    def test_a_slow_task_is_logged_every_ten_seconds(
        self, clock: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        progress = logs.log_progress()
        for done in range(1, 26):
            progress("fraud", done, 25)
            clock[0] += 1
        assert caplog.messages == ["fraud: 11 of 25", "fraud: 21 of 25"]

    def test_each_task_has_its_own_time_and_may_start_again(
        self, clock: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        progress = logs.log_progress()
        progress("fraud", 1, 3)
        clock[0] = 9
        progress("churn", 1, 3)
        clock[0] = 11
        progress("churn", 2, 3)
        progress("fraud", 2, 3)
        assert caplog.messages == ["fraud: 2 of 3"]
        clock[0] = 60
        progress("churn", 1, 3)  # the next refresh
        assert caplog.messages == ["fraud: 2 of 3"]

    def test_without_a_terminal_progress_is_logged(
        self, clock: list[float], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level("INFO")
        with logs.progress() as progress:
            progress("fraud", 1, 2)
            clock[0] = 30
            progress("fraud", 2, 2)
        assert caplog.messages == ["fraud: 2 of 2"]
        assert capsys.readouterr().out == ""

    def test_on_a_terminal_progress_is_a_bar(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        caplog.set_level("INFO")
        with logs.progress() as progress:
            progress("fraud", 1, 4)
            progress("fraud", 4, 4)
            progress("churn", 1, 2)
        captured = capsys.readouterr()
        assert "fraud" in captured.err
        assert "churn" in captured.err
        assert "4/4" in captured.err
        assert captured.out == ""
        assert caplog.messages == []
