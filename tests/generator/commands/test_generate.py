from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from generator.cli import main
from generator.commands.terminal import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE
from spec_folder import write_spec


def test_generate_writes_every_document_once(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == EXIT_OK
    first = capsys.readouterr().out.splitlines()
    assert first[0] == "written    build/rules/fraud.yaml"
    assert first[-1] == "33 written, 0 unchanged, 0 removed"
    written = {path: path.read_bytes() for path in (work / "build").rglob("*.*")}
    assert main(["generate"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines()[-1] == "0 written, 33 unchanged, 0 removed"
    assert {path: path.read_bytes() for path in (work / "build").rglob("*.*")} == written


def files(work: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (work / "build").rglob("*.*")}


@pytest.mark.parametrize("command", [["generate"], ["generate", "--diff"], ["check", "--no-tools"]])
def test_one_of_several_specs_is_refused_and_nothing_changes(
    command: list[str], work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_spec("churn")
    write_spec("pricing")
    main(["generate"])
    before = files(work)
    write_spec("churn", team="another")
    capsys.readouterr()
    assert main([*command, str(path)]) == EXIT_USAGE
    printed = capsys.readouterr()
    assert "build: holds 18 files of models whose specs are not given: fraud, pricing. " in printed.err
    assert "remove their files with --prune" in printed.err
    assert printed.out == ""
    assert files(work) == before


def test_the_difference_with_prune_shows_what_a_run_with_prune_does(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = write_spec("churn")
    main(["generate"])
    gone.unlink()
    capsys.readouterr()
    assert main(["generate", "--diff", "--prune"]) == EXIT_OK
    shown = capsys.readouterr().out.splitlines()
    removed = [f"build/{line.removeprefix('--- a/')}" for line, after in pairwise(shown) if after == "+++ /dev/null"]
    assert main(["check", "--no-tools", "--prune"]) == EXIT_PROBLEM
    checked = capsys.readouterr().err.splitlines()
    assert main(["generate", "--prune"]) == EXIT_OK
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in printed if line.startswith("removed")] == removed
    written = [line.split()[1] for line in printed if line.startswith(("written", "removed"))]
    assert checked == [f"{path}: out of date: run leeway generate --prune" for path in written]
    assert main(["check", "--no-tools"]) == EXIT_OK


def test_prune_removes_the_documents_of_a_model_that_is_gone(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = write_spec("churn")
    main(["generate"])
    gone.unlink()
    capsys.readouterr()
    assert main(["generate", "--prune"]) == EXIT_OK
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("removed")] == [
        "removed    build/rules/churn.yaml",
        "removed    build/rules/tests/churn.slo-ranking.yaml",
        "removed    build/rules/tests/churn.yaml",
        "removed    build/dashboards/churn.json",
        "removed    build/openslo/churn.slo-ranking.yaml",
        "removed    build/openslo/churn.yaml",
        "removed    build/kubernetes/dashboard-churn.yaml",
        "removed    build/kubernetes/prometheusrule-churn.yaml",
        "removed    build/kubernetes/grafana/grafanadashboard-churn.yaml",
    ]
    assert not list((work / "build").rglob("*churn*"))


def test_generate_takes_specs_and_a_folder(work: Path) -> None:
    path = write_spec("churn")
    assert main(["generate", "--out", "there", str(path)]) == EXIT_OK
    assert sorted(path.name for path in (work / "there" / "rules").glob("*.yaml")) == [
        "churn.yaml",
        "leeway-fleet.yaml",
    ]


def test_a_diff_shows_the_change_and_writes_nothing(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate"])
    write_spec("fraud", team="another")
    capsys.readouterr()
    before = (work / "build/rules/fraud.yaml").read_text()
    assert main(["generate", "--diff"]) == EXIT_OK
    shown = capsys.readouterr().out
    assert "+++ b/rules/fraud.yaml" in shown
    assert "+          team: another" in shown
    assert (work / "build/rules/fraud.yaml").read_text() == before


def test_a_file_of_others_at_a_documents_path_is_wrong_usage(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "alertmanager").mkdir()
    (work / "alertmanager/alertmanager.yml").write_text("route: {receiver: mine}\n")
    assert main(["generate", "--out", "."]) == EXIT_USAGE
    assert "alertmanager/alertmanager.yml: not written by leeway" in capsys.readouterr().err
    assert not (work / "rules").exists()


def test_generate_prints_the_remarks_on_an_object_once_and_only_for_kubernetes(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate"]) == EXIT_OK
    assert capsys.readouterr().err == ""
    assert main(["generate", "--namespace", "monitoring"]) == EXIT_OK
    first = capsys.readouterr().err.splitlines()
    assert first
    assert all(line.startswith("build/kubernetes/alertmanager/alertmanagerconfig.yaml: warning: ") for line in first)
    assert main(["generate", "--namespace", "monitoring"]) == EXIT_OK
    assert capsys.readouterr().err == ""
