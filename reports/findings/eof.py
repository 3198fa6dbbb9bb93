"""sock_recv after the client has half-closed, and what an error looks like."""
import asyncio, importlib, socket, sys, threading
m, a = sys.argv[1].split(":"); factory = getattr(importlib.import_module(m), a)
lst = socket.create_server(("127.0.0.1", 0)); lst.setblocking(False)
def client():
    c = socket.create_connection(lst.getsockname()); c.settimeout(3); c.sendall(b"x"); c.shutdown(socket.SHUT_WR)
    try: print("client got", c.recv(9), c.recv(9))
    except OSError as e: print("client:", repr(e))
async def main():
    loop = asyncio.get_running_loop(); th = threading.Thread(target=client); th.start()
    got = await loop.sock_accept(lst); print("sock_accept ->", got)
    c = got[0]; c.setblocking(False)
    while d := await asyncio.wait_for(loop.sock_recv(c, 100), 2):
        print("recv", d); await loop.sock_sendall(c, d.upper())
    print("recv ->", d); c.close()
    while th.is_alive(): await asyncio.sleep(0.05)
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
