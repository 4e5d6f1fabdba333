"""What is compared: each variant in a folder of its own with its dependencies, all compiled."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from vestibule_cli.package import Target, build
from vestibule_cli.project import CHECKOUT as ROOT

HERE = Path(__file__).parent
BUILT = ROOT / ".cache" / "bench"
BOTO3 = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
PYDANTIC = (
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
)

CONFIRMATION = ROOT / "examples" / "events" / "triggers-PostConfirmation_ConfirmSignUp.json"
USER_POOL_ID = "us-east-1_bEnChPoOl"
SETTINGS = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_SESSION_TOKEN": "bench",
    "AWS_LAMBDA_FUNCTION_NAME": "api",
    "ENVIRONMENT": "bench",
    "IDENTITY_POOL_ID": "us-east-1:00000000-0000-4000-8000-000000000000",
    "LOG_LEVEL": "INFO",
    "METRICS_NAMESPACE": "Bench",
    "POLICY_PARAMETER": "/bench/policy",
    "RETRY_QUEUE_URL": "http://127.0.0.1/bench-retry",
    "SERVICE_VERSION": "bench",
    "TABLE_NAME": "bench",
    "USER_POOL_ID": USER_POOL_ID,
}


@dataclass(frozen=True)
class Variant:
    name: str
    says: str
    module: str
    folder: Path
    event: Path = HERE / "event.json"

    def command(self, script: str, report: int, *arguments: str) -> list[str]:
        """The script's answer is to be written to the file descriptor `report`."""
        driver = [sys.executable, "-I", "-S", str(HERE / script)]
        event, folder = str(self.event), str(self.folder)
        return [*driver, folder, self.module, event, str(report), *arguments]


def prepared() -> list[Variant]:
    return [
        Variant("bare", "Python itself", "bare", _folder("bare")),
        Variant("floor", "one raw HTTP round trip", "floor", _folder("floor")),
        Variant("ours", "vestibule, logs and metrics on", "vestibule.functions.api", _ours()),
        Variant("seed", "tutorial: boto3.resource, json", "seed", _folder("seed", BOTO3)),
        Variant(
            "powertools",
            "Powertools, pydantic, boto3",
            "powertools",
            _folder("powertools", ("aws-lambda-powertools", *PYDANTIC, *BOTO3)),
        ),
    ]


def at_confirmation() -> list[Variant]:
    """The trigger that writes the most: PostConfirmation, of somebody new."""
    floor, seed = _folder("confirmation_floor"), _folder("confirmation_seed", BOTO3)
    triggers = "vestibule.functions.triggers"
    return [
        Variant("bare", "Python itself", "bare", _folder("bare")),
        Variant("floor", "two raw HTTP round trips", "confirmation_floor", floor, CONFIRMATION),
        Variant("ours", "vestibule, logs and metrics on", triggers, _ours(), CONFIRMATION),
        Variant("seed", "boto3.resource, two put_items", "confirmation_seed", seed, CONFIRMATION),
    ]


def _ours() -> Path:
    package = build(Target.host(), BUILT / "ours.zip")
    folder = BUILT / f"ours-{package.digest[:16]}"
    if not folder.is_dir():
        with zipfile.ZipFile(package.path) as archive:
            archive.extractall(folder)
    return folder


def _folder(name: str, distributions: Sequence[str] = ()) -> Path:
    """Made once for each state of the variant and its dependencies."""
    source = HERE / "variants" / f"{name}.py"
    versions = [f"{each}=={metadata.version(each)}" for each in distributions]
    state = "\n".join([sys.version, source.read_text(encoding="utf-8"), *versions])
    folder = BUILT / f"{name}-{hashlib.sha256(state.encode()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copy(source, partial)
    for distribution in distributions:
        _copy(distribution, partial)
    # As Lambda's own boto3 and our zip are: compiled, never compared with the source.
    compile_all = [
        sys.executable,
        "-m",
        "compileall",
        "-qq",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    subprocess.run([*compile_all, str(partial)], check=True)
    partial.rename(folder)
    return folder


def _copy(distribution: str, folder: Path) -> None:
    for file in metadata.distribution(distribution).files or ():
        if (
            ".." in file.parts
            or "__pycache__" in file.parts
            or file.parts[0].endswith(".dist-info")
        ):
            continue
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(file.locate()), place)
