from __future__ import annotations

import pytest
from pydantic import ValidationError

from exporter import catalogue
from exporter.spec.model import ModelSpec
from exporter.spec.schema import EXAMPLE


class TestMetadata:
    @pytest.mark.parametrize(
        "label", [catalogue.MODEL, catalogue.TEAM, catalogue.SEVERITY, *catalogue.TARGET_LABELS, "alertname", "le"]
    )
    def test_a_reserved_label_is_refused(self, label: str) -> None:
        with pytest.raises(ValidationError, match="choose another name"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})

    @pytest.mark.parametrize("label", ["", "__meta", "_x", "a-b", "9", "é", "a b"])
    def test_a_label_needs_a_valid_name(self, label: str) -> None:
        with pytest.raises(ValidationError, match="must be a Prometheus label name"):
            ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})

    def test_all_labels_of_metrics_are_reserved(self) -> None:
        for metric in catalogue.METRICS:
            for label in metric.labels:
                with pytest.raises(ValidationError):
                    ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "labels": {label: "x"}}})

    @pytest.mark.parametrize(
        ("runbooks", "page", "folder"),
        [
            (None, None, None),
            ("https://wiki/ml/", "https://wiki/ml/MLX", "https://wiki/ml"),
            ("https://wiki/{alert}.html", "https://wiki/MLX.html", "https://wiki"),
            ("https://wiki/show?title={alert}&x=1", "https://wiki/show?title=MLX&x=1", "https://wiki/show?title="),
            ("https://x/runbooks/{alert}?model=fraud", "https://x/runbooks/MLX?model=fraud", "https://x/runbooks"),
        ],
    )
    def test_an_alert_has_its_runbook(self, runbooks: str | None, page: str | None, folder: str | None) -> None:
        metadata = ModelSpec.model_validate({**EXAMPLE, "metadata": {"name": "fraud", "runbooks": runbooks}}).metadata
        assert (metadata.runbook("MLX"), metadata.runbook_folder) == (page, folder)
