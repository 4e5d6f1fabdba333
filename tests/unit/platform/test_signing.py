import random
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from vestibule.platform.credentials import Credentials
from vestibule.platform.signing import Signer, signing_key

# The key, moment and scope of AWS's published Signature Version 4 test suite.
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
EXAMPLE = Credentials("AKIDEXAMPLE", SECRET)
MOMENT = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)
HOST = {"Host": "example.amazonaws.com"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

VECTORS: dict[str, tuple[str, str, str, dict[str, str], bytes, str]] = {
    "get-vanilla": (
        *("GET", "/", "", HOST, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-query-order-key-case": (
        *("GET", "/", "Param2=value2&Param1=value1", HOST, b""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-unreserved": (
        *("GET", f"/{UNRESERVED}", "", HOST, b""),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-utf8": (
        *("GET", "/ሴ", "", HOST, b""),
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "get-vanilla-utf8-query": (
        *("GET", "/", f"{quote('ሴ')}=bar", HOST, b""),
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "get-relative": (
        *("GET", "/example/..", "", HOST, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-slash-dot-slash": (
        *("GET", "/./", "", HOST, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        *("POST", "/", "", HOST, b""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-x-www-form-urlencoded": (
        *("POST", "/", "", HOST | FORM, b"Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_a_published_vector_is_met(
    vector: tuple[str, str, str, dict[str, str], bytes, str],
) -> None:
    method, path, query, headers, body, signature = vector

    signed = Signer("us-east-1", "service").sign(
        method, path, query, headers, body, credentials=EXAMPLE, moment=MOMENT
    )

    assert signed["authorization"].endswith(f", Signature={signature}")
    assert signed["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
    )


def test_the_published_request_to_iam_is_signed_as_published() -> None:
    """The worked example of the guide: ListUsers."""
    headers = {
        "Host": "iam.amazonaws.com",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }

    signed = Signer("us-east-1", "iam").sign(
        *("GET", "/", "Action=ListUsers&Version=2010-05-08", headers, b""),
        credentials=EXAMPLE,
        moment=MOMENT,
    )

    assert signed["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@pytest.mark.parametrize(
    ("day", "key"),
    [
        ("20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"),
        ("20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"),
    ],
)
def test_the_published_signing_keys_are_derived(day: str, key: str) -> None:
    assert signing_key(SECRET, day, "us-east-1", "iam").hex() == key


LETTERS = "abcXYZ019-._~ /:=&%+*'()!$,;?@ éß日\U0001f600"


def generated(chance: random.Random) -> dict[str, Any]:
    def text(longest: int) -> str:
        return "".join(chance.choices(LETTERS, k=chance.randrange(longest)))

    parts = [
        chance.choice(["", ".", "..", quote(text(8), safe=""), "plain"])
        for _ in range(chance.randrange(6))
    ]
    pairs = [
        f"{quote(text(5), safe='')}={quote(text(8), safe='')}" for _ in range(chance.randrange(5))
    ]
    headers = {
        "Host": "service.test",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"Target.{chance.randrange(99)}",
    }
    if chance.random() < 0.5:
        headers["X-Custom"] = f"  a   {chance.randrange(9)}\t b "
    return {
        "method": chance.choice(["GET", "POST", "PUT", "DELETE"]),
        "path": "/" + "/".join(parts),
        "query": "&".join(pairs),
        "headers": headers,
        "body": chance.randbytes(chance.randrange(300)),
        "region": chance.choice(["us-east-1", "eu-central-1"]),
        "service": chance.choice(["dynamodb", "sqs", "execute-api"]),
        "credentials": Credentials(
            f"AKID{chance.randrange(10)}",
            "".join(chance.choices(LETTERS, k=40)),
            f"token{chance.randrange(99)}" if chance.random() < 0.7 else None,
        ),
        "moment": datetime.fromtimestamp(chance.randrange(10**9, 2 * 10**9), UTC),
    }


def signed_by_botocore(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    ours = case["credentials"]
    theirs = BotocoreCredentials(ours.access_key, ours.secret_key, ours.session_token)
    query = f"?{case['query']}" if case["query"] else ""
    request = AWSRequest(
        method=case["method"],
        url=f"https://service.test{case['path']}{query}",
        data=case["body"],
        headers=dict(case["headers"]),
    )
    monkeypatch.setattr(
        "botocore.auth.get_current_datetime", lambda **_: case["moment"].replace(tzinfo=None)
    )
    SigV4Auth(theirs, case["service"], case["region"]).add_auth(request)
    return str(request.headers["Authorization"])


def test_thousands_of_requests_are_signed_as_botocore_signs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(20261120)  # noqa: S311 - the same cases each time
    for _ in range(3000):
        case = generated(chance)

        signed = Signer(case["region"], case["service"]).sign(
            *(case[part] for part in ("method", "path", "query", "headers", "body")),
            credentials=case["credentials"],
            moment=case["moment"],
        )

        assert signed["authorization"] == signed_by_botocore(case, monkeypatch), case


def test_one_signer_follows_new_days_and_new_secrets() -> None:
    lasting = Signer("us-east-1", "service")
    for day in (30, 31, 31, 30):
        for secret in ("one", "two", "two"):
            request: dict[str, Any] = {
                "credentials": Credentials("AKID", secret),
                "moment": MOMENT.replace(day=day),
            }

            kept = lasting.sign("POST", "/", "", HOST, b"{}", **request)

            fresh = Signer("us-east-1", "service").sign("POST", "/", "", HOST, b"{}", **request)
            assert kept == fresh
