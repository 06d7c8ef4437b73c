from __future__ import annotations

import urllib.error
import urllib.request
from io import StringIO

import pytest
from rich.console import Console

from exporter.demo.receiver import alert_names, panel, receiver

ANNOTATIONS = {"summary": "fraud [drifts]", "description": "much", "runbook_url": "http://x/runbooks/A"}
PAGE = {
    "status": "firing",
    "receiver": "fraud-page",
    "alerts": [
        {"labels": {"alertname": "A"}, "annotations": ANNOTATIONS},
        {"labels": {"alertname": "B"}, "annotations": {"summary": "s", "description": "d"}},
    ],
}


def post(url: str, body: bytes) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, body), timeout=5) as response:
        return int(response.status)


def test_pages_are_kept_until_they_are_taken() -> None:
    with receiver() as pages:
        assert pages.take() == []
        assert [post(pages.url, body) for body in (b'{"a": 1}', b'{"a": 2}')] == [200, 200]
        assert pages.take() == [{"a": 1}, {"a": 2}]
        assert pages.take() == []


def test_what_is_not_json_is_refused() -> None:
    with receiver() as pages, pytest.raises(urllib.error.HTTPError, match="400"):
        post(pages.url, b"nonsense")


def test_a_page_shows_its_texts_as_they_are() -> None:
    out = StringIO()
    Console(file=out, width=60).print(panel(PAGE))
    for text in ("firing → fraud-page", "fraud [drifts]", "much", "http://x/runbooks/A"):
        assert text in out.getvalue()
    assert alert_names(PAGE) == ["A", "B"]
