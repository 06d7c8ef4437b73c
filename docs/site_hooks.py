"""Hooks of the site (`make docs-site`): links that leave docs/, links to folders, and folders in the navigation.

GitHub shows any file of the repository, the site only pages. So each file outside docs/ that a page links to becomes a
page below `project/`, and each folder that a page links to gets a page that lists it. Links are changed to match.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
OUTSIDE = "project"
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace each folder in the navigation (`Alerts: alerts/`) by its pages."""
    config.nav = [_expanded(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for everything outside docs/, and for every folder, that a page links to."""
    waiting = [DOCS / file.src_uri for file in files.documentation_pages()]
    while waiting:
        page = waiting.pop()
        for target in sorted(set(_targets(page))):
            uri = _uri(target)
            if files.get_file_from_path(uri):
                continue
            files.append(File.generated(config, uri, content=_content(target), inclusion=InclusionLevel.NOT_IN_NAV))
            if target.suffix == ".md":
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Change the links of a page to where the site has their targets."""
    source, folder = _source(page.file.src_uri), PurePosixPath(page.file.src_uri).parent

    def changed(match: re.Match[str]) -> str:
        target = _target(source, match[1])
        if target is None:
            return match[0]
        return f"]({os.path.relpath(_uri(target), folder)}{match[2] or ''})"

    return LINK.sub(changed, markdown)


def _expanded(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    [(title, value)] = entry.items()
    if isinstance(value, list):
        return {title: [_expanded(each) for each in value]}
    if value.endswith("/"):
        return {title: [f"{value}{path.name}" for path in sorted((DOCS / value).glob("*.md"))]}
    return entry


def _source(uri: str) -> Path:
    """The file of the repository that a page of the site is made from."""
    inside = uri.removeprefix(f"{OUTSIDE}/")
    return ROOT / inside if inside != uri else DOCS / uri


def _targets(source: Path) -> list[Path]:
    links = LINK.findall(source.read_text()) if source.is_file() else []
    return [target for address, _ in links if (target := _target(source, address))]


def _target(source: Path, address: str) -> Path | None:
    """The file or folder of the repository that a link leads to; None for an address elsewhere."""
    path = (source.parent / address).resolve()
    return path if "://" not in address and path.exists() and path.is_relative_to(ROOT) else None


def _uri(target: Path) -> str:
    """Where the site has a file or folder of the repository."""
    inside = target.is_relative_to(DOCS) and target.suffix != ".py"  # programs are no part of the site
    uri = target.relative_to(DOCS).as_posix() if inside else f"{OUTSIDE}/{target.relative_to(ROOT).as_posix()}"
    if target.is_dir():
        return f"{uri}/index.md"
    return uri if inside or target.suffix == ".md" else f"{uri}.md"


def _content(target: Path) -> str:
    name = target.relative_to(ROOT).as_posix()
    if target.is_dir():
        listed = "".join(f"- [{path.name}]({path.name})\n" for path in sorted(target.iterdir()) if path.is_file())
        return f"# {name}\n\n{listed}"
    if target.suffix == ".md":
        return target.read_text()
    return f"# {name}\n\n````{target.suffix.removeprefix('.') or 'text'}\n{target.read_text()}````\n"
