"""Ports that are taken are named before anything starts, with the setting that would change them."""

import socket
from collections.abc import Iterable

from services.ektp.errors import CommandFailed
from services.ektp.launch.specs import ServiceSpec
from shared.messaging.node import free_port


def check_ports_free(specs: Iterable[ServiceSpec], host: str) -> None:
    """Raise CommandFailed naming every port that somebody else listens on."""
    taken = [
        f"{port} ({setting})"
        for spec in specs
        for setting, port in spec.ports.items()
        if not can_listen(host, port)
    ]
    if taken:
        raise CommandFailed(f"Port in use: {', '.join(taken)}; stop what listens there or set another port")


def can_listen(host: str, port: int) -> bool:
    """Whether a server of ours would get this port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def broker_port(wanted: int) -> int:
    """The wanted port, or a free one when it is 0 or taken: several trios run side by side."""
    return wanted if wanted and can_listen("127.0.0.1", wanted) else free_port()
