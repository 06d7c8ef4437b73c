"""What is said where alerts have no links, because nobody has named the addresses."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.spec.model import ModelSpec
from generator.arguments import with_links
from generator.options import Options


def missing_links(specs: Sequence[ModelSpec], options: Options) -> str | None:
    """Return one line about the links that alerts do not have, and what to write for them; None if they have all."""
    linked = [with_links(spec, options).metadata for spec in specs]
    remedies = {
        "runbooks": "runbooks (in generator.yaml write exporter: {url: https://…}: the exporter serves them)",
        "grafana": "dashboards (in generator.yaml write grafana: https://…)",
    }
    lacking = {key: [each.name for each in linked if getattr(each, key) is None] for key in remedies}
    parts = [f"{_names(names)} to {remedies[key]}" for key, names in lacking.items() if names]
    return f"note: alerts have no links: of {', and of '.join(parts)}" if parts else None


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} models"
