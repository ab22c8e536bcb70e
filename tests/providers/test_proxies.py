"""The environment's proxies: which connections take one, and a real one on loopback."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.errors import AttemptError
from llmroute.providers import open_codec
from llmroute.providers.http_provider import HttpProvider
from llmroute.providers.proxies import Proxies, ProxyAnswer
from llmroute.providers.transport import Transport
from llmroute.testing import no_network
from tests.faults.server import FaultServer
from tests.providers.calls import How, aoutcome, call_to, outcome
from tests.providers.secure import OPENSSL, ConnectProxy, Tunnel, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.providers.calls import Outcome

HOST = "upstream.example"
ANSWER = "The answer is forty-two."
PASSWORD = "p@ss-canary-0123456789"
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")


def way(environment: dict[str, str], host: str = "api.example.com", port: int = 443) -> str:
    """Where a connection goes: "direct", or the proxy's host and port."""
    proxy = Proxies(environment).route(host, port)
    return "direct" if proxy is None else f"{proxy.host}:{proxy.port}"


WAYS: list[tuple[dict[str, str], str]] = [
    ({}, "direct"),
    ({"HTTPS_PROXY": "http://p:1"}, "p:1"),
    ({"https_proxy": "http://p:1"}, "p:1"),
    ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, "low:1"),
    ({"https_proxy": "", "HTTPS_PROXY": "http://up:1"}, "direct"),
    ({"https_proxy": "", "ALL_PROXY": "http://all:1"}, "all:1"),
    ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://all:1"}, "p:1"),
    ({"ALL_PROXY": "http://all:1"}, "all:1"),
    ({"HTTP_PROXY": "http://p:1"}, "direct"),
    ({"HTTPS_PROXY": "p"}, "p:80"),
    ({"HTTPS_PROXY": "http://[::1]:3128/"}, "::1:3128"),
    ({"HTTPS_PROXY": "http://u:w@p:1"}, "p:1"),
]


@pytest.mark.parametrize(("environment", "expected"), WAYS)
def test_the_variables_that_name_a_proxy(environment: dict[str, str], expected: str) -> None:
    """HTTPS_PROXY goes before ALL_PROXY, lower case before upper case, empty turns it off."""
    assert way(environment) == expected


EXCEPTIONS = [
    ("*", "api.example.com", True),
    ("example.com", "example.com", True),
    ("example.com", "api.example.com", True),
    ("example.com", "notexample.com", False),
    (".example.com", "api.example.com", True),
    (".example.com", "example.com", False),
    ("*.example.com", "a.b.example.com", True),
    ("EXAMPLE.com", "Api.Example.COM.", True),
    ("other.org, example.com", "example.com", True),
    ("other.org example.com", "example.com", True),
    ("example.com:443", "example.com", True),
    ("example.com:8443", "example.com", False),
    ("https://example.com", "example.com", True),
    ("http://example.com", "example.com", False),
    ("10.0.0.0/8", "10.1.2.3", True),
    ("10.0.0.0/8", "11.1.2.3", False),
    ("10.0.0.0/8", "api.example.com", False),
    ("10.0.0.0/99", "10.1.2.3", False),
    ("10.1.2.3", "10.1.2.3", True),
    ("fd00::/8", "fd00::1", True),
    ("fd00::1", "fd00::1", True),
    ("[fd00::1]:443", "fd00::1", True),
    ("[fd00::1]:8443", "fd00::1", False),
    (",, ,", "example.com", False),
]


@pytest.mark.parametrize(("entries", "host", "expected"), EXCEPTIONS)
def test_hosts_that_need_no_proxy(entries: str, host: str, *, expected: bool) -> None:
    """NO_PROXY holds hosts, suffixes, ports, networks and *; what it cannot read fits nothing."""
    found = way({"HTTPS_PROXY": "http://p:1", "NO_PROXY": entries}, host)
    assert (found == "direct") is expected


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_never_reached_by_a_proxy(host: str) -> None:
    """Whatever the variables say, loopback takes no proxy."""
    assert way({"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1"}, host) == "direct"


UNFIT = [
    (f"http://user:{PASSWORD}@:x", "does not hold the address of a proxy"),
    (f"http://user:{PASSWORD}@p:99999", "does not hold the address of a proxy"),
    (f"http://user:{PASSWORD}@p:0", "does not hold the address of a proxy"),
    (f"ftp://user:{PASSWORD}@p", "does not hold the address of a proxy"),
    (f"http://us er:{PASSWORD}@p", "does not hold the address of a proxy"),
    (f"http://[{PASSWORD}", "does not hold the address of a proxy"),
    (f"socks5://user:{PASSWORD}@p:1", "names a SOCKS proxy"),
    (f"https://user:{PASSWORD}@p:1", "names a proxy that is reached by https"),
]


