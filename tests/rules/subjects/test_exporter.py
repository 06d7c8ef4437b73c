from __future__ import annotations

from pathlib import Path

from examples import model
from exporter import catalogue
from exporter.catalogue import MODEL, SPEC
from promtool import firing, rules_of, series

NAMES = {MODEL: "fraud", "env": "prod"}
FINGERPRINT = model().spec.fingerprint()


def info(spec: str, instance: str = "a") -> str:
    return series(catalogue.MODEL_INFO, NAMES | {SPEC: spec, "instance": instance, "job": "leeway"})


def test_a_model_that_no_exporter_exposes_keeps_its_routing_labels(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.EXPORTER_DOWN.name]
    firing(rule, {"up": "1x20"}, "4m", [], tmp_path)
    firing(rule, {"up": "1x20"}, "5m", [NAMES], tmp_path)


def test_one_replica_is_enough(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.EXPORTER_DOWN.name]
    firing(rule, {info("s", "a"): "1x2 stale", info("s", "b"): "1x20"}, "15m", [], tmp_path)


def test_a_roll_out_of_a_new_spec_does_not_fire(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.SPEC_MISMATCH.name]
    rollout = {info("old", "a"): "1x10 stale", info(FINGERPRINT, "a"): "_x11 1x30", info(FINGERPRINT, "b"): "1x40"}
    firing(rule, rollout, "30m", [], tmp_path)


def test_a_replica_with_an_old_spec_fires_with_that_spec(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.SPEC_MISMATCH.name]
    behind = {info("old", "a"): "1x40", info(FINGERPRINT, "b"): "1x40"}
    firing(rule, behind, "20m", [NAMES | {"job": "leeway", SPEC: "old"}], tmp_path)


def test_every_change_of_a_spec_changes_the_rules() -> None:
    name = catalogue.SPEC_MISMATCH.name
    assert rules_of(model())[name]["expr"] != rules_of(model({"owner": "another"}))[name]["expr"]
