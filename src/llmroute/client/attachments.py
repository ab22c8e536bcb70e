"""Images and documents as callers give them: read, measured and recognized; nothing is fetched."""

from __future__ import annotations

import base64
import binascii
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import unquote_to_bytes, urlsplit

from llmroute.errors import RequestError
from llmroute.errors.problems import escaped
from llmroute.types.messages import Document, Image

if TYPE_CHECKING:
    import os
    from ipaddress import IPv4Address, IPv6Address

IMAGE_BYTES = 20 * 1024 * 1024
"""No provider takes a larger picture inside a request (Gemini: 20 MB for the whole request)."""
DOCUMENT_BYTES = 32 * 1024 * 1024
"""The largest request that Anthropic takes."""
URL_CHARACTERS = 8192
SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
"""How the files begin that every provider takes for a picture."""
PDF = re.compile(rb"[\s\x00]{0,1024}%PDF-")
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
URL_TEXT = re.compile(r"[!-\[\]-~]+")  # ASCII that can be seen, but no backslash
HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9_-]{1,63}\.?")
LOCAL_NAME = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa)\.?"
)
NAME = re.compile(r"[\w][\w .()+-]{0,127}")
KINDS = {"image": IMAGE_BYTES, "document": DOCUMENT_BYTES}

Kind = Literal["image", "document"]


def read_image(image: Image, where: str) -> Image:
    """Make an image of a URL, or of bytes and a media type; raises RequestError.

    Its errors name the file, never what is in it.
    """
    _check_one(image, where)
    _check_detail(image, where)
    if image.url is not None and not _is_data_url(image.url, where):
        return Image(url=_public(image.url, where), detail=image.detail)
    data = _bytes(image, "image", where)
    found = next((kind for begin, kind in SIGNATURES if begin.match(data)), None)
    if found is None:
        raise RequestError(
            f"{_called(image)} is not an image that models take",
            where=where,
            hint="Convert it to PNG, JPEG, GIF or WebP",
        )
    _check_media_type(image.media_type, found, where)
    return Image(data=data, media_type=found, detail=image.detail)


def read_document(document: Document, where: str) -> Document:
    """Make a document of a URL, or of bytes and a media type; raises RequestError likewise."""
    _check_one(document, where)
    name = _document_name(document, where)
    if document.url is not None and not _is_data_url(document.url, where):
        return Document(url=_public(document.url, where), name=name)
    data = _bytes(document, "document", where)
    if not PDF.match(data):
        hint = "Pass a PDF; put plain text into the message itself"
        raise RequestError(f"{_called(document)} is not a PDF", where=where, hint=hint)
    _check_media_type(document.media_type, "application/pdf", where)
    return Document(data=data, media_type="application/pdf", name=name)


def _check_one(part: Image | Document, where: str) -> None:
    given = [name for name in ("path", "url", "data") if getattr(part, name) is not None]
    if len(given) != 1:
        what = f"is given by {' and '.join(given)}" if given else "is given by nothing"
        raise RequestError(what, where=where, hint="Pass one of path, url and data")


def _check_detail(image: Image, where: str) -> None:
    if image.detail not in {None, "auto", "low", "high"}:
        hint = 'Use "auto", "low" or "high"'
        raise RequestError("its detail is not known", where=where, hint=hint)


def _check_media_type(said: object, found: str, where: str) -> None:
    if said is None or said in {found, {"image/jpeg": "image/jpg"}.get(found)}:
        return
    hint = "Leave media_type out: it is read off the data"
    raise RequestError(f"its media_type is not {found}, which the data is", where=where, hint=hint)


def _document_name(document: Document, where: str) -> str:
    name = cast("object", document.name)
    if name is None:
        stem = Path(document.path).name if document.path is not None else "document.pdf"
        return re.sub(r"[^\w .()+-]", "_", stem)[:128].strip() or "document.pdf"
    if not isinstance(name, str) or not NAME.fullmatch(name):
        hint = "Letters, digits, spaces and . ( ) + - _ only, 128 at most"
        raise RequestError("its name cannot be sent", where=where, hint=hint)
    return name


def _called(part: Image | Document) -> str:
    return "the data" if part.path is None else _shown(part.path)


def _shown(path: str | os.PathLike[str]) -> str:
    return f"{escaped(str(path))[:200]!r}"


def _bytes(part: Image | Document, kind: Kind, where: str) -> bytes:
    if part.path is not None:
        data = _file(part.path, kind, where)
    elif part.url is not None:
        data = _data_url(part.url, kind, where)
    else:
        data = _given(part.data, kind, where)
    if not data:
        raise RequestError(f"the {kind} is empty", where=where)
    return data


