"""Codecs are found by the names of their APIs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import llmroute
from llmroute import RequestError
from llmroute.providers import HTTP_APIS, open_codec

PACKAGE = Path(llmroute.__file__).parent


def test_every_module_of_the_folder_is_an_api() -> None:
    """A module beside the others is all that a new API needs to be found."""
    files = {file.stem for file in (PACKAGE / "providers" / "codecs").glob("[a-z]*.py")}
    assert {api.replace("-", "_") for api in HTTP_APIS} == files
    for api in HTTP_APIS:
        codec = open_codec(api)
        assert all(hasattr(codec, verb) for verb in ("encode", "decoder", "failure"))


@pytest.mark.parametrize("name", ["openai_chat", "openai", "", "../codecs", "openai-chat.CODEC"])
def test_other_names_are_refused(name: str) -> None:
    """What is no API is a typed error, whatever module has a name like it."""
    with pytest.raises(RequestError, match="is not an API"):
        open_codec(name)


def test_they_are_found_in_an_archive(tmp_path: Path) -> None:
    """A package that is run from an archive knows the same APIs."""
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", PACKAGE.parent, "llmroute")
    code = "from llmroute.providers import HTTP_APIS; print(','.join(HTTP_APIS))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[0] = {archive!r}; {code}"],
        capture_output=True,
        text=True,
        env={},
        check=True,
    )
    assert done.stdout.strip() == ",".join(HTTP_APIS)
