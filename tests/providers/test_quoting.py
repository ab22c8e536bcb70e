"""What of an upstream's words may stand in an error: nothing that the caller said or attached."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.providers.quoting import quotable, quote, quotes
from llmroute.types.messages import Document, Image, Message, ToolCall
from llmroute.types.requests import Request
from llmroute.types.tools import OutputSpec, Tool
from tests.providers.calls import How, call_to

URL = "https://store.example.com/private/scan-0042.png?sig=Zm9vYmFyYmF6cXV4c2VjcmV0"
DATA = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3
NAME = "Patient Jane Doe results.pdf"
TOOL = Tool(
    "file",
    "Files a report of the Hollow Creek incident",
    {
        "type": "object",
        "properties": {
            "of": {"enum": ["Project Nightingale", "x"], "description": "who met at the old pier"},
            "members_of_the_inner_ring": {"type": "object", "additionalProperties": False},
        },
    },
)
SHAPE = OutputSpec("answer", {"const": "the butler did it"}, lambda text: text)
ASKED = call_to(
    "https://api.example.com/v1",
    How(prefix="The culprit, as we all know, is"),
    Request(
        (
            Message.user("Look.", Image(url=URL), Image(data=DATA, media_type="image/png")),
            Message.user(Document(data=b"%PDF-1.7", media_type="application/pdf", name=NAME)),
            Message.assistant(ToolCall("1", "file_on_jane_doe_and_sons", {})),
        ),
        extra_body={"metadata": {"customers": ["Jane Doe of Oslo"]}},
        extra_headers={"x-trace": "trace-of-jane-doe"},
        tools=(TOOL,),
        output=SHAPE,
    ),
)


@pytest.mark.parametrize(
    "said",
    [
        f"Error while downloading {URL}",
        f"Error while downloading {URL[:60]}",
        f"Invalid image data: {b64encode(DATA).decode()}",
        f"Invalid image data: '{b64encode(DATA).decode()[101:117]}'",
        f"Invalid image data: '{urlsafe_b64encode(DATA).decode()[-40:]}'",
        "Invalid image: data:image/png;base64,iVBOR",
        f"Cannot parse the file '{NAME}'",
        "cannot go on from 'culprit, as we all know, is'",
        "unknown customer: Jane Doe of Oslo",
        "bad header trace-of-jane-doe",
        "'Project Nightingale' is no value",
        "who met at the old pier is too long",
        "Files a report of the Hollow Creek is no description",
        "members_of_the_inner_ring is no property",
        "const 'the butler did it' is not taken",
        "there is no tool file_on_jane_doe_and_sons",
    ],
)
def test_what_the_caller_said_is_not_quoted(said: str) -> None:
    """URLs, bytes and names of attachments, tools, schemas and extra fields are private as well."""
    assert quote(ASKED, said) == ""


@pytest.mark.parametrize(
    "said",
    [
        "Error while downloading the image",
        "The image is larger than 5 MB: see https://platform.example.com/docs/guides/images/limits",
        "'additionalProperties' must be false for every type 'object'",
        "Invalid schema for function 'file'",
    ],
)
def test_what_says_what_is_wrong_is_quoted(said: str) -> None:
    """Words of the upstream's own stay, also where they are words of JSON Schema."""
    assert quote(ASKED, said) == said


def test_many_words_are_checked_at_once() -> None:
    """Each is judged by its own runs alone."""
    said = ["Bad image", f"Bad image {URL}", "invalid_image_url", ""]
    assert quotes(ASKED, said) == ["Bad image", "", "invalid_image_url", ""]
    assert quotable(ASKED, "invalid_image_url")
    assert not quotable(ASKED, "members_of_the_inner_ring")


@given(
    st.text("abc -", min_size=20, max_size=60),
    st.integers(0, 60),
    st.integers(1, 40),
    st.text("xyz", max_size=50),
)
def test_a_run_is_found_wherever_it_stands(said: str, start: int, length: int, before: str) -> None:
    """Twenty characters that the prompt shares are found, at whatever place in either."""
    run = said[start : start + length]
    prompt = before + run + "XYZ" * 30
    call = ASKED._replace(request=Request((Message.user(prompt),)), prefix="")
    said = " ".join(said.split())
    shared = any(said[at : at + 20] in prompt for at in range(len(said) - 19))
    letters = "".join(filter(str.isalnum, said))
    alike = "".join(filter(str.isalnum, prompt)).lower()
    shared = shared or any(letters[at : at + 16] in alike for at in range(len(letters) - 15))
    assert quote(call, said) == ("" if shared else said)


@given(st.binary(min_size=60, max_size=90), st.integers(0, 60))
def test_a_run_of_data_is_found_wherever_it_stands(data: bytes, start: int) -> None:
    """Sixteen letters of base64 that an attachment shares are found, wherever they begin."""
    image = Image(data=b"0" * 33 + data, media_type="image/png")
    call = ASKED._replace(request=replace(Request((Message.user(image),))), prefix="")
    written = b64encode(b"0" * 33 + data).decode().rstrip("=")
    assert quote(call, f"bad: {written[start : start + 16]}") == ""
