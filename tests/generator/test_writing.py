from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

import pytest

from exporter.errors import UsageError
from generator.layout import MARK, TAG
from generator.writing import Change, Step, plan, write

RULES = PurePosixPath("rules/fraud.yaml")
OURS = f"# {MARK} from fraud.yaml; do not edit.\n"


def put(out: Path, documents: dict[PurePosixPath, str], *, prune: bool = False) -> list[Change]:
    steps = plan(documents, out, prune=prune)
    for step in steps:
        write(step, out)
    return [step.change for step in steps]


def test_a_second_run_touches_nothing(tmp_path: Path) -> None:
    documents = {RULES: f"{OURS}a: é\n"}
    assert put(tmp_path, documents) == [Change.WRITTEN]
    before = (tmp_path / RULES).stat()
    assert put(tmp_path, documents) == [Change.UNCHANGED]
    after = (tmp_path / RULES).stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert (tmp_path / RULES).read_bytes() == f"{OURS}a: é\n".encode()


def test_a_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    put(tmp_path, {RULES: f"{OURS}a: 1\n"})
    reader = (tmp_path / RULES).open()
    put(tmp_path, {RULES: f"{OURS}a: 2\n"})
    with reader:
        assert reader.read() == f"{OURS}a: 1\n"
    assert [path.name for path in (tmp_path / "rules").iterdir()] == ["fraud.yaml"]


def test_a_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    put(tmp_path, {RULES: OURS})
    current = os.umask(0o022)
    os.umask(current)
    assert (tmp_path / RULES).stat().st_mode & 0o777 == 0o666 & ~current


def leave(out: Path, path: str, text: str) -> Path:
    """Write a file as an earlier run left it."""
    target = out / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rules/tests/fraud.calendar.yaml", OURS),
        ("rules/tests/fraud.slo-auroc.yaml", OURS),
        ("argo/workfloweventbinding-fraud.yaml", OURS),
        ("dashboards/fraud.json", json.dumps({"tags": ["x", TAG]})),
        ("dashboards/leeway-fleet.json", json.dumps({"tags": ["x", TAG]})),
        ("kubernetes/dashboard-leeway-feature.yaml", OURS),
        ("kubernetes/servicemonitor.yaml", OURS),
        ("kubernetes/alertmanager/kustomization.yaml", OURS),
        ("alertmanager/routes.json", json.dumps({"generated": MARK})),
        ("mixin.libsonnet", f"// {MARK} from fraud.yaml; do not edit.\n"),
    ],
)
def test_a_file_of_a_given_model_or_of_all_models_that_is_no_document_now_is_removed(
    tmp_path: Path, path: str, text: str
) -> None:
    target = leave(tmp_path, path, text)
    assert put(tmp_path, {RULES: OURS}) == [Change.WRITTEN, Change.REMOVED]
    assert not target.exists()


OTHER_MODELS = [
    ("rules/churn.yaml", OURS),
    ("rules/tests/churn.slo-auroc.yaml", OURS),
    ("openslo/churn.slo-auroc.yaml", OURS),
    ("argo/workfloweventbinding-churn.yaml", OURS),
    ("kubernetes/prometheusrule-churn.yaml", OURS),
    ("kubernetes/dashboard-churn.yaml", OURS),
    ("kubernetes/grafana/grafanadashboard-churn.yaml", OURS),
    ("dashboards/churn.json", json.dumps({"tags": ["x", TAG]})),
]


@pytest.mark.parametrize(("path", "text"), OTHER_MODELS)
def test_files_of_a_model_that_is_not_given_refuse_the_run_with_its_name(tmp_path: Path, path: str, text: str) -> None:
    target = leave(tmp_path, path, text)
    with pytest.raises(UsageError, match=r"holds 1 files of models whose specs are not given: churn\."):
        plan({RULES: OURS}, tmp_path)
    assert target.read_text() == text


@pytest.mark.parametrize(("path", "text"), OTHER_MODELS)
def test_files_of_a_model_that_is_not_given_are_removed_on_demand(tmp_path: Path, path: str, text: str) -> None:
    target = leave(tmp_path, path, text)
    assert put(tmp_path, {RULES: OURS}, prune=True) == [Change.WRITTEN, Change.REMOVED]
    assert not target.exists()


def test_every_model_that_is_not_given_is_named_once(tmp_path: Path) -> None:
    for path, text in OTHER_MODELS:
        leave(tmp_path, path, text)
    leave(tmp_path, "rules/pricing.yaml", OURS)
    with pytest.raises(UsageError, match=r"holds 9 files of models whose specs are not given: churn, pricing\."):
        plan({RULES: OURS}, tmp_path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("rules/mine.yaml", "groups: []\n"),
        ("rules/notes.txt", OURS),
        ("mine/old.yaml", OURS),
        ("dashboards/mine.json", json.dumps({"tags": ["mine"]})),
        ("dashboards/list.json", "[]"),
        ("dashboards/null.json", json.dumps({"tags": None})),
        ("dashboards/broken.json", "{"),
        ("rules/empty.yaml", ""),
    ],
)
def test_files_of_others_stay(tmp_path: Path, path: str, text: str) -> None:
    target = tmp_path / path
    target.parent.mkdir(parents=True)
    target.write_text(text)
    assert put(tmp_path, {RULES: OURS}) == [Change.WRITTEN]
    assert target.read_text() == text


def test_a_file_of_others_at_a_documents_path_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / RULES
    target.parent.mkdir()
    target.write_bytes(b"mine: \xff\n")
    with pytest.raises(UsageError, match=r"rules/fraud\.yaml: not written by leeway"):
        plan({RULES: OURS}, tmp_path)
    assert target.read_bytes() == b"mine: \xff\n"


def test_a_diff_shows_what_would_change() -> None:
    step = Step(RULES, "a: 1\nb: 2\n", "a: 1\nb: 3\n")
    assert step.diff() == "--- a/rules/fraud.yaml\n+++ b/rules/fraud.yaml\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n"


def test_a_diff_of_a_new_an_old_and_an_unchanged_file() -> None:
    assert Step(RULES, None, "a\n").diff().startswith("--- /dev/null\n+++ b/rules/fraud.yaml\n")
    assert Step(RULES, "a\n", None).diff().startswith("--- a/rules/fraud.yaml\n+++ /dev/null\n")
    assert Step(RULES, "a\n", "a\n").diff() == ""


def test_a_diff_of_a_file_without_a_last_line_end_stays_readable() -> None:
    assert Step(RULES, "a", "b\n").diff().endswith("-a\n\\ No newline at end of file\n+b\n")


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    out = tmp_path / "build"
    out.write_text("a file")
    with pytest.raises(UsageError, match="build"):
        put(out, {RULES: OURS})


def test_a_draft_is_removed_when_it_cannot_be_renamed(tmp_path: Path) -> None:
    (tmp_path / RULES).mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write(Step(RULES, None, OURS), tmp_path)
    assert [path.name for path in (tmp_path / "rules").iterdir()] == ["fraud.yaml"]
