"""The options of a deployment, which no model's spec holds: from flags, or from a `generator.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import Problem, SpecError
from exporter.spec.messages import error_message, format_path, unknown_key
from exporter.spec.sections.section import SpecSection
from exporter.spec.value_types import BaseUrl, Duration, Text, parse_duration
from exporter.spec.yaml_document import parse

_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_QUALIFIED: Final = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", re.ASCII
)
_OBJECT: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _qualified(text: str) -> str:
    if not _QUALIFIED.fullmatch(text):
        raise ValueError("must be a label key of Kubernetes, such as release or app.kubernetes.io/name")
    return text


def _label_value(text: str) -> str:
    if not _LABEL_VALUE.fullmatch(text):
        raise ValueError("must be at most 63 letters, digits, - _ and ., with a letter or digit at both ends")
    return text


def _object(text: str) -> str:
    if not _OBJECT.fullmatch(text):
        raise ValueError("must be 1 to 63 lower-case letters, digits and -, with a letter or digit at both ends")
    return text


KubernetesName = Annotated[str, AfterValidator(_object)]
Key = Annotated[str, AfterValidator(_qualified)]
Label = Annotated[str, AfterValidator(_label_value)]


class Exporter(SpecSection):
    """How Prometheus and people find the exporter."""

    url: BaseUrl | None = None
    """The exporter's address in a browser: alerts link to the runbooks that it serves, unless the spec names others."""
    labels: Mapping[Key, Label] = {"app.kubernetes.io/name": "leeway-exporter"}
    """The labels of the exporter's Service."""
    port: KubernetesName = "metrics"
    """The name of the port in that Service."""
    targets: tuple[Text, ...] = ("localhost:9877",)
    """The addresses, `host:port`, that the scrape job without Kubernetes uses."""
    interval: Duration = parse_duration("30s")
    """The scrape interval."""


class Dashboards(SpecSection):
    """How Grafana finds the dashboards."""

    labels: Mapping[Key, Label] = {"grafana_dashboard": "1"}
    """The labels of the ConfigMaps, by which Grafana's sidecar selects them."""
    annotations: Mapping[Key, Text] = {}
    """The annotations of the ConfigMaps, such as the sidecar's folder annotation."""
    folder: Text = "Leeway"
    """The folder in Grafana, for provisioning from files and for grafana-operator."""
    instances: Mapping[Key, Label] = {"dashboards": "grafana"}
    """The labels by which grafana-operator selects the Grafana instances."""
    path: Text = "/var/lib/grafana/dashboards/leeway"
    """The folder of the dashboard files on Grafana's machine."""


class Options(SpecSection):
    """The options of a deployment."""

    namespace: KubernetesName | None = None
    """The namespace of the Kubernetes objects; when it is left out, `kubectl apply` decides."""
    labels: Mapping[Key, Label] = {}
    """Labels of the Kubernetes objects, such as the one by which Prometheus selects its rules."""
    grafana: BaseUrl | None = None
    """The address of Grafana, for models whose spec does not set it."""
    smarthost: Text = "localhost:25"
    """The mail server of email receivers, `host:port`."""
    sender: Text = "alertmanager@localhost"
    """The sender of email."""
    secret: KubernetesName = "leeway-alertmanager"  # noqa: S105 - the name of one
    """The Secret that an AlertmanagerConfig reads in place of the receivers' files."""
    alertmanager_config: Literal["v1alpha1", "v1beta1"] = "v1alpha1"
    """The API version of the AlertmanagerConfig."""
    merge_with: Text | None = None
    """An existing alertmanager.yml; a copy of it with the generated routes is written."""
    exporter: Exporter = Exporter()
    """How Prometheus and people find the exporter."""
    dashboards: Dashboards = Dashboards()
    """How Grafana finds the dashboards."""

    @property
    def for_kubernetes(self) -> bool:
        """Whether an option that only objects of Kubernetes have is given."""
        return bool(self.namespace or self.labels or self.model_fields_set & {"secret", "alertmanager_config"})


def load(path: Path, flags: Mapping[str, Any]) -> Options:
    """Return the options of a file, overridden by those of the command line.

    Args:
        path: a `generator.yaml`; a missing file is an empty one.
        flags: options by name; None means not given. Labels are added to those of the file.

    Raises:
        SpecError: with every mistake, each with its line, or the flag.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    written = _read(path)
    labels = dict(written.labels) | given.get("labels", {})
    try:
        return Options.model_validate(written.model_dump(exclude_unset=True) | given | {"labels": labels})
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise SpecError(
            tuple(
                Problem("", 0, f"--{str(each['loc'][0]).replace('_', '-')}", _message(each, None)) for each in details
            )
        ) from None


def _read(path: Path) -> Options:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Options()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError((Problem(str(path), 0, "", f"cannot be read: {error}"),)) from None
    if not any(line.partition("#")[0].strip() for line in text.splitlines()):
        return Options()
    document = parse(text, str(path))
    problems = [
        Problem(str(path), document.places[at].key, format_path(at), why) for at, why in document.refused.items()
    ]
    try:
        options = Options.model_validate(document.data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            known = document.existing(each["loc"])
            place = document.places[known]
            problems.append(Problem(str(path), place.line, format_path(known), _message(each, place.written)))
        raise SpecError(tuple(problems)) from None
    if problems:
        raise SpecError(tuple(problems))
    return options


def _message(error: ErrorDetails, written: str | None) -> str:
    path = error["loc"]
    if error["type"] == "extra_forbidden":
        return unknown_key(str(path[-1]), _keys(path[:-1]))
    if error["type"] in {"model_type", "dict_type", "mapping_type"}:
        return "must be a mapping"
    return error_message(error, path, written)


def _keys(path: tuple[int | str, ...]) -> list[str]:
    part: Any = Options()
    for step in path:
        part = getattr(part, str(step))
    return list(type(part).model_fields)
