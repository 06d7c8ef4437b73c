from __future__ import annotations

import pytest

from exporter.spec.messages import KeyPath
from spec_parts import inconsistencies


def test_the_shortest_spec_has_no_mistakes() -> None:
    assert inconsistencies() == []


class TestBrokenParts:
    @pytest.mark.parametrize(
        ("broken", "keys"),
        [
            ((), ["windows[1]", "alerting.windows[0]", "features[1].name"]),
            ((("inference",),), ["alerting.windows[0]", "features[1].name"]),
            ((("inference", "grain"),), ["alerting.windows[0]", "features[1].name"]),
            ((("inference", "columns"),), ["windows[1]", "alerting.windows[0]", "features[1].name"]),
            ((("alerting",),), ["windows[1]", "features[1].name"]),
            ((("windows", 1),), ["features[1].name"]),
            ((("features",), ("windows",)), []),
            ((("features", 1, "type"), ("windows",)), ["features[1].name"]),
            ((("features", 1, "name"), ("windows",)), []),
            ((("features", 1), ("windows",)), []),
            ((("features", 0), ("windows",)), ["features[1].name"]),
        ],
    )
    def test_skip_only_the_checks_that_read_them(self, broken: tuple[KeyPath, ...], keys: list[str]) -> None:
        feature = {"name": "age", "type": "numeric"}
        mistakes = inconsistencies(
            *broken, windows=["1h", "90m"], alerting={"windows": ["2h"]}, features=[feature, feature]
        )
        assert [line.partition(": ")[0] for line in mistakes] == [f"spec.{path}" for path in keys]
