"""What PreTokenGeneration may change of a token's claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANGEABLE_COGNITO = frozenset({"cognito:groups", "cognito:roles", "cognito:preferred_role"})
# An override of one of these is ignored, not refused.
KEPT = frozenset(
    {
        *(
            "acr",
            "amr",
            "aud",
            "at_hash",
            "auth_time",
            "azp",
            "client_id",
            "device_key",
            "event_id",
        ),
        *(
            "exp",
            "iat",
            "identities",
            "iss",
            "jti",
            "nbf",
            "nonce",
            "origin_jti",
            "sub",
            "token_use",
        ),
        "version",
    }
)


def overridden(
    claims: Mapping[str, Any], response: Mapping[str, Any], version: str, use: str
) -> dict[str, Any]:
    """The claims of an "id" or "access" token after the function's answer."""
    is_first = version.startswith("V1")
    details = response.get("claimsOverrideDetails" if is_first else "claimsAndScopeOverrideDetails")
    if not details:
        return dict(claims)
    changed = _with_groups(dict(claims), details, use)
    # Version 1 reaches the access token by its groups alone.
    if is_first:
        return _with_claims(changed, details) if use == "id" else changed
    section = details.get(f"{use}TokenGeneration") or {}
    changed = _with_claims(changed, section)
    return _with_audience(_with_scopes(changed, section), section) if use == "access" else changed


def _may_change(name: str) -> bool:
    if name.startswith("cognito:"):
        return name in CHANGEABLE_COGNITO
    return name not in KEPT


def _with_claims(claims: dict[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    added = section.get("claimsToAddOrOverride") or {}
    # `dev:` claims can be suppressed only.
    claims |= {k: v for k, v in added.items() if _may_change(k) and not k.startswith("dev:")}
    for name in section.get("claimsToSuppress") or []:
        if _may_change(name):
            claims.pop(name, None)
    return claims


def _with_audience(claims: dict[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    """An access token may have an audience: its own client, and nothing else."""
    added = section.get("claimsToAddOrOverride") or {}
    if "aud" in (section.get("claimsToSuppress") or []):
        return claims
    if "aud" in added and added["aud"] == claims.get("client_id"):
        claims["aud"] = added["aud"]
    return claims


def _with_groups(claims: dict[str, Any], details: Mapping[str, Any], use: str) -> dict[str, Any]:
    """groupOverrideDetails replaces the whole: empty or null takes the groups away."""
    if "groupOverrideDetails" not in details:
        return claims
    override = details["groupOverrideDetails"] or {}
    wanted = {"cognito:groups": override.get("groupsToOverride")}
    if use == "id":
        wanted["cognito:roles"] = override.get("iamRolesToOverride")
        wanted["cognito:preferred_role"] = override.get("preferredRole")
    for name, value in wanted.items():
        if value:
            claims[name] = value
        else:
            claims.pop(name, None)
    return claims


def _with_scopes(claims: dict[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    suppressed = section.get("scopesToSuppress") or []
    kept = [scope for scope in str(claims.get("scope", "")).split() if scope not in suppressed]
    added = [scope for scope in section.get("scopesToAdd") or [] if " " not in scope]
    claims["scope"] = " ".join(dict.fromkeys([*kept, *(s for s in added if s not in suppressed)]))
    return claims
