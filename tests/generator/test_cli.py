from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import BODY, METADATA
from exporter.spec.schema import json_schema
from generator.cli import EXIT_OK, EXIT_PROBLEM, EXIT_USAGE, main
from generator.documents import render


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a spec in `models/`."""
    monkeypatch.chdir(tmp_path)
    write_spec("fraud")
    return tmp_path


def write_spec(name: str, **metadata: Any) -> Path:
    path = Path("models", f"{name}.yaml")
    path.parent.mkdir(exist_ok=True)
    document = {"apiVersion": "leeway/v1", "kind": "Model", "spec": BODY}
    path.write_text(yaml.safe_dump(document | {"metadata": {**METADATA, "name": name, **metadata}}))
    return path


def test_generate_writes_every_document_once(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == EXIT_OK
    first = capsys.readouterr().out.splitlines()
    assert first[0] == "written    build/rules/fraud.yaml"
    assert first[-1] == "29 written, 0 unchanged, 0 removed"
    written = {path: path.read_bytes() for path in (work / "build").rglob("*.*")}
    assert main(["generate"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines()[-1] == "0 written, 29 unchanged, 0 removed"
    assert {path: path.read_bytes() for path in (work / "build").rglob("*.*")} == written


def test_generate_removes_the_documents_of_a_model_that_is_gone(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = write_spec("churn")
    main(["generate"])
    gone.unlink()
    capsys.readouterr()
    assert main(["generate"]) == EXIT_OK
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("removed")] == [
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
    assert sorted(path.name for path in (work / "there" / "rules").glob("*.yaml")) == ["churn.yaml"]


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


def test_the_place_of_deployment_is_told_by_flags(work: Path) -> None:
    write_spec("fraud", grafana=None)
    flags = ["--namespace", "ml", "--label", "release=x", "--label", "a=b", "--grafana", "https://g.example.com/"]
    assert main(["generate", *flags]) == EXIT_OK
    rule = yaml.safe_load((work / "build/kubernetes/prometheusrule-fraud.yaml").read_text())
    assert rule["metadata"]["namespace"] == "ml"
    assert rule["metadata"]["labels"] == {"app.kubernetes.io/part-of": "leeway", "release": "x", "a": "b"}
    assert rule["spec"]["groups"][0]["rules"][0]["annotations"]["dashboard_url"].startswith("https://g.example.com/d/")


def test_check_is_content_with_what_generate_wrote(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate"])
    capsys.readouterr()
    assert main(["check"]) == EXIT_OK
    told = capsys.readouterr()
    assert "ok: promtool test rules rules/tests/fraud.yaml\n" in told.out
    assert told.err == ""


def test_check_shows_what_is_stale(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate"])
    write_spec("fraud", team="another")
    capsys.readouterr()
    assert main(["check", "--no-tools"]) == EXIT_PROBLEM
    told = capsys.readouterr()
    assert "+          team: another" in told.out
    assert "build/rules/fraud.yaml: stale: run leeway generate" in told.err.splitlines()
    assert "promtool" not in told.out


def test_check_fails_without_the_programs_unless_told(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["generate"])
    monkeypatch.setenv("PATH", str(work))
    assert main(["check"]) == EXIT_PROBLEM
    assert "FAILED: promtool\nnot on the PATH" in capsys.readouterr().err
    assert main(["check", "--no-tools"]) == EXIT_OK
    assert "ok: incident of MLDataDriftHigh of fraud, with " in capsys.readouterr().out


def test_validate_says_ok_and_what_is_left_open(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == EXIT_OK
    first, *more = capsys.readouterr().out.splitlines()
    assert first == "models/fraud.yaml: ok"
    assert all(line.startswith("models/fraud.yaml: note: ") for line in more)
    assert len(more) == 2


@pytest.mark.parametrize("command", ["validate", "generate", "check"])
def test_every_problem_of_a_spec_is_a_line_on_standard_error(
    work: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    document = yaml.safe_load((work / "models/fraud.yaml").read_text())
    document["spec"] |= {"task": "astrology", "windows": []}
    (work / "models/fraud.yaml").write_text(yaml.safe_dump(document))
    assert main([command]) == EXIT_PROBLEM
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 2
    assert all(line.startswith("models/fraud.yaml:") for line in told.err.splitlines())
    assert not (work / "build").exists()


def test_no_spec_at_all_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate"]) == EXIT_PROBLEM
    assert "models" in capsys.readouterr().err


def test_a_file_of_somebody_else_in_the_way_is_wrong_usage(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "alertmanager").mkdir()
    (work / "alertmanager/alertmanager.yml").write_text("route: {receiver: mine}\n")
    assert main(["generate", "--out", "."]) == EXIT_USAGE
    assert "alertmanager/alertmanager.yml: not written by leeway" in capsys.readouterr().err
    assert not (work / "rules").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["generate", "--label", "x"], ["generate", "--grafana", "{{}}"], ["check", "--ou", "x"]],
)
def test_wrong_usage_ends_with_its_own_code(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == EXIT_USAGE
    assert "usage: leeway" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "leeway check --out build models/" in capsys.readouterr().out


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out) == json_schema()


def test_demo_is_handed_the_folder_and_the_renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[Path, Any]] = []
    demo = types.ModuleType("exporter.demo.demo")
    demo.run = lambda folder, *, render: asked.append((folder, render)) or 130  # type: ignore[attr-defined] - a stand-in
    monkeypatch.setitem(sys.modules, "exporter.demo.demo", demo)
    assert main(["demo", "--folder", str(tmp_path)]) == 130
    assert asked == [(tmp_path, render)]


def test_options_come_from_a_file_and_flags_go_over_it(work: Path) -> None:
    Path("generator.yaml").write_text("namespace: ml\nlabels: {release: x}\n")
    Path("other.yaml").write_text("namespace: other\n")
    rule = work / "build/kubernetes/prometheusrule-fraud.yaml"
    for flags, namespace in (([], "ml"), (["--namespace", "here"], "here"), (["--options", "other.yaml"], "other")):
        assert main(["generate", *flags]) == EXIT_OK
        assert yaml.safe_load(rule.read_text())["metadata"]["namespace"] == namespace


def test_overlays_of_the_folder_apply_and_what_is_named_must_be_there(
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


def test_generate_warns_once_of_what_a_document_cannot_say(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == EXIT_OK
    first = capsys.readouterr().err.splitlines()
    assert first
    assert all(line.startswith("build/kubernetes/alertmanager/alertmanagerconfig.yaml: warning: ") for line in first)
    assert main(["generate"]) == EXIT_OK
    assert capsys.readouterr().err == ""


def test_routes_are_merged_into_a_copy_of_what_is_there(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_init_writes_a_valid_spec_and_never_over_another(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"score": [0.5, 0.25], "age": [20, 20]}), "churn-2026-11-22.parquet")
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines()[:2] == ["written    models/churn.yaml", "models/churn.yaml: ok"]
    text = (work / "models/churn.yaml").read_text()
    assert main(["init", "--from", "churn-2026-11-22.parquet"]) == EXIT_USAGE
    assert "models/churn.yaml: cannot be written: File exists" in capsys.readouterr().err
    assert main(["init", "--from", "churn-2026-11-22.parquet", "--name", "c", "--out", "c.yaml"]) == EXIT_OK
    assert (work / "models/churn.yaml").read_text() == text
    assert main(["validate", "c.yaml"]) == EXIT_OK
