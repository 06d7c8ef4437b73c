"""The jsonnet libraries give equal results in both implementations of jsonnet: in Go, and the faster one in Rust."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import rjsonnet

from examples import RECEIVERS, hostile_model, model
from exporter.spec.loading import LoadedSpec, load
from generator import jsonnet
from generator.documents import render
from generator.jsonnet import LIBRARY
from generator.overlays import overlay_files
from spec_files import EXAMPLES

RUST = SimpleNamespace(evaluate_file=rjsonnet.evaluate_file, evaluate_snippet=rjsonnet.evaluate_snippet)
SPECS = [load(path) for path in EXAMPLES]
MORE = [hostile_model(), model(alerting={"page": RECEIVERS, "ticket": {**RECEIVERS, "hours": "Sat-Mon 09:00-18:00"}})]


def both(loaded: LoadedSpec, overlays: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without_rust:
        without_rust.setattr(jsonnet, "_rjsonnet", None)
        go = render([loaded], overlaid=overlays)
    monkeypatch.setattr(jsonnet, "_gojsonnet", RUST)
    assert render([loaded], overlaid=overlays) == go


@pytest.mark.parametrize("loaded", [*SPECS, *MORE], ids=lambda loaded: loaded.path.name)
def test_both_write_the_same_bytes(loaded: LoadedSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    both(loaded, [], monkeypatch)


def test_both_apply_overlays_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    both(model({"runbooks": None}), overlay_files(LIBRARY / "docs" / "overlays"), monkeypatch)
