"""The runbooks at `/runbooks`: a page for each alert, and the pages of the manual that they link to.

Their Markdown is part of the installation, so they can be read while everything else is down. All links between them
are relative, so they also work behind a proxy that adds a path.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from exporter import catalogue
from exporter.installation import FOLDER
from exporter.service.html.frame import page
from exporter.service.html.markdown import render

Specs = Callable[[], Mapping[str, Path]]
"""Returns the spec file of each loaded model, by the model's name."""

PARAMETER: Final = "model"
"""The parameter of a page's address that names the model for its commands."""
EXAMPLE: Final = "fraud"
"""The model that the commands of a runbook name; `models/fraud.yaml` is its spec."""

_DOCS: Final = FOLDER / "docs"
MANUAL: Final = (
    *("alerting", "glossary", "logs", "metrics", "operations", "proxies", "retraining", "slo", "sources", "statistics"),
)
"""The other pages that are served; `pyproject.toml` lists them too, for the wheel."""


def files() -> dict[str, Path]:
    """Return the Markdown file of each page by its name: of every alert, then of the manual."""
    alerts = {alert.name: _DOCS / "alerts" / f"{alert.name}.md" for alert in catalogue.ALERTS}
    return alerts | {name: _DOCS / f"{name}.md" for name in MANUAL}


def routes(specs: Specs) -> list[Route]:
    """Return the routes of the list and of the pages."""

    def index(request: Request) -> HTMLResponse:
        folder = "" if request.url.path.endswith("/") else "runbooks/"
        return HTMLResponse(page("Runbooks", f"<h1>Runbooks</h1>{_list(folder)}"))

    def runbook(request: Request) -> HTMLResponse:
        name, model = request.path_params["name"], request.query_params.get(PARAMETER, "")
        if name not in files():
            missing = f"<h1>No such runbook</h1><p>There is no page {escape(name)}. These are all:</p>{_list('')}"
            return HTMLResponse(page("No such runbook", missing), status_code=404)
        return HTMLResponse(_page(name, model, specs().get(model)))

    # Both, because a redirect would lose the path and the scheme of a proxy.
    return [Route("/runbooks", index), Route("/runbooks/", index), Route("/runbooks/{name}", runbook)]


def _page(name: str, model: str, spec: Path | None) -> str:
    """Return a page; the commands name the model, if it is loaded, and else the example."""
    path, addresses = files()[name], {file.resolve(): other for other, file in files().items()}
    query = f"?{PARAMETER}={model}" if spec else ""

    def link(address: str) -> str | None:
        file, hash_, anchor = address.partition("#")
        if "://" in file or not file:
            return address
        other = addresses.get((path.parent / file).resolve())
        return f"{other}{query}{hash_}{anchor}" if other else None

    replaced = {
        f"models/{EXAMPLE}.yaml": shlex.quote(str(spec)),
        f"{PARAMETER}={json.dumps(EXAMPLE)}": f"{PARAMETER}={json.dumps(model)}",
    }
    body = render(path.read_text(encoding="utf-8"), link, replaced if spec else {})
    return page(name, f'<p><a href="../">Leeway</a> · <a href="../runbooks">All runbooks</a></p>{body}')


def _list(folder: str) -> str:
    """Return all pages as HTML, with addresses relative to `folder`."""
    rows = "".join(
        f'<tr><td><a href="{folder}{alert.name}">{alert.name}</a></td><td>{alert.severity}</td><td>{alert.layer}</td>'
        f"<td><code>{alert.metric.name}</code></td></tr>"
        for alert in catalogue.ALERTS
    )
    manual = " · ".join(f'<a href="{folder}{name}">{name}</a>' for name in MANUAL)
    head = "<tr><th>alert</th><th>severity</th><th>layer</th><th>reads</th></tr>"
    return f"<table>{head}{rows}</table><p>The manual: {manual}</p>"
