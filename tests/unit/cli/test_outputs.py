from pathlib import Path

import pytest

from vestibule_cli.outputs import Outputs


def outputs(endpoint_url: str = "http://127.0.0.1:4566") -> Outputs:
    return Outputs.of(
        site_url="http://127.0.0.1:8080",
        endpoint_url=endpoint_url,
        region="us-east-1",
        account_id="000000000000",
        stage="api",
        rest_api_id="abc",
        user_pool_id="us-east-1_X",
        user_pool_client_id="c",
        identity_pool_id="us-east-1:i",
        policy_parameter="/vestibule/local/policy",
        table_name="vestibule-local",
        functions={"api": "vestibule-local-api"},
        queues={"retry": "http://127.0.0.1:4566/q"},
    )


def test_the_names_are_those_that_others_rely_on() -> None:
    promised = {
        "site_url",
        "api_url",
        "signed_url",
        "inbox_url",
        "aws_endpoint_url",
        "region",
        "user_pool_id",
        "user_pool_client_id",
        "identity_pool_id",
        "table_name",
        "policy_parameter",
        "functions",
        "queues",
        "bus_name",
        "secrets",
        "user_service_url",
        "jwks_url",
        "rest_api_id",
        "account_id",
    }

    assert set(outputs().as_dict()) == promised


def test_the_api_is_on_the_site_and_the_signed_routes_are_on_the_gateway() -> None:
    made = outputs()

    assert made.api_url == "http://127.0.0.1:8080/api"
    assert made.inbox_url == "http://127.0.0.1:8080/inbox"
    assert made.signed_url == "http://127.0.0.1:4566/restapis/abc/api/_user_request_/signed"
    assert made.jwks_url == "http://127.0.0.1:4566/us-east-1_X/.well-known/jwks.json"


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    outputs().write(tmp_path / "outputs.json")

    assert Outputs.read(tmp_path / "outputs.json") == outputs()
    assert [path.name for path in tmp_path.iterdir()] == ["outputs.json"]


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"site_url": "x"}', "null"])
def test_a_damaged_file_reads_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "outputs.json").write_text(text)

    assert Outputs.read(tmp_path / "outputs.json") is None


def test_a_missing_file_reads_as_none(tmp_path: Path) -> None:
    assert Outputs.read(tmp_path / "outputs.json") is None
