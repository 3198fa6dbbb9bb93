"""CPU time in 2 s while no descriptor is left for one waiting client; whether the client is served once there is one."""
import asyncio, importlib, os, resource, socket, sys, threading, time
m, a = sys.argv[1].split(":"); module = importlib.import_module(m); factory = getattr(module, a, None)
if m == "aiofastnet": factory = module.loop_factory()
lst = socket.create_server(("127.0.0.1", 0), backlog=50); address = lst.getsockname(); out = []
class P(asyncio.Protocol):
    def connection_made(self, t): self.t = t
    def data_received(self, d): self.t.write(d.upper())
def client():
    c = socket.create_connection(address); c.sendall(b"a"); c.recv(1)
    late = socket.socket()
    held = []
    try:
        while True: held.append(os.dup(0))
    except OSError: pass
    t = time.process_time(); late.connect(address); late.settimeout(4); late.sendall(b"b"); time.sleep(2)
    out.append(f"cpu {time.process_time() - t:.2f} s of 2"); 
    for f in held: os.close(f)
    try: out.append(late.recv(1))
    except OSError as e: out.append(repr(e))
async def main():
    loop = asyncio.get_running_loop(); loop.set_exception_handler(lambda l, c: None)
    await loop.create_server(P, sock=lst, backlog=1); th = threading.Thread(target=client); th.start()
    while th.is_alive(): await asyncio.sleep(0.05)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
print(sys.argv[1], out)
