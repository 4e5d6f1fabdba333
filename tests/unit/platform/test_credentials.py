import pytest

from vestibule.platform.credentials import Credentials, MissingCredentials, from_environment

LAMBDA = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "very-secret",
    "AWS_SESSION_TOKEN": "session-secret",
}


def test_lambdas_variables_are_taken() -> None:
    assert from_environment(LAMBDA) == Credentials("AKID", "very-secret", "session-secret")


@pytest.mark.parametrize("token", [{}, {"AWS_SESSION_TOKEN": ""}])
def test_a_session_token_may_be_missing(token: dict[str, str]) -> None:
    environment = {name: LAMBDA[name] for name in list(LAMBDA)[:2]} | token

    assert from_environment(environment).session_token is None


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_missing_variable_is_named(name: str, *, emptied: bool) -> None:
    environment = dict(LAMBDA)
    del environment[name]

    with pytest.raises(MissingCredentials, match=name):
        from_environment(environment | ({name: ""} if emptied else {}))


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(MissingCredentials, match=r"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        from_environment({})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LAMBDA.items():
        monkeypatch.setenv(name, value)

    assert from_environment().access_key == "AKID"


def test_secrets_are_not_shown() -> None:
    shown = f"{from_environment(LAMBDA)!r} {from_environment(LAMBDA)}"

    assert "AKID" in shown
    assert "secret" not in shown.replace("secret_key=hidden", "")
