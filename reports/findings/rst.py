"""What reader.read() raises after the client has reset the connection."""
import asyncio, importlib, socket, struct, sys, threading, time
m, a = sys.argv[1].split(":"); factory = getattr(importlib.import_module(m), a)
lst = socket.create_server(("127.0.0.1", 0))
def client():
    for n in range(3):
        c = socket.create_connection(lst.getsockname()); c.sendall(b"x"); c.recv(1); c.sendall(b"y" * 300000)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close(); time.sleep(.1)
async def main():
    async def h(r, w):
        try:
            while d := await r.read(1000): w.write(d); await w.drain()
            print("EOF")
        except Exception as e: print("read/drain raised", [t.__name__ for t in type(e).__mro__][:3], e)
        w.close()
    s = await asyncio.start_server(h, sock=lst); th = threading.Thread(target=client); th.start()
    while th.is_alive(): await asyncio.sleep(0.05)
    await asyncio.sleep(.2)
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
