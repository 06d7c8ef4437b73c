"""A real SageMaker over HTTP for tests: moto's server, and the tokens of its requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sagemaker.models import sagemaker_backends
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REGION = "eu-west-1"


class Sagemaker:
    """A server with one pipeline."""

    def __init__(self, pipeline: str) -> None:
        self._pipeline, self.tokens = pipeline, list[str]()
        self._inner = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=MotoRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a client."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def executions(self) -> list[str]:
        """Return the ARNs of all executions."""
        listed = self._client().list_pipeline_executions(PipelineName=self._pipeline)
        return [each["PipelineExecutionArn"] for each in listed["PipelineExecutionSummaries"]]

    def __enter__(self) -> Self:
        self._thread.start()
        definition = json.dumps({"Version": "2020-12-01", "Steps": []})
        role = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/any"
        self._client().create_pipeline(
            PipelineName=self._pipeline, PipelineDefinition=definition, RoleArn=role, ClientRequestToken="0" * 32
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].reset()

    def _client(self) -> Any:
        environment = self.environment()
        return boto3.client(
            "sagemaker",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=REGION,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith("StartPipelineExecution"):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)
            self.tokens.append(json.loads(body)["ClientRequestToken"])
        answer: Iterable[bytes] = self._inner(environ, start_response)
        return answer
