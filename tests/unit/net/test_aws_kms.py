"""AWS KMS as a key service: against moto, which does what KMS does, and against answers over real HTTP."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.fakes.hostile_issuer import Answer, HostileIssuer
from tests.fakes.sealer import envelope_key

from actas.keys.services import KeyServiceFailed, new_wrapped_key, sealer_of, wrapped_again
from actas.net.aws_kms import CONTEXT, AwsKms

KEY = envelope_key()
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTING")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of nobody")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def kms() -> Iterator[Any]:
    """KMS with a key that is called ``alias/actas``."""
    with mock_aws():
        client = boto3.client("kms", region_name=REGION)
        made = client.create_key()["KeyMetadata"]
        client.create_alias(AliasName="alias/actas", TargetKeyId=made["KeyId"])
        yield client


def arn(kms: Any) -> str:
    return str(kms.describe_key(KeyId="alias/actas")["KeyMetadata"]["Arn"])


async def failing(service: AwsKms, wrapped: str | None = None) -> KeyServiceFailed:
    with pytest.raises(KeyServiceFailed) as failed:
        await (service.wrap(KEY) if wrapped is None else service.unwrap(wrapped))
    assert base64.b64encode(KEY).decode() not in failed.value.detail
    assert "a secret of nobody" not in failed.value.detail
    return failed.value


@pytest.mark.requirement("SEC-92")
async def test_what_is_wrapped_comes_back_and_is_bound_to_its_use(kms: Any) -> None:
    service = AwsKms(key="alias/actas", region=REGION)
    wrapped = await service.wrap(KEY)
    blob = base64.b64decode(wrapped)
    assert KEY not in blob
    assert await service.unwrap(wrapped) == KEY
    assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=CONTEXT)["Plaintext"] == KEY
    with pytest.raises(ClientError):
        kms.decrypt(CiphertextBlob=blob)


async def test_the_region_of_an_arn_is_the_regions(kms: Any) -> None:
    service = AwsKms(key=arn(kms))
    assert (await sealer_of(service, await new_wrapped_key(service))).key_id
    assert service.name == f"aws-kms:{arn(kms)}"


@pytest.mark.requirement("REL-08")
async def test_it_is_wrapped_again_as_the_same_key(kms: Any) -> None:
    service = AwsKms(key=arn(kms))
    old = await new_wrapped_key(service)
    new = await wrapped_again(service, old)
    assert old != new
    assert (await sealer_of(service, old)).key_id == (await sealer_of(service, new)).key_id


async def test_a_key_that_is_not_there_is_said_with_what_to_look_at(kms: Any) -> None:
    failed = await failing(AwsKms(key="alias/misspelt", region=REGION))
    assert "NotFoundException" in failed.detail
    assert "alias/misspelt" in failed.detail
    assert "region" in failed.hint
    assert not failed.away


@pytest.mark.requirement("SEC-92")
async def test_what_was_not_wrapped_is_refused(kms: Any) -> None:
    service = AwsKms(key="alias/actas", region=REGION)
    for wrapped in ("", "%%%", "aGVsbG8="):
        assert not (await failing(service, wrapped)).away


@pytest.mark.requirement("SEC-92")
async def test_what_another_key_wrapped_is_refused(kms: Any) -> None:
    other = kms.create_key()["KeyMetadata"]["Arn"]
    wrapped = await AwsKms(key=other).wrap(KEY)
    # KMS says IncorrectKeyException here, moto that access is denied.
    assert not (await failing(AwsKms(key=arn(kms)), wrapped)).away


async def test_without_a_region_it_says_so() -> None:
    failed = await failing(AwsKms(key="alias/actas"))
    assert "region" in failed.detail
    assert not failed.away


async def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    failed = await failing(AwsKms(key="alias/actas", region=REGION, address="http://127.0.0.1:1"))
    assert "credentials" in failed.detail
    assert "get-caller-identity" in failed.hint
    assert not failed.away


def answered(code: str, message: str = "") -> Answer:
    return Answer(
        status=400,
        body=json.dumps({"__type": code, "message": message}).encode(),
        content_type="application/x-amz-json-1.1",
    )


@pytest.mark.parametrize(
    ("code", "away"),
    [
        ("AccessDeniedException", False),
        ("KMSInvalidStateException", False),
        ("IncorrectKeyException", False),
        ("DisabledException", False),
        ("ThrottlingException", True),
        ("KMSInternalException", True),
        ("KeyUnavailableException", True),
        ("SomethingNewException", False),
    ],
)
async def test_an_error_of_kms_is_told_and_whether_it_may_pass(code: str, away: bool) -> None:
    async with HostileIssuer() as kms:
        kms.answers["/"] = answered(code, "User: arn:aws:iam::1:role/sts is not authorized")
        failed = await failing(AwsKms(key="alias/actas", region=REGION, address=kms.origin))
        assert f"{code}: User: arn:aws:iam::1:role/sts is not authorized" in failed.detail
        assert failed.away is away
        assert failed.hint
        assert 1 <= kms.count() <= 2


async def test_kms_that_is_not_reached_is_away() -> None:
    failed = await failing(AwsKms(key="alias/actas", region=REGION, address="http://127.0.0.1:1"))
    assert failed.away
    assert "EndpointConnectionError" in failed.detail
    assert "private network" in failed.hint


def test_without_the_sdk_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(KeyServiceFailed) as failed:
        AwsKms(key="alias/actas")
    assert failed.value.detail == "the AWS SDK is not installed (boto3)"
    assert failed.value.hint == "install it beside Actas: pip install 'actas[aws]'"


def test_the_sdk_is_not_loaded_unless_it_is_named() -> None:
    import subprocess

    script = "import sys, actas.app.assembly; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
