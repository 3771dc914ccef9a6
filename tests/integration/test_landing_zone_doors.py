"""The landing zone lets in who holds keys in force, by addresses that have not expired, to keys that stay inside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.rest import Rest, running

CREDENTIALS = "/data/foundation/connectors/landingzone/credentials?type=dlz_destination"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with running(tmp_path_factory.mktemp("zone")) as platform:
        yield platform


def client(rest: Rest) -> tuple[Any, str, str]:
    """An S3 client with keys fetched just now, the bucket and the folder."""
    body = rest.ok("GET", CREDENTIALS)
    keys = body["credentials"]
    made = boto3.client(
        "s3",
        endpoint_url=rest.ready["s3_endpoint"],
        aws_access_key_id=keys["awsAccessKeyId"],
        aws_secret_access_key=keys["awsSecretAccessKey"],
        aws_session_token=keys["awsSessionToken"],
        region_name="us-east-1",
        config=Config(signature_version="s3v4", retries={"max_attempts": 1}),
    )
    return made, body["dlzPath"]["bucketName"], body["dlzPath"]["dlzFolder"]


def test_the_first_client_finds_its_bucket(rest: Rest) -> None:
    s3, bucket, folder = client(rest)
    s3.put_object(Bucket=bucket, Key=f"{folder}/first.txt", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key=f"{folder}/first.txt")["Body"].read() == b"x"


@pytest.mark.parametrize("name", ["../x", "a/../../../etc/x", "..", "a\\..\\b", "a\x00b", "a\r\nSet-Cookie: stolen=1"])
def test_a_key_that_climbs_or_injects_is_a_400(rest: Rest, name: str) -> None:
    s3, bucket, folder = client(rest)
    before = s3.list_objects_v2(Bucket=bucket)["KeyCount"] if name else 0
    for call in (s3.put_object, s3.get_object, s3.delete_object):
        body = {"Body": b"x"} if call == s3.put_object else {}
        with pytest.raises(ClientError) as seen:
            call(Bucket=bucket, Key=f"{folder}/{name}", **body)
        assert seen.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert "stolen" not in str(seen.value.response["ResponseMetadata"]["HTTPHeaders"])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == before


def test_a_presigned_address_ends(rest: Rest) -> None:
    s3, bucket, folder = client(rest)
    s3.put_object(Bucket=bucket, Key=f"{folder}/shared.txt", Body=b"shared")

    def address(seconds: int) -> str:
        which = {"Bucket": bucket, "Key": f"{folder}/shared.txt"}
        return str(s3.generate_presigned_url("get_object", Params=which, ExpiresIn=seconds))

    short, long = address(1), address(100)
    assert requests.get(long, timeout=30).content == b"shared"
    time.sleep(2.1)
    late = requests.get(short, timeout=30)
    assert (late.status_code, "Request has expired" in late.text) == (403, True)
    assert requests.get(short.replace("X-Amz-Expires=1&", "X-Amz-Expires=9999999&"), timeout=30).status_code == 400
    assert requests.get(short.replace("X-Amz-Expires=1&", ""), timeout=30).status_code == 400
    assert requests.get(long.split("?")[0], timeout=30).status_code == 403
    rest.ok("POST", f"{CREDENTIALS}&action=refresh")
    assert requests.get(long, timeout=30).status_code == 403, "its keys were replaced"


def test_the_store_cannot_be_emptied_from_outside(rest: Rest) -> None:
    keys = rest.ok("GET", CREDENTIALS)["credentials"]
    holder = {"Authorization": f"AWS4-HMAC-SHA256 Credential={keys['awsAccessKeyId']}/x"}
    for headers in ({}, holder):
        for method, path in (("POST", "/moto-api/reset"), ("GET", "/moto-api/data.json"), ("GET", "/moto-api/")):
            answer = requests.request(method, rest.ready["s3_endpoint"] + path, headers=headers, timeout=30)
            assert answer.status_code == 403
