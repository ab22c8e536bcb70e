"""Secure connections, with a certificate that is made for the test."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx2
import pytest

from llmroute.providers import open_codec
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.transport import Transport
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, outcome, provider_for
from tests.providers.secure import OPENSSL, Tunnel, make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A fault server of one's own."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def port(certificate: Path, server: FaultServer) -> Iterator[int]:
    """The port at which the fault server speaks TLS."""
    made = Tunnel(certificate, server.port)
    yield made.port
    made.close()


@pytest.fixture
def trusting(certificate: Path) -> Iterator[HttpProvider]:
    """A provider that trusts the certificate."""
    context = ssl.create_default_context(cafile=f"{certificate}.crt")
    made = HttpProvider(open_codec("openai-chat"), Transport(ssl_context=context))
    yield made
    made.close()


def both(provider: HttpProvider, url: str, how: How) -> list[str]:
    """The kinds of fault in both colors."""
    return [
        outcome(provider.events(call_to(url, how))).kind,
        asyncio.run(aoutcome(provider.aevents(call_to(url, how)))).kind,
    ]


def test_secure_answers(port: int, trusting: HttpProvider) -> None:
    """Whole answers and streams come over TLS in both colors, by name and by address."""
    for host in ("localhost", "127.0.0.1"):
        for stream in (False, True):
            assert both(trusting, f"https://{host}:{port}/v1", How(stream=stream)) == ["", ""]


def test_faults_over_tls(port: int, trusting: HttpProvider) -> None:
    """Breaks and stalls have the kinds that they have without TLS."""
    root = f"https://localhost:{port}"
    assert both(trusting, f"{root}/eof_midstream/v1", How()) == ["cut_short"] * 2
    assert both(trusting, f"{root}/stall_midstream/v1", How(time_s=0.5)) == ["interrupted"] * 2
    assert both(trusting, f"{root}/gzip_bomb/v1", How(stream=False)) == ["too_long"] * 2


def test_a_cancel_over_tls(port: int, trusting: HttpProvider) -> None:
    """A cancel from another thread ends a blocked read of a secure connection."""
    for color in ("sync", "async"):
        call = call_to(f"https://localhost:{port}/stall_first/v1", How(time_s=30))
        timer = threading.Timer(0.3, call.cancel.set, ("the caller left",))
        timer.start()
        began = time.monotonic()
        if color == "sync":
            result = outcome(trusting.events(call))
        else:
            result = asyncio.run(aoutcome(trusting.aevents(call)))
        timer.join()
        assert result.kind == "interrupted"
        assert time.monotonic() - began < 1.0


def test_an_unknown_authority_is_refused(port: int) -> None:
    """A certificate that nobody vouches for ends the attempt as "tls", and says why."""
    provider = provider_for()
    result = outcome(provider.events(call_to(f"https://localhost:{port}/v1")))
    assert result.kind == "tls"
    assert "certificate" in result.fault.reason
    assert both(provider, f"https://localhost:{port}/v1", How()) == ["tls"] * 2
    provider.close()


def test_the_environment_names_authorities(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE is heeded, as by every OpenSSL program."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    provider = provider_for()
    assert both(provider, f"https://localhost:{port}/v1", How()) == ["", ""]
    provider.close()


def test_a_server_without_tls(server: FaultServer) -> None:
    """A server that closes on a handshake ends the attempt as "tls" or, if it resets, "connect"."""
    provider = provider_for()
    kinds = both(provider, f"https://localhost:{server.port}/v1", How(connect_s=2))
    assert kinds in (["tls"] * 2, ["connect"] * 2)
    provider.close()


def test_https_to_an_http_server_is_named() -> None:
    """A server that answers a handshake in plain HTTP is said not to speak TLS, with its origin."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"https://127.0.0.1:{listener.getsockname()[1]}"
        reason = f"the server does not speak TLS: is it http? ({origin})"
        serving = threading.Thread(target=answer_plainly, args=(listener, 4))
        serving.start()
        call = call_to(f"{origin}/v1")
        provider = provider_for()
        assert outcome(provider.events(call)).fault.reason == reason
        assert asyncio.run(aoutcome(provider.aevents(call))).fault.reason == reason
        provider.close()
        with httpx2.Client() as client:
            theirs = outcome(provider_for(http_client=client).events(call))
        assert (theirs.kind, theirs.fault.reason) == ("tls", reason)

        async def main() -> str:
            async with httpx2.AsyncClient() as client:
                result = await aoutcome(provider_for(http_client=client).aevents(call))
                return result.fault.reason

        assert asyncio.run(main()) == reason
        serving.join()


def answer_plainly(listener: socket.socket, times: int) -> None:
    """Answer as a plain HTTP server does when it is sent something else."""
    for _ in range(times):
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with suppress(OSError):
                peer.recv(65536)


def test_a_silent_server_does_not_hold_the_handshake(trusting: HttpProvider) -> None:
    """`connect_s` and a cancel bound the handshake too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}/v1"
        assert both(trusting, url, How(connect_s=0.3)) == ["connect_timeout"] * 2
        for color in ("sync", "async"):
            call = call_to(url, How(time_s=30, connect_s=30))
            timer = threading.Timer(0.2, call.cancel.set, ("the caller left",))
            timer.start()
            began = time.monotonic()
            if color == "sync":
                result = outcome(trusting.events(call))
            else:
                result = asyncio.run(aoutcome(trusting.aevents(call)))
            timer.join()
            assert result.kind == "interrupted"
            assert time.monotonic() - began < 1.0


def test_authorities_that_cannot_be_read(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of authorities that is missing, or none, is a fault of TLS that says so."""
    for name, content in (("missing", None), ("empty", "no certificate")):
        file = tmp_path / name
        if content is not None:
            file.write_text(content)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        provider = provider_for()
        result = outcome(provider.events(call_to(f"https://localhost:{port}/v1")))
        assert result.kind == "tls"
        assert "the trusted authorities cannot be read" in result.fault.reason
        assert both(provider, f"https://localhost:{port}/v1", How()) == ["tls"] * 2
        provider.close()
