"""Draw the pictures that are made of text: `make docs`. A test compares the pictures with what this program draws.

`drawings/flow.txt` becomes the picture of the architecture. `drawings/alert.json`, which `notification.py` writes,
becomes the picture of an alert in Slack. No browser, font or network is needed.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES, PICTURES = HERE / "drawings", HERE / "pictures"

WIDTH, HEIGHT, GAP_X, GAP_Y = 216, 50, 20, 26
FILLS = {"outside": ("#f4f5f5", "#9a9fa5"), "room": ("#e8f0fb", "#3274d9")}
FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"
ARROW = (
    "<marker id='arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
    "<path d='M0,0 L8,4 L0,8 z' fill='#555'/></marker>"
)

CARD, LINE, WRAP = 760, 20, 94
NOTE = "Drawn from the message that Alertmanager posts to Slack for the demo's drift; not a screenshot."


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the picture, on a grid of columns and rows."""

    column: int
    row: int
    span: int
    kind: str
    title: str
    text: str

    @property
    def left(self) -> int:
        """Its left edge."""
        return GAP_X + self.column * (WIDTH + GAP_X)

    @property
    def right(self) -> int:
        """Its right edge."""
        return self.left + self.span * WIDTH + (self.span - 1) * GAP_X

    @property
    def top(self) -> int:
        """Its upper edge."""
        return GAP_Y + self.row * (HEIGHT + GAP_Y)

    @property
    def bottom(self) -> int:
        """Its lower edge."""
        return self.top + HEIGHT


def flow(text: str) -> str:
    """The picture of boxes and arrows that a text describes."""
    boxes: dict[str, Box] = {}
    arrows: list[tuple[Box, Box]] = []
    for line in text.splitlines():
        words, *parts = [part.strip() for part in line.split("|")]
        match words.split():
            case ["box", column, row, span, kind, name]:
                boxes[name] = Box(int(column), int(row), int(span), kind, *parts)
            case ["arrow", start, end]:
                arrows.append((boxes[start], boxes[end]))
    width = max(box.right for box in boxes.values()) + GAP_X
    height = max(box.bottom for box in boxes.values()) + GAP_Y
    drawn = [*(_arrow(*ends) for ends in arrows), *(_box(box) for box in boxes.values())]
    return _picture(width, height, [f"<defs>{ARROW}</defs>", *drawn])


def alert(message: dict[str, str | list[str]]) -> str:
    """The picture of a message as Slack lays it out."""
    body: list[str] = []
    at = 34
    for text, style in _lines(message):
        body.append(f"<text x='36' y='{at}' {style}>{escape(text, quote=False)}</text>")
        at += LINE
    left = 36
    for name in message["buttons"]:
        width = 26 + 8 * len(name)
        body.append(
            f"<rect x='{left}' y='{at - 6}' width='{width}' height='28' rx='4' fill='white' stroke='#bbb'/>"
            f"<text x='{left + width / 2:g}' y='{at + 13}' font-size='13' text-anchor='middle'>{escape(name)}</text>"
        )
        left += width + 10
    bar = f"<rect x='18' y='44' width='4' height='{at - 16}' rx='2' fill='#d44a3a'/>"
    note = f"<text x='18' y='{at + 52}' font-size='11' fill='#666'>{escape(NOTE)}</text>"
    frame = f"<rect x='1' y='1' width='{CARD - 2}' height='{at + 34}' rx='8' fill='white' stroke='#d8d9da'/>"
    return _picture(CARD, at + 62, [frame, bar, *body, note])


def _lines(message: dict[str, str | list[str]]) -> Iterator[tuple[str, str]]:
    yield f"{message['channel']}", "font-size='13' fill='#666'"
    yield f"{message['title']}", "font-size='15' font-weight='bold' fill='#1264a3'"
    for paragraph in str(message["text"]).splitlines():
        for line in textwrap.wrap(paragraph, WRAP):
            yield line, "font-size='14' fill='#1d1c1d'"
    yield "", ""


def _box(box: Box) -> str:
    fill, stroke = FILLS[box.kind]
    middle = f"x='{(box.left + box.right) / 2:g}' text-anchor='middle'"
    return (
        f"<rect x='{box.left}' y='{box.top}' width='{box.right - box.left}' height='{HEIGHT}' rx='6'"
        f" fill='{fill}' stroke='{stroke}'/>"
        f"<text {middle} y='{box.top + 21}' font-size='14' font-weight='600'>{escape(box.title)}</text>"
        f"<text {middle} y='{box.top + 39}' font-size='12' fill='#444'>{escape(box.text)}</text>"
    )


def _arrow(start: Box, end: Box) -> str:
    if start.row == end.row:
        middle = start.top + HEIGHT / 2
        ends = (start.right, end.left) if start.column < end.column else (start.left, end.right)
        x1, y1, x2, y2 = ends[0], middle, ends[1], middle
    else:
        x1 = x2 = (max(start.left, end.left) + min(start.right, end.right)) / 2
        y1, y2 = (start.bottom, end.top) if start.row < end.row else (start.top, end.bottom)
    ends = f"x1='{x1:g}' y1='{y1:g}' x2='{x2:g}' y2='{y2:g}'"
    return f"<line {ends} stroke='#555' stroke-width='1.5' marker-end='url(#arrow)'/>"


def _picture(width: int, height: int, parts: list[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' {FONT}>"
    paper = f"<rect width='{width}' height='{height}' fill='white'/>"
    return "\n".join([head, paper, *parts, "</svg>", ""])


def drawings() -> dict[Path, str]:
    """Every picture that is made of text, by its path."""
    return {
        PICTURES / "flow.svg": flow((SOURCES / "flow.txt").read_text()),
        PICTURES / "alert.svg": alert(json.loads((SOURCES / "alert.json").read_text())),
    }


if __name__ == "__main__":
    for path, picture in drawings().items():
        path.write_text(picture)
        sys.stdout.write(f"wrote {path.relative_to(HERE.parent)}\n")
