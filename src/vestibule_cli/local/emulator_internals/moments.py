"""The moments of Cognito at which triggers fire, and the rules around each action."""
# ruff: noqa: SLF001 - private names are what this package is for

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vestibule_cli.local.completions.triggers.context import Call, answering
from vestibule_cli.local.completions.triggers.failures import TriggerFailed
from vestibule_cli.local.completions.triggers.moments import Issue
from vestibule_cli.local.emulator_internals.accounts import error
from vestibule_cli.local.emulator_internals.names import part
from vestibule_cli.local.emulator_internals.people import planned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from vestibule_cli.local.completions.cognito import Rules
    from vestibule_cli.local.completions.triggers.calls import Triggers
    from vestibule_cli.local.emulator_internals.accounts import Answer, Handler, Record


def around_sign_up(triggers: Triggers) -> None:
    cognito = part("services.cognito")
    genuine_uuid = cognito.new_uuid

    def apply_presignup_trigger(
        pool_id: str,
        client_id: str,
        username: str,
        user_attrs: Mapping[str, Any],
        trigger_source: str = "PreSignUp_ExternalProvider",
    ) -> dict[str, bool]:
        pool = cognito._get_pool_unscoped(pool_id)
        return triggers.pre_sign_up(trigger_source, pool, username, user_attrs, client_id)

    def apply_custom_message_trigger(
        pool: Record, trigger_source: str, username: str, user_attrs: Any, *_: Any, **__: Any
    ) -> dict[str, Any]:
        status = "FORCE_CHANGE_PASSWORD"
        message = triggers.message(trigger_source, pool, username, user_attrs, status)
        return {"emailSubject": message.subject, "emailMessage": message.body}

    def new_uuid() -> str:
        told = planned.get()
        return told.pop() if told else str(genuine_uuid())

    cognito._apply_presignup_trigger = apply_presignup_trigger
    cognito._apply_custom_message_trigger = apply_custom_message_trigger
    cognito.new_uuid = new_uuid


def around_challenges(triggers: Triggers) -> None:
    """Define, Create and Verify: the emulator's moments, Cognito's events and errors."""
    cognito = part("services.cognito")

    def define(
        pool_id: str, client_id: str, username: str, _attributes: Any, session: Record, *_: Any
    ) -> tuple[Any, None]:
        told = {"session": cognito._build_session_list(session)}
        found = triggers.challenge("DefineAuthChallenge", pool_id, client_id, username, told)
        return found, None

    def create(
        pool_id: str, client_id: str, username: str, _attributes: Any, session: Record, *_: Any
    ) -> tuple[Any, None]:
        history = cognito._build_session_list(session)
        told = {"challengeName": "CUSTOM_CHALLENGE", "session": history}
        found = triggers.challenge("CreateAuthChallenge", pool_id, client_id, username, told)
        return found, None

    def verify(
        pool_id: str,
        client_id: str,
        username: str,
        _attributes: Any,
        session: Record,
        answer: str,
        *_: Any,
    ) -> tuple[Any, None]:
        last = session["challenges"][-1] if session["challenges"] else {}
        told = {
            "privateChallengeParameters": last.get("privateChallengeParameters") or {},
            "challengeAnswer": answer,
        }
        found = triggers.challenge(
            "VerifyAuthChallengeResponse", pool_id, client_id, username, told
        )
        return found, None

    cognito._invoke_define_auth_challenge_trigger = define
    cognito._invoke_create_auth_challenge_trigger = create
    cognito._invoke_verify_auth_challenge_trigger = verify


def around_tokens(triggers: Triggers) -> None:
    """PostAuthentication before anything is issued, then PreTokenGeneration once for both."""
    cognito = part("services.cognito")
    build, token = cognito._build_auth_result, cognito._oauth2_token

    def build_auth_result(
        pool_id: str,
        client_id: str,
        user: Record,
        nonce: str = "",
        trigger_source: str = "TokenGeneration_Authentication",
        **named: Any,
    ) -> Any:
        triggers.before_tokens(pool_id, client_id, user, trigger_source)
        return build(pool_id, client_id, user, nonce, trigger_source, **named)

    def apply_pretoken_trigger(  # noqa: PLR0913 - the emulator's own arguments
        *,
        pool_id: str,
        claims: Record,
        trigger_source: str,
        client_id: str,
        username: str,
        client_metadata: Any = None,
        scope: str = "",
        **_: Any,
    ) -> dict[str, Any]:
        scopes = tuple(cognito._aws_scope_order(scope.split(), presized=False))
        issue = Issue(trigger_source, pool_id, client_id, username, scopes, client_metadata)
        return triggers.claims(issue, claims)

    def oauth2_token(*args: Any, **named: Any) -> Answer:
        try:
            with answering(Call("Token")):
                answer: Answer = token(*args, **named)
        except TriggerFailed as failure:
            answer = cognito._oauth2_error("invalid_grant", str(failure))
        return answer

    cognito._build_auth_result = build_auth_result
    cognito._apply_pretoken_trigger = apply_pretoken_trigger
    cognito._oauth2_token = oauth2_token


def around_calls(rules: Rules) -> None:
    """The write rules and the triggers around each action, and the actions it does not know."""
    cognito = part("services.cognito")
    run, dispatch = cognito._run_idp_handler, cognito._dispatch_idp
    reentrant = part("core.concurrency").run_reentrant

    def run_idp_handler(handler: Handler, action: str, data: dict[str, Any]) -> Answer:
        try:
            answer: Answer = rules.limited(
                action,
                data,
                lambda: run(lambda given: rules.run(action, given, handler), action, data),
            )
        except TriggerFailed as failure:
            return error(failure.code, str(failure), failure.status)
        return answer

    async def dispatch_idp(action: str, data: dict[str, Any]) -> Answer:
        handler = rules.own_actions.get(action)
        answer: Awaitable[Answer] = (
            reentrant(run_idp_handler, handler, action, data) if handler else dispatch(action, data)
        )
        return await answer

    cognito._run_idp_handler = run_idp_handler
    cognito._dispatch_idp = dispatch_idp
    cognito._UNSIGNED_IDP_ACTIONS.update(rules.own_actions)
