"""The PromQL of proxies as rule files, so that promtool parses it; they are only tested, never deployed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from exporter.catalogue import PROXY
from exporter.spec.loading import LoadedSpec
from generator.layout import RULES, Documents
from generator.serialization import yaml_text

_RECORD: Final = "proxy"


def expressions(specs: Iterable[LoadedSpec]) -> Documents:
    """Return a rule file for each proxy with PromQL; its name has the key path of the expression in the spec."""
    return {
        RULES / f"{loaded.spec.name}.spec.proxies[{place}].promql.yaml": yaml_text(_recorded(proxy.name, proxy.promql))
        for loaded in specs
        for place, proxy in enumerate(loaded.spec.spec.proxies)
        if proxy.promql
    }


def _recorded(name: str, expression: str) -> dict[str, list[dict[str, object]]]:
    rule = {"record": _RECORD, "expr": expression, "labels": {PROXY: name}}
    return {"groups": [{"name": name, "rules": [rule]}]}
