"""The promtool tests of objectives, slice by slice, in files of their own: they last for days, with a longer interval.

`generator/proof/slo_cases.py` computes the burn rates as the exporter publishes them, and the moments at which an alert
must fire as `leeway explain` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from exporter.catalogue import MODEL, SLO, SLO_BURN_RATE, WINDOW
from exporter.spec.model import ModelSpec
from exporter.spec.sections.slo import Slo
from generator.proof import slo_cases
from generator.proof.firing_checks import firing_checks
from generator.proof.series import Phase, duration, replicated

Document = dict[str, Any]
Data = Mapping[str, Any]


def objectives(spec: ModelSpec, rules: Data) -> Iterator[tuple[str, Document]]:
    """Yield the test file of each objective that has cases, with the objective's name.

    Args:
        spec: the model.
        rules: the result of `rules/mixin.libsonnet` for it.

    Yields:
        Plain data, without `rule_files`.
    """
    alerts = {(alert["key"], alert["objective"]): alert for alert in rules["alert_tests"]}
    cases = slo_cases.slo_cases(spec)
    for slo in spec.spec.slos_evaluated:
        tick = int(slo_cases.tick(slo).total_seconds())
        if cases[slo.name]:
            tests = [_test(spec, slo, alerts[case["alert"], slo.name], case, tick) for case in cases[slo.name]]
            yield slo.name, {"evaluation_interval": duration(tick), "tests": tests}


def _test(spec: ModelSpec, slo: Slo, alert: Data, case: Data, tick: int) -> Document:
    own = {**spec.metadata.labels, MODEL: spec.name, SLO: slo.name}
    spans = case["spans"]
    series = (
        replicated(
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
        "input_series": list(chain.from_iterable(series)),
        "promql_expr_test": list(firing_checks(alert, case["runs"], 0, tick)),
    }
