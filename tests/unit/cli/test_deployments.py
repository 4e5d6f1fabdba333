from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vestibule_cli.deployments import Deployed, Deployments, Name
from vestibule_cli.failures import Failure, Misuse

if TYPE_CHECKING:
    from pathlib import Path

PARAMETER = "/vestibule/dev/policy"


def made(**changes: Any) -> dict[str, Any]:
    """What Terraform gives out of a deployment."""
    return {
        "api_gateway_id": "abc",
        "api_gateway_invoke_url": "https://abc.execute-api.eu-west-1.amazonaws.com/api",
        "cognito_user_pool_client_id": "client",
        "cognito_user_pool_id": "eu-west-1_Pool",
        "dynamodb_table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/vestibule-dev",
        "dynamodb_table_name": "vestibule-dev",
        "event_bus_name": "vestibule-dev",
        "identity_pool_id": "eu-west-1:pool",
        "lambda_function_names": {"api": "vestibule-dev-api"},
        "primary_region": "eu-west-1",
        "queue_urls": {"retry": "https://sqs.eu-west-1.amazonaws.com/123456789012/retry"},
        "secret_arns": None,
        "signed_url": "https://abc.execute-api.eu-west-1.amazonaws.com/api/signed",
        "site_url": "https://d1.cloudfront.net",
        **changes,
    }


@pytest.mark.parametrize("environment", ["", "Dev", "d", "1dev", "elevenchars", "../etc"])
def test_an_environment_that_terraform_would_refuse_is_refused_at_once(environment: str) -> None:
    with pytest.raises(Misuse, match="--environment must be"):
        Name(environment)


@pytest.mark.parametrize("suffix", ["pr1", "-", "-PR1", "-../x", "-0123456789"])
def test_so_is_a_suffix(suffix: str) -> None:
    with pytest.raises(Misuse, match="--environment-suffix must be"):
        Name("dev", suffix)


def test_outputs_of_aws_are_what_commands_take() -> None:
    outputs = Deployed.of(made(), PARAMETER).outputs()

    assert outputs.account_id == "123456789012"
    assert outputs.region == "eu-west-1"
    assert outputs.aws_endpoint_url == ""
    assert outputs.inbox_url == ""
    assert outputs.site_url == "https://d1.cloudfront.net"
    assert outputs.api_url == "https://abc.execute-api.eu-west-1.amazonaws.com/api"
    assert outputs.policy_parameter == PARAMETER
    assert outputs.secrets == {}
    assert outputs.jwks_url == (
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool/.well-known/jwks.json"
    )


def test_an_emulator_that_plays_aws_answers_itself() -> None:
    outputs = Deployed.of(made(), PARAMETER).outputs("http://127.0.0.1:4566")

    assert outputs.api_url == "http://127.0.0.1:4566/restapis/abc/api/_user_request_"
    assert outputs.signed_url == f"{outputs.api_url}/signed"
    assert outputs.jwks_url.startswith("http://127.0.0.1:4566/eu-west-1_Pool/")


@pytest.mark.parametrize("name", ["dynamodb_table_arn", "queue_urls"])
def test_a_half_made_deployment_is_told_as_such(name: str) -> None:
    with pytest.raises(Failure, match=f"no output {name}"):
        Deployed.of(made(**{name: None}), PARAMETER)


def test_what_is_saved_is_found_by_its_name_alone(tmp_path: Path) -> None:
    deployments = Deployments(tmp_path / "known")
    deployed = Deployed.of(made(), PARAMETER)

    deployments.save(Name("dev", "-pr1"), deployed)

    assert deployments.find(Name("dev", "-pr1")) == deployed
    assert deployments.find(Name("dev")) is None
    assert (tmp_path / "known").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "known" / "dev-pr1.json").read_text())["environment"] == "dev"


def test_what_is_forgotten_is_no_longer_known(tmp_path: Path) -> None:
    deployments = Deployments(tmp_path)
    deployments.save(Name("dev"), Deployed.of(made(), PARAMETER))

    deployments.forget(Name("dev"))
    deployments.forget(Name("dev"))

    assert deployments.find(Name("dev")) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"outputs": {}}'])
def test_a_damaged_file_says_how_it_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "dev-pr1.json").write_text(text)

    with pytest.raises(Failure, match="deploy outputs --environment dev --environment-suffix=-pr1"):
        Deployments(tmp_path).find(Name("dev", "-pr1"))


def test_the_folder_can_be_elsewhere(tmp_path: Path) -> None:
    found = Deployments.chosen({"VESTIBULE_DEPLOYMENTS": str(tmp_path / "x")})

    assert found.root == tmp_path / "x"
    assert Deployments.chosen({}).root.name == "deployments"
