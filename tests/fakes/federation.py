"""A SAML provider that vouches for whomever the test names, and the browser that goes there."""

from __future__ import annotations

import base64
import http.client
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

BACK = "http://localhost/back"
PROVIDER = "Corp"
OAUTH = {
    "AllowedOAuthFlows": ["code"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthScopes": ["openid", "aws.cognito.signin.user.admin"],
    "CallbackURLs": [BACK],
    "SupportedIdentityProviders": ["COGNITO"],
}
ANSWER = """\
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
    xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Assertion>
  <saml:Subject><saml:NameID>{address}</saml:NameID></saml:Subject>
  <saml:AttributeStatement><saml:Attribute Name="email">
    <saml:AttributeValue>{address}</saml:AttributeValue>
  </saml:Attribute></saml:AttributeStatement>
</saml:Assertion></samlp:Response>
"""


def set_up(pool: Any, inbound_arn: str) -> None:
    """Let the provider in, and have its answers pass InboundFederation."""
    pool.admin.create_identity_provider(
        UserPoolId=pool.id,
        ProviderName=PROVIDER,
        ProviderType="SAML",
        ProviderDetails={
            "IDPSSOEndpoint": "http://localhost/sso",
            "MetadataURL": "http://localhost",
        },
    )
    held = pool.admin.describe_user_pool(UserPoolId=pool.id)["UserPool"]["LambdaConfig"]
    inbound = {"LambdaArn": inbound_arn, "LambdaVersion": "V1_0"}
    pool.admin.update_user_pool(
        UserPoolId=pool.id,
        LambdaConfig={**held, "InboundFederation": inbound},
        AutoVerifiedAttributes=["email"],
    )


def come_back(pool: Any, address: str) -> dict[str, list[str]]:
    """What the application is told once the provider has vouched for this address."""
    begin = {
        "client_id": pool.client_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "openid aws.cognito.signin.user.admin",
        "identity_provider": PROVIDER,
        "state": "kept",
    }
    sent = _ask(pool, "GET", f"/oauth2/authorize?{urlencode(begin)}")
    answer = base64.b64encode(ANSWER.format(address=address).encode()).decode()
    form = {"SAMLResponse": answer, "RelayState": sent["RelayState"][0]}
    return _ask(pool, "POST", "/saml2/idpresponse", urlencode(form))


def _ask(pool: Any, method: str, path: str, body: str | None = None) -> dict[str, list[str]]:
    place = urlsplit(pool.emulator.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request(method, path, body, kind)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == 302, text
    return parse_qs(urlsplit(answer.getheader("Location") or "").query)
