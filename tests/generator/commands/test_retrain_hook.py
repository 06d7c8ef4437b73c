from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from examples import model
from generator.cli import main
from retraining import retrained


def written(tmp_path: Path, loaded: object) -> Path:
    path = tmp_path / "spec.yaml"
    document = loaded.spec.model_dump(mode="json", by_alias=True, exclude_unset=True)  # type: ignore[attr-defined]
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_token_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["retrain-hook"])
    assert ended.value.code == 2
    assert "--token.file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("token", "flags", "message"),
    [
        (None, [], "cannot be read"),
        ("", [], "contains no token"),
        ("x", ["--web.listen-address=nowhere"], "nowhere is not HOST:PORT"),
    ],
)
def test_a_token_storage_or_address_that_cannot_be_used_is_an_error(
    token: str | None, flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if token is not None:
        (tmp_path / "token").write_text(token)
    command = ["retrain-hook", f"--token.file={tmp_path / 'token'}", f"--storage.path={tmp_path}", *flags]
    assert main([*command, str(written(tmp_path, retrained()))]) == 2
    assert message in capsys.readouterr().err


def test_specs_without_a_hook_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrain-hook", "--token.file=token", str(written(tmp_path, model(alerting={})))]) == 2
    assert "no spec has alerting.retrain.hook" in capsys.readouterr().err
