"""The promtool tests of objectives, slice by slice, in files of their own since they last for days and tick slowly.

The burn rates are what the exporter would tell, and when an alert must fire is what `leeway explain` prints:
`generator/proof/slo_cases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.catalogue import MODEL, SLO, SLO_BURN_RATE, WINDOW
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo
from generator.proof import slo_cases
from generator.proof.firing_checks import firing_checks
from generator.proof.series import Phase, duration, exposed

Document = dict[str, Any]
Told = Mapping[str, Any]


def objectives(spec: ModelSpec, rules: Told) -> Iterator[tuple[str, Document]]:
    """The test file of each objective that has stories, by its name.

    Args:
        spec: the model.
        rules: what `rules/mixin.libsonnet` returns of it.

    Returns:
        Plain data, but for `rule_files`.
    """
    alerts = {(alert["key"], alert["objective"]): alert for alert in rules["alert_tests"]}
    cases = slo_cases.slo_cases(spec)
    for slo in spec.spec.slos_evaluated:
        tick = int(slo_cases.tick(slo).total_seconds())
        if cases[slo.name]:
            tests = [_test(spec, slo, alerts[case["alert"], slo.name], case, tick) for case in cases[slo.name]]
            yield slo.name, {"evaluation_interval": duration(tick), "tests": tests}


def _test(spec: ModelSpec, slo: Slo, alert: Told, case: Told, tick: int) -> Document:
    own = {**spec.metadata.labels, MODEL: spec.name, SLO: slo.name}
    spans = case["spans"]
    series = (
        exposed(
            SLO_BURN_RATE.name,
            {**own, WINDOW: window},
            [Phase(span["rates"][window], span["ticks"]) for span in spans],
            tick,
        )
        for window in sorted(spans[0]["rates"])
    )
    return {
        "name": f"{alert['alert']}: {spec.name}/{slo.name} {case['title']}",
        "interval": duration(tick),
        "input_series": [one for both in series for one in both],
        "promql_expr_test": list(firing_checks(alert, case["runs"], 0, tick)),
    }
