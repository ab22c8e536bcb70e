"""Images and documents as callers give them."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, cast

import pytest

import llmroute
from llmroute import Client, Message, RequestError
from llmroute.testing import ScriptedProvider
from llmroute.types.messages import Document, Image

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.types.requests import Request

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
JPEG = b"\xff\xd8\xff\xe0" + bytes(16)
GIF = b"GIF89a" + bytes(16)
WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(16)
PDF = b"%PDF-1.7\n" + bytes(16)
SEES = ("vision", "documents", "tools", "json")


def asked(*parts: str | Image | Document) -> Request:
    """What a model is asked when a user says `parts`."""
    provider = ScriptedProvider("I see.")
    model = llmroute.model("eye", use="test", provider=provider, abilities=SEES)
    with Client(models=[model]) as client:
        client.chat([Message.user(*parts)])
    return provider.calls[0].request


def refused(*parts: Image | Document) -> RequestError:
    """The error that `parts` end in, before anything is sent."""
    provider = ScriptedProvider("I see.")
    model = llmroute.model("eye", use="test", provider=provider, abilities=SEES)
    with Client(models=[model]) as client, pytest.raises(RequestError) as caught:
        client.chat([Message.user("What is this?", *parts)])
    assert provider.calls == []
    assert caught.value.where == "prompt[0].parts[1]"
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")],
)
def test_media_types_are_read_off_the_data(data: bytes, kind: str) -> None:
    """PNG, JPEG, GIF and WebP are recognized by how they begin."""
    _, image = asked("What is this?", Image(data=data)).messages[0].parts
    assert image == Image(data=data, media_type=kind)


@pytest.mark.parametrize(
    ("kind", "told"), [("input_audio", "input_audio"), ("What is 17-4?", "unknown"), (7, "unknown")]
)
def test_unknown_kinds_of_parts_are_named_if_they_are_names(kind: object, told: str) -> None:
    """What stands as a part's type is quoted only if it looks like one."""
    model = llmroute.model("eye", use="test", provider=ScriptedProvider("x"), abilities=SEES)
    with Client(models=[model]) as client, pytest.raises(RequestError) as caught:
        client.chat([{"role": "user", "content": [{"type": kind, "x": "y"}]}])
    assert f"content of kind {told} is not text" in str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    """An image or a document of a path holds the file's bytes when it is sent."""
    (tmp_path / "cat.png").write_bytes(PNG)
    (tmp_path / "my report (1).pdf").write_bytes(PDF)
    image, document = (
        Image(path=tmp_path / "cat.png"),
        Document(path=tmp_path / "my report (1).pdf"),
    )
    _, first, second = asked("These?", image, document).messages[0].parts
    assert first == Image(data=PNG, media_type="image/png")
    assert second == Document(data=PDF, media_type="application/pdf", name="my report (1).pdf")


def test_a_url_is_sent_as_it_is() -> None:
    """A URL is passed on and never fetched; the closeness of the look goes with it."""
    url = "https://example.com/a%20cat.png?size=2"
    _, image = asked("This?", Image(url=url, detail="low")).messages[0].parts
    assert image == Image(url=url, detail="low")


def test_a_data_url_is_data() -> None:
    """A data: URL is decoded, so that providers that take data alone take it too."""
    text = base64.b64encode(PNG).decode()
    _, image = asked("This?", Image(url=f"data:image/png;base64,{text}")).messages[0].parts
    assert image == Image(data=PNG, media_type="image/png")


def test_openai_style_parts_are_images_and_documents() -> None:
    """Content parts as the OpenAI API has them are understood."""
    provider = ScriptedProvider("I see.")
    model = llmroute.model("eye", use="test", provider=provider, abilities=SEES)
    pdf = "data:application/pdf;base64," + base64.b64encode(PDF).decode()
    content = [
        {"type": "text", "text": "These?"},
        {
            "type": "image_url",
            "image_url": {"url": "https://example.com/cat.png", "detail": "high"},
        },
        {"type": "file", "file": {"filename": "a.pdf", "file_data": pdf}},
    ]
    with Client(models=[model]) as client:
        client.chat([{"role": "user", "content": content}])
    assert provider.calls[0].request.messages[0].parts == (
        "These?",
        Image(url="https://example.com/cat.png", detail="high"),
        Document(data=PDF, media_type="application/pdf", name="a.pdf"),
    )


