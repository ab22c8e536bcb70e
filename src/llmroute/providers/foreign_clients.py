"""What `httpx2` and `httpx` share, as far as it is used; neither is imported for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from typing import Unpack


class Response(Protocol):
    """What `httpx2.Response` and `httpx.Response` share."""

    status_code: int
    headers: Mapping[str, str]
    extensions: Mapping[str, object]
    is_stream_consumed: bool
    content: bytes

    def iter_raw(self) -> Iterator[bytes]:
        """The body, not decoded."""
        ...

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """The body, not decoded."""
        ...

    def close(self) -> None:
        """Close."""
        ...

    async def aclose(self) -> None:
        """Close."""
        ...


class Sending(TypedDict, total=False):
    """How to send; without `auth` the client's own is used, None is none."""

    stream: bool
    follow_redirects: bool
    auth: None


class Building(Protocol):
    """What the clients of both packages and colors share."""

    is_closed: bool

    def build_request(
        self,
        method: str,
        url: str,
        *,
        content: bytes,
        headers: list[tuple[str, str]],
        extensions: dict[str, object],
    ) -> object:
        """Make a request."""
        ...


class HttpClient(Building, Protocol):
    """`httpx2.Client` or `httpx.Client`."""

    def send(self, request: object, **options: Unpack[Sending]) -> Response:
        """Send it."""
        ...


class AsyncHttpClient(Building, Protocol):
    """`httpx2.AsyncClient` or `httpx.AsyncClient`."""

    async def send(self, request: object, **options: Unpack[Sending]) -> Response:
        """Send it."""
        ...


class Stream(Protocol):
    """The network stream that a response carries in its extensions."""

    def get_extra_info(self, info: str) -> object:
        """Give the socket out."""
        ...
