from __future__ import annotations

import pytest

from exporter.service.html.markdown import render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A `b`, and c\n", '<h1 id="a-b-and-c">A <code>b</code>, and c</h1>\n'),
        ("# A\n\n# A\n", '<h1 id="a">A</h1>\n<h1 id="a-1">A</h1>\n'),
        ("[x](known.md#y)\n", '<p><a href="known.md#y">x</a></p>\n'),
        ("a [x `y`](lost.md) b\n", "<p>a x <code>y</code> b</p>\n"),
        ("![a picture](p.png)\n", "<p>a picture</p>\n"),
        ("<!-- a: comment -->\n\na <!-- b --> c\n", "<p>a  c</p>\n"),
        ("<script>x</script>\n", ""),
        ("```promql\nold > 1\n```\n", '<pre><code class="language-promql">new &lt; 2 &gt; 1\n</code></pre>\n'),
        ("`old`\n", "<p><code>old</code></p>\n"),
        ("[x](javascript:alert(1))\n", "<p>[x](javascript:alert(1))</p>\n"),
    ],
)
def test_markdown_is_rendered(text: str, html: str) -> None:
    assert render(text, lambda address: None if address == "lost.md" else address, {"old": "new < 2"}) == html


def test_a_table_is_rendered() -> None:
    assert "<td>1</td>" in render("| a |\n|---|\n| 1 |\n", lambda address: address, {})
