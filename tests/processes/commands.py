"""Commands that tests start, and the forms of the addresses at which those that are servers listen."""

import sys

from upecho.serving.target import Kind, Target

FORMS = ["127.0.0.1:0", "[::1]:0", "unix:{directory}/s"]
BIND_UNIX = "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1][5:]); s.listen()"
# Starts a daemon that leaves its session, clears its environment and loses its parent.
BECOME_DAEMON = "setsid -f env -i sh -c 'echo $$; exec sleep 600'"


def serve(name: str) -> str:
    """Return the command line that serves one of upecho's own implementations."""
    return f"{sys.executable} -m upecho serve {name} --bind {{address}}"


def serving(name: str, wrapper: str = "") -> Target:
    """Return such a command as a target, below a wrapper if there is one."""
    return Target(f"cmd:{wrapper}{serve(name)}", Kind.COMMAND)


def command(code: str) -> Target:
    """Return Python code as a command."""
    return Target(f"cmd:{sys.executable} -c {code!r} {{address}}", Kind.COMMAND)
