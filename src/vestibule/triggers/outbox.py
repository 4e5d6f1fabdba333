"""What the world outside is to hear of an arrival, written with it in one transaction.

Who is in the table has been told of, and who has been told of is in the table: the stream brings
the item to the relay, however often it takes.
"""

from __future__ import annotations

from vestibule.platform.conditions import absent
from vestibule.platform.operations import Put
from vestibule.profiles import items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vestibule.platform.operations import Item
    from vestibule.profiles.model import Profile
    from vestibule.triggers.arrival import Arrival


def confirmed(arrival: Arrival, profile: Profile, origin: Mapping[str, str]) -> Put:
    """Tell of somebody once: refused for whom it was told of before.

    `origin` is what their sign-up said, beside what the arrival itself says.
    """
    told = {
        "email": profile.email,
        "firstName": profile.first_name,
        "lastName": profile.last_name,
        "organizationId": profile.organization_id,
        "language": arrival.language,
        items.SIGN_IN_NAME: arrival.sign_in_name,
    }
    item: Item = {
        "pk": items.person_key(arrival.user_id),
        "sk": items.CONFIRMED,
        "userId": arrival.user_id,
        "emailVerified": profile.email_verified,
        "name": profile.name,
        "accountType": profile.account_type,
        "role": profile.role,
        "roleSource": profile.role_source,
        "marketingConsent": arrival.marketing_consent,
        "door": arrival.door,
        "origin": {**arrival.origin, **origin},
        "at": arrival.at,
        **{name: value for name, value in told.items() if value is not None},
    }
    return Put(item, condition=absent())
