"""The portal's port: one that is taken is said, not half started."""

from __future__ import annotations

import socket

import pytest

from lake import portal
from lake.errors import SettingsError


def test_a_port_that_is_taken_is_refused_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} is taken"):
            portal.serve(port)
