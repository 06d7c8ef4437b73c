from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.errors import Problem, SpecError
from exporter.spec.loading import MAX_BYTES, LoadedSpec, key_lines, load, load_all, load_valid
from exporter.spec.schema import EXAMPLE
from spec_files import EXAMPLES, INVALID, VALID, expected, loaded_data

MINIMAL = yaml.safe_dump(EXAMPLE)


def problems(*paths: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_all(paths)
    return [str(problem) for problem in caught.value.problems]


def write(path: Path, text: str | bytes = MINIMAL) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def named(name: str) -> str:
    return yaml.safe_dump({**EXAMPLE, "metadata": {"name": name}})


class TestLoad:
    @pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
    def test_a_valid_spec_is_a_model(self, path: Path) -> None:
        loaded = load(path)
        assert loaded.path == path
        assert loaded.spec.name == loaded_data(path)["metadata"]["name"]

    @pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
    def test_all_mistakes_are_reported_at_once(self, path: Path) -> None:
        assert expected(path)
        with pytest.raises(SpecError) as caught:
            load(path)
        messages = [str(problem).removeprefix(str(path)).lstrip(": ") for problem in caught.value.problems]
        assert messages == expected(path)

    def test_a_message_has_file_line_and_key_path(self, tmp_path: Path) -> None:
        slo = "  slos: [{name: a, metric: auroc, at_least: 0.9, objective: 99.5}]\n"
        path = write(tmp_path / "models" / "fraud.yaml", "# fraud\n" + MINIMAL + slo)
        line = (path.read_text().splitlines()).index(slo.rstrip()) + 1
        assert problems(path) == [f"{path}:{line}: spec.slos[0].objective: must be between 0 and 1"]

    def test_local_paths_are_relative_to_the_folder_of_the_spec(self, tmp_path: Path) -> None:
        loaded = load(write(tmp_path / "models" / "fraud.yaml"))
        assert isinstance(loaded, LoadedSpec)
        assert loaded.folder == tmp_path / "models"

    def test_a_spec_can_be_json_and_begin_with_a_byte_order_mark(self, tmp_path: Path) -> None:
        document = (
            b'\xef\xbb\xbf{"apiVersion": "leeway/v1", "kind": "Model", "metadata": {"name": "a"},\r\n "spec": {}}'
        )
        assert problems(write(tmp_path / "a.yaml", document)) == [
            f"{tmp_path}/a.yaml:2: spec.{key}: is required" for key in ("features", "inference", "reference", "task")
        ]

    @pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
    def test_a_file_of_more_than_a_mebibyte_is_refused(self, tmp_path: Path, size: int) -> None:
        path = write(tmp_path / "a.yaml", MINIMAL + "\n" * (size - len(MINIMAL)))
        if size == MAX_BYTES:
            assert load(path).spec.name == "fraud"
        else:
            assert problems(path) == [f"{path}: is larger than 1 MiB: too large for a spec"]

    def test_a_file_is_utf_8(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.yaml", b"apiVersion: leeway/v1\nkind: Model # \xe9t\xe9\n")
        assert problems(path) == [f"{path}:2: must be UTF-8 text"]
        assert problems(write(path, MINIMAL.encode("utf-16"))) == [f"{path}:1: must be UTF-8 text"]

    def test_a_missing_file_is_reported(self, tmp_path: Path) -> None:
        assert problems(tmp_path / "a.yaml") == [f"{tmp_path}/a.yaml: cannot be read: no such file or directory"]

    def test_circular_links_are_reported(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").symlink_to(tmp_path / "a.yaml")
        assert problems(tmp_path / "a.yaml") == [
            f"{tmp_path}/a.yaml: cannot be read: too many levels of symbolic links"
        ]
        assert problems(Path("\0")) == ["\0: cannot be read: embedded null byte"]

    def test_a_folder_is_not_a_file(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError, match="cannot be read: is a directory"):
            load(tmp_path)


class TestLoadAll:
    def test_a_folder_stands_for_its_files_by_name(self, tmp_path: Path) -> None:
        for name in ("b.yaml", "a.yml", "c.yaml"):
            write(tmp_path / name, named(name[0]))
        for other in ("notes.txt", "d.yaml.bak", ".hidden.yaml", "sub/e.yaml"):
            write(tmp_path / other, "no spec")
        (tmp_path / "folder.yaml").mkdir()
        assert [loaded.path.name for loaded in load_all([tmp_path])] == ["a.yml", "b.yaml", "c.yaml"]

    def test_files_keep_their_order_and_are_loaded_once(self, tmp_path: Path) -> None:
        first, second = write(tmp_path / "b.yaml", named("b")), write(tmp_path / "a.yaml", named("a"))
        (tmp_path / "link.yaml").symlink_to(first)
        assert [loaded.spec.name for loaded in load_all([first, tmp_path, second])] == ["b", "a"]

    def test_the_problems_of_all_files_are_reported_together(self, tmp_path: Path) -> None:
        write(tmp_path / "a.yaml", MINIMAL.replace("leeway/v1", "leeway/v0"))
        write(tmp_path / "b.yaml", "a: [")
        write(tmp_path / "c.yaml", named("good"))
        assert problems(tmp_path, tmp_path / "d.yaml") == [
            f"{tmp_path}/a.yaml:1: apiVersion: must be leeway/v1",
            f"{tmp_path}/b.yaml:1: is not YAML: the bracket is never closed",
            f"{tmp_path}/d.yaml: cannot be read: no such file or directory",
        ]

    def test_two_specs_of_one_name_are_refused(self, tmp_path: Path) -> None:
        text = "metadata: {name: fraud}\n" + yaml.safe_dump(
            {key: EXAMPLE[key] for key in ("apiVersion", "kind", "spec")}
        )
        write(tmp_path / "a.yaml", text)
        write(tmp_path / "b.yaml", "# the same\n\n" + text)
        write(tmp_path / "c.yaml", named("other"))
        assert problems(tmp_path) == [
            f"{tmp_path}/b.yaml:3: metadata.name: is already the name of the model at {tmp_path}/a.yaml:1"
        ]

    def test_no_spec_is_an_error(self, tmp_path: Path) -> None:
        assert problems(tmp_path) == [f"{tmp_path}: contains no *.yaml or *.yml file"]
        assert problems() == ["no spec is given: name a file or a folder of *.yaml files"]


class TestLoadValid:
    def test_a_wrong_spec_costs_only_itself(self, tmp_path: Path) -> None:
        write(tmp_path / "a.yaml", "a: [")
        wrong = write(tmp_path / "b.yaml", named("b").replace("task:", "tusk:"))
        write(tmp_path / "c.yaml", named("c"))
        taken = write(tmp_path / "d.yaml", named("c"))
        loads = load_valid(tmp_path)
        assert [loaded.spec.name for loaded in loads.specs] == ["c"]
        assert [each.path.name for each in loads.rejected] == ["a.yaml", "b.yaml", "d.yaml"]
        assert [each.metadata and each.metadata.name for each in loads.rejected] == [None, "b", "c"]
        assert loads.rejected[1].problems == tuple(sorted(rejected_problems(wrong)))
        assert str(loads.rejected[2].problems[0]).startswith(f"{taken}:")
        assert loads.problems == tuple(problem for each in loads.rejected for problem in each.problems)

    @pytest.mark.parametrize(
        ("metadata", "name"),
        [
            ("{name: b, labels: {env: prod}}", "b"),
            ("{name: B}", None),
            ("{name: b, labels: {model: x}}", None),
            ("{name: 1:30}", None),
            ("[b]", None),
        ],
    )
    def test_the_model_of_a_wrong_spec_is_known_where_its_metadata_are_valid(
        self, tmp_path: Path, metadata: str, name: str | None
    ) -> None:
        write(tmp_path / "a.yaml", named("a"))
        write(tmp_path / "b.yaml", f"apiVersion: leeway/v1\nkind: Model\nspec: {{}}\nmetadata: {metadata}\n")
        (rejected,) = load_valid(tmp_path).rejected
        assert (rejected.metadata and rejected.metadata.name) == name

    def test_without_a_valid_spec_every_mistake_is_raised(self, tmp_path: Path) -> None:
        write(tmp_path / "a.yaml", "a: [")
        write(tmp_path / "b.yaml", named("b").replace("task:", "tusk:"))
        with pytest.raises(SpecError) as caught:
            load_valid(tmp_path)
        assert list(map(str, caught.value.problems)) == problems(tmp_path)

    def test_a_folder_without_specs_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SpecError, match=r"contains no \*\.yaml"):
            load_valid(tmp_path)


def rejected_problems(path: Path) -> list[Problem]:
    with pytest.raises(SpecError) as caught:
        load(path)
    return list(caught.value.problems)


PIECES = [line for path in VALID for line in path.read_text().splitlines(keepends=True)]
SHORT = st.text("{}[]:,-&*!|>'\"#%@` \n\tano019.~", max_size=12) | st.text(max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.text(max_size=80)
    | st.binary(max_size=80)
    | st.lists(st.sampled_from(PIECES) | SHORT, max_size=30).map("".join)
)
def test_any_file_is_a_spec_or_a_spec_error(tmp_path: Path, text: str | bytes) -> None:
    assert_loads_or_raises(tmp_path, text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_change_to_a_spec_is_a_spec_or_a_spec_error(tmp_path: Path, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(VALID)).read_text()
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 40)))
    assert_loads_or_raises(tmp_path, (text[:start] + data.draw(SHORT) + text[end:]).encode("utf-8", "surrogatepass"))


def assert_loads_or_raises(folder: Path, content: bytes) -> None:
    path = write(folder / "a.yaml", content)
    lines = content.count(b"\n") + content.count(b"\r") + 1
    try:
        result: Any = load(path)
    except SpecError as error:
        result = error
    if isinstance(result, LoadedSpec):
        assert load_all([path]) == (result,)
        return
    assert result.problems
    for problem in result.problems:
        assert problem.file == str(path)
        assert problem.line <= lines or any(separator in content.decode() for separator in "\x85\u2028\u2029")
        assert problem.message[0].islower()
        str(problem).encode()


def test_a_key_has_its_line_or_that_of_the_nearest_above_it(tmp_path: Path) -> None:
    path = write(tmp_path / "fraud.yaml", "a:\n  b:\n    - c: 1\n    - c: 2\n  d.e: 3\n")
    line = key_lines(path)
    assert [line(key) for key in ("a", "a.b[1].c", "a.b[7].c", "a.x.y", "")] == [1, 4, 2, 1, 0]
    path.unlink()
    assert key_lines(path)("a") == 0
