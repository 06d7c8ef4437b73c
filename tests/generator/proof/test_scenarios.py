from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import BODY, hostile_model, model
from exporter.catalogue import ALERTS, HOOK_METRICS, REPLICA_LABELS, RETRAINING_NOT_STARTED, SLO, Alert
from promtool import Document, passing, rendered, verdict

HOOKED = tuple(f"{metric.name}{{" for metric in HOOK_METRICS)
"""The metrics without constant labels."""
WINDOWS = ["1h", "24h", "7d"]
PLAIN = "plain"
SPECS = {
    PLAIN: model(windows=WINDOWS),
    "hostile": hostile_model(),
    "without constant labels, fast": model({"labels": {}}, refresh={"interval": "10s", "timeout": "1m"}),
    "two constant labels, one window, roles without segments, odd": model(
        {"labels": {"env": "prod", "region": "eu"}},
        windows=["24h"],
        refresh={"interval": "7m13s", "timeout": "61m"},
        inference=BODY["inference"] | {"columns": BODY["inference"]["columns"] | {"role": "role"}},
        segments=[],
    ),
    "roles, slow": model(
        inference=BODY["inference"] | {"columns": BODY["inference"]["columns"] | {"role": "role"}},
        refresh={"interval": "1d", "timeout": "6h"},
    ),
    "objectives": model(
        slos=[
            {"name": "strict", "metric": "auroc", "at_least": 0.91, "objective": 0.995, "slice": "1h"},
            {"name": "lax", "metric": "recall", "at_least": 0.5, "objective": 0.8},
            {"name": "near", "metric": "within_tolerance", "tolerance": 0.3, "objective": 0.99, "slice": "1h"},
            {
                "name": "own",
                "metric": "log_loss",
                "at_most": 1,
                "objective": 0.9,
                "burn": {"fast": [{"factor": 8.125, "window": "3d"}], "slow": [{"factor": 1.7, "window": "7d"}]},
            },
        ]
    ),
    "one number and nothing else": model(
        inference={"source": {"local": "log/%H.parquet"}}, segments=[], features=[{"name": "age", "type": "numeric"}]
    ),
}


@pytest.mark.parametrize(
    "name", [name for name in SPECS if name != PLAIN]
)  # below, each rule of that one passes without a mistake
def test_the_rules_pass_their_tests(name: str, tmp_path: Path) -> None:
    passed, output = verdict(*rendered(SPECS[name]), tmp_path)
    assert passed, output


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_fires_in_a_scenario_and_is_silent_in_a_twin(alert: Alert) -> None:
    groups = [group for group in rendered(model())[1]["tests"] if group["name"].startswith(f"{alert.name}: ")]
    fires = [any(check["exp_alerts"] for check in group["alert_rule_test"]) for group in groups]
    assert True in fires
    assert False in fires


def test_a_scenario_has_a_time_before_during_and_after() -> None:
    _, proof = rendered(model())
    for group in proof["tests"]:
        alerts = [len(check["exp_alerts"]) for check in group["alert_rule_test"]]
        assert alerts in ([0, 1, 1, 0], [0, 0])


def test_a_range_holds_several_samples_however_long_another_scenario_lasts(tmp_path: Path) -> None:
    rules, proof = rendered(model(refresh={"timeout": "1d"}))
    assert proof["evaluation_interval"] == "150s"  # a quarter of ten minutes; a hundredth of a day is more
    proof["tests"] = [group for group in proof["tests"] if group["name"].startswith(RETRAINING_NOT_STARTED.name)]
    passed, output = verdict(rules, proof, tmp_path)
    assert passed, output


def test_the_model_s_own_series_have_two_replicas_and_foreign_ones_have_one() -> None:
    for group in rendered(model())[1]["tests"]:
        inputs = [each["series"] for each in group["input_series"]]
        counts = Counter(re.sub(rf'({"|".join(REPLICA_LABELS)})="[^"]*"', "", name) for name in inputs)
        both = [name for name, count in counts.items() if count == 2]
        assert both
        assert all('model="fraud"' in name for name in both)
        assert all(('env="prod"' in name) != name.startswith(HOOKED) for name in both)
        assert set(counts.values()) == {1, 2}
        assert len(set(inputs)) == len(inputs)


