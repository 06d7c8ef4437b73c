from __future__ import annotations

import pytest

import golden


@pytest.mark.parametrize("name", golden.SPECS)
def test_the_generated_documents_equal_the_committed_ones(name: str) -> None:
    folder = golden.GOLDEN / name
    committed = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert {str(path): text for path, text in golden.documents(name).items()} == committed, "run make golden"
