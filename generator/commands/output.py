"""The flags of `leeway generate` and `leeway check`, and the documents that they describe."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml
from pydantic import TypeAdapter, ValidationError

from exporter import logs
from exporter.errors import UsageError
from exporter.spec.loading import LoadedSpec
from exporter.spec.value_types import BaseUrl
from generator import overlays
from generator.commands.flags import add_specs
from generator.documents import render
from generator.layout import MERGED, ROUTING, Documents
from generator.options import Options, load
from generator.targets import merging

_DEPLOYMENT_FLAGS: Final = ("namespace", "grafana", "alertmanager_config", "merge_with", "smarthost", "sender")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the specs, the output folder and the options of the deployment."""
    add_specs(parser)
    add = parser.add_argument
    add("--out", type=Path, default=Path("build"), metavar="DIR", help="the output folder (default: build)")
    text = "remove the files of models whose specs are not given, instead of refusing to run"
    add("--prune", action="store_true", help=text)
    text = "a file of options; flags override it (default: generator.yaml, if it exists)"
    add("--options", type=Path, metavar="FILE", help=text)
    text = "a folder of *.jsonnet overlays (default: overlays, if it exists)"
    add("--overlays", type=Path, metavar="DIR", help=text)
    add("--grafana", type=_url, metavar="URL", help="the address of Grafana, for specs that do not set it")
    add("--namespace", metavar="NAME", help="the namespace of the Kubernetes objects")
    text = "a label of the Kubernetes objects, such as release=prometheus; repeatable"
    add("--label", action="append", type=_label, default=[], metavar="NAME=VALUE", help=text)
    text = "the API version of the AlertmanagerConfig: v1alpha1 or v1beta1 (default: v1alpha1)"
    add("--alertmanager-config", metavar="VERSION", help=text)
    text = "your alertmanager.yml: a copy of it with the generated routes is written to alertmanager/merged.yml"
    add("--merge-with", metavar="FILE", help=text)
    add("--smarthost", metavar="HOST:PORT", help="the mail server of email receivers (default: localhost:25)")
    add("--sender", metavar="ADDRESS", help="the sender of email (default: alertmanager@localhost)")


def _label(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError("must be NAME=VALUE")
    return name, value


def _url(text: str) -> str:
    try:
        return TypeAdapter(BaseUrl).validate_python(text)
    except ValidationError:
        raise argparse.ArgumentTypeError("must be an http:// or https:// address without ? and #") from None


def deployment_options(options: argparse.Namespace) -> Options:
    """Return the options of the deployment, from the flags and the file of options.

    Raises:
        UsageError: when the file that a flag names does not exist.
        SpecError: when an option is wrong.
    """
    flags = {name: getattr(options, name) for name in _DEPLOYMENT_FLAGS}
    return load(_existing(options.options, "generator.yaml"), flags | {"labels": dict(options.label)})


def render_output(options: argparse.Namespace, specs: Sequence[LoadedSpec]) -> Documents:
    """Return the documents of some specs, as the flags want them.

    Raises:
        UsageError: when a file or folder that a flag names does not exist, or there are no routes to merge.
        SpecError: when an option is wrong.
        RenderError: when a document cannot be made.
    """
    deployment = deployment_options(options)
    overlaid = overlays.overlay_files(_existing(options.overlays, "overlays"))
    with logs.progress() as progress:
        documents = render(specs, deployment, overlaid=overlaid, progress=progress)
    return documents | (_merged(Path(deployment.merge_with), documents) if deployment.merge_with else {})


def _merged(theirs: Path, documents: Documents) -> Documents:
    if ROUTING not in documents:
        raise UsageError(f"{theirs}: there are no routes to merge: an overlay removed {ROUTING}")
    return {MERGED: merging.merge(merging.read(theirs), yaml.safe_load(documents[ROUTING]), str(theirs))}


def _existing(given: Path | None, default: str) -> Path:
    """Return the path that a flag gives, which must exist, or the default path, which need not."""
    if given is not None and not given.exists():
        raise UsageError(f"{given}: does not exist")
    return given or Path(default)
