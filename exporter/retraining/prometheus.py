"""Instant queries to Prometheus' HTTP API that return one number."""

from __future__ import annotations

import json
import math
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Final

from exporter.errors import SourceUnavailable

_SECONDS: Final = 10.0


def query_value(url: str, query: str) -> float | None:
    """Return the value of an instant query with at most one series.

    Returns:
        The value, or None when there is no series or its value is not a number.

    Raises:
        SourceUnavailable: when Prometheus does not answer, or its answer has no such value.
    """
    address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as response:  # noqa: S310 - the operator's own address
            result = json.load(response)["data"]["result"]
            value = float(result[0]["value"][1]) if result else math.nan
    except (OSError, HTTPException, ValueError, LookupError, TypeError, RecursionError) as problem:
        raise SourceUnavailable(f"Prometheus at {url}: {problem}") from None
    return None if math.isnan(value) else value
