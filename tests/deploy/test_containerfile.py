"""The image: no container is built here, so what the file names and promises is checked instead."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

from exporter.service import server
from programs import parsed

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "deploy" / "Containerfile").read_text()
LINES = re.sub(r"\\\n\s*", "", TEXT).splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def locked(name: str) -> dict[str, str]:
    """The versions in a lock file; each must have a hash."""
    found = re.findall(r"^([\w.-]+)==(\S+) \\\n +--hash=sha256:", (ROOT / name).read_text(), flags=re.MULTILINE)
    assert len(found) == len(re.findall(r"^[\w.-]+==", (ROOT / name).read_text(), flags=re.MULTILINE)) > 10
    return dict(found)


def test_what_it_copies_exists_and_nothing_else_reaches_the_build() -> None:
    copied = [line.split() for line in instructions("COPY") if not line.startswith("--from=build ")]
    sources = {source for words in copied for source in words[:-1]}
    assert [source for source in sources if not (ROOT / source).exists()] == []
    ignored = (ROOT / "deploy" / "Containerfile.dockerignore").read_text()
    assert set(re.findall(r"^!(\S+)", ignored, flags=re.MULTILINE)) == sources
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    packed = {Path(name).parts[0] for name in (*wheel["only-include"], *wheel["force-include"])}
    assert packed <= sources


def test_every_package_is_of_a_lock_file_with_its_hash() -> None:
    [packages, project] = [line for line in instructions("RUN") if " install --no-cache" in line]
    assert "--no-deps --only-binary :all: --require-hashes -r" in packages
    assert "--no-deps ." in project
    [default] = [line.removeprefix("LOCK=") for line in instructions("ARG") if line.startswith("LOCK=")]
    [other] = re.findall(r"--build-arg LOCK=(\S+)", TEXT)
    assert locked(default).items() <= locked(other).items()
    clients = {
        "azure-storage-blob",
        "deltalake",
        "google-cloud-bigquery",
        "google-cloud-storage",
        "pyiceberg",
        "sqlglot",
    }
    assert clients <= locked(other).keys()


def test_both_stages_have_one_base_and_the_last_has_neither_root_nor_pip() -> None:
    assert instructions("FROM") == ["${PYTHON} AS build", "${PYTHON}"]
    assert LINES.index("ARG PYTHON=python:3.11-slim") < LINES.index("FROM ${PYTHON} AS build")
    assert "python -m venv --without-pip /opt/leeway" in instructions("RUN")
    [user] = instructions("USER")
    accounts = instructions("RUN")[-1]
    assert all(f"--{kind} {number} " in accounts for kind, number in zip(("uid", "gid"), user.split(":"), strict=True))
    assert user == "65532:65532", "the chart runs it as this user"


def test_the_command_is_one_that_the_program_takes() -> None:
    [entrypoint], [command] = instructions("ENTRYPOINT"), instructions("CMD")
    options = parsed(yaml.safe_load(entrypoint) + yaml.safe_load(command))
    [volume] = instructions("VOLUME")
    assert str(options.storage_path) == volume
    assert f"install --directory --owner=leeway --group=leeway {volume} " in instructions("RUN")[-1]


def test_the_health_check_asks_for_a_path_that_is_served() -> None:
    [check] = instructions("HEALTHCHECK")
    program = yaml.safe_load(check.partition("CMD ")[2])
    compile(program[-1], "HEALTHCHECK", "exec")
    [port], [path] = instructions("EXPOSE"), re.findall(r"http://localhost:9877(/[^']+)'", program[-1])
    assert port == "9877"
    assert path in {route.path for route in server.application(None).routes}  # type: ignore[arg-type]
