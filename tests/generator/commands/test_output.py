from __future__ import annotations

from pathlib import Path

import pytest

from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE
from generator.serialization import from_yaml
from spec_folder import write_spec


def test_flags_set_the_options_of_the_deployment(work: Path) -> None:
    write_spec("fraud", grafana=None)
    flags = ["--namespace", "ml", "--label", "release=x", "--label", "a=b", "--grafana", "https://g.example.com/"]
    assert main(["generate", *flags]) == EXIT_OK
    rule = from_yaml((work / "build/kubernetes/prometheusrule-fraud.yaml").read_text())
    assert rule["metadata"]["namespace"] == "ml"
    assert rule["metadata"]["labels"] == {"app.kubernetes.io/part-of": "leeway", "release": "x", "a": "b"}
    assert rule["spec"]["groups"][0]["rules"][0]["annotations"]["dashboard_url"].startswith("https://g.example.com/d/")


def test_options_come_from_a_file_and_flags_override_it(work: Path) -> None:
    Path("generator.yaml").write_text("namespace: ml\nlabels: {release: x}\n")
    Path("other.yaml").write_text("namespace: other\n")
    rule = work / "build/kubernetes/prometheusrule-fraud.yaml"
    for flags, namespace in (([], "ml"), (["--namespace", "here"], "here"), (["--options", "other.yaml"], "other")):
        assert main(["generate", *flags]) == EXIT_OK
        assert from_yaml(rule.read_text())["metadata"]["namespace"] == namespace


def test_overlays_of_the_folder_apply_and_a_path_in_a_flag_must_exist(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("overlays").mkdir()
    Path("overlays/a.jsonnet").write_text("function(documents) documents { 'rules/own.yaml': { groups: [] } }")
    assert main(["generate"]) == EXIT_OK
    assert Path("build/rules/own.yaml").exists()
    Path("overlays/a.jsonnet").write_text("{}")
    assert main(["check", "--no-tools"]) == EXIT_PROBLEM
    assert "overlays/a.jsonnet: an overlay must be a function" in capsys.readouterr().err
    assert main(["generate", "--overlays", "none"]) == EXIT_USAGE
    assert main(["generate", "--options", "none.yaml"]) == EXIT_USAGE


def test_routes_are_merged_into_a_copy_of_an_existing_file(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, copy = Path("alertmanager.yml"), Path("build/alertmanager/merged.yml")
    theirs.write_text("# mine\nroute:\n  receiver: team\nreceivers:\n- name: team\n")
    assert main(["generate", "--merge-with", "alertmanager.yml"]) == EXIT_OK
    text = copy.read_text()
    assert "# mine" in text
    assert "fraud" in text
    theirs.write_text(text)
    assert main(["generate", "--merge-with", "alertmanager.yml"]) == EXIT_OK
    assert copy.read_text() == text
    assert main(["check", "--no-tools", "--merge-with", "alertmanager.yml"]) == EXIT_OK
    assert main(["generate", "--merge-with", "none.yml"]) == EXIT_USAGE
    assert "none.yml: cannot be read" in capsys.readouterr().err
    assert main(["generate"]) == EXIT_OK
    assert not copy.exists()