# ------------------------------------------------------------------------------------------ mutations


EXPRESSIONS = [
    (r"\n>\n", "\n<\n"),
    (r"\n>\n", "\n>=\n"),
    (r"\n>\n", "\n!=\n"),
    (r"\n> (\d+)", r"\n< \1"),
    (r"\n> (\d+)", r"\n>= \1"),
    (r"\n> (\d+)$", r"\n> 1\1"),
    (r"\n== 0", "\n!= 0"),
    (r"\n== 0", "\n<= 1"),
    (r'spec!="', 'spec="'),
    (r"^absent\((.*)\)$", r"count(\1)"),
    (r"_threshold\{", "{"),
    (r"\w+(_share|_psi|_ratio|_shift)\{", r"other\1{"),
    (r"instance, pod, endpoint, container", "pod, endpoint, container"),
    (r"instance, pod, endpoint, container", "instance, pod, endpoint, container, namespace"),
    (r'model="fraud"', 'model!=""'),
    (r',env="prod"', ""),
    (r',window=~?"[^"]*"', ""),
    (r',stream="inference"', ',stream="labels"'),
    (r"^time\(\) - ", "0 * time() - "),
    (r"min without", "max without"),
    (r"-Inf \*", "Inf *"),
    (r"\nor\n", "\nand\n"),
    (r"\nand\n", "\nor\n"),
    (r"\n<= 0", "\n< 0"),
    (r"\n<= 0", "\n<= 0.1"),
    (r',slo="[^"]*"', ""),
    (r", owner, spec, task, team", ", owner"),
    (r"\w+_success", "other"),
    (r',decision=~?"[^"]*"', ""),
    (r'decision=~"failed\|no_answer"', 'decision="failed"'),
    (r'decision=~"failed\|no_answer"', 'decision="no_answer"'),
    (r"(increase\(.*)\[10m\]", r"\1[20m]"),
]
"""Possible mistakes in an expression; each one that applies must fail a test."""


def mutants(rule: Document) -> Iterator[tuple[str, Document]]:
    """Yield the name of a mistake, and the rule with it."""
    for pattern, wrong in EXPRESSIONS:
        expression = re.sub(pattern, wrong, rule["expr"])
        if expression != rule["expr"]:
            yield f"{pattern} -> {wrong}", rule | {"expr": expression}
    for wait in ("for", "keep_firing_for"):
        yield f"no {wait}", {key: value for key, value in rule.items() if key != wait}
        yield f"a shorter {wait}", rule | {wait: "2m"}
        yield f"a longer {wait}", rule | {wait: "2h"}
    for key in rule["labels"]:
        yield f"no {key}", rule | {"labels": {name: text for name, text in rule["labels"].items() if name != key}}
    for key in rule["labels"]:
        yield f"another {key}", rule | {"labels": rule["labels"] | {key: "other"}}


# Labels that series bring along anyway, and that a rule repeats so that none can be missing.
EQUIVALENT = {"no model", "no env"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_rule_with_a_mistake_fails_its_proof(alert: Alert, tmp_path: Path) -> None:
    rules, proof = rendered(SPECS[PLAIN])
    proof["tests"] = [group for group in proof["tests"] if group["name"].startswith(f"{alert.name}: ")]
    rule = next(rule for group in rules["groups"] for rule in group["rules"] if rule["alert"] == alert.name)
    wrong = dict(mutants(rule))
    assert len(wrong) >= 18
    brought = {"no slo"} if SLO in alert.metric.labels else set()
    # The texts cost queries at each step, and a mistake elsewhere does not change them.
    bare = {name: {key: value for key, value in each.items() if key != "annotations"} for name, each in wrong.items()}
    texts = {
        f"another {key}": rule | {"annotations": rule["annotations"] | {key: "other"}} for key in rule["annotations"]
    }
    passed = passing({"no mistake": rule, **texts, **bare}, proof, tmp_path)
    assert {"no mistake"} <= passed <= {"no mistake"} | EQUIVALENT | brought
