from __future__ import annotations

from pathlib import Path

from examples import model
from exporter import catalogue
from exporter.catalogue import FILE, MODEL, SPEC
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


def load(file: str, instance: str, **labels: str) -> str:
    given = NAMES | {FILE: file, "instance": instance, "job": "leeway"} | labels
    return series(catalogue.SPEC_LOAD_SUCCESS, given)


def test_a_spec_that_one_replica_rejects_fires_with_its_file(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.SPEC_REJECTED.name]
    given = {load("fraud.yaml", "a"): "1x2 0x20", load("fraud.yaml", "b"): "1x23"}
    firing(rule, given, "7m", [], tmp_path)
    firing(rule, given, "8m", [NAMES | {FILE: "fraud.yaml", "job": "leeway"}], tmp_path)


def test_the_rejected_spec_of_another_model_or_of_no_known_model_does_not_fire(tmp_path: Path) -> None:
    rule = rules_of(model())[catalogue.SPEC_REJECTED.name]
    others = {load("a.yaml", "a", model="churn"): "0x30", load("b.yaml", "a", env="test"): "0x30"}
    nameless = {series(catalogue.SPEC_LOAD_SUCCESS, {FILE: "c.yaml", "instance": "a"}): "0x30"}
    firing(rule, others | nameless, "20m", [], tmp_path)


def test_every_change_of_a_spec_changes_the_rules() -> None:
    name = catalogue.SPEC_MISMATCH.name
    assert rules_of(model())[name]["expr"] != rules_of(model({"owner": "another"}))[name]["expr"]
