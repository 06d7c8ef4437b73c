"""Every link and anchor of the README, the docs and the other pages leads somewhere, on GitHub and in the site."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them; a heading that is repeated gets a number."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} (.*)$", prose(text), flags=re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken(page: Path, text: str) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for address, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", prose(text)):
        if "://" in address:
            continue
        target = page.parent / address if address else page
        if not target.resolve().is_relative_to(ROOT) or not target.exists():
            yield address
        elif anchor and anchor not in anchors(text if target == page else target.read_text()):
            yield f"{address}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_anchor_leads_somewhere(page: Path) -> None:
    assert list(broken(page, page.read_text())) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[a](nothing.md)", ["nothing.md"]),
        ("[a](docs/spec.md#nothing)", ["docs/spec.md#nothing"]),
        ("[a](../elsewhere.md)", ["../elsewhere.md"]),
        ("# Of `this`, and that\n[a](#of-this-and-that)", []),
        ("# A\n# A\n[a](#a-1) [b](#a-2)", ["#a-2"]),
        ("```\n# No heading\n[x](no/link)\n```\n[a](#no-heading)", ["#no-heading"]),
        ("[a](https://example.com/nothing)", []),
        ("[a](docs/alerts/) ![b](docs/pictures/model.png)", []),
    ],
)
def test_a_broken_link_is_found(text: str, found: list[str]) -> None:
    assert list(broken(ROOT / "README.md", text)) == found
