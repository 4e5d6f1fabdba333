"""New code is imported before it goes live."""

from __future__ import annotations

import errno
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from vestibule_cli.local import isolation, trial
from vestibule_cli.local.state import StateFolder
from vestibule_cli.local.trial import CodeRefused, Handler, NotUnpacked

if TYPE_CHECKING:
    from pathlib import Path


class Zips:
    def __init__(self, folder: Path) -> None:
        self.state = StateFolder(folder / "a state")
        self.state.tmp.mkdir(parents=True)
        self.state.data.mkdir()
        self._package = folder / "package.zip"

    def refusal(self, source: str, *handlers: Handler) -> str:
        with pytest.raises(CodeRefused) as refused:
            self.run(source, *handlers)
        return str(refused.value)

    def run(self, source: str, *handlers: Handler, **others: str) -> None:
        """`others`: the sources of more modules beside `one`, by name."""
        with zipfile.ZipFile(self._package, "w") as archive:
            archive.writestr("vestibule/__init__.py", "")
            for name, text in {"one": source, **others}.items():
                archive.writestr(f"vestibule/{name}.py", text)
        trial.run(self.state, self._package, handlers or [ONE])


ONE = Handler("api", "vestibule.one.handler", {})


@pytest.fixture
def zips(tmp_path: Path) -> Zips:
    return Zips(tmp_path)


def test_code_that_can_be_imported_passes(zips: Zips) -> None:
    zips.run("print('hello')\nhandler = print\n")


def test_each_zip_is_tried_as_it_is_whatever_the_one_before_left_behind(zips: Zips) -> None:
    leaving = (
        "import os\nhere = os.path.dirname(__file__)\nos.mkdir(here + '/folder')\n"
        "open(here + '/left.py', 'w').write('')\nopen(here + '/two.py', 'w').write('nosuch')\n"
        "handler = print\n"
    )
    zips.run(leaving, two="", three="")
    zips.run("import vestibule.two, vestibule.three\nhandler = print\n", two="", three="X = 1")

    for gone in ("left", "folder", "three"):
        assert f"No module named 'vestibule.{gone}'" in zips.refusal(f"import vestibule.{gone}")


def test_a_link_that_was_left_in_place_of_a_module_is_not_written_through(
    zips: Zips, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("a person's")
    link = f"import os\nos.symlink({str(outside)!r}, os.path.dirname(__file__) + '/two.py')\n"
    zips.run(f"{link}handler = print\n")

    zips.run("import vestibule.two\nhandler = print\n", two="X = 1\n")

    assert outside.read_text() == "a person's"


def fill_disk(monkeypatch: pytest.MonkeyPatch, *, refusals: int) -> None:
    extract = zipfile.ZipFile.extract
    left = [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) for _ in range(refusals)]

    def extracted(archive: zipfile.ZipFile, name: str, folder: Path) -> str:
        if left:
            raise left.pop()
        return extract(archive, name, folder)

    monkeypatch.setattr(zipfile.ZipFile, "extract", extracted)


def test_a_package_that_cannot_be_unpacked_is_no_handlers_fault(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, refusals=2)

    with pytest.raises(NotUnpacked) as refused:
        zips.run("handler = print")

    folder = zips.state.tmp / trial.FOLDER
    assert str(refused.value).startswith(f"the package could not be unpacked in {folder}: ")
    assert os.strerror(errno.ENOSPC) in str(refused.value)


