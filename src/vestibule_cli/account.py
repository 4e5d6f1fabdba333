"""The AWS account that a person's own settings open: profile, environment, SSO, role or process.

botocore finds the credentials, as it does for every AWS tool, and renews those that end. It is
loaded when they are asked for, not before.
"""

from __future__ import annotations

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vestibule.platform.aws import AwsRefused
from vestibule.platform.credentials import Credentials
from vestibule.platform.endpoint import Endpoint
from vestibule_cli.aws import Aws
from vestibule_cli.failures import Failure, Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT = "AWS_ENDPOINT_URL"
FALLBACK_REGION = "us-east-1"


class NoCredentials(Failure):
    """Nothing opens an account, or what should does not. Its text is for the person."""


class Account:
    """One profile, or without one whatever the environment says."""

    def __init__(
        self,
        profile: str | None = None,
        region: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.profile = profile
        # botocore knows AWS_DEFAULT_REGION alone; Terraform and the other SDKs take this one.
        self._region = region or environment.get("AWS_REGION") or None
        self._making = threading.Lock()
        self.endpoint_url = _endpoint(environment)

    @property
    def region(self) -> str:
        """The one asked for, else the profile's or the environment's."""
        with _in_words(self.profile):
            return str(
                self._region or self._session.get_config_variable("region") or FALLBACK_REGION
            )

    def credentials(self) -> Credentials:
        """As they are now: those that end are renewed. Raise NoCredentials if there are none."""
        with _in_words(self.profile):
            found = self._source
            frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)

    @cached_property
    def id(self) -> str:
        """Whose account it is, asked of AWS. Raise NoCredentials if they open none."""
        try:
            answer = Aws(self.endpoint_url, self.region, self.credentials).query(
                "sts", "GetCallerIdentity"
            )
        except AwsRefused as error:
            reason = (error.message or error.code).rstrip(".")
            raise NoCredentials(
                f"AWS refuses these credentials{_of(self.profile)}: {reason}. "
                f"{_advice(self.profile)}"
            ) from error
        return answer.findtext(".//Account", "")

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client, for calls that are too rare to have a leaner one."""
        import boto3  # noqa: PLC0415 - 150 ms, which most commands need not pay

        # Threads may ask at once, and making clients of one session is not safe for them.
        with self._making, _in_words(self.profile):
            session = boto3.Session(botocore_session=self._session)
            return session.client(  # type: ignore[call-overload]
                service,
                region_name=region or self.region,
                endpoint_url=self.endpoint_url or None,
            )

    @cached_property
    def _session(self) -> Any:
        import botocore.session  # noqa: PLC0415 - 100 ms, same

        session = botocore.session.Session(profile=self.profile)
        if not self.profile:
            return session
        with _in_words(self.profile):
            session.get_scoped_config()
        return session

    @cached_property
    def _source(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentials(
                f"there are no AWS credentials{_of(self.profile)}. {_advice(self.profile)}"
            )
        return found


class _in_words:  # noqa: N801 - reads as the phrase it is
    """Tells what botocore refuses in one line, without importing botocore beforehand."""

    def __init__(self, profile: str | None) -> None:
        self._profile = profile

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or not type(error).__module__.startswith("botocore."):
            return
        text = " ".join(str(error).split()).rstrip(".")
        if type(error).__name__ == "ProfileNotFound":
            raise Misuse(f"{text}. `aws configure list-profiles` shows those there are.") from error
        raise NoCredentials(f"{text}. {_advice(self._profile)}") from error


def _endpoint(environment: Mapping[str, str]) -> str:
    """Where AWS is said to be, for an emulator; nothing for AWS itself."""
    url = environment.get(ENDPOINT, "")
    if url:
        try:
            Endpoint.parse(url)
        except ValueError as error:
            raise Misuse(f"{ENDPOINT} {error}, got {url!r}") from error
    return url.removesuffix("/")


def _of(profile: str | None) -> str:
    return f" of profile {profile}" if profile else ""


def _advice(profile: str | None) -> str:
    if profile:
        return f"Sign in with `aws sso login --profile {profile}`, or name another --aws-profile."
    return "Name a profile with --aws-profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
