"""What is inside the wheel, the sdist and the editable install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING

import llmroute
from tests.packaging.conftest import ROOT, names_in, unpack

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

    from tests.packaging.conftest import Built

EXTRAS = {"local", "starter", "tokens", "cli", "dev"}


def data_files() -> set[str]:
    """Name every data file of the checkout, as it must stand in the wheel."""
    folders = [ROOT / "providers", ROOT / "policies"]
    suffixes = {".toml", ".json"}
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in suffixes]
    return {f"llmroute/data/{path.relative_to(ROOT).as_posix()}" for path in found}


def source_files() -> set[str]:
    """Name every source file of the checkout, as it must stand in the wheel."""
    found = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("py.typed")]
    return {path.relative_to(ROOT / "src").as_posix() for path in found}


def metadata(wheel: Path) -> Message[str, str]:
    """Read the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("/METADATA")]
        return HeaderParser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_source_data_and_nothing_else(built: Built) -> None:
    """A wheel has every module, py.typed, every data file and its metadata; no stray file."""
    info = f"llmroute-{llmroute.__version__}.dist-info"
    about = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    expected = source_files() | data_files() | {f"{info}/{name}" for name in about}
    assert set(names_in(built.wheel)) == expected
    assert "llmroute/py.typed" in expected
    assert data_files()


def test_an_sdist_gives_the_same_wheel(built: Built) -> None:
    """A wheel built from the sdist has the same files, byte for byte."""
    assert names_in(built.wheel_of_sdist) == names_in(built.wheel)
    assert built.wheel_of_sdist.read_bytes() == built.wheel.read_bytes()


def test_the_sdist_can_be_tested(built: Built) -> None:
    """An sdist brings the tests, and the Makefile with the scripts that it calls."""
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", ".ci/run", ".ci/install", "hatch_build.py", "CHANGELOG.md"} <= names
    assert "tests/packaging/test_distributions.py" in names
    assert not {name for name in names if "__pycache__" in name or name.startswith(".venv")}


def test_an_editable_install_copies_nothing(built: Built) -> None:
    """An editable install is a pointer to the checkout: no module and no data is copied."""
    names = [name for name in names_in(built.editable) if ".dist-info/" not in name]
    assert [name.rpartition(".")[2] for name in names] == ["pth"]
    with zipfile.ZipFile(built.editable) as archive:
        assert archive.read(names[0]).decode().strip() == str(ROOT / "src")


def read_data(python_path: Path) -> str:
    """Print, in a fresh interpreter, where llmroute is and what data it finds."""
    code = (
        "import llmroute; from llmroute.catalog import data;"
        "print(llmroute.__file__, data.names('providers'), data.names('policies/licenses'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(python_path)},
        cwd=python_path,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_an_installed_wheel_reads_its_own_data(built: Built, tmp_path: Path) -> None:
    """A wheel that is installed finds the data that the checkout has, in its own folder."""
    unpack(built.wheel, tmp_path)
    checkout = read_data(ROOT / "src").partition(" ")
    unpacked = read_data(tmp_path).partition(" ")
    assert unpacked[0].startswith(str(tmp_path))
    assert unpacked[2] == checkout[2]
    assert "openai" in unpacked[2]


def test_an_archive_reads_its_own_data(built: Built) -> None:
    """The wheel works without being unpacked: its data is read out of the archive."""
    code = "import llmroute.catalog.data as d; print(d.__file__, d.names('providers'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(built.wheel)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(built.wheel))
    assert "openai" in done.stdout


def test_the_metadata_says_what_is_installed(built: Built) -> None:
    """Version, license, Python, the core dependencies and the extras are those promised."""
    about = metadata(built.wheel)
    requires = about.get_all("Requires-Dist") or []
    core = {re.split(r"[<>=;\[ ]", one)[0] for one in requires if "extra ==" not in one}
    assert about["Version"] == llmroute.__version__
    assert (about["License-Expression"], about["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert core == {"httpcore2", "httpx2", "pydantic", "tenacity"}
    assert set(about.get_all("Provides-Extra") or []) == EXTRAS


def test_the_command_is_there(built: Built) -> None:
    """The wheel installs one command, `llmroute`."""
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("/entry_points.txt")]
        text = archive.read(name).decode()
    assert text.split() == ["[console_scripts]", "llmroute", "=", "llmroute.cli:main"]


def test_the_version_is_written_once() -> None:
    """The version stands in the package; the project file reads it from there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
