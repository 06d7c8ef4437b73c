"""The file of `--web.config.file`: TLS, users and headers, in the format of Prometheus' exporter-toolkit."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from exporter.errors import Problem, SpecError, UsageError
from exporter.spec.messages import format_path
from exporter.spec.yaml_document import Document, parse

_BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_VERIFICATION: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


def _bcrypt(value: str) -> str:
    if not _BCRYPT.fullmatch(value):
        raise ValueError("must be a bcrypt hash, as `htpasswd -nBC 10 USER` prints it after the colon")
    return value


def _header(value: str) -> str:
    if not value.isprintable() or not value.isascii():
        raise ValueError("must be printable ASCII")
    return value


Hash = Annotated[str, AfterValidator(_bcrypt)]
Header = Annotated[str, AfterValidator(_header)]


@contextmanager
def _usable(*paths: Path) -> Iterator[None]:
    """Turn an error of certificates, which does not name them, into one that does."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{' and '.join(map(str, paths))} cannot be used: {error}") from None


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Tls(_Section):
    """TLS. Paths begin at the folder of the file."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = "NoClientCert"
    min_version: Literal["TLS12", "TLS13"] = "TLS12"

    @model_validator(mode="after")
    def _has_authority(self) -> Tls:
        if (self.client_ca_file is None) is not (self.client_auth_type == "NoClientCert"):
            raise ValueError("client_ca_file and a client_auth_type that verifies belong together: give both or none")
        return self

    def context(self, folder: Path) -> ssl.SSLContext:
        """Return a context with the certificates as they are now.

        Raises:
            UsageError: a file cannot be read, or is no certificate or key, or the key is of another certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.min_version]
        context.verify_mode = _VERIFICATION[self.client_auth_type]
        with _usable(folder / self.cert_file, folder / self.key_file):
            context.load_cert_chain(folder / self.cert_file, folder / self.key_file, password="")
        if self.client_ca_file is not None:
            with _usable(folder / self.client_ca_file):
                context.load_verify_locations(folder / self.client_ca_file)
        return context

    def files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files that a context is made of."""
        names = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(folder / name for name in names if name is not None)


class Headers(_Section):
    """Headers of each response."""

    content_security_policy: Header = Field(
        "default-src 'none'; style-src 'unsafe-inline'", alias="Content-Security-Policy"
    )
    x_content_type_options: Header = Field("nosniff", alias="X-Content-Type-Options")
    x_frame_options: Header = Field("DENY", alias="X-Frame-Options")
    x_xss_protection: Header | None = Field(None, alias="X-XSS-Protection")
    strict_transport_security: Header | None = Field(None, alias="Strict-Transport-Security")

    def lines(self) -> dict[str, str]:
        """Return the headers that have a value."""
        return {name: value for name, value in self.model_dump(by_alias=True).items() if value}


class Http(_Section):
    """HTTP. `http2` is allowed, so that exporters can share a file; HTTP/1.1 is served whatever it is."""

    http2: bool = True
    headers: Headers = Headers()


class WebConfig(_Section):
    """The whole file; without any key there is no TLS and there are no users."""

    tls_server_config: Tls | None = None
    http_server_config: Http = Http()
    basic_auth_users: dict[str, Hash] = {}


def load(path: Path) -> WebConfig:
    """Return the content of the file.

    Raises:
        SpecError: with all mistakes in it, and their lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError((Problem(str(path), 0, "", f"cannot be read: {error}"),)) from None
    written = any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
    document = parse(text, str(path)) if written else Document({}, {}, {})
    refused = [(key, message) for key, message in document.refused.items()]
    try:
        config = WebConfig.model_validate(document.data)
    except ValidationError as error:
        refused += [
            (each["loc"], each["msg"].removeprefix("Value error, ")) for each in error.errors(include_url=False)
        ]
    else:
        if not refused:
            return config
    raise SpecError(
        tuple(
            Problem(str(path), document.places[document.existing(key)].line, format_path(key), message)
            for key, message in refused
        )
    )
