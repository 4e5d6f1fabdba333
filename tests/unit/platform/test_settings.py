import pytest

from vestibule.platform.settings import Settings, SettingsError, queue_url

REQUIRED = {
    "AWS_REGION": "us-east-1",
    "TABLE_NAME": "vestibule-local",
    "USER_POOL_ID": "us-east-1_aBcDeFgHi",
    "ENVIRONMENT": "local",
}
OPTIONAL = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "IDENTITY_POOL_ID": "us-east-1:0f9d0c9a-1111-2222-3333-444455556666",
    "SERVICE_VERSION": "1.2.3",
    "LOG_LEVEL": "DEBUG",
    "METRICS_NAMESPACE": "Other/Name",
    "POLICY_PARAMETER": "/vestibule/local/policy",
}


def test_all_variables_are_taken() -> None:
    assert Settings.from_environment(REQUIRED | OPTIONAL) == Settings(
        region="us-east-1",
        endpoint_url="http://127.0.0.1:4566",
        table_name="vestibule-local",
        user_pool_id="us-east-1_aBcDeFgHi",
        identity_pool_id="us-east-1:0f9d0c9a-1111-2222-3333-444455556666",
        environment="local",
        version="1.2.3",
        log_level="DEBUG",
        metrics_namespace="Other/Name",
        policy_parameter="/vestibule/local/policy",
    )


@pytest.mark.parametrize("left_out", [{}, dict.fromkeys(OPTIONAL, "")], ids=["unset", "empty"])
def test_optional_variables_have_defaults(left_out: dict[str, str]) -> None:
    settings = Settings.from_environment(REQUIRED | left_out)

    assert settings.endpoint_url is None
    assert settings.identity_pool_id is None
    assert settings.version == "unknown"
    assert settings.log_level == "INFO"
    assert settings.metrics_namespace == "Vestibule"
    assert settings.policy_parameter is None


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({})

    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "AWS_REGION",
        "TABLE_NAME",
        "USER_POOL_ID",
        "ENVIRONMENT",
    ]
    assert all("is not set; must be" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLICY_PARAMETER", "policy"),
        ("POLICY_PARAMETER", "/a policy"),
        ("AWS_REGION", "mars"),
        ("AWS_REGION", "US-EAST-1"),
        ("AWS_REGION", "us-east-x"),
        ("AWS_REGION", "us/east-1"),
        ("TABLE_NAME", "ab"),
        ("TABLE_NAME", "a" * 256),
        ("TABLE_NAME", "white space"),
        ("TABLE_NAME", "täble"),
        ("USER_POOL_ID", "aBcDeFgHi"),
        ("USER_POOL_ID", "us-east-1_"),
        ("USER_POOL_ID", "us-east-1_a/b"),
        ("IDENTITY_POOL_ID", "us-east-1_abc"),
        ("ENVIRONMENT", "Prod"),
        ("ENVIRONMENT", "-prod"),
        ("ENVIRONMENT", "a b"),
        ("AWS_ENDPOINT_URL", "http://example.test"),
        ("AWS_ENDPOINT_URL", "https://example.test/path"),
        ("SERVICE_VERSION", "1\n2"),
        ("SERVICE_VERSION", "1" * 129),
        ("LOG_LEVEL", "info"),
        ("LOG_LEVEL", "IN"),
        ("METRICS_NAMESPACE", "AWS/Lambda"),
        ("METRICS_NAMESPACE", "white space"),
        ("METRICS_NAMESPACE", "n" * 256),
    ],
)
def test_a_malformed_variable_is_named_with_its_rule(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(REQUIRED | OPTIONAL | {name: value})

    assert str(caught.value).startswith(f"{name}: must be ")
    assert str(caught.value).count("\n") == 0


def test_missing_and_malformed_variables_are_told_together() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**REQUIRED, "TABLE_NAME": "", "LOG_LEVEL": "loud"})

    assert str(caught.value).splitlines() == [
        "TABLE_NAME: is not set; must be 3 to 255 of: letters, digits, '-', '_', '.'",
        "LOG_LEVEL: must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, got 'loud'",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "sqs",
        "ftp://sqs.example/1/queue",
        "https://sqs.example/1/my queue",
        "https://sqs.example/1/q\n",
        "https://sqs.example/1/wärme",
        f"https://sqs.example/1/{'q' * 1024}",
    ],
)
def test_what_is_no_queues_url_is_refused_by_the_variables_name(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^SOME_URL: must be a queue's URL, got "):
        queue_url({"SOME_URL": url}, "SOME_URL")
