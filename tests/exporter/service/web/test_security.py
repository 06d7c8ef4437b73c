"""TLS, users and headers: of an application, of its server, and as the real Prometheus sees them."""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import bcrypt
import httpx2 as httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from exporter.errors import SpecError, UsageError
from exporter.service.web.security import Secured, Security
from stack import get_json, prometheus, until

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
TLS = """\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_ca_file: client.crt
  client_auth_type: RequireAndVerifyClientCert
"""


def _rewrite(path: Path, text: str) -> None:
    """Write a file so that its change is visible, however short it takes."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def _certificate(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    encoded = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    _rewrite(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM).decode())
    _rewrite(folder / f"{name}.key", encoded.decode())


async def _metrics(scope: object, receive: object, send: object) -> None:
    await PlainTextResponse("up_there 1\n")(scope, receive, send)  # type: ignore[arg-type]


@contextmanager
def _client(path: Path | None) -> Iterator[TestClient]:
    app = Starlette()
    app.mount("/", _metrics)
    with TestClient(Secured(app, Security(path))) as client:
        yield client


def test_without_a_file_everybody_is_admitted_and_responses_have_the_usual_headers() -> None:
    with _client(None) as client:
        response = client.get("/")
    assert response.status_code == 200
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        (None, 401),
        (("alice", "wrong"), 401),
        (("bob", "right"), 401),
        (("", ""), 401),
        (("alice", "right" + "x" * 100), 401),
        (("alice", "right"), 200),
    ],
)
def test_a_user_is_admitted_by_the_right_password(tmp_path: Path, auth: tuple[str, str] | None, status: int) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: {HASH}}}")
    with _client(tmp_path / "web.yml") as client:
        for _ in range(2):
            response = client.get("/", auth=auth)
            assert response.status_code == status
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert ("WWW-Authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize(
    "authorization", ["Basic", "Basic !", "Bearer YWxpY2U6cmlnaHQ=", "Basic //79", "Basic YWxpY2U="]
)
def test_what_is_no_user_and_password_is_refused(tmp_path: Path, authorization: str) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: {HASH}}}")
    with _client(tmp_path / "web.yml") as client:
        assert client.get("/", headers={"Authorization": authorization}).status_code == 401


def test_users_change_with_the_file_and_a_wrong_file_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "web.yml"
    _rewrite(path, f"basic_auth_users: {{alice: {HASH}}}")
    with _client(path) as client:
        assert client.get("/", auth=("alice", "right")).status_code == 200
        _rewrite(path, "basic_auth_users: {alice: plain}")
        assert client.get("/", auth=("alice", "right")).status_code == 200
        assert caplog.text.count("is not taken over") == 1
        other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
        with caplog.at_level(logging.INFO):
            _rewrite(path, f"basic_auth_users: {{alice: {other}}}")
            assert client.get("/", auth=("alice", "right")).status_code == 401
        assert client.get("/", auth=("alice", "other")).status_code == 200


def test_a_certificate_that_comes_after_the_file_that_names_it_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    for each in ("server", "client"):
        _certificate(tmp_path, each)
    _rewrite(path, TLS)
    security = Security(path)
    old = security.context()
    _rewrite(path, TLS.replace("server.", "next."))
    assert security.context() is old
    _certificate(tmp_path, "next")
    assert security.context() is not old
    assert security.config.tls_server_config.cert_file == Path("next.crt")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["server.key", "server.crt", "client.crt"])
def test_a_certificate_that_is_missing_ends_the_start(tmp_path: Path, name: str) -> None:
    for each in ("server", "client"):
        _certificate(tmp_path, each)
    (tmp_path / "web.yml").write_text(TLS)
    Security(tmp_path / "web.yml")
    (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=f"{re.escape(name)}.* cannot be used: .*No such file"):
        Security(tmp_path / "web.yml")


def test_a_file_with_mistakes_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("basic_auth_users: {alice: plain}")
    with pytest.raises(SpecError, match="bcrypt"):
        Security(tmp_path / "web.yml")


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[int]:
    """A server with TLS, certificates of clients and a user."""
    for name in ("server", "client", "stranger"):
        _certificate(tmp_path, name)
    (tmp_path / "web.yml").write_text(f"{TLS}basic_auth_users: {{alice: {HASH}}}\n")
    security = Security(tmp_path / "web.yml")
    context = security.server_context
    config = uvicorn.Config(
        Secured(_metrics, security),  # type: ignore[arg-type]
        log_config=None,
        lifespan="off",
        ws="none",
        ssl_context_factory=lambda _config, _default: context,  # type: ignore[return-value,arg-type]
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
        thread.start()
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def _context(folder: Path, client: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "server.crt")
    if client:
        context.load_cert_chain(folder / f"{client}.crt", folder / f"{client}.key")
    return context


def test_peers_need_a_certificate_and_a_password(tmp_path: Path, secured: int) -> None:
    url = f"https://127.0.0.1:{secured}/"
    for stranger in (None, "stranger"):
        with pytest.raises(httpx.TransportError):
            httpx.get(url, verify=_context(tmp_path, stranger), auth=("alice", "right"))
    with pytest.raises(httpx.TransportError):
        httpx.get(url.replace("https", "http"))
    context = _context(tmp_path, "client")
    assert httpx.get(url, verify=context).status_code == 401
    assert httpx.get(url, verify=context, auth=("alice", "wrong")).status_code == 401
    assert httpx.get(url, verify=context, auth=("alice", "right")).text == "up_there 1\n"


def test_a_new_certificate_is_taken_over_without_a_restart(tmp_path: Path, secured: int) -> None:
    url, auth = f"https://127.0.0.1:{secured}/", ("alice", "right")
    old = _context(tmp_path, "client")
    assert httpx.get(url, verify=old, auth=auth).status_code == 200
    _certificate(tmp_path, "server")
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(url, verify=old, auth=auth)
    assert httpx.get(url, verify=_context(tmp_path, "client"), auth=auth).status_code == 200


@pytest.mark.e2e
def test_prometheus_scrapes_with_a_certificate_and_a_password(tmp_path: Path, secured: int) -> None:
    tls = {"ca_file": "server.crt", "cert_file": "client.crt", "key_file": "client.key"}
    job = {
        "scheme": "https",
        "tls_config": {key: str(tmp_path / name) for key, name in tls.items()},
        "basic_auth": {"username": "alice", "password": "right"},
    }
    target = f"127.0.0.1:{secured}"
    with prometheus(tmp_path / "prometheus", target, "127.0.0.1:1", tmp_path / "none", job) as address:
        query = f"{address}/api/v1/query?query=up_there"
        until(lambda: get_json(query)["data"]["result"], within=30, what="a scrape")
