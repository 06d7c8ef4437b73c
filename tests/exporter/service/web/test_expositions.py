"""Scrapes that come at once share a rendering."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from exporter import catalogue
from exporter.errors import UsageError
from exporter.service.refresh import Refresher
from exporter.service.web import expositions
from exporter.service.web.expositions import Expositions
from exporter.store.profiles import ProfileStore

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


@pytest.fixture
def refresher(tmp_path: Path) -> Refresher:
    return Refresher([], ProfileStore(tmp_path), clock=lambda: NOW)


def _request(accept: str = "*/*", encoding: str = "identity") -> Request:
    headers = [(b"accept", accept.encode()), (b"accept-encoding", encoding.encode())]
    return Request({"type": "http", "headers": headers})


async def _body(made: Expositions, request: Request) -> bytes:
    response = made.response(request)
    return b"".join([bytes(piece) async for piece in response.body_iterator])  # type: ignore[attr-defined]


@pytest.fixture
def renderings(refresher: Refresher, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    made: list[bool] = []
    render = refresher.exposition

    def counted(*, openmetrics: bool, compressed: bool) -> tuple[list[bytes], str] | None:
        made.append(compressed)
        return render(openmetrics=openmetrics, compressed=compressed)

    monkeypatch.setattr(refresher, "exposition", counted)
    return made


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_scrapes_of_one_second_share_a_rendering_of_each_form(
    refresher: Refresher, renderings: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(expositions.time, "monotonic", lambda: now)
    made = Expositions(refresher)
    assert made.response(_request()).status_code == 503
    refresher.refresh_all()
    renderings.clear()
    first = await _body(made, _request())
    assert catalogue.BUILD_INFO.name.encode() in first
    assert [await _body(made, _request()) for _ in range(3)] == [first] * 3
    assert renderings == [False]
    assert catalogue.BUILD_INFO.name.encode() in gzip.decompress(await _body(made, _request(encoding="gzip")))
    assert renderings == [False, True]
    now += 1
    await _body(made, _request())
    assert renderings == [False, True, False]
    refresher.reject_specs(UsageError("models: cannot be read"))
    assert f"{catalogue.SPEC_RELOAD_SUCCESS.name} 0.0".encode() in await _body(made, _request())
