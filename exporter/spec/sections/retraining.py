"""The spec's `alerting.retrain`: the pipeline to start, the hook that starts it, and the gate that the hook checks."""

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
    """The file that contains the token for the server, on the machine of the hook, or else of Alertmanager."""


class Sagemaker(SpecSection):
    """A pipeline of Amazon SageMaker."""

    pipeline: Annotated[Text, Field(examples=["fraud-retrain"])]
    """The pipeline's name or ARN."""
    region: Name | None = None
    """The pipeline's region; left out, that of the AWS environment."""


class Hook(SpecSection):
    """The address of `leeway retrain-hook`."""

    url: Url
    """The address to which Alertmanager posts, such as http://leeway-hook:9878/retrain."""
    token_file: SecretFile
    """The file on Alertmanager's machine that contains the token that the hook requires."""


class Gate(SpecSection):
    """Conditions for a retraining besides drift: a loss of performance (realised or estimated) and enough labels."""

    model_config = alternatives("oneOf", "at_least", "at_most")

    metric: Annotated[Name, Field(examples=["auroc", "rmse"])]
    """The performance metric that must have got worse."""
    at_least: Number | None = None
    """Performance is lost below this: the upper end of its confidence interval, or its estimate."""
    at_most: Number | None = None
    """Performance is lost above this: the lower end of its interval, or its estimate; exactly one of the two keys."""
    labels: Annotated[Count, Field(ge=1)] = 1000
    """The minimum number of mature predictions of the window that have a label."""
    window: Duration
    """The evaluated window, one of the model's."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.exactly_one("at_least", "at_most")
        return self


class Retrain(SpecSection):
    """How a retraining is started when the data drift; exactly one of `argo` and `sagemaker`."""

    model_config = alternatives("oneOf", "argo", "sagemaker")

    argo: Argo | None = None
    """A WorkflowTemplate of Argo Workflows."""
    sagemaker: Sagemaker | None = None
    """A pipeline of Amazon SageMaker; needs the hook."""
    hook: Hook | None = None
    """The receiver that starts a retraining once, if the gate is open; left out, Alertmanager calls Argo directly."""
    gate: Gate | None = None
    """Conditions besides drift; hook and gate need each other."""
    cooldown: Duration = timedelta(days=1)
    """The minimum time between two starts."""
    daily_limit: Annotated[Count, Field(ge=1)] = 1
    """The maximum number of starts in any 24 hours."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        kind = self.exactly_one("argo", "sagemaker")
        if kind == "sagemaker" and self.hook is None:
            raise ValueError("must have a hook: Alertmanager cannot sign a request to SageMaker")
        if (self.hook is None) != (self.gate is None):
            raise ValueError("must have both hook and gate, or neither: the hook checks the gate")
        return self
