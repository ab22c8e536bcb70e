"""What becomes of these tests where the server is missing."""

from __future__ import annotations

import pytest

from tests.peer.conftest import without_server


def test_a_missing_server_fails_in_ci() -> None:
    """Under CI=true a missing server is a failure: nobody reads what was skipped there."""
    with pytest.raises(pytest.fail.Exception, match="not installed"):
        without_server("true")


def test_a_missing_server_is_skipped_elsewhere() -> None:
    """On a machine without a wheel of it the tests are skipped."""
    with pytest.raises(pytest.skip.Exception, match="not installed"):
        without_server("")
