"""Providers that are on the machine already are found, wherever they were put."""

from pathlib import Path

import pytest

from vestibule_cli.deploy import mirror

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "registry.terraform.io"


def a_mirror(folder: Path, machine: str | None = None) -> Path:
    (folder / REGISTRY / "hashicorp/aws/5.100.0" / (machine or mirror.machine())).mkdir(
        parents=True
    )
    return folder


@pytest.mark.parametrize("inside", ["", "plugins", "some/plugins"])
def test_a_mirror_is_found_a_few_levels_down(inside: str, tmp_path: Path) -> None:
    folder = a_mirror(tmp_path / inside)
    assert mirror.find(REGISTRY, {}, [(tmp_path, 2)]) == folder


def test_a_cache_with_another_version_is_passed_over(tmp_path: Path) -> None:
    a_mirror(tmp_path / "cache")
    folder = tmp_path / "mirror"
    (folder / REGISTRY / "hashicorp/aws/6.1.0" / mirror.machine()).mkdir(parents=True)

    assert mirror.find(REGISTRY, {}, [(tmp_path, 1)], version="6.1.0") == folder
    assert mirror.find(REGISTRY, {}, [(tmp_path, 1)], version="6.2.0") is None


def test_the_version_is_that_of_the_lock_file(tmp_path: Path) -> None:
    assert mirror.locked(ROOT / "infra/.terraform.lock.hcl") == "5.100.0"
    assert mirror.locked(tmp_path / "none") == mirror.ANY


def test_a_mirror_too_far_down_is_not_looked_for(tmp_path: Path) -> None:
    a_mirror(tmp_path / "a/b/c")
    assert mirror.find(REGISTRY, {}, [(tmp_path, 2)]) is None


def test_a_mirror_for_another_machine_is_passed_over(tmp_path: Path) -> None:
    a_mirror(tmp_path / "first", machine="plan9_mips")
    folder = a_mirror(tmp_path / "second")
    assert mirror.find(REGISTRY, {}, [(tmp_path, 1)]) == folder


def test_a_packed_mirror_counts(tmp_path: Path) -> None:
    folder = tmp_path / REGISTRY / "hashicorp/aws"
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_5.100.0_{mirror.machine()}.zip").touch()
    assert mirror.find(REGISTRY, {}, [(tmp_path, 0)]) == tmp_path


def test_a_mirror_of_another_registry_is_no_mirror(tmp_path: Path) -> None:
    a_mirror(tmp_path)
    assert mirror.find("registry.opentofu.org", {}, [(tmp_path, 1)]) is None


def test_places_that_are_missing_are_no_matter(tmp_path: Path) -> None:
    assert mirror.find(REGISTRY, {}, [(tmp_path / "nowhere", 3)]) is None


def test_a_named_mirror_is_taken_without_a_search(tmp_path: Path) -> None:
    named, other = a_mirror(tmp_path / "named"), a_mirror(tmp_path / "other")
    found = mirror.find(REGISTRY, {mirror.VARIABLE: str(named)}, [(other, 1)])
    assert found == named


def test_an_empty_name_says_that_there_is_none(tmp_path: Path) -> None:
    a_mirror(tmp_path)
    assert mirror.find(REGISTRY, {mirror.VARIABLE: ""}, [(tmp_path, 1)]) is None


def test_a_named_folder_without_providers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(mirror.MirrorError, match=rf"{mirror.VARIABLE} is .*holds no {REGISTRY}"):
        mirror.find(REGISTRY, {mirror.VARIABLE: str(tmp_path)}, [])


def test_terraforms_own_cache_is_the_first_place_to_look(tmp_path: Path) -> None:
    places = mirror.usual_places({"TF_PLUGIN_CACHE_DIR": "/cache", "HOME": str(tmp_path)})
    assert places[0] == (Path("/cache"), 0)
    assert places[1][0] == tmp_path / ".terraform.d"
