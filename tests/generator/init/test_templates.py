from __future__ import annotations

import pytest

from generator.init.templates import model_name, path_keys, template_of, whole_path


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


HIVE = ["l/env=prod/v=v2/dt=2026-11-22/hour=9/c=de/1.csv", "l/env=prod/v=v1/dt=2026-11-22/hour=9/c=fr/1.csv"]


def test_a_key_of_a_path_that_is_no_date_has_any_value_below_the_folder_that_was_named() -> None:
    below = "v=*/dt=%Y-%m-%d/hour=%H/c=*/1.csv"
    assert template_of(HIVE) == (f"l/env=*/{below}", "1h")
    assert template_of(HIVE, "l/env=prod") == (f"l/env=prod/{below}", "1h")
    assert whole_path(["r/env=prod/c=de/1.csv", "r/env=prod/c=fr/1.csv"], "r/env=prod") == "r/env=prod/c=*/*.csv"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (HIVE[0], {"v": "v2", "c": "de"}),
        ("l/env=prod/year=2026/month=11/day=2/hour=3/c=a%20b/1", {"c": "a b"}),
        ("l/env=prod/c=__HIVE_DEFAULT_PARTITION__/c=1", {"c": None}),
        ("l/env=prod/2026-11-22/=x/v=/1", {"v": ""}),
    ],
)
def test_the_keys_of_a_path_are_columns(path: str, keys: dict[str, str | None]) -> None:
    assert path_keys(path, "l/env=prod") == keys
