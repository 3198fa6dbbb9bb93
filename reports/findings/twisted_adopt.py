"""Twisted: adoptStreamPort of a Unix listener changes the mode of its path, its backlog, and removes a path of others."""
import os, socket, subprocess, tempfile
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

path = os.path.join(tempfile.mkdtemp(), "s")
def bound():
    one = socket.socket(socket.AF_UNIX); one.bind(path); os.chmod(path, 0o600); one.listen(1000); one.setblocking(False)
    return one
def backlog():
    return [line.split()[2] for line in subprocess.check_output(["ss", "-xln"], text=True).splitlines() if path in line] if os.path.exists("/usr/bin/ss") or os.path.exists("/bin/ss") else "no ss"
listener = bound()
print("before", oct(os.stat(path).st_mode & 0o777), backlog())
port = reactor.adoptStreamPort(listener.fileno(), socket.AF_UNIX, Factory.forProtocol(Protocol))
print("after", oct(os.stat(path).st_mode & 0o777), backlog())
# without ss: how many clients fit
clients = 0
while True:
    c = socket.socket(socket.AF_UNIX); c.setblocking(False)
    try: c.connect(path)
    except BlockingIOError: break
    clients += 1; globals().setdefault("keep", []).append(c)
print("queue holds", clients)
os.unlink(path); other = bound()
d = port.stopListening()
reactor.callLater(0.2, reactor.stop); reactor.run(installSignalHandlers=False)
print("path of the other server still exists:", os.path.exists(path))
