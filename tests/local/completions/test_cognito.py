from __future__ import annotations

import concurrent.futures
from typing import Any

import pytest
from botocore.exceptions import ClientError

WRITES = ["email", "name", "custom:plan"]
PLAN = {"Name": "plan", "AttributeDataType": "String", "Mutable": True}


@pytest.fixture(scope="module")
def pool(emulator: Any) -> Any:
    return emulator.pool(
        "rules",
        client={"WriteAttributes": WRITES, "PreventUserExistenceErrors": "ENABLED"},
        Schema=[PLAN],
    )


def refused(call: Any, code: str) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == code
    message: str = error.value.response["Error"]["Message"]
    return message


def update(pool: Any, tokens: dict[str, str], **attributes: str) -> Any:
    return pool.person.update_user_attributes(
        AccessToken=tokens["AccessToken"],
        UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
    )


def verify(pool: Any, tokens: dict[str, str], code: str) -> Any:
    return pool.person.verify_user_attribute(
        AccessToken=tokens["AccessToken"], AttributeName="email", Code=code
    )


@pytest.mark.parametrize("name", ["email_verified", "phone_number_verified", "nickname"])
def test_nobody_signs_up_with_an_attribute_they_may_not_write(pool: Any, name: str) -> None:
    address = f"greedy-{name.replace('_', '-')}@example.test"

    message = refused(lambda: pool.sign_up(address, **{name: "true"}), "NotAuthorizedException")

    assert message == "A client attempted to write unauthorized attribute"
    refused(lambda: pool.attributes(address), "UserNotFoundException")


def test_nobody_signs_up_without_what_the_pool_requires(emulator: Any) -> None:
    required = [
        {"Name": name, "AttributeDataType": "String", "Required": True, "Mutable": True}
        for name in ("email", "name", "family_name")
    ]
    pool = emulator.pool("demanding", Schema=required)
    address = "nameless@example.test"

    message = refused(lambda: pool.sign_up(address), "InvalidParameterException")

    assert message == (
        "Attributes did not conform to the schema: family_name: The attribute is required\n"
        "name: The attribute is required\n"
    )
    refused(lambda: pool.attributes(address), "UserNotFoundException")
    # Their address is the name that they sign in by.
    pool.sign_up(address, name="Ann", family_name="Example")
    assert pool.attributes(address)["email"] == address


def test_attributes_a_client_may_write_are_written(pool: Any) -> None:
    pool.sign_up("plain@example.test", name="Ann", **{"custom:plan": "gold"})

    assert pool.attributes("plain@example.test")["custom:plan"] == "gold"


@pytest.mark.parametrize("name", ["email_verified", "nickname"])
def test_nobody_gives_themselves_an_attribute_later(pool: Any, name: str) -> None:
    tokens = pool.join(f"later-{name.replace('_', '-')}@example.test")

    refused(lambda: update(pool, tokens, **{name: "x"}), "NotAuthorizedException")


def test_signing_up_tells_where_the_code_went_as_every_other_call_does(pool: Any) -> None:
    answer = pool.sign_up("masked@example.test")

    assert answer["UserConfirmed"] is False
    assert answer["CodeDeliveryDetails"] == {
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": "m****@e****",
    }


def test_confirming_a_sign_up_verifies_the_address(pool: Any) -> None:
    pool.sign_up("confirms@example.test")
    assert "email_verified" not in pool.attributes("confirms@example.test")

    pool.confirm("confirms@example.test")

    assert pool.attributes("confirms@example.test")["email_verified"] == "true"


def test_an_address_changes_only_when_its_new_owner_has_proven_it(pool: Any) -> None:
    tokens = pool.join("old@example.test")

    answer = update(pool, tokens, email="new@example.test", name="Newt")

    [sent] = answer["CodeDeliveryDetailsList"]
    assert (sent["AttributeName"], sent["Destination"]) == ("email", "n****@e****")
    held = pool.attributes("old@example.test")
    assert (held["email"], held["email_verified"]) == ("old@example.test", "true")
    assert held["name"] == "Newt"
    pool.sign_in("old@example.test")

    code = pool.emulator.code_for("new@example.test")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    refused(lambda: verify(pool, tokens, wrong), "CodeMismatchException")
    verify(pool, tokens, code)

    pool.sign_in("new@example.test")
    refused(lambda: pool.sign_in("old@example.test"), "NotAuthorizedException")
    assert pool.attributes("new@example.test")["email_verified"] == "true"
    refused(lambda: verify(pool, tokens, code), "ExpiredCodeException")


def test_a_code_for_an_address_can_be_asked_for_again(pool: Any) -> None:
    tokens = pool.join("again@example.test")
    update(pool, tokens, email="again-new@example.test")

    pool.person.get_user_attribute_verification_code(
        AccessToken=tokens["AccessToken"], AttributeName="email"
    )

    assert len(pool.emulator.mails_to("again-new@example.test")) == 2
    verify(pool, tokens, pool.emulator.code_for("again-new@example.test"))
    assert pool.attributes("again-new@example.test")["email"] == "again-new@example.test"


