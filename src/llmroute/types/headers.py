"""Headers: which may be added to a request, and what can stand in one."""

from __future__ import annotations

import re

# Whose key it is, where one request ends, how its body is coded, and what concerns one connection
# only (RFC 9110, 7.6.1): the transport says these, and a second word would contradict it.
FORBIDDEN_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "host"),
        *("api-key", "x-api-key", "x-goog-api-key"),
        *("content-length", "transfer-encoding", "trailer", "expect"),
        *("accept", "accept-encoding", "range"),
        *("content-type", "content-encoding", "content-range"),
        *("connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings"),
    }
)
KEY_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key"})
"""The headers in which well-known providers want their key."""

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?"


def header_flaw(name: str, value: str) -> str | None:
    """Say that a header cannot be sent; None when it can."""
    if re.fullmatch(_NAME, name) and re.fullmatch(_VALUE, value):
        return None
    return f"{name!r} or its value cannot be sent"
