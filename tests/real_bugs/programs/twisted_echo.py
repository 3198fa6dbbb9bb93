"""``python twisted_echo.py HOST:PORT``: a server on the default reactor of Twisted."""

import sys

from twisted.internet import protocol, reactor


class Echo(protocol.Protocol):  # type: ignore[misc]  # mypy skips Twisted
    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        self.transport.write(data.upper())


factory = protocol.ServerFactory()
factory.protocol = Echo
host, _, port = sys.argv[1].rpartition(":")
reactor.listenTCP(int(port), factory, interface=host)
reactor.run()
