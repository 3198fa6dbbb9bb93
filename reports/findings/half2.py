"""An echo client that does not read sends TOTAL bytes, half-closes, waits a second, reads everything."""
import asyncio, importlib, socket, sys, threading, time
name = sys.argv[1]; totals = [int(x) for x in sys.argv[2:]]
m, a = name.split(":"); factory = getattr(importlib.import_module(m), a)
lst = socket.create_server(("127.0.0.1", 0)); lst.setblocking(False)
def one(total):
    c = socket.create_connection(lst.getsockname()); c.settimeout(5)
    data = (bytes(range(97, 122)) * (total // 25 + 1))[:total]
    v = memoryview(data); sent = 0
    while sent < total: sent += c.send(v[sent:sent + 65536])
    c.shutdown(socket.SHUT_WR); time.sleep(0.7)
    got = bytearray(); end = "FIN"
    try:
        while d := c.recv(65536): got += d
    except OSError as e: end = repr(e)
    print(name, "sent", total, "missing", total - len(got), end, bytes(got) == data.upper()[:len(got)], flush=True)
def client():
    for t in totals: 
        try: one(t)
        except OSError as e: print(t, e)
async def answer(c):
    loop = asyncio.get_running_loop()
    with c:
        while data := await loop.sock_recv(c, 65536):
            await loop.sock_sendall(c, data.upper())
async def main():
    loop = asyncio.get_running_loop(); tasks = set()
    th = threading.Thread(target=client); th.start()
    for _ in totals:
        c, _ = await loop.sock_accept(lst); c.setblocking(False); tasks.add(asyncio.create_task(answer(c)))
    while th.is_alive(): await asyncio.sleep(0.05)
with asyncio.Runner(loop_factory=factory) as r: r.run(main())
