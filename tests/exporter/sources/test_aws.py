from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from exporter.errors import SourceUnavailable
from exporter.sources import aws


def test_a_client_has_the_timeouts_and_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    made = aws.client("athena", connect=3, read=7, attempts=2, connections=4)
    config = made.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3, 7, 4)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (made.meta.service_model.service_name, made.meta.region_name) == ("athena", "eu-west-1")


def test_without_credentials_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(SourceUnavailable, match="no AWS credentials found: set AWS_ACCESS_KEY_ID"):
        aws.client("s3", connect=1, read=1, attempts=1)


def test_an_error_is_one_line_and_names_the_action_that_is_refused() -> None:
    message = (
        "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k/1 \n because"
    )
    words = aws.words_of(ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "GetObject"))
    assert words.startswith("GetObject failed: AccessDenied: User: ")
    assert "\n" not in words
    assert aws.refused_action(words) == "kms:Decrypt on resource: arn:aws:kms:k/1"
    assert aws.refused_action("GetObject failed: SlowDown: busy") is None
