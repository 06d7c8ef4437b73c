from __future__ import annotations

from itertools import combinations
from typing import Any

from grafanalib.core import GridPos, RowPanel, Text
from hypothesis import given
from hypothesis import strategies as st

from dashboards.panels.layout import WIDTH, Section, flow, stack


def panel(width: int, height: int) -> Text:
    return Text(gridPos=GridPos(h=height, w=width, x=0, y=0))


def place(item: Any) -> tuple[int, int, int, int]:
    return item.gridPos.x, item.gridPos.y, item.gridPos.w, item.gridPos.h


SIZES = st.lists(st.tuples(st.integers(1, WIDTH), st.integers(1, 20)), max_size=20)


@given(SIZES, st.integers(0, 100))
def test_panels_flow_within_the_grid_without_overlap(sizes: list[tuple[int, int]], top: int) -> None:
    placed, bottom = flow([panel(*size) for size in sizes], top)
    boxes = [place(item) for item in placed]
    assert [(w, h) for _, _, w, h in boxes] == sizes
    assert all(x >= 0 and x + w <= WIDTH and top <= y and y + h <= bottom for x, y, w, h in boxes)
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_a_line_is_as_high_as_its_highest_panel() -> None:
    placed, bottom = flow([panel(12, 4), panel(12, 8), panel(24, 2)], 3)
    assert [place(item)[:2] for item in placed] == [(0, 3), (12, 3), (0, 11)]
    assert bottom == 13


def test_placed_panels_are_copies() -> None:
    one = panel(4, 4)
    stack([Section("a", "", [panel(20, 4), one])])
    assert place(one)[:2] == (0, 0)


def test_sections_are_below_each_other() -> None:
    bare, opened, collapsed, last = stack(
        [
            Section("a", "", [panel(24, 5)]),
            Section("b", "open", [], collapsed=False),
            Section("c", "collapsed", [panel(12, 8)]),
            Section("d", "last", []),
        ]
    )
    assert place(bare) == (0, 0, 24, 5)
    assert [place(row) for row in (opened, collapsed, last)] == [(0, 5, 24, 1), (0, 6, 24, 1), (0, 7, 24, 1)]


def test_a_collapsed_section_contains_its_panels_and_an_open_one_is_followed_by_them() -> None:
    collapsed, opened, inner = stack(
        [Section("a", "collapsed", [panel(12, 8)]), Section("b", "open", [panel(12, 8)], collapsed=False)]
    )
    assert isinstance(collapsed, RowPanel)
    assert (collapsed.collapsed, [place(item) for item in collapsed.panels]) == (True, [(0, 1, 12, 8)])
    assert (opened.collapsed, opened.panels) == (False, [])
    assert place(inner) == (0, 2, 12, 8)
    assert collapsed.id != opened.id


def test_a_headings_id_depends_only_on_its_key() -> None:
    one, other = (stack([Section("key", title, [])])[0] for title in ("a title", "another"))
    assert one.id == other.id
    assert one.title != other.title