def test_an_address_of_somebody_else_cannot_be_taken(pool: Any) -> None:
    pool.join("hers@example.test")
    tokens = pool.join("his@example.test")

    refused(lambda: update(pool, tokens, email="Hers@example.test"), "AliasExistsException")


def test_an_address_that_was_taken_meanwhile_is_not_given_twice(pool: Any) -> None:
    tokens = pool.join("slow@example.test")
    update(pool, tokens, email="wanted@example.test")
    code = pool.emulator.code_for("wanted@example.test")
    pool.join("wanted@example.test")

    refused(lambda: verify(pool, tokens, code), "AliasExistsException")


def test_an_administrator_changes_an_address_at_once_only_as_verified(pool: Any) -> None:
    pool.join("managed@example.test")
    change = {"UserPoolId": pool.id, "Username": "managed@example.test"}
    address = {"Name": "email", "Value": "Managed-2@example.test"}

    pool.admin.admin_update_user_attributes(**change, UserAttributes=[address])
    assert pool.attributes("managed@example.test")["email"] == "managed@example.test"

    verified = {"Name": "email_verified", "Value": "true"}
    pool.admin.admin_update_user_attributes(**change, UserAttributes=[address, verified])
    assert pool.attributes("managed-2@example.test")["email"] == "managed-2@example.test"


def test_addresses_are_the_same_in_any_case(pool: Any) -> None:
    pool.sign_up("Mixed@Example.test", email="Mixed@Example.test")

    refused(lambda: pool.sign_up("mixed@example.TEST"), "UsernameExistsException")
    pool.confirm("MIXED@example.test")
    pool.sign_in("mixed@EXAMPLE.test")
    assert pool.attributes("mixed@example.test")["email"] == "mixed@example.test"


def test_a_code_is_checked_in_any_case(pool: Any) -> None:
    pool.sign_up("cased@example.test")
    code = pool.emulator.code_for("cased@example.test")
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    refused(
        lambda: pool.person.confirm_sign_up(
            ClientId=pool.client_id, Username="CASED@example.test", ConfirmationCode=wrong
        ),
        "CodeMismatchException",
    )


def test_two_sign_ups_at_once_for_one_address_make_one_person(emulator: Any) -> None:
    slow = "import time\ndef handler(event, context):\n    time.sleep(0.2)\n    return event\n"
    arn = emulator.function("slow-to-welcome", slow)
    emulator.client("lambda").add_permission(
        FunctionName="slow-to-welcome",
        StatementId="pools",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
    )
    pool = emulator.pool("at-once", LambdaConfig={"PreSignUp": arn})

    def attempt(_: int) -> str:
        try:
            pool.sign_up("twice@example.test")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        outcomes = sorted(crowd.map(attempt, range(8)))

    assert outcomes == ["UsernameExistsException"] * 7 + ["made"]


def test_attributes_are_deleted_by_those_who_may_write_them(pool: Any) -> None:
    pool.sign_up("drops@example.test", name="Ann")
    pool.confirm("drops@example.test")
    token = pool.sign_in("drops@example.test")["AccessToken"]
    delete = pool.person.delete_user_attributes

    delete(AccessToken=token, UserAttributeNames=["name"])

    assert "name" not in pool.attributes("drops@example.test")
    refused(
        lambda: delete(AccessToken=token, UserAttributeNames=["email_verified"]),
        "NotAuthorizedException",
    )


def test_a_forged_token_changes_nothing(pool: Any) -> None:
    tokens = pool.join("forged@example.test")
    head, payload, signature = tokens["AccessToken"].split(".")
    forged = {"AccessToken": f"{head}.{payload}.{signature[::-1]}"}

    refused(lambda: update(pool, forged, email="x@example.test"), "NotAuthorizedException")
    refused(lambda: verify(pool, forged, "123456"), "NotAuthorizedException")


def test_a_protected_pool_is_not_deleted(emulator: Any) -> None:
    pool = emulator.pool("protected", DeletionProtection="ACTIVE")

    message = refused(
        lambda: pool.admin.delete_user_pool(UserPoolId=pool.id), "InvalidParameterException"
    )

    assert "deletion protection is activated" in message
    pool.admin.update_user_pool(UserPoolId=pool.id, DeletionProtection="INACTIVE")
    pool.admin.delete_user_pool(UserPoolId=pool.id)


def test_a_pool_that_tells_cases_apart_still_does(emulator: Any) -> None:
    pool = emulator.pool("sensitive", UsernameConfiguration={"CaseSensitive": True})
    pool.sign_up("Ann@example.test")

    pool.sign_up("ann@example.test")

    assert pool.attributes("Ann@example.test")["email"] == "Ann@example.test"


def test_where_no_proof_is_asked_an_address_changes_at_once_and_is_unverified(
    emulator: Any,
) -> None:
    pool = emulator.pool("easy", UserAttributeUpdateSettings={})
    tokens = pool.join("easy@example.test")

    update(pool, tokens, email="easier@example.test")

    held = pool.attributes("easier@example.test")
    assert held["email_verified"] == "false"
    verify(pool, tokens, emulator.code_for("easier@example.test"))
    assert pool.attributes("easier@example.test")["email_verified"] == "true"
