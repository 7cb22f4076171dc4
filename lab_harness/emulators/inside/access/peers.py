"""Finds out which user of this machine is at the other end of a connection, by asking the kernel (Linux only).

Other users can connect to a loopback port, too. The kernel finds the socket with the two addresses of a connection
(sock_diag, see the manual page sock_diag(7)). If its owner has already closed it, the socket belongs to nobody, but the
kernel names root as its user. Such a socket has no inode, and is never trusted.
"""

import os
import socket
import struct
import sys

SOCK_DIAG, SOCK_DIAG_BY_FAMILY, REQUEST = 4, 20, 1
LISTEN = 10
ANY_INTERFACE, NO_COOKIE, ALL_STATES = 0, 0xFFFFFFFF, 0xFFFFFFFF
HEADER, ADDRESSES = struct.Struct("=IHHII"), struct.Struct("!HH16s16s")
MAPPED = bytes(10) + b"\xff\xff"
Address = tuple[str, int]


class Peers:
    """Tells whether a connection comes from a process of this user or of root."""

    def __init__(self) -> None:
        self._kernel = _kernel()
        self._trusted = {os.geteuid(), 0} if self._kernel else set()
        if self._kernel and not self._knows_ourselves():
            self.close()

    def trusted(self, client: Address, server: Address) -> bool:
        """Whether to serve the connection from this client; always True if the kernel cannot be asked."""
        return self._kernel is None or self._owner(client, server) in self._trusted

    def close(self) -> None:
        """Stop asking the kernel."""
        if self._kernel:
            self._kernel.close()
        self._kernel = None

    def _knows_ourselves(self) -> bool:
        """Whether the kernel can name the user of our own connection; some kernels are built without that."""
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            return self._owner(client.getsockname(), client.getpeername()) == os.geteuid()

    def _owner(self, client: Address, server: Address) -> int | None:
        """The user of the client's socket; None if there is no such socket, or it was closed."""
        assert self._kernel
        family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
        ends = [socket.inet_pton(family, end[0]) for end in (client, server)]
        asked = ADDRESSES.pack(client[1], server[1], *ends)
        # So does a program name IPv4 addresses that asks for IPv6, as Java does.
        mapped = ADDRESSES.pack(client[1], server[1], *(MAPPED + end for end in ends))
        request = struct.pack("=BBBxI", family, socket.IPPROTO_TCP, 0, ALL_STATES) + asked
        request += struct.pack("=III", ANY_INTERFACE, NO_COOKIE, NO_COOKIE)
        header = HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, REQUEST, 0, 0)
        self._kernel.send(header + request)
        answer = self._kernel.recv(4096)
        if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
            return None
        state, found = answer[HEADER.size + 1], answer[HEADER.size + 4 :][: ADDRESSES.size]
        user, inode = struct.unpack_from("=12xII", answer, HEADER.size + 52)
        return int(user) if inode and state != LISTEN and found in (asked, mapped) else None


def _kernel() -> socket.socket | None:
    """A socket for asking the kernel; None if that is not possible."""
    if sys.platform != "linux":
        return None
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, SOCK_DIAG)
    except OSError:
        return None
