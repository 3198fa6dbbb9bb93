"""AnyIO over Unix sockets on uvloop: f.set_result() is called twice if more than 1024 descriptors are ready at once."""
import asyncio, resource, socket, sys, anyio, uvloop
from anyio.abc import SocketListener

async def handle(stream):
    async with stream:
        await stream.send(await stream.receive())

async def main():
    raw = socket.socket(socket.AF_UNIX); raw.bind(""); raw.listen(2000)
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(repr(context.get("exception"))))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon((await SocketListener.from_socket(raw)).serve, handle, tasks)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(1500)]
        for client in clients:
            client.connect(raw.getsockname())
        await anyio.sleep(2)
        for client in clients:
            client.send(b"x")
        await anyio.sleep(2)
        tasks.cancel_scope.cancel()
    print(sys.argv[1], len(errors), "errors", set(errors))

resource.setrlimit(resource.RLIMIT_NOFILE, (5000, 5000))
anyio.run(main, backend_options={"loop_factory": uvloop.new_event_loop if sys.argv[1] == "uvloop" else asyncio.new_event_loop})
