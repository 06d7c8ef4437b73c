"""Markdown as HTML. This is the only user of markdown-it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from markdown_it import MarkdownIt
from markdown_it.token import Token

Link = Callable[[str], str | None]
"""Returns the address of a link on the served page, or None for a link that would lead nowhere."""


def render(text: str, link: Link, replaced: Mapping[str, str]) -> str:
    """Return a text of the docs as HTML.

    Headings have GitHub's anchors. A link without an address, an image and an HTML comment leave only their text.

    Args:
        text: Markdown with tables, as GitHub reads it.
        link: called with the address of each link.
        replaced: texts in blocks of code, with what is written in their place; it is escaped.
    """
    parser = MarkdownIt("commonmark").enable("table")
    tokens = [token for token in parser.parse(text) if token.type != "html_block"]
    slugs = Counter[str]()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "fence":
            for old, new in replaced.items():
                token.content = token.content.replace(old, new)
        elif token.type == "inline":
            token.children = list(_linked(token.children or [], link))
            if before is not None and before.type == "heading_open":
                before.attrSet("id", _anchor(token.children, slugs))
    return str(parser.renderer.render(tokens, parser.options, {}))


def _linked(tokens: list[Token], link: Link) -> Iterator[Token]:
    """Yield the tokens of a line with the addresses that `link` returns; links do not nest."""
    is_link = True
    for token in tokens:
        if token.type == "link_open":
            address = link(str(token.attrGet("href") or ""))
            is_link = address is not None
            token.attrSet("href", address or "")
        if token.type == "image":
            yield Token("text", "", 0, content=token.content)
        elif token.type != "html_inline" and (is_link or token.type not in {"link_open", "link_close"}):
            yield token


def _anchor(heading: list[Token], seen: Counter[str]) -> str:
    """Return the anchor of a heading, as GitHub makes it; a heading that is repeated gets a number."""
    shown = "".join(token.content for token in heading if token.type in {"text", "code_inline"})
    slug = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
    anchor = f"{slug}-{seen[slug]}" if seen[slug] else slug
    seen[slug] += 1
    return anchor
