"""The file of `--web.config.file`."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.errors import SpecError
from exporter.service.web.config import WebConfig, load

HASH = "$2b$04$abcdefghijklmnopqrstuuJ8Z1lZ3vQ1b0o0m2rP1S7b7oQn0Jr0K"


def _load(folder: Path, text: str) -> WebConfig:
    (folder / "web.yml").write_text(text)
    return load(folder / "web.yml")


def test_an_empty_file_has_no_tls_and_no_users(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == WebConfig()
    assert _load(tmp_path, "# nothing\n").basic_auth_users == {}


def test_the_headers_of_the_file_replace_the_usual_ones(tmp_path: Path) -> None:
    config = _load(tmp_path, "http_server_config:\n  http2: false\n  headers: {X-Frame-Options: SAMEORIGIN}\n")
    assert config.http_server_config.headers.lines() == {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
    }


def test_every_mistake_has_its_line(tmp_path: Path) -> None:
    text = f"""\
tls_server_config:
  cert_file: tls.crt
  min_version: TLS10
basic_auth_users:
  alice: secret
  bob: {HASH}
http_server_config:
  headers:
    X-Frame-Options: "a\\nSet-Cookie: b"
typo: 1
"""
    with pytest.raises(SpecError) as caught:
        _load(tmp_path, text)
    found = {(problem.line, problem.path) for problem in caught.value.problems}
    assert found == {
        (1, "tls_server_config.key_file"),
        (3, "tls_server_config.min_version"),
        (5, "basic_auth_users.alice"),
        (9, "http_server_config.headers.X-Frame-Options"),
        (10, "typo"),
    }
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("keys", ["client_ca_file: ca.crt", "client_auth_type: RequireAndVerifyClientCert"])
def test_clients_are_verified_with_an_authority_or_not_at_all(tmp_path: Path, keys: str) -> None:
    with pytest.raises(SpecError, match="belong together"):
        _load(tmp_path, f"tls_server_config: {{cert_file: a, key_file: b, {keys}}}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere\.yml: cannot be read"):
        load(tmp_path / "nowhere.yml")