def test_what_could_not_be_unpacked_is_unpacked_anew_once(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    zips.run("handler = print")
    fill_disk(monkeypatch, refusals=1)

    zips.run("import vestibule.two\nhandler = print", two="")


def test_a_name_that_is_nowhere_is_told_with_its_file_and_line(zips: Zips) -> None:
    assert zips.refusal("import os\nnosuch\n") == (
        "src/vestibule/one.py:2: NameError: name 'nosuch' is not defined (so api cannot start)"
    )


def test_one_reason_for_two_functions_is_told_once(zips: Zips) -> None:
    other = Handler("maintenance", "vestibule.one.handler", {})

    text = zips.refusal("nosuch", ONE, other)

    assert text.count("NameError") == 1
    assert text.endswith("(so api and maintenance cannot start)")


def test_a_handler_that_is_nowhere_is_told_with_its_place_in_stack_yaml(zips: Zips) -> None:
    text = zips.refusal("handler = print", Handler("api", "vestibule.functions.apy.handler", {}))

    assert text.startswith(
        "stack.yaml: functions.api.handler: vestibule.functions.apy.handler: ModuleNotFoundError: "
    )


def test_a_missing_handler_in_a_module_that_is_there_is_refused(zips: Zips) -> None:
    assert "has no attribute 'handler'" in zips.refusal("")


def test_a_package_of_this_environment_is_not_seen(zips: Zips) -> None:
    assert "No module named 'click'" in zips.refusal("import click\nhandler = print")


def test_the_functions_environment_is_seen_and_this_process_own_is_not(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "seen")
    source = (
        "import os\nassert os.environ['ITS_OWN'] == 'yes'\n"
        "assert 'SECRET_OF_THE_DEVELOPER' not in os.environ\nhandler = print"
    )

    zips.run(source, Handler("api", ONE.path, {"ITS_OWN": "yes"}))


@pytest.mark.parametrize("end", ["import sys; sys.exit(3)", "import os; os._exit(3)"])
def test_an_import_that_ends_the_process_is_refused(zips: Zips, end: str) -> None:
    assert zips.refusal(end)


def test_an_import_that_does_not_end_is_refused(
    zips: Zips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.3)

    assert "takes longer" in zips.refusal("while True: pass")


def test_what_passed_is_not_tried_again_until_something_changes(zips: Zips, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    source = f"open({str(seen)!r}, 'a').write('x')\nhandler = print"

    for _ in range(2):
        zips.run(source)
    assert seen.read_text() == "x"

    zips.run(source, Handler("api", ONE.path, {"CHANGED": "yes"}))
    assert seen.read_text() == "xx"


def test_what_was_refused_is_tried_again(zips: Zips) -> None:
    for _ in range(2):
        assert "NameError" in zips.refusal("nosuch")


def test_each_handler_is_imported_with_its_own_environment_and_nothing_of_the_others(
    zips: Zips,
) -> None:
    source = (
        "import os, sys\nassert 'vestibule.two' not in sys.modules\n"
        "assert os.environ['AWS_LAMBDA_FUNCTION_NAME'] == os.environ['NAME'], 'mixed up'\n"
        "assert 'LEFT' not in os.environ\nos.environ['LEFT'] = 'behind'\nhandler = print\n"
    )
    handlers = [
        Handler(key, f"vestibule.{module}.handler", {"NAME": key})
        for key, module in (("first", "two"), ("second", "one"), ("third", "one"))
    ]

    zips.run(source, *handlers, two=source.replace("'vestibule.two'", "'vestibule.one'"))


def test_a_handler_that_kills_its_process_leaves_the_others_their_own_reason(zips: Zips) -> None:
    source = (
        "import os, signal\nif 'DIES' in os.environ: os.kill(os.getpid(), signal.SIGKILL)\nnosuch\n"
    )
    dying = Handler("dying", ONE.path, {"DIES": "yes"})

    text = zips.refusal(source, dying, ONE)

    assert text.splitlines() == [
        "importing vestibule.one.handler ended its process with -9 (so dying cannot start)",
        "src/vestibule/one.py:3: NameError: name 'nosuch' is not defined (so api cannot start)",
    ]


class Counted(Zips):
    """Which handlers were imported, as the letters they left."""

    HANDLERS = (
        Handler("a", "vestibule.one.handler", {}),
        Handler("b", "vestibule.two.handler", {}),
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._seen = folder / "seen"

    def tried(self, *, before: str = "", **others: str) -> str:
        """`before` stands before the source of handler a."""
        self._seen.write_text("")
        leaves = f"open({str(self._seen)!r}, 'a').write('%s')\nhandler = print\n"
        self.run(before + leaves % "a", *self.HANDLERS, two=leaves % "b", **others)
        return "".join(sorted(self._seen.read_text()))


OPTIONAL = "try:\n    import vestibule.three\nexcept Exception:\n    pass\n"
READING = "open(__file__.replace('one', 'three')).read()\n"


@pytest.mark.parametrize("needs", [OPTIONAL, READING])
def test_what_changes_is_tried_again_by_whoever_needs_it_alone(tmp_path: Path, needs: str) -> None:
    zips = Counted(tmp_path)

    assert zips.tried(before=needs, three="X = 1") == "ab"
    assert zips.tried(before=needs, three="X = 2") == "a"
    assert zips.tried(before=needs, three="not Python") == "a"
    assert zips.tried(before=needs, three="raise ValueError") == "a"
    assert zips.tried(before=needs, three="X = 1") == "a"
    assert zips.tried(before=needs, three="X = 1") == ""


def test_a_module_that_is_new_may_come_before_one_that_was_there(tmp_path: Path) -> None:
    zips = Counted(tmp_path)
    zips.tried()

    assert zips.tried(four="X = 1") == "ab"
    assert zips.tried() == "ab"


def test_a_module_that_two_import_is_tried_again_by_both(tmp_path: Path) -> None:
    zips = Zips(tmp_path)
    first, second = Counted.HANDLERS
    mark = tmp_path / "imported"
    one = f"import vestibule.three\nopen({str(mark)!r}, 'w').close()\nhandler = print\n"
    # It imports the module when the other has done so, which may have compiled it.
    two = (
        f"import os, time\nwhile not os.path.exists({str(mark)!r}): time.sleep(0.01)\n"
        "import vestibule.three\nvestibule.three.X\nhandler = print\n"
    )
    zips.run(one, first, second, two=two, three="X = 1\n")

    with pytest.raises(CodeRefused, match="has no attribute 'X'"):
        zips.run(one, first, second, two=two, three="Y = 1\n")


def test_another_version_of_what_the_runtime_brings_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    (installed / "brought.py").write_text("")
    version = installed / "brought-1.0.dist-info"
    version.mkdir()
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setattr(isolation, "RUNTIME_PACKAGES", ("brought",))
    zips = Counted(tmp_path)
    assert zips.tried() == "ab"
    assert zips.tried() == ""

    version.rename(installed / "brought-1.1.dist-info")

    assert zips.tried() == "ab"


def test_what_was_noted_in_another_way_has_not_passed(tmp_path: Path) -> None:
    zips = Counted(tmp_path)
    for noted in ("", "0" * 64, "[]", "3f2e"):
        (zips.state.root / trial.PASSED).write_text(noted)

        assert zips.tried() == "ab"
