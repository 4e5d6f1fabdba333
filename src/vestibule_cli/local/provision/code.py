"""The zip of all functions: put into a bucket once, instead of sent along with each of them."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vestibule_cli.local.emulator import ACCOUNT_ID
from vestibule_cli.local.provision.compare import ProvisionError

if TYPE_CHECKING:
    from vestibule_cli.aws import Aws

# One object, replaced by the next: functions keep their own copy.
KEY = "package.zip"
DIGEST_HEADER = "x-amz-meta-digest"
OK = 200


@dataclass(frozen=True)
class Code:
    """Where the zip lies, and which one it is."""

    bucket: str
    digest: str
    version: str

    @property
    def location(self) -> dict[str, str]:
        return {"S3Bucket": self.bucket, "S3Key": KEY}


@dataclass(frozen=True)
class Zip:
    content: bytes
    digest: str
    version: str

    @classmethod
    def read(cls, path: Path) -> Self:
        content = path.read_bytes()
        digest = hashlib.sha256(content)
        return cls(content, base64.b64encode(digest.digest()).decode(), digest.hexdigest()[:12])

    def store(self, aws: "Aws", prefix: str) -> Code:
        """Put the zip where functions can be made from it, unless it lies there already."""
        code = Code(f"{prefix}-code-{ACCOUNT_ID}-{aws.region}", self.digest, self.version)
        kept = aws.exchange("s3", "HEAD", f"/{code.bucket}/{KEY}")
        if kept.status != OK or kept.headers.get(DIGEST_HEADER) != self.digest:
            _put(aws, f"/{code.bucket}", b"")
            headers = {"content-type": "application/zip", DIGEST_HEADER: self.digest}
            _put(aws, f"/{code.bucket}/{KEY}", self.content, headers)
        return code


def _put(aws: "Aws", path: str, content: bytes, headers: dict[str, str] | None = None) -> None:
    reply = aws.exchange("s3", "PUT", path, content, headers=headers)
    if reply.status != OK:
        raise ProvisionError(f"the emulator refused: s3 PUT {path}: status {reply.status}")
