"""Tells the local network by mDNS that there is an OSCQuery server, if the package zeroconf is installed."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

from visualizer.background import Background
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.tree import NAME

SERVICE = "_oscjson._tcp.local."
LONGEST_END_S = 3.0
"""A show that ends does not wait longer for the network."""


class Announcement:
    """Announces from ``start`` until ``stop``. Raises EndpointError in one sentence where zeroconf is not installed."""

    def __init__(self, query: Endpoint) -> None:
        try:
            import zeroconf
        except ImportError:
            raise EndpointError(
                "other programs do not find this show by themselves until you type: pip install 'tpos-live[oscquery]'"
            ) from None
        self._query = query
        self._module = zeroconf
        self._thread = Background(self._announce, "oscquery mdns")

    def start(self) -> None:
        """Announce, on a thread of its own: to make sure of a name takes a second."""
        self._thread.start()

    def stop(self) -> None:
        """Take the announcement back."""
        self._thread.stop(LONGEST_END_S)

    def _announce(self) -> None:
        wanted = None if self._query.is_every else [str(self._query.resolve()[1][0])]
        host = socket.gethostname().partition(".")[0] or "localhost"
        info = self._module.ServiceInfo(
            SERVICE, f"{NAME} on {host}.{SERVICE}", self._query.port,
            addresses=[ipaddress.ip_address(each).packed for each in wanted or _addresses()], server=f"{host}.local.",
        )  # fmt: skip
        # A machine without a network, or one that lets nobody speak by multicast, has nobody to tell.
        with contextlib.suppress(OSError, self._module.Error):
            running = self._module.Zeroconf(interfaces=wanted or self._module.InterfaceChoice.All)
            try:
                running.register_service(info, allow_name_change=True)
                self._thread.stopping.wait()
            finally:
                running.close()


def _addresses() -> list[str]:
    """This machine's IPv4 addresses in its networks."""
    import ifaddr

    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [str(ip) for ip in found if not ipaddress.ip_address(str(ip)).is_loopback]
