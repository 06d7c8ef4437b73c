"""The proof of a merged alertmanager.yml: what stood in it before must not change what is sent for a model.

An inhibition rule such as "critical inhibits warning" without `equal`, or with labels that models share, lets the page
of one model silence the ticket of another. amtool accepts it; here it is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from exporter.catalogue import LAYER, Layer
from exporter.errors import RenderError
from generator.layout import MERGED, ROUTE_CASES, ROUTING
from generator.proof.check import Outcome
from generator.routing import inhibition, matchers
from generator.routing.decision import Decider
from generator.routing.inhibition import Rule
from generator.routing.matchers import Labels
from generator.serialization import from_yaml

_SHARED: Final = {"namespace": "ml", "job": "leeway", "service": "leeway"}
"""The labels that alerts of all models get from one scrape; that of a model without an exporter has none of them."""
_SHOWN: Final = 3

Documents = Mapping[PurePosixPath, str]


def prove_merged(documents: Documents) -> Iterator[Outcome]:
    """Test the merged configuration, where there is one, with the alerts of the route cases.

    Yields:
        An outcome for the routes: every alert reaches the receivers that it reaches without the routes of others. Then
        one for each inhibition rule of others: no alert of a model inhibits another one through it.
    """
    if MERGED not in documents:
        return
    own, merged = (from_yaml(documents[path]) for path in (ROUTING, MERGED))
    foreign = [rule for rule in merged.get("inhibit_rules") or () if rule not in own["inhibit_rules"]]
    try:
        ours, both = Decider.of(own), Decider.of(merged)
        rules = inhibition.rules({"inhibit_rules": foreign})
    except RenderError as problem:  # amtool has accepted it: a regular expression of Go, or a name in UTF-8
        yield Outcome(
            f"merged: your routes and rules are not tested, since leeway cannot read them: {problem}", ok=True
        )
        return
    alerts = [case["labels"] for case in json.loads(documents[ROUTE_CASES])["cases"] if LAYER in case["labels"]]
    yield _routes(ours, both, alerts)
    firing = [{**labels, **({} if labels.get(LAYER) == Layer.EXPORTER else _SHARED)} for labels in alerts]
    for text, rule in zip(foreign, rules, strict=True):
        yield _harmless(json.dumps(text), rule, ours, firing)


def _routes(ours: Decider, both: Decider, alerts: Sequence[Labels]) -> Outcome:
    """Compare the receivers; those of routes before ours that `continue` come in addition, as their owner wants."""
    root, theirs = ours.route.receiver, both.route.receiver
    wrong = []
    for labels in alerts:
        expected = {theirs if name == root else name for name in ours.receivers(labels)}
        reached = both.receivers(labels)
        if lost := sorted(name for name in expected if reached.count(name) != 1):
            wrong.append(f"  {labels['alertname']}: does not reach {', '.join(lost)} once, but {', '.join(reached)}")
    what = f"merged: {len(alerts)} alerts reach their receivers through the routes of {MERGED}"
    return Outcome(what, ok=not wrong, detail="\n".join(wrong[:_SHOWN]))


def _harmless(text: str, rule: Rule, ours: Decider, firing: Sequence[Labels]) -> Outcome:
    """Return whether a rule of theirs inhibits no alert that fires beside one other; our own rules may inhibit it."""
    sources = [labels for labels in firing if matchers.all_match(rule.source, labels)]
    wrong = []
    for target in (labels for labels in firing if matchers.all_match(rule.target, labels)):
        for source in sources:
            pair = [target, source]
            if source is not target and 0 in rule.inhibited(pair) and 0 not in ours.inhibited(pair):
                names = [f"{labels['alertname']} of {labels.get('model', 'any model')}" for labels in pair]
                wrong.append(f"  {names[1]} would silence {names[0]}")
                break
    advice = f"  add model to its `equal`, or a matcher that leaves out alerts with the label {LAYER}"
    what = f"merged: your inhibition rule {text} silences no alert of a model"
    return Outcome(what, ok=not wrong, detail="\n".join([*wrong[:_SHOWN], advice]) if wrong else "")
