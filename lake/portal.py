"""Serving the portal: Streamlit in a process of its own, on the loopback address only until sign-in exists."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from types import FrameType

from lake.errors import SettingsError
from lake.settings import PROJECT, settings


def serve(port: int | None = None) -> int:
    """Serve until the portal ends or this process is told to (Ctrl-C, SIGTERM, its terminal closes): the exit code.

    Raises:
        SettingsError: the screens are not beside the package, or the port asked for is taken.
    """
    script = PROJECT / "apps" / "server.py"
    if not script.exists():
        raise SettingsError("The portal's screens (apps/) are not here.", remedy="Run from a clone of the project.")
    if port and _is_taken(port):
        raise SettingsError(
            f"Port {port} is taken.", remedy="Name another one, or none: the first free one from LAKE_PORTAL_PORT on."
        )
    number = port or _free_from(settings().portal_port)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(number)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")])),
    }
    print(f"The portal is at http://127.0.0.1:{number} (Ctrl-C stops it)", flush=True)
    process = subprocess.Popen(command, cwd=PROJECT, env=environment, start_new_session=True)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        process.terminate()

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        code = process.wait()
    finally:
        for number_of, handler in before.items():
            signal.signal(number_of, handler)
    return 0 if code in (0, -signal.SIGTERM) else code


def _free_from(port: int) -> int:
    """The first free port from `port` on, so that a second portal on a machine comes up beside the first."""
    return next((number for number in range(port, min(port + 100, 65536)) if not _is_taken(number)), port)


def _is_taken(port: int) -> bool:
    with socket.socket() as trial:
        return not trial.connect_ex(("127.0.0.1", port))
