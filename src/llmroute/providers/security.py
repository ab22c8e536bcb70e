"""The TLS context of our own connections."""

from __future__ import annotations

import ssl
import threading

from .budget import broken

ALPN = ["http/1.1"]


class Security:
    """The TLS context, made beside the first secure connection; that takes tens of ms."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Use `context`; None: the machine's trusted authorities, SSL_CERT_FILE or SSL_CERT_DIR."""
        self._given = context
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    @property
    def context(self) -> ssl.SSLContext:
        """The context, the same one every time; raises AttemptError "tls" if there can be none."""
        with self._lock:
            if self._context is None:
                made = self._given or _trusting()
                made.set_alpn_protocols(ALPN)
                self._context = made
            return self._context

    def prepare(self) -> None:
        """Make the context, in the thread that connects: no event loop waits for it."""
        _ = self.context


def _trusting() -> ssl.SSLContext:
    import httpcore2

    try:
        return httpcore2.default_ssl_context()
    except OSError as error:
        reason = f"the trusted authorities cannot be read: {error.strerror or 'no certificate'}"
        raise broken("tls", error, reason) from None


def stand_in() -> ssl.SSLContext:
    """A context for a pool to hand around; it trusts nobody, and our sockets use another."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
