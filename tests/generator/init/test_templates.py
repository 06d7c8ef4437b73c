from __future__ import annotations

import pytest

from generator.init.templates import model_name, template_of, whole_path


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("data/Fraud Log-2026-11-22.parquet", "fraud-log"),
        ("s3://logs/2026-11-22T10.parquet", "model"),
        ("churn.parquet", "churn"),
        ("é.parquet", "model"),
    ],
)
def test_a_name_comes_from_the_file(address: str, name: str) -> None:
    assert model_name(address) == name


@pytest.mark.parametrize(
    ("files", "template", "path"),
    [
        (["l/2026-11-22.parquet"], "l/%Y-%m-%d.parquet", "l/%Y-%m-%d.parquet"),
        (["l/train.parquet"], None, "l/train.parquet"),
        (["l/b.parquet", "l/a.parquet"], None, "l/*.parquet"),
        (["a.parquet", "b.parquet"], None, "./*.parquet"),
        (["d=2026-11-22/x1", "d=2026-11-22/x2"], "d=%Y-%m-%d/x*", "d=%Y-%m-%d/x*"),
        (["l/2026-11-22.parquet", "k/2026-11-21.parquet"], "l/%Y-%m-%d.parquet", "l/%Y-%m-%d.parquet"),
    ],
)
def test_files_have_one_template(files: list[str], template: str | None, path: str) -> None:
    assert template_of(files)[0] == template
    assert whole_path(files) == path
