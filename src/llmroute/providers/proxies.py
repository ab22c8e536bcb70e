"""The environment's proxies: which connection goes through one, and the tunnel through it.

HTTPS_PROXY, else ALL_PROXY, names the proxy; NO_PROXY names hosts that are reached without one. A
variable in lower case goes before the same one in upper case, and turns it off when it is empty.
HTTP_PROXY has nothing to do: plain http goes to this machine only, and what goes to this machine
never takes a proxy. The tunnel is the CONNECT method of RFC 9110, section 9.3.6. No I/O here.
"""

from __future__ import annotations

import base64
import contextlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from llmroute.catalog.urls import is_loopback_host
from llmroute.errors import AttemptError
from llmroute.types.secrets import Secret

from .answers import USER_AGENT

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from urllib.parse import SplitResult

HEAD_BYTES = 16 * 1024
"""A proxy's answer may be this long."""
USUAL_PORT = 80
OWN_CLIENT = "for such a proxy pass an http_client of yours: httpx2.Client(proxy=...)"


class Proxy(NamedTuple):
    """A proxy, the variable that named it, and the credentials it wants."""

    host: str
    port: int
    variable: str
    credentials: Secret | None = None


class Proxies:
    """What the environment says of proxies; read once, complained of when a connection needs it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the variables; anything else that changes them later changes nothing here."""
        self._value, self._variable = _named(environment)
        self._direct = tuple(_rules(_value(environment, "no_proxy")[0]))

    def route(self, host: str, port: int) -> Proxy | None:
        """The proxy on the way to `host`, None for none; raises AttemptError for an unfit one."""
        host = host.rstrip(".").lower()
        if not self._value or is_loopback_host(host):
            return None
        if any(rule.fits(host, port) for rule in self._direct):
            return None
        return _proxy(self._value.reveal(), self._variable)


class Rule(NamedTuple):
    """One entry of NO_PROXY; a `port` of None is any, an empty `host` too."""

    host: str
    port: int | None = None

    def fits(self, host: str, port: int) -> bool:
        """Whether this is about `host` and `port`."""
        if self.port not in (None, port):
            return False
        if "/" in self.host:
            return _inside(host, self.host)
        if self.host.startswith("."):
            return host.endswith(self.host)
        return not self.host or host == self.host or host.endswith(f".{self.host}")


def _inside(host: str, network: str) -> bool:
    """Whether `host` is an address of `network`; an entry that cannot be read fits nothing."""
    from ipaddress import ip_address, ip_network  # few need it

    with contextlib.suppress(ValueError):
        return ip_address(host) in ip_network(network, strict=False)
    return False


def _rules(text: str) -> Generator[Rule, None, None]:
    """Read NO_PROXY: hosts and what is below them, .suffixes, networks, each with a port or not."""
    for entry in re.split(r"[,\s]+", text.lower()):
        scheme, _, rest = entry.rpartition("://")
        if rest and scheme in ("", "all", "https"):
            yield _rule(rest)


def _rule(entry: str) -> Rule:
    if entry == "*":
        return Rule("")
    found = re.fullmatch(
        r"\[(?P<v6>[0-9a-f:.]+)\](:(?P<p6>\d{1,5}))?|(?P<v4>[^:]+):(?P<p4>\d{1,5})", entry
    )
    host, port = entry, None
    if found is not None:
        host = found["v6"] or found["v4"]
        port = found["p6"] or found["p4"]
    host = host.removeprefix("*").rstrip(".")  # "*.example.com" is ".example.com"
    return Rule(host, None if port is None else int(port))


def _value(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The value of a variable in lower case, else in upper case; and how it was written."""
    for written in (name, name.upper()):
        if written in environment:
            return environment[written].strip(), written
    return "", ""


def _named(environment: Mapping[str, str]) -> tuple[Secret | None, str]:
    """The address for https, which may hold credentials, and the variable that gave it."""
    for name in ("https_proxy", "all_proxy"):
        value, written = _value(environment, name)
        if value:
            return Secret(value), written
    return None, ""


def _proxy(address: str, variable: str) -> Proxy:
    """Read a proxy's address; raises AttemptError that names the variable, never its value."""
    scheme = address.partition("://")[0] if "://" in address else "http"
    if scheme.lower().startswith("socks"):
        raise _unfit(variable, f"names a SOCKS proxy, which is not spoken here; {OWN_CLIENT}")
    if scheme.lower() == "https":
        raise _unfit(variable, f"names a proxy that is reached by https; {OWN_CLIENT}")
    parts = _split(address if "://" in address else f"http://{address}")
    if parts is None or not parts.hostname:
        raise _unfit(variable, "does not hold the address of a proxy: write http://HOST:PORT")
    return Proxy(parts.hostname, parts.port or USUAL_PORT, variable, _credentials(parts))


def _split(address: str) -> SplitResult | None:
    if not address.isascii() or not address.isprintable() or " " in address:
        return None
    with contextlib.suppress(ValueError):
        parts = urlsplit(address)
        return parts if parts.scheme == "http" and parts.port != 0 else None
    return None


def _credentials(parts: SplitResult) -> Secret | None:
    if parts.username is None:
        return None
    plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Secret(base64.b64encode(plain.encode()).decode("ascii"))


def _unfit(variable: str, what: str) -> AttemptError:
    return AttemptError("connect", f"{variable} {what}")


def connect_request(proxy: Proxy, host: str, port: int) -> bytes:
    """Ask `proxy` for a tunnel to `host`."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"User-Agent: {USER_AGENT}"]
    if proxy.credentials is not None:
        lines.append(f"Proxy-Authorization: Basic {proxy.credentials.reveal()}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


class ProxyAnswer:
    """A proxy's answer to CONNECT, as it comes in."""

    def __init__(self) -> None:
        """Begin."""
        self.complete = False
        self._head = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, b"" for the end; raises AttemptError "connect" for a refusal."""
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end and data and len(head) < HEAD_BYTES:
            return
        status = _status(head) if end else 0
        if not 200 <= status < 300 or rest:  # noqa: PLR2004 - HTTP's own classes of status
            raise AttemptError("connect", _refusal(status, closed=not head))
        self.complete = True


def _status(head: bytes) -> int:
    """The status of an answer's head; 0 when it is none."""
    found = re.match(rb"HTTP/1\.[01] (\d{3})\b", head)
    return 0 if found is None else int(found[1])


def _refusal(status: int, *, closed: bool) -> str:
    """Say that the proxy refused; its own words may quote what it was sent, and are left out."""
    if status == 407:  # noqa: PLR2004 - RFC 9110, section 15.5.8
        return "it refused (407): write user and password into its URL, or mend them"
    if closed:
        return "it closed the connection, asked for a tunnel"
    if status < 300:  # noqa: PLR2004 - no status, or bytes before the tunnel's first
        return "its answer is not HTTP, asked for a tunnel"
    return f"it refused the tunnel ({status})"


@contextlib.contextmanager
def through(proxy: Proxy) -> Generator[None, None, None]:
    """Say of each failure to connect that it was on the way through `proxy`."""
    try:
        yield
    except AttemptError as error:
        kind, reason, code = error.fault.kind, error.fault.reason, error.fault.code
        if kind == "interrupted":
            raise
        if kind != "connect_timeout":
            kind = "connect"  # a proxy without an address is no upstream without one
        failure = AttemptError(kind, f"by the proxy of {proxy.variable}: {reason}", code=code)
        failure.__cause__ = error.__cause__
    else:
        return
    raise failure from failure.__cause__


NO_PROXIES = Proxies({})
