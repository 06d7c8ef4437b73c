from __future__ import annotations

import pytest

from exporter.service.web.negotiation import prefers

OPENMETRICS = ("application/openmetrics-text", "application/*", "*/*")
TEXT = ("text/plain", "text/*", "*/*")
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("header", "preferred"),
    [
        (PROMETHEUS, True),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text; version=1.0.0, text/plain", True),
        ("Application/OpenMetrics-Text ; q = 0.9 , text/plain ; q=0.8", True),
        ("application/*, text/plain;q=0.1", True),
        ("text/plain;q=0, */*", True),
        ("text/plain, application/openmetrics-text;q=0.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0, text/plain;q=0", False),
        ("application/openmetrics-text;q=0.000, */*", False),
        ("application/openmetrics-text;q=2, text/plain;q=0.1", False),
        ("application/openmetrics-text;q=nan, text/plain;q=0.1", False),
        ("application/openmetrics-text;q=, text/plain;q=0.1", False),
        ("application/openmetrics-text-2", False),
        ("text/*, application/openmetrics-text;q=0.5", False),
        ("*/*", False),
        ("text/html", False),
        ("", False),
        (",;,", False),
    ],
)
def test_the_form_with_the_higher_quality_is_preferred(header: str, *, preferred: bool) -> None:
    assert prefers(header, OPENMETRICS, TEXT) is preferred


@pytest.mark.parametrize(
    ("header", "compressed"),
    [
        ("gzip", True),
        ("*", False),
        ("*;q=0.5, identity;q=0", True),
        ("gzip, identity", True),
        ("gzip;q=0.5, identity;q=1", False),
        ("*;q=0, gzip", True),
        ("gzip;q=0, *", False),
    ],
)
def test_encodings_have_qualities_too(header: str, *, compressed: bool) -> None:
    assert prefers(header, ("gzip", "*"), ("identity", "*")) is compressed
