"""The links of alerts as Prometheus expands them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

_WITH: Final = re.compile(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}", re.DOTALL)
_VALUE: Final = "{{ . | urlquery }}"


def expand_link(link: str, labels: Mapping[str, str]) -> str:
    """Expand the templates `{{ with $labels.x }}…{{ . | urlquery }}…{{ end }}` of a link with an alert's labels."""

    def replacement(match: re.Match[str]) -> str:
        value = labels.get(match[1], "")
        return match[2].replace(_VALUE, quote_plus(value)) if value else ""

    return _WITH.sub(replacement, link)
