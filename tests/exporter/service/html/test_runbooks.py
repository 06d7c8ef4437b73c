"""The runbooks over HTTP: all of them open, and no link on them is dead."""

from __future__ import annotations

import re
import tomllib
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from exporter import catalogue
from exporter.service.html import runbooks

ROOT = Path(__file__).resolve().parents[4]
SPECS = {"churn": Path("/etc/leeway/my models/churn.yaml")}


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [given["href"] or ""] if tag == "a" else []
        self.anchors |= {given["id"] or ""} if "id" in given else set()


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=runbooks.routes(lambda: SPECS)))


@pytest.fixture(scope="module")
def pages(client: TestClient) -> dict[str, _Page]:
    return {f"/runbooks/{name}": _Page(client.get(f"/runbooks/{name}").text) for name in runbooks.files()}


@pytest.mark.parametrize("path", ["/runbooks", "/runbooks/"])
def test_the_list_names_every_alert(client: TestClient, path: str) -> None:
    response = client.get(path, follow_redirects=False)
    assert response.status_code == 200
    links = {urljoin(path, link) for link in _Page(response.text).links}
    assert {f"/runbooks/{alert.name}" for alert in catalogue.ALERTS} <= links


def test_no_link_between_the_pages_is_dead(pages: dict[str, _Page]) -> None:
    dead = [
        f"{address}: {link}"
        for address, page in pages.items()
        for link in page.links
        if not (target := urlsplit(urljoin(address, link))).netloc
        and target.path not in {"/", "/runbooks"}
        and (target.path not in pages or (target.fragment and target.fragment not in pages[target.path].anchors))
    ]
    assert dead == []


def test_a_runbook_loses_no_link(pages: dict[str, _Page]) -> None:
    for alert in catalogue.ALERTS:
        written = re.findall(r"\]\(\S+\)", (ROOT / "docs" / "alerts" / f"{alert.name}.md").read_text())
        assert len(pages[f"/runbooks/{alert.name}"].links) == 2 + len(written), alert.name


def test_an_unknown_page_lists_all_and_stays_text(client: TestClient) -> None:
    response = client.get("/runbooks/<script>")
    assert response.status_code == 404
    assert "There is no page &lt;script&gt;." in response.text
    assert 'href="MLDataDriftHigh"' in response.text


def test_the_commands_name_a_loaded_model_and_no_other(client: TestClient) -> None:
    def text(model: str) -> str:
        return client.get("/runbooks/MLFeatureDriftHigh", params={"model": model}).text

    filled = text("churn")
    assert "{model=&quot;churn&quot;," in filled
    assert "--config.file='/etc/leeway/my models/churn.yaml' " in unescape(filled)
    assert "fraud" not in filled.replace("<code>models/fraud.yaml</code>", "")  # whose names the statements have
    assert text("<script>") == text("unknown") == client.get("/runbooks/MLFeatureDriftHigh").text


def test_the_wheel_has_every_page() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    served = {path.relative_to(ROOT).as_posix() for path in runbooks.files().values() if path.parent.name == "docs"}
    assert {name for name in wheel["only-include"] if name.startswith("docs/")} == served | {"docs/alerts"}
