from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.errors import UsageError
from exporter.store.opening import opened_place
from fraud_log import FraudLog
from s3_server import S3Server

NOW = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def test_a_folder_has_one_exporter(tmp_path: Path) -> None:
    with opened_place(str(tmp_path)) as place:
        place.write(Path("fraud/a"), b"content")
        with pytest.raises(UsageError, match=f"^{tmp_path}: another exporter stores"), opened_place(str(tmp_path)):
            pass
    assert (tmp_path / "fraud/a").read_bytes() == b"content"


def test_another_store_of_objects_is_a_mistake_with_advice() -> None:
    with (
        pytest.raises(UsageError, match=r"^gs://bucket/x: profiles are .* s3://bucket/prefix"),
        opened_place("gs://bucket/x"),
    ):
        pass


def test_a_job_without_a_disk_reads_only_what_is_new(
    s3_server: S3Server, tmp_path: Path, write_local_spec: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    s3_server.put("store", "other", b"")
    spec = write_local_spec(windows=["1h"])
    FraudLog.in_folder(spec.parent, NOW).put_all(1)
    texts, reused = [], []
    for storage in ("s3://store/leeway", "s3://store/leeway", str(tmp_path / "data")):
        assert main([f"--config.file={spec}", f"--storage.path={storage}", "--once", f"--now={NOW.isoformat()}"]) == 0
        lines = capsys.readouterr().out.splitlines()
        texts.append([line for line in lines if line.startswith("ml_")])
        reused.append([line for line in lines if line.startswith("leeway_profiles_reused_total")])
    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0]) > 50
    assert reused[0] != reused[1]
    assert not list(tmp_path.glob("s3*"))
