"""The frame of every page: a title and a style for light and dark screens, without scripts or files from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color-scheme: light dark; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; }
.good { color: #2a7d46; } .bad { color: #c4312b; } .problems { color: #b7791f; }
code { font: .9em/1.5 ui-monospace, monospace; background: #8882; border-radius: 3px; padding: 0 .2em; }
pre { background: #8882; border-radius: 5px; padding: .6rem .8rem; overflow-x: auto; }
pre code { background: none; padding: 0; user-select: all; } /* one click selects the whole block */
"""


def page(title: str, body: str) -> str:
    """Return a page as HTML; `title` is escaped, `body` is HTML."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
