"""What ``manage.py up`` needs before Django reads its settings: folders, secrets, addresses."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from unionportal.embedded import doctor, keys
from unionportal.embedded import places as layout
from unionportal.embedded.errors import StartError
from unionportal.settings.env import PORTAL_DATA, SECRETS_DIR


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``manage.py up``."""
    parser.add_argument("--port", type=int, default=8000, help="port of the web pages (8000)")
    parser.add_argument("--no-demo", action="store_true", help="start with an empty portal")
    parser.add_argument(
        "--lan",
        action="store_true",
        help="let other machines of the local network in; shows a QR code of the worker page",
    )


def before_settings(arguments: Sequence[str]) -> None:
    """Prepare for the command in ``arguments`` (as in sys.argv); end with one sentence if it
    cannot be."""
    command, rest = arguments[1:2], list(arguments[2:])
    if command == ["doctor"]:
        sys.exit(doctor.main())
    if command == ["up"] and not {"-h", "--help"} & set(rest):
        parser = argparse.ArgumentParser(prog="manage.py up", add_help=False)
        add_arguments(parser)
        options, _others = parser.parse_known_args(rest)
        try:
            _prepare(options)
        except StartError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(1)


def _prepare(options: argparse.Namespace) -> None:
    if os.environ.get("DJANGO_SETTINGS_MODULE") == "unionportal.settings.prod":
        raise StartError(
            "manage.py up is for trial and development and refuses the production settings:"
            " docs/howto/deploy.md tells how to run the portal in production."
        )
    if not 0 < options.port < 65536:
        raise StartError(f"The port must be between 1 and 65535, not {options.port}.")
    places = layout.prepare(PORTAL_DATA)
    keys.generate(SECRETS_DIR)
    environment = {
        "PORTAL_DATA": str(PORTAL_DATA),
        "DEMO": "0" if options.no_demo else "1",
        "PORTAL_LAN": "1" if options.lan else "0",
    }
    defaults = {
        "DATABASE_URL": places.database_url,
        "REDIS_URL": places.redis_url,
        "PUBLIC_URL": address(options.port, lan=options.lan),
    }
    if not options.no_demo:
        defaults |= {
            "WECHAT_PAY_KEYS": str(PORTAL_DATA / "wechat" / "keys"),
            "WECHAT_PAY_API": f"http://127.0.0.1:{_free_port()}",
        }
    if not os.environ.get("DATABASE_URL"):
        defaults["APP_DATABASE_URL"] = places.app_database_url
    os.environ.update(environment | {n: v for n, v in defaults.items() if not os.environ.get(n)})


def _free_port() -> int:
    """Return a port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def address(port: int, *, lan: bool) -> str:
    """Return the address people type: this machine's own, or its one on the local network."""
    return f"http://{_lan_host() if lan else '127.0.0.1'}:{port}"


def _lan_host() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only chooses the outgoing address.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def project_folder() -> Path:
    """Return the folder that holds manage.py."""
    return Path(__file__).resolve().parents[2]
