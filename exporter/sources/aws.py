"""Clients of AWS services, made from the AWS environment."""

from __future__ import annotations

import re
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from exporter.errors import SourceUnavailable
from exporter.sources.formats.content import one_line

_ACTION: Final = re.compile(r"not authorized to perform:? ([\w-]+:\w+(?: on resource: \S*[\w/])?)")


def client(service: str, *, connect: float, read: float, attempts: int, connections: int = 10) -> Any:
    """Return a new client; threads may share it.

    Args:
        service: boto3's name of the service.
        connect: seconds until a connection is given up.
        read: seconds until a response is given up.
        attempts: of one request, with its retries.
        connections: kept open at most.

    Raises:
        SourceUnavailable: there are no credentials.
        botocore.exceptions.BotoCoreError, ValueError: the environment has an invalid setting.
    """
    core = botocore.session.get_session()
    if core.get_credentials() is None:
        raise SourceUnavailable(
            "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or give the machine a role"
        )
    session: Any = boto3.Session(botocore_session=core)  # its stubs take literal names of services only
    return session.client(
        service,
        config=Config(
            connect_timeout=connect,
            read_timeout=read,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )


def words_of(error: ClientError) -> str:
    """Return a response that is an error in one line: the operation, the code and the message."""
    code, message = (error.response["Error"].get(name, "") for name in ("Code", "Message"))
    return one_line(f"{error.operation_name} failed: {code}: {message}")


def refused_action(message: str) -> str | None:
    """Return the action that a message says is not allowed, with its resource where named; None if it names none."""
    named = _ACTION.search(message)
    return named[1] if named else None
