"""Finds Terraform's providers on this machine, so that nothing has to be downloaded twice."""

import os
import platform
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

VARIABLE = "VESTIBULE_TERRAFORM_MIRROR"
PROVIDER = ("hashicorp", "aws")
ANY = "*"

# Folders that Terraform itself looks into come first; the rest is where people put mirrors.
_DEEP = ("/usr/local/share/terraform", "/usr/share/terraform", "/var/lib/terraform")
_SHALLOW = ("/opt", "/srv", "/var/lib", "/usr/local/share", "/usr/local/lib", "/usr/share")
_DEEP_LEVELS = 3
_SHALLOW_LEVELS = 2
_MOST_FOLDERS = 4_000


class MirrorError(Exception):
    """The folder named as a mirror holds no provider. Its text is for the person."""


def find(
    registry: str,
    environment: Mapping[str, str],
    places: Iterable[tuple[Path, int]] | None = None,
    *,
    version: str = ANY,
) -> Path | None:
    """The folder that holds `registry` with the provider for this machine; None if none does.

    VESTIBULE_TERRAFORM_MIRROR names it without a search; set but empty, it says there is none.
    What is found must hold `version`: a cache of other projects may hold any.
    """
    named = environment.get(VARIABLE)
    if named == "":
        return None
    if named is not None:
        folder = Path(named).expanduser()
        if not _holds_provider(folder / registry, version):
            which = "" if version == ANY else f" {version}"
            raise MirrorError(
                f"{VARIABLE} is {named}, but that folder holds no "
                f"{registry}/{'/'.join(PROVIDER)}{which} for {machine()}. Name the folder that "
                f"{registry} stands in, or unset it to search for one."
            )
        return folder.resolve()
    for found in _candidates(registry, usual_places(environment) if places is None else places):
        if _holds_provider(found, version):
            return found.parent
    return None


def usual_places(environment: Mapping[str, str]) -> list[tuple[Path, int]]:
    """Where to look, and how many levels down."""
    cache = environment.get("TF_PLUGIN_CACHE_DIR")
    home = Path(environment.get("HOME") or Path.home())
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
    return [
        *([(Path(cache), 0)] if cache else []),
        (home / ".terraform.d", _DEEP_LEVELS),
        (data / "terraform", _DEEP_LEVELS),
        *((Path(place), _DEEP_LEVELS) for place in _DEEP),
        *((Path(place), _SHALLOW_LEVELS) for place in _SHALLOW),
    ]


def machine() -> str:
    """This machine as providers name it, for example linux_amd64."""
    system = "windows" if sys.platform == "win32" else sys.platform
    processor = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{system}_{names.get(processor, processor)}"


def locked(lock_file: Path) -> str:
    """The version that a lock file has of the provider; ANY if it has none."""
    try:
        text = lock_file.read_text(encoding="utf-8")
    except OSError:
        return ANY
    name = re.escape("/".join(PROVIDER))
    found = re.search(rf'provider "[^"]+/{name}" {{[^}}]*?\bversion\s*=\s*"([^"]+)"', text)
    return found[1] if found else ANY


def _holds_provider(registry: Path, version: str) -> bool:
    provider = registry.joinpath(*PROVIDER)
    unpacked, packed = f"{version}/{machine()}", f"*_{version}_{machine()}.zip"
    return any(provider.glob(unpacked)) or any(provider.glob(packed))


def _candidates(registry: str, places: Iterable[tuple[Path, int]]) -> Iterator[Path]:
    left = _MOST_FOLDERS
    for place, levels in places:
        waiting = deque([(place, levels)])
        while waiting and left:
            left -= 1
            folder, below = waiting.popleft()
            children = _folders(folder)
            if registry in children:
                yield folder / registry
            if below:
                waiting.extend((folder / child, below - 1) for child in children)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(each.name for each in entries if each.is_dir())
    except OSError:  # not there, not ours to read
        return []
