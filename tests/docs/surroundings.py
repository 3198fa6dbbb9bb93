"""The directory in which the examples of the documentation run: every file and program that the pages speak of."""

import gzip
import os
import shutil
import sys
from pathlib import Path

from tests.made_up import run
from tests.report.page.samples import earlier_results, earlier_verdicts, results, verdicts

ROOT = Path.cwd()
COPIED = (*ROOT.glob("docs/tutorial/*.py"), *ROOT.glob("docs/tutorial/*.toml"), ROOT / "docs/guides/streams.py")
STEADY = [4.0, 4.04, 3.96, 4.0, 4.04, 3.96]
LOOP = "from asyncio import new_event_loop\n"
PYTHONS = ("bin/python", "bin/python3.13", "bin/python3.13t", "bin/python3.14", "with-gil")
ENVIRONMENTS = ("venv-a/bin/python", "venv-b/bin/python")
# A source distribution is not in a repository of Git.
GIT = "#!/bin/sh\ncase $1 in rev-parse) printf %040d 1;; show) echo 2026-01-02T03:04:05+01:00;; esac\n"
# A server in a language without any of upecho's help; it starts in a fraction of the time of "upecho serve".
SERVER = """\
#!{python} -SE
import socket, sys, threading

def address(words):
    if words[0] == "-h":
        return socket.AF_INET, (words[1], int(words[3]))
    text = "unix:" + words[1] if words[0] == "--socket" else words[-1]
    if text.startswith("unix:"):
        return socket.AF_UNIX, text.removeprefix("unix:").replace("@", chr(0), 1)
    host, _, port = text.rpartition(":")
    return socket.AF_INET6 if host.startswith("[") else socket.AF_INET, (host.strip("[]"), int(port))

def answer(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data.upper())

family, where = address(sys.argv[1:])
listener = socket.socket(family)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(where)
listener.listen(1024)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=answer, args=(connection,), daemon=True).start()
"""


def build(directory: Path) -> None:
    """Write all files to an empty directory."""
    for path in COPIED:
        shutil.copy(path, directory)
    for name in ("my_module.py", "app.py"):
        shutil.copy(ROOT / "docs/tutorial/threaded.py", directory / name)
    for name in ("my_package.py", "uvloop.py"):
        (directory / name).write_text(LOOP)
    for name in PYTHONS + ENVIRONMENTS:
        _script(directory / name, f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    _script(directory / "bin/upecho", f'#!/bin/sh\nexec {sys.executable} -m upecho "$@"\n')
    _script(directory / "bin/git", GIT)
    _script(directory / "my-server", SERVER.format(python=sys.executable))
    _saved(directory)


def environment(directory: Path) -> dict[str, str]:
    """Return what the environment of a command contains besides."""
    return {
        "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(directory),
    }


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _saved(directory: Path) -> None:
    loops = run({"native": STEADY, "asyncio+asyncio": STEADY, "asyncio+uvloop": STEADY})
    runs = {"results": results(), "new": results(), "old": earlier_results(), "loops": loops}
    runs |= {name: run({"native": STEADY, "selectors": STEADY}) for name in ("before", "after")}
    found = {"verdicts": verdicts(), "old-verdicts": earlier_verdicts(), "main": verdicts()}
    for name, document in (runs | found).items():
        (directory / f"{name}.json").write_text(document.to_json())
    (directory / "reports").mkdir()
    (directory / "reports/comparison.json.gz").write_bytes(gzip.compress(runs["loops"].to_json().encode()))
