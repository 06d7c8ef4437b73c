"""The links of alerts as Prometheus expands them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

_WITH: Final = re.compile(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}", re.DOTALL)
_VALUE: Final = "{{ . | urlquery }}"


_DASHBOARD: Final = "dashboard_url"


def with_expanded_link(annotations: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """Return annotations with their link to the dashboard, if they have one, as it is for an alert's labels."""
    link = annotations.get(_DASHBOARD)
    return dict(annotations) if link is None else {**annotations, _DASHBOARD: expand_link(link, labels)}


def expand_link(link: str, labels: Mapping[str, str]) -> str:
    """Expand the templates `{{ with $labels.x }}…{{ . | urlquery }}…{{ end }}` of a link with an alert's labels."""

    def replacement(match: re.Match[str]) -> str:
        value = labels.get(match[1], "")
        return match[2].replace(_VALUE, quote_plus(value)) if value else ""

    return _WITH.sub(replacement, link)
