"""The distributions, built once from this checkout without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent.parent


class Built(NamedTuple):
    """The distributions, by how they were made."""

    wheel: Path
    sdist: Path
    wheel_of_sdist: Path
    editable: Path


def build(kind: str, out: Path, cwd: Path = ROOT) -> Path:
    """Build one distribution with the project's own back end, as pip would; return its path."""
    out.mkdir(parents=True)
    code = f"import sys, hatchling.build as b; b.build_{kind}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=cwd, check=True)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a wheel, an sdist, a wheel of the unpacked sdist, and an editable wheel."""
    out = tmp_path_factory.mktemp("dist")
    sdist = build("sdist", out / "sdist")
    unpack(sdist, out / "unpacked")
    (unpacked,) = (out / "unpacked").iterdir()
    return Built(
        wheel=build("wheel", out / "wheel"),
        sdist=sdist,
        wheel_of_sdist=build("wheel", out / "again", cwd=unpacked),
        editable=build("editable", out / "editable"),
    )


def names_in(wheel: Path) -> Sequence[str]:
    """List the files of a wheel, sorted."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive that was made here."""
    if archive.suffix == ".whl":
        shutil.unpack_archive(archive, folder, "zip")
        return
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