@pytest.mark.parametrize(("value", "expected"), UNFIT)
def test_an_unfit_address_is_named_by_its_variable(value: str, expected: str) -> None:
    """A proxy that cannot be used is a typed fault that names the variable, never its value."""
    with pytest.raises(AttemptError) as caught:
        way({"HTTPS_PROXY": value})
    fault = caught.value.fault
    assert (fault.kind, fault.remedy.next) == ("connect", "other_upstream")
    assert fault.reason.startswith(f"HTTPS_PROXY {expected}")
    assert PASSWORD not in str(caught.getrepr())
    assert PASSWORD not in fault.reason
    way({"HTTPS_PROXY": value}, "localhost")  # nobody needs it there


def test_credentials_are_never_shown() -> None:
    """Neither the proxy nor what the environment said of it prints its credentials."""
    environment = {"HTTPS_PROXY": f"http://user:{PASSWORD}@p:1"}
    proxies = Proxies(environment)
    assert PASSWORD not in repr(vars(proxies)) + repr(proxies.route("api.example.com", 443))


SPELT = st.one_of(
    st.text(max_size=60),
    st.text("htps:/@[].%0123456789abc ,*", max_size=60),
    st.text(max_size=30).map(lambda text: f"http://{text}"),
)


@given(SPELT, SPELT, st.sampled_from(["api.example.com", "10.0.0.1", "fd00::1", "localhost"]))
def test_any_text_is_a_proxy_none_or_a_typed_fault(proxy: str, direct: str, host: str) -> None:
    """Whatever the variables hold, a route is found, or an AttemptError that quotes none of it."""
    reason = "HTTPS_PROXY was fit"
    try:
        Proxies({"HTTPS_PROXY": proxy, "NO_PROXY": direct}).route(host, 443)
    except AttemptError as error:
        reason = error.fault.reason
    assert re.fullmatch(r"HTTPS_PROXY [\w ,.:;/()=]+", reason)


@given(st.lists(st.binary(max_size=200), max_size=8), st.booleans())
def test_any_answer_of_a_proxy_is_a_tunnel_or_a_typed_fault(
    pieces: list[bytes], sound: bool
) -> None:
    """Whatever a proxy answers, and however it is cut, it is a tunnel, more to come, or a fault."""
    answer, kind = ProxyAnswer(), ""
    try:
        for piece in [b"HTTP/1.1 200 OK\r\n"] * sound + pieces:
            if not answer.complete:
                answer.feed(piece)
    except AttemptError as error:
        kind = error.fault.kind
    assert kind in ("", "connect")
    assert not (kind and answer.complete)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for the host, in one file."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A fault server of one's own."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def secure_port(certificate: Path, server: FaultServer) -> Iterator[int]:
    """The port at which the fault server speaks TLS."""
    made = Tunnel(certificate, server.port)
    yield made.port
    made.close()


@pytest.fixture
def make(certificate: Path) -> Iterator[Callable[[], HttpProvider]]:
    """What makes providers that trust the certificate and read the environment when first used."""
    made: list[HttpProvider] = []

    def provider() -> HttpProvider:
        context = ssl.create_default_context(cafile=f"{certificate}.crt")
        made.append(HttpProvider(open_codec("openai-chat"), Transport(ssl_context=context)))
        return made[-1]

    yield provider
    for one in made:
        one.close()


def both(provider: HttpProvider, url: str, how: How) -> list[Outcome]:
    """What comes of a call in both colors."""
    return [
        outcome(provider.events(call_to(url, how))),
        asyncio.run(aoutcome(provider.aevents(call_to(url, how)))),
    ]


