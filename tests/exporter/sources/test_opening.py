from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from exporter.errors import SourceError
from exporter.sources.local import Local
from exporter.sources.opening import open_source
from exporter.sources.s3 import S3
from exporter.spec.model import Source


def test_s3() -> None:
    assert isinstance(open_source(Source(s3="s3://logs/%Y-%m-%dT%H.parquet"), Path("/models")), S3)


def test_local_begins_at_the_specs_folder(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").write_bytes(b"x")
    source = open_source(Source(local="train.parquet"), tmp_path)
    assert isinstance(source, Local)
    assert source.dataset() is not None


def test_bigquery_is_refused_with_what_to_do() -> None:
    with pytest.raises(SourceError, match=r"^project\.dataset\.table: this release reads s3 and local sources only"):
        open_source(Source(bigquery="project.dataset.table"), Path("/models"))


def test_boto3_is_imported_only_for_s3() -> None:
    program = """
import sys
from pathlib import Path
from exporter.sources.opening import open_source
from exporter.spec.model import Source
open_source(Source(local="x.parquet"), Path("."))
assert not {"boto3", "botocore"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