@pytest.mark.parametrize(
    ("image", "word"),
    [
        (Image(), "given by nothing"),
        (Image(data=PNG, url="https://example.com/x.png"), "url and data"),
        (Image(data=b""), "empty"),
        (Image(data=cast("Any", "iVBORw0KGgo=")), "bytes"),
        (Image(data=b"hello, I am a text"), "not an image"),
        (Image(data=b"BM" + bytes(30)), "not an image"),
        (Image(data=PDF), "not an image"),
        (Image(data=PNG, media_type="image/jpeg"), "not image/png"),
        (Image(data=PNG, detail=cast("Any", "huge")), "detail"),
        (Image(data=PNG + bytes(20 * 1024 * 1024)), "20,971,520"),
        (Image(path="no-such.png"), "no such file"),
        (Image(path="."), "not a file"),
        (Image(path="a\0b"), "no path"),
        (Image(path=cast("Any", 5)), "no path"),
        (Image(url="data:image/png;base64,%%%"), "base64"),
        (Image(url="data:nonsense"), "data: URL"),
        (Document(data=PNG), "not a PDF"),
        (Document(data=PDF, name="../../etc/passwd"), "name"),
        (Document(data=PDF + bytes(32 * 1024 * 1024)), "33,554,432"),
        (Document(path="no-such.pdf"), "no such file"),
    ],
)
def test_what_cannot_be_sent_is_refused(image: Image | Document, word: str) -> None:
    """What is missing, empty, too large or no image is a typed error before anything is sent."""
    assert word in str(refused(image))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://example.com/cat.png",
        "ftp://example.com/cat.png",
        "https://localhost/cat.png",
        "https://LOCALHOST./cat.png",
        "https://printer.local/x.png",
        "https://metadata.google.internal/x",
        "https://127.0.0.1/cat.png",
        "https://10.0.0.7/cat.png",
        "https://192.168.1.1:8443/x",
        "https://172.16.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[64:ff9b:1::7f00:1]/x",
        "https://[2002:7f00:1::]/x",
        "https://[2002:a00:7::1]/x",
        "https://[::7f00:1]/x",
        "https://[::10.0.0.7]/x",
        "https://[fec0::1]/x",
        "https://[ff02::1]/x",
        "https://[fe80::1%25eth0]/x",
        "https://[2606:4700::1%25eth0]/x",
        "https://%31%32%37.0.0.1/x",
        "https://127.0.0.1%2e/x",
        "https://localhost%00.example.com/x",
        "https://%5b::1%5d/x",
        "https://localhost.localdomain/x",
        "https://printer.intranet/x",
        "https://wiki.corp/x",
        "https://nas.private/x",
        "https://a..example.com/x",
        "https://.example.com/x",
        "https://127.0.0.1../x",
        "https://localhost,example.com/x",
        "https://localhost;example.com/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://127.1/x",
        "https://intranet/x",
        "https://user:secret@example.com/x",
        "https://example.com\\@10.0.0.1/x",
        "https://exa mple.com/x",
        "https://example.com:99999/x",
        "https://",
        "cat.png",
        "",
        "https://example.com/" + "x" * 9000,
    ],
)
def test_urls_that_a_provider_may_not_fetch_are_refused(url: str) -> None:
    """Only https URLs of the Internet are passed on; the error never quotes the URL."""
    error = refused(Image(url=url))
    assert "url" in str(error)
    assert len(url) <= len("https://") or url not in str(error)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/cat.png", "Use https, or pass path=... or data=..."),
        ("https://10.0.0.7/cat.png", "the provider cannot reach it"),
    ],
)
def test_urls_that_are_refused_say_how_to_mend_them(url: str, says: str) -> None:
    """Plain http is to be https; only a private host is one that the provider cannot reach."""
    error = str(refused(Image(url=url)))
    assert error.endswith(says)
    assert ("cannot reach" in error) == ("10.0.0.7" in url)


@pytest.mark.parametrize(
    "host",
    [
        *("example.com", "a-b_c.example.com.", "EXAMPLE.COM", "xn--bcher-kva.example", "1.1.1.1"),
        *("[2606:4700::1111]", "[64:ff9b::101:101]", "[2002:101:101::]", "local.example.com"),
        "example.com:8443",
    ],
)
def test_hosts_of_the_internet_are_passed_on(host: str) -> None:
    """Names and addresses that anybody can reach are sent as they are."""
    url = f"https://{host}/cat.png"
    _, image = asked("This?", Image(url=url)).messages[0].parts
    assert image == Image(url=url)


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    """What is no regular file is refused before it is opened."""
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a file" in str(refused(Image(path=tmp_path / "pipe.png")))


def test_images_belong_to_the_user() -> None:
    """Other roles hold no images."""
    with Client(models=[llmroute.model("m", use="test", provider=ScriptedProvider("x"))]) as client:
        prompt = [Message("system", (Image(data=PNG),)), Message.user("hi")]
        with pytest.raises(RequestError, match="holds no Image"):
            client.chat(prompt)


def test_a_model_without_sight_is_refused() -> None:
    """A model that takes no images is refused for a question with one, and the plan says so."""
    blind = llmroute.model("blind", use="test", provider=ScriptedProvider("x"))
    seeing = llmroute.model("eye", use="test", provider=ScriptedProvider("y"), abilities=["vision"])
    with Client(models=[blind, seeing]) as client:
        plan = client.plan([Message.user("This?", Image(data=PNG))])
        reply = client.chat([Message.user("This?", Image(data=PNG))])
    assert [(one.rule, one.reason) for one in plan.refused] == [("ability", "it takes no images")]
    assert reply.model.name == "eye"


def test_earlier_images_are_told_in_words() -> None:
    """A question about a conversation with images goes to a blind model, with a warning."""
    provider = ScriptedProvider("It was a cat.")
    blind = llmroute.model("blind", use="test", provider=provider)
    history = [
        Message.user("This?", Image(data=PNG)),
        Message.assistant("A cat."),
        Message.user("And its color?"),
    ]
    with Client(models=[blind]) as client:
        reply = client.chat(history)
    assert reply.warnings[0] == "not shown to blind: 1 earlier image(s)"


def test_reprs_show_sizes_only() -> None:
    """The repr of a part shows neither data, path nor URL."""
    secret = "secret"
    for part in (
        Image(data=secret.encode()),
        Image(url=f"https://{secret}.com"),
        Document(path=f"/home/{secret}.pdf"),
    ):
        assert secret not in repr(part)
        assert secret not in repr(Message.user("hi", part))
