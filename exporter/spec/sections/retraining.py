"""What starts a retraining, who asks for it, and what must hold before it is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from exporter.spec.sections.section import SpecSection, alternatives
from exporter.spec.value_types import Count, Duration, Name, Number, SecretFile, Text, Url


class Argo(SpecSection):
    """A WorkflowTemplate of Argo Workflows, started through the server's events endpoint."""

    url: Url
    """The server's address."""
    namespace: Name
    """The workflow's namespace."""
    event: Name
    """The event's discriminator."""
    template: Name
    """The WorkflowTemplate to start."""
    token_file: SecretFile | None = None
    """The file that holds the token for the server, on the machine of the hook, or else of Alertmanager."""


class Sagemaker(SpecSection):
    """A pipeline of Amazon SageMaker."""

    pipeline: Annotated[Text, Field(examples=["fraud-retrain"])]
    """Its name or ARN."""
    region: Name | None = None
    """Its region; left out, that of the AWS environment."""


class Hook(SpecSection):
    """Where `leeway retrain-hook` runs."""

    url: Url
    """The address to which Alertmanager posts, such as http://leeway-hook:9878/retrain."""
    token_file: SecretFile
    """The file, on Alertmanager's machine, that holds the token which the hook demands."""


class Gate(SpecSection):
    """What must hold beside the drift: a loss of performance, realised or estimated, and labels to learn from."""

    model_config = alternatives("oneOf", "at_least", "at_most")

    metric: Annotated[Name, Field(examples=["auroc", "rmse"])]
    """The performance that must have been lost."""
    at_least: Number | None = None
    """Lost when it is below this: even the better end of its confidence interval, or its estimate."""
    at_most: Number | None = None
    """Lost when it is above this; exactly one of the two."""
    labels: Annotated[Count, Field(ge=1)] = 1000
    """The least number of mature predictions of the window that have a label."""
    window: Duration
    """The window that is judged, one of the model's."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.exactly_one("at_least", "at_most")
        return self


class Retrain(SpecSection):
    """What starts a retraining once the data drift; exactly one of `argo` and `sagemaker`."""

    model_config = alternatives("oneOf", "argo", "sagemaker")

    argo: Argo | None = None
    """A WorkflowTemplate of Argo Workflows."""
    sagemaker: Sagemaker | None = None
    """A pipeline of Amazon SageMaker; needs the hook."""
    hook: Hook | None = None
    """The receiver that asks no more than once, and only if the gate holds; left out, Alertmanager asks Argo itself."""
    gate: Gate | None = None
    """What must hold beside the drift; needs the hook, and the hook needs it."""
    cooldown: Duration = timedelta(days=1)
    """How long after a start no other is asked for."""
    daily_limit: Annotated[Count, Field(ge=1)] = 1
    """How many starts there may be in any 24 hours."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        kind = self.exactly_one("argo", "sagemaker")
        if kind == "sagemaker" and self.hook is None:
            raise ValueError("must have a hook: Alertmanager cannot sign a request to SageMaker")
        if (self.hook is None) != (self.gate is None):
            raise ValueError("must have both hook and gate, or neither: it is the hook that looks at the gate")
        return self
