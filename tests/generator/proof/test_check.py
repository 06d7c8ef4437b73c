from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from examples import RECEIVERS, model
from exporter.catalogue import ALERTS
from generator.documents import render
from generator.layout import ROUTE_CASES, ROUTING
from generator.proof.check import Outcome, missing_programs, prove
from generator.serialization import from_yaml, yaml_text

RULES, PROOF = PurePosixPath("rules/fraud.yaml"), PurePosixPath("rules/tests/fraud.yaml")


def failures(documents: dict[PurePosixPath, str]) -> list[Outcome]:
    return [outcome for outcome in prove(documents) if not outcome.ok]


def few_rules() -> dict[PurePosixPath, str]:
    """Return the rules and the first of their tests, so that the others do not take time."""
    documents = those_in("rules")
    proof = from_yaml(documents[PROOF])
    return {RULES: documents[RULES], PROOF: yaml_text(proof | {"tests": proof["tests"][:8]})}


def those_in(folder: str) -> dict[PurePosixPath, str]:
    """Return the documents of one folder, so that the others are not tested."""
    return {path: text for path, text in render([model()]).items() if path.parts[0] == folder}


def test_generated_documents_pass_and_each_outcome_is_one_line() -> None:
    outcomes = list(prove(render([model(alerting={"page": RECEIVERS})])))
    assert all(outcome.ok for outcome in outcomes), [str(outcome) for outcome in outcomes]
    assert [str(outcome) for outcome in outcomes[:6]] == [
        "ok: promtool check rules rules/fraud.yaml",
        "ok: promtool test rules rules/tests/fraud.yaml",
        "ok: promtool test rules rules/tests/fraud.slo-ranking.yaml",
        "ok: promtool check rules rules/leeway-fleet.yaml",
        "ok: promtool test rules rules/tests/leeway-fleet.yaml",
        "ok: amtool check-config alertmanager/alertmanager.yml",
    ]
    assert str(outcomes[-1]) == "ok: promtool check config prometheus/scrape.yml"
    assert len(outcomes) == 7 + len(ALERTS) + 1
    assert not [outcome for outcome in outcomes if "\n" in str(outcome)]


def test_invalid_rules_fail() -> None:
    documents = few_rules()
    failed = failures(documents | {RULES: documents[RULES].replace("max without", "max outwith", 1)})
    assert {outcome.what.split(" rules/")[0] for outcome in failed} == {"promtool check rules", "promtool test rules"}
    assert "parse error" in failed[0].detail


def test_wrong_rules_fail() -> None:
    documents = few_rules()
    (failed,) = failures(documents | {RULES: documents[RULES].replace("for: ", "for: 1")})
    assert failed.what == f"promtool test rules {PROOF}"
    assert "FAILED" in failed.detail


def test_an_invalid_routing_file_fails() -> None:
    documents = those_in("alertmanager")
    failed = failures(documents | {ROUTING: documents[ROUTING].replace("receiver: default", "receiver: nobody", 1)})
    assert 'undefined receiver "nobody"' in failed[0].detail


def test_an_alert_with_another_receiver_fails() -> None:
    documents = those_in("alertmanager")
    cases = json.loads(documents[ROUTE_CASES])
    cases["cases"][0]["receivers"] = ["null"]
    (failed,) = failures(documents | {ROUTE_CASES: json.dumps(cases)})
    assert failed.what.endswith("-> null")


def test_a_missing_program_is_a_failure_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_programs() == ["promtool", "amtool"]
    assert [str(outcome) for outcome in prove(render([model()]))] == [
        "FAILED: promtool\nnot on the PATH; it comes with prometheus",
        "FAILED: amtool\nnot on the PATH; it comes with alertmanager",
    ]


def test_a_program_that_does_not_start_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("promtool", "amtool"):
        (tmp_path / name).write_text("#!/nowhere\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert all("No such file" in outcome.detail for outcome in prove(render([model()])))
