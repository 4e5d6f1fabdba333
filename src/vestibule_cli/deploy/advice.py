"""What to do about the failures of Terraform that people meet, beside what it says itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

_ADVICE: Final = {
    r"Error acquiring the state lock": (
        "somebody else deploys this now, or a deployment was cut off. If nobody does: "
        "`terraform force-unlock ID`, with the ID above: docs/deploy.md, By hand."
    ),
    r"AssumeRoleTokenProvider|assume role with MFA": (
        "Terraform asks nobody for the code of a second factor: docs/deploy.md, Before you begin."
    ),
    r"No valid credential sources|InvalidClientTokenId|ExpiredToken|SSO session.*expired": (
        "there are no valid AWS credentials: sign in again, or name another --aws-profile."
    ),
    r"NoSuchBucket|S3 bucket .* does not exist": (
        "the bucket for states is not there: infra/bootstrap makes it, once for an account."
    ),
    r"AccessDenied|UnauthorizedOperation|not authorized to perform": (
        "these credentials may not do that: docs/deploy.md lists what a deployer needs."
    ),
    r"scheduled for deletion": (
        "a secret of that name was deleted less than 7 days ago: `aws secretsmanager "
        "restore-secret` brings it back, `terraform import` takes it over."
    ),
    r"HostedZoneNotEmpty": (
        "the zone holds records that are not this deployment's: delete them in Route 53 if nobody "
        "needs them, and run it again."
    ),
    r"already exists|ResourceConflictException|EntityAlreadyExists": (
        "something by that name is there and not in this state: another deployment of this "
        "environment and suffix, or what a cut-off one left. `terraform import` takes it "
        "over."
    ),
    r"Failed to query available provider packages|Could not retrieve the list of available": (
        "the AWS provider can be neither found here nor downloaded: docs/terraform.md tells "
        "how to use a mirror."
    ),
    r"Failed to install provider|checksum|does not match any of the checksums": (
        "the provider on this machine is not the locked one: see docs/terraform.md, The lock file."
    ),
}
_PROTECTED: Final = re.compile(r"Resource (\S+) has\s+lifecycle\.prevent_destroy")


def about(text: str) -> Iterator[str]:
    for pattern, advice in _ADVICE.items():
        if re.search(pattern, text, re.IGNORECASE):
            yield advice


def protected(text: str) -> list[str]:
    """The addresses that a plan would have destroyed, if that is what it failed for."""
    return list(dict.fromkeys(address.rstrip(",.") for address in _PROTECTED.findall(text)))
