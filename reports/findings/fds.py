"""Do descriptors of ended connections stay open? proto echo; N clients: half-close then reset, or close while stalled."""
import asyncio, importlib, os, socket, struct, sys, threading, time
name, kind = sys.argv[1], sys.argv[2]
m, a = name.split(":"); factory = getattr(importlib.import_module(m), a)
lst = socket.create_server(("127.0.0.1", 0)); address = lst.getsockname()
live = set(); counts = []
class P(asyncio.Protocol):
    def connection_made(self, t): self.t = t; live.add(self)
    def data_received(self, d): self.t.write(d.upper())
    def pause_writing(self): self.t.pause_reading()
    def resume_writing(self): self.t.resume_reading()
    def connection_lost(self, e): live.discard(self)
def echo():
    c = socket.create_connection(address); c.sendall(b"x"); assert c.recv(9) == b"X"; c.close()
def bad():
    c = socket.create_connection(address); c.sendall(b"x"); c.recv(9)
    if kind == "stall":
        c.setblocking(False); last = time.time()
        while time.time() - last < 0.2:
            try: c.send(b"y" * 65536); last = time.time()
            except BlockingIOError: time.sleep(0.01)
        c.close()
    else:
        c.sendall(b"y" * 200000); c.shutdown(socket.SHUT_WR); time.sleep(0.01)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()
def client():
    echo(); time.sleep(.3); counts.append(len(os.listdir("/proc/self/fd")))
    for rounds in range(3):
        for _ in range(8): bad()
        echo(); time.sleep(2); counts.append((len(os.listdir("/proc/self/fd")), len(live)))
async def main():
    loop = asyncio.get_running_loop()
    await loop.create_server(P, sock=lst)
    th = threading.Thread(target=client); th.start()
    while th.is_alive(): await asyncio.sleep(0.05)
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
print(name, kind, "descriptors, then (descriptors, connections not reported lost) after 8 clients each:", counts)