@needs_openssl
def test_answers_through_a_proxy(
    secure_port: int,
    server: FaultServer,
    make: Callable[[], HttpProvider],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Answers come through one tunnel for each color; the upstream's name is not looked up here."""
    with ConnectProxy(secure_port, user=f"us:er:{PASSWORD}") as proxy:
        quoted = PASSWORD.replace("@", "%40")
        monkeypatch.setenv("HTTPS_PROXY", f"http://us%3Aer:{quoted}@127.0.0.1:{proxy.port}")
        provider = make()
        for stream in (False, True):
            result = outcome(provider.events(call_to(f"https://{HOST}/v1", How(stream=stream))))
            assert (result.kind, result.text) == ("", ANSWER)

        async def main() -> None:
            for stream in (False, True):
                call = call_to(f"https://{HOST}:8443/v1", How(stream=stream))
                assert (await aoutcome(provider.aevents(call))).text == ANSWER

        asyncio.run(main())
        assert proxy.asked == [
            f"CONNECT {HOST}:443 HTTP/1.1",
            f"CONNECT {HOST}:8443 HTTP/1.1",
        ]
        assert len(server.requests) == 4
        assert "proxy-authorization" not in server.requests[0].headers
        provider.close()


@needs_openssl
def test_loopback_and_exceptions_go_past_the_proxy(
    secure_port: int,
    server: FaultServer,
    make: Callable[[], HttpProvider],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What goes to this machine, or stands in NO_PROXY, never reaches the proxy."""
    with ConnectProxy(secure_port) as proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        provider = make()
        for url in (f"https://localhost:{secure_port}/v1", server.base_url):
            assert [one.kind for one in both(provider, url, How())] == ["", ""]
        monkeypatch.setenv("NO_PROXY", ".example")
        with no_network(outage=True):
            kinds = [one.kind for one in both(make(), f"https://{HOST}/v1", How())]
        assert kinds == ["dns", "dns"]
        assert proxy.asked == []


@needs_openssl
def test_the_variables_are_read_at_the_first_request(
    secure_port: int, make: Callable[[], HttpProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client goes on with the proxies that it found at its first request."""
    with ConnectProxy(secure_port) as proxy:
        provider = make()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert outcome(provider.events(call_to(f"https://{HOST}/v1"))).text == ANSWER
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        assert outcome(provider.events(call_to(f"https://{HOST}:444/v1"))).text == ANSWER
        provider.close()


REFUSALS = {
    "it refused (407): write user and password into its URL": b"HTTP/1.1 407 no\r\n\r\n",
    "it refused the tunnel (403)": b"HTTP/1.1 403 sk-canary\r\nContent-Length: 9\r\n\r\nsk-canary",
    "it refused the tunnel (502)": b"HTTP/1.0 502 Bad Gateway\r\n\r\n",
    "it refused the tunnel (302)": b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n",
    "its answer is not HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "its answer is not HTTP, asked": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "its answer is not HTTP, asked for": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9000,
    "its answer is not HTTP, asked for a": b"HTTP/1.1 200 OK\r\nHalf: ",
}


@pytest.mark.parametrize("reason", REFUSALS)
@needs_openssl
def test_a_refusal_is_the_proxys(
    make: Callable[[], HttpProvider], monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """What the proxy refuses is a fault to connect that says so, without credentials."""
    with ConnectProxy(9, answer=REFUSALS[reason]) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}")
        for result in both(make(), f"https://{HOST}/v1", How()):
            fault = result.fault
            assert (fault.kind, fault.remedy.next) == ("connect", "other_upstream")
            assert fault.reason.startswith(f"by the proxy of ALL_PROXY: {reason}")
            assert f"(https://{HOST})" in fault.reason
            assert "canary" not in repr(result.error) + repr(result.fault)


@needs_openssl
def test_a_proxy_that_is_not_there(
    make: Callable[[], HttpProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that cannot be reached is named by its variable."""
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    for result in both(make(), f"https://{HOST}/v1", How()):
        expected = f"by the proxy of https_proxy: Connection refused (https://{HOST})"
        assert (result.kind, result.fault.reason) == ("connect", expected)
    monkeypatch.setenv("https_proxy", f"http://u:{PASSWORD}@127.0.0.1:x")
    for result in both(make(), f"https://{HOST}/v1", How()):
        assert result.fault.reason.startswith("https_proxy does not hold the address of a proxy")


@needs_openssl
def test_a_proxy_that_hangs_is_bounded(
    make: Callable[[], HttpProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """connect_s, the time of the attempt and a cancel each end the wait for a tunnel."""
    with ConnectProxy(9) as proxy:
        proxy.hang = True
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        provider = make()
        for result in both(provider, f"https://{HOST}/v1", How(connect_s=0.3)):
            assert result.kind == "connect_timeout"
            assert "by the proxy of HTTPS_PROXY" in result.fault.reason
        for result in both(provider, f"https://{HOST}/v1", How(time_s=0.3, connect_s=30)):
            assert result.kind == "interrupted"
        for color in ("sync", "async"):
            call = call_to(f"https://{HOST}/v1", How(time_s=30, connect_s=30))
            timer = threading.Timer(0.2, call.cancel.set, ("the caller left",))
            timer.start()
            began = time.monotonic()
            if color == "sync":
                result = outcome(provider.events(call))
            else:
                result = asyncio.run(aoutcome(provider.aevents(call)))
            timer.join()
            assert result.kind == "interrupted"
            assert time.monotonic() - began < 10.0


@needs_openssl
def test_deadlines_and_cancels_inside_a_tunnel(
    secure_port: int, make: Callable[[], HttpProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a proxy, a stalled upstream is bounded as it is without one."""
    with ConnectProxy(secure_port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        provider = make()
        url = f"https://{HOST}/stall_midstream/v1"
        assert [one.kind for one in both(provider, url, How(time_s=0.5))] == ["interrupted"] * 2
        url = f"https://{HOST}/eof_midstream/v1"
        assert [one.kind for one in both(provider, url, How())] == ["cut_short"] * 2
        provider.close()
