from __future__ import annotations

from exporter.service.html.frame import page


def test_a_page_has_a_title_a_style_and_nothing_from_elsewhere() -> None:
    text = page("<b>", "<p>body</p>")
    assert "<title>&lt;b&gt;</title>" in text
    assert "<body><p>body</p></body>" in text
    assert "color-scheme: light dark" in text
    assert not any(word in text for word in ("<script", "src=", "href=", "http:", "https:"))
