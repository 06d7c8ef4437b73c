"""Whoever retrains: Argo Workflows through its events endpoint, SageMaker through a pipeline's execution."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from exporter.errors import LeewayError
from exporter.retraining.notification import Notification
from exporter.spec.sections.retraining import Argo, Retrain, Sagemaker

_SECONDS: Final = 15.0


class NotStarted(LeewayError):  # noqa: N818 - what happened
    """A retraining was asked for and refused, or nobody answered."""


def start(retrain: Retrain, notification: Notification) -> str:
    """Ask for a retraining, once; what was asked, in words.

    Raises:
        NotStarted: when it is refused, or nobody answers.
    """
    if retrain.sagemaker is not None:
        return _sagemaker(retrain.sagemaker, notification)
    if retrain.argo is not None:
        return _argo(retrain.argo, notification)
    raise NotStarted("the spec names nobody to ask")


def _sagemaker(pipeline: Sagemaker, notification: Notification) -> str:
    """Execute the pipeline; the incident is the token by which SageMaker itself executes it once."""
    config = Config(connect_timeout=5, read_timeout=_SECONDS, retries={"mode": "standard", "max_attempts": 1})
    try:
        client: Any = boto3.client("sagemaker", region_name=pipeline.region, config=config)
        answer = client.start_pipeline_execution(
            PipelineName=pipeline.pipeline,
            ClientRequestToken=notification.incident,
            PipelineExecutionDescription=f"Drift of {notification.model}, told by Leeway",
        )
    except (BotoCoreError, ClientError) as problem:
        raise NotStarted(f"SageMaker: {problem}") from None
    return str(answer["PipelineExecutionArn"])


def _argo(argo: Argo, notification: Notification) -> str:
    """Send the event that the WorkflowEventBinding waits for: the notification as Alertmanager would send it."""
    address = f"{argo.url}/api/v1/events/{argo.namespace}/{argo.event}"
    try:
        headers = {"Content-Type": "application/json", **_authorization(argo)}
        body = json.dumps(dict(notification.body)).encode()
        request = urllib.request.Request(address, body, headers)  # noqa: S310 - the spec's own address
        urllib.request.urlopen(request, timeout=_SECONDS).close()  # noqa: S310 - likewise
    except (OSError, HTTPException, urllib.error.URLError) as problem:
        raise NotStarted(f"Argo at {argo.url}: {problem}") from None
    return f"event {argo.event} in {argo.namespace}"


def _authorization(argo: Argo) -> dict[str, str]:
    if argo.token_file is None:
        return {}
    return {"Authorization": f"Bearer {Path(argo.token_file).read_text().strip()}"}
