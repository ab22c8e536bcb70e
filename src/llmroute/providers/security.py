"""The TLS context of our own connections."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


class Security:
    """The TLS context, made when the first secure connection is; that takes tens of ms."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Use `context`; None: the machine's trusted authorities, SSL_CERT_FILE or SSL_CERT_DIR."""
        self._context = context
        self._lock = threading.Lock()

    @property
    def context(self) -> ssl.SSLContext:
        """The context, the same one every time."""
        with self._lock:
            if self._context is None:
                import httpcore2

                self._context = httpcore2.default_ssl_context()
            return self._context