def _given(data: object, kind: Kind, where: str) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        what = f"its data must be bytes, got {type(data).__name__}"
        raise RequestError(what, where=where, hint="Decode base64 first, or pass a data: URL")
    view = memoryview(cast("bytes", data))
    _check_size(view.nbytes, kind, where)
    return view.tobytes()


def _file(path: str | os.PathLike[str], kind: Kind, where: str) -> bytes:
    hint = ""
    try:
        return _read(Path(path).expanduser(), kind, where)
    except RequestError:
        raise
    except FileNotFoundError:
        reason, hint = "there is no such file", f"Relative paths are looked for in {Path.cwd()}"
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except (ValueError, TypeError, RuntimeError):
        reason = "it is no path"
    raise RequestError(f"{_shown(path)}: {reason}", where=where, hint=hint)


def _read(place: Path, kind: Kind, where: str) -> bytes:
    status = place.stat()
    if not stat.S_ISREG(status.st_mode):
        raise RequestError(f"{_shown(place)} is not a file", where=where)
    _check_size(status.st_size, kind, where)
    with place.open("rb") as file:
        data = file.read(KINDS[kind] + 1)
    _check_size(len(data), kind, where)
    return data


def _check_size(size: int, kind: Kind, where: str) -> None:
    most = KINDS[kind]
    if size > most:
        what = f"the {kind} has {size:,} bytes, at most {most:,} can be sent"
        raise RequestError(what, where=where, hint="Make it smaller")


def _is_data_url(url: object, where: str) -> bool:
    if not isinstance(url, str):
        raise RequestError(f"its url must be a string, got {type(url).__name__}", where=where)
    return url[:5].lower() == "data:"


def _data_url(url: str, kind: Kind, where: str) -> bytes:
    """Decode a data: URL (RFC 2397)."""
    head = DATA_URL.match(url[:256])
    if head is None:
        raise RequestError("its data: URL cannot be read", where=where)
    _check_size((len(url) - head.end()) * 3 // 4, kind, where)
    text = url[head.end() :]
    try:
        data = base64.b64decode(text, validate=True) if head[3] else unquote_to_bytes(text)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise RequestError("the data: URL holds no valid base64", where=where)
    return data


def _public(url: str, where: str) -> str:
    """Check a URL that the provider will fetch; raises RequestError, which never quotes it."""
    problem = _url_problem(url)
    if problem is not None:
        what, hint = problem
        raise RequestError(f"its url {what}", where=where, hint=hint)
    return url


def _url_problem(url: str) -> tuple[str, str] | None:
    """What is wrong with a URL, and how to mend it; None when nothing is."""
    instead = "pass path=... or data=..."
    problem = _malformed(url)
    if problem is not None:
        return problem, instead.capitalize()
    parts = urlsplit(url)
    if parts.scheme != "https":
        return "must begin with https://", f"Use https, or {instead}"
    if _is_public((parts.hostname or "").lower()):
        return None
    return (
        "is on this machine or in a private network",
        f"{instead.capitalize()}: the provider cannot reach it",
    )


def _malformed(url: str) -> str | None:
    if len(url) > URL_CHARACTERS or not URL_TEXT.fullmatch(url):
        return f"is longer than {URL_CHARACTERS} characters, or not plain ASCII"
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "is no URL"
    if not parts.scheme or not host:
        return "must begin with https://"
    return "must not hold credentials" if "@" in parts.netloc else None


def _is_public(host: str) -> bool:
    """Whether a host is one of the Internet, as far as its spelling tells; nothing is resolved."""
    from ipaddress import ip_address

    try:
        address = ip_address(host)
    except ValueError:
        pass
    else:
        return not host.count("%") and all(map(_is_global, (address, *_embedded(address))))
    last = host.rstrip(".").rpartition(".")[2]
    number = last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last)  # 127.1, 2130706433, 0x7f.1
    return bool(HOST.fullmatch(host)) and not number and not LOCAL_NAME.fullmatch(host)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    from ipaddress import IPv4Address, IPv6Network

    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    own = address.is_site_local or address in IPv6Network("64:ff9b:1::/48")  # RFC 8215
    return address.is_global and not (own or address.is_multicast)


def _embedded(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The addresses of IPv4 that one of IPv6 stands for: mapped, compatible, NAT64 and 6to4."""
    from ipaddress import IPv4Address, IPv6Network

    if isinstance(address, IPv4Address):
        return []
    bits = int(address)
    nets = ("::/96", "::ffff:0:0/96", "64:ff9b::/96")
    found = [IPv4Address(bits & 0xFFFFFFFF) for net in nets if address in IPv6Network(net)]
    return found if address.sixtofour is None else [*found, address.sixtofour]
