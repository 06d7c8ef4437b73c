"""The page at `/`."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from exporter import catalogue
from exporter.samples.windows import Sample
from exporter.service.model_state import ModelState
from exporter.service.web.status_page import render
from exporter.spec.loading import LoadedSpec
from exporter.spec.model import ModelSpec
from fraud_log import local_spec_document

END = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\"&"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _state(**fields: object) -> ModelState:
    document = local_spec_document()
    document["metadata"]["team"] = HOSTILE
    state = ModelState(LoadedSpec(Path("fraud.yaml"), ModelSpec.model_validate(document)), None)
    for name, value in fields.items():
        setattr(state, name, value)
    return state


def _read(state: ModelState) -> _Tags:
    parser = _Tags()
    parser.feed(render({"fraud": state}))
    return parser


def test_a_failure_is_shown_and_hostile_text_stays_text() -> None:
    page = _read(_state(succeeded=False, error=f"no bucket {HOSTILE}"))
    assert "script" not in page.tags
    assert f"The last refresh failed: no bucket {HOSTILE}" in page.text
    assert f"team {HOSTILE}" in page.text


def test_windows_are_listed_with_their_rows_and_end() -> None:
    labels = ("fraud", catalogue.INFERENCE, "24h")
    samples = [
        Sample(catalogue.WINDOW_ROWS, labels, 48_000),
        Sample(catalogue.WINDOW_END_TIMESTAMP_SECONDS, labels, END.timestamp()),
    ]
    page = _read(_state(succeeded=True, last_success=END, duration=1.25, samples=samples))
    assert "24h48,0002026-11-22 10:00 UTC" in page.text
    assert "Refreshed at 2026-11-22 10:00:00 UTC in 1.2 s." in page.text


def test_the_mistakes_of_rejected_specs_are_listed() -> None:
    mistakes = (f"a.yaml:3: spec.task: {HOSTILE}", "a.yaml:9: odd")
    parser = _Tags()
    parser.feed(render({"fraud": _state()}, mistakes))
    assert f"a.yaml:3: spec.task: {HOSTILE}a.yaml:9: odd" in parser.text
    assert "script" not in parser.tags


def test_a_page_without_models_says_so() -> None:
    assert "No models are loaded." in render({})
