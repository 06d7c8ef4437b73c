"""Start of a retraining: Argo Workflows through its events endpoint, SageMaker through a pipeline execution."""

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
_MAX_ANSWER_BYTES: Final = 1 << 16


class NotStarted(LeewayError):  # noqa: N818 - named like the other errors
    """A retraining could not be started: the server refused or did not answer."""


def start(retrain: Retrain, notification: Notification) -> str:
    """Start a retraining; return what was started, as text.

    Raises:
        NotStarted: when the server refuses or does not answer.
    """
    if retrain.sagemaker is not None:
        return _sagemaker(retrain.sagemaker, notification)
    if retrain.argo is not None:
        return _argo(retrain.argo, notification)
    raise NotStarted("the spec has no pipeline to start")


def _sagemaker(pipeline: Sagemaker, notification: Notification) -> str:
    """Execute the pipeline; with the incident as token, SageMaker executes it only once."""
    config = Config(connect_timeout=5, read_timeout=_SECONDS, retries={"mode": "standard", "max_attempts": 1})
    try:
        client: Any = boto3.client("sagemaker", region_name=pipeline.region, config=config)
        response = client.start_pipeline_execution(
            PipelineName=pipeline.pipeline,
            ClientRequestToken=notification.incident,
            PipelineExecutionDescription=f"Drift of {notification.model}, reported by Leeway",
        )
    except (BotoCoreError, ClientError, ValueError) as problem:  # ValueError: of an address of the environment
        raise NotStarted(f"SageMaker: {problem}") from None
    return str(response["PipelineExecutionArn"])


def _argo(argo: Argo, notification: Notification) -> str:
    """Send the event of the WorkflowEventBinding; an incident's workflow has one name, so Argo creates it only once."""
    address = f"{argo.url}/api/v1/events/{argo.namespace}/{argo.event}"
    what = f"event {argo.event} in {argo.namespace}"
    try:
        headers = {"Content-Type": "application/json", **_authorization(argo)}
        request = urllib.request.Request(address, _event(notification), headers)  # noqa: S310 - the spec's own address
        _OPENER.open(request, timeout=_SECONDS).close()
    except urllib.error.HTTPError as problem:
        with problem:
            if b"already exists" in problem.read(_MAX_ANSWER_BYTES):  # an earlier request was answered too late
                return what
            raise NotStarted(f"Argo at {argo.url}: {problem}") from None
    except (OSError, HTTPException, ValueError) as problem:  # ValueError: of a token that no header can have
        raise NotStarted(f"Argo at {argo.url}: {problem}") from None
    return what


def _event(notification: Notification) -> bytes:
    """Return the event: what the hook has checked and the binding reads, and nothing else of the notification."""
    payload = {
        "status": "firing",
        "commonLabels": notification.common_labels,
        "incident": notification.incident,
        "workflow": f"leeway-retrain-{notification.incident[:20]}",
    }
    return json.dumps(payload).encode()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect as a refusal: what follows it is a GET without the event, and with the token, to anywhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_OPENER: Final = urllib.request.build_opener(_NoRedirects)


def _authorization(argo: Argo) -> dict[str, str]:
    if argo.token_file is None:
        return {}
    return {"Authorization": f"Bearer {Path(argo.token_file).read_text().strip()}"}
