"""What a link of an alert becomes when Prometheus expands it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

_CHOICE: Final = re.compile(r"\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}", re.DOTALL)
_VALUE: Final = "{{ . | urlquery }}"


def expand_link(link: str, labels: Mapping[str, str]) -> str:
    """A link whose templates are `{{ with $labels.x }}…{{ . | urlquery }}…{{ end }}`, for an alert of these labels."""

    def chosen(found: re.Match[str]) -> str:
        value = labels.get(found[1], "")
        return found[2].replace(_VALUE, quote_plus(value)) if value else ""

    return _CHOICE.sub(chosen, link)
