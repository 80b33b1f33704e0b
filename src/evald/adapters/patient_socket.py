"""Sockets to servers that may think for minutes before they answer."""

import socket

from aiohappyeyeballs import AddrInfoType


def patient_socket(address: AddrInfoType) -> socket.socket:
    """A socket whose connection outlives minutes of silence.

    A model may think for ten minutes, and the gateways of clouds forget a connection on which
    nothing has moved for less than that; a probe a minute keeps it in mind.
    """
    family, kind, protocol, *_ = address
    connection = socket.socket(family, kind, protocol)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    if idle is not None:  # Linux's name and macOS's; elsewhere the system's own two hours remain
        connection.setsockopt(socket.IPPROTO_TCP, idle, 60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 60)
    return connection
