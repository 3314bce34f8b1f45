"""Where OSC is sent and listened for: HOST:PORT."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any


class EndpointError(ValueError):
    """A place in the network that cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host's name or address, and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """From HOST:PORT, an IPv6 address in brackets; raises EndpointError."""
        host, colon, port = text.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else -1
        if not colon or not bare or (":" in host and bare == host) or not 0 <= number < 65536:
            raise EndpointError(f"{text!r} is no place in the network: write HOST:PORT, such as 127.0.0.1:9000")
        return cls(bare, number)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether others in the network reach what listens here; a name counts as open unless it is this machine's own."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @property
    def is_every(self) -> bool:
        """Whether it stands for every address of this machine."""
        return self.host in ("0.0.0.0", "::")

    def resolve(self) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
        """(family, address) for a UDP socket; raises EndpointError where the name is unknown."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            raise EndpointError(f"there is no host {self.host!r}; give its address, such as 192.168.1.20") from None
        # Whoever writes localhost means 127.0.0.1: most senders know no other, and many systems put ::1 first.
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        return family, address
