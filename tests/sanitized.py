"""``python tests/sanitized.py COMMAND...``: run a command with the libraries of the sanitizers preloaded.

The C extension must have been built with ``CFLAGS="-fsanitize=address,undefined"``. Leak detection is off, since the
interpreter does not free all of its memory when it ends.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

SYMBOL = b"__asan_init"
LIBRARIES = ("libasan.so", "libubsan.so")
# AddressSanitizer keeps freed memory to find its use; without a limit, a server seems to leak for its first 256 MB.
OPTIONS = "detect_leaks=0:quarantine_size_mb=8"


def main() -> None:
    """Replace this process with the command."""
    compiler = shutil.which("gcc")
    if not compiler:
        sys.exit(
            "cannot find gcc, which provides the libraries of the sanitizers; install it (Debian: apt install gcc)"
        )
    extension = find_spec("upecho.support._native")
    if not extension or not extension.origin or SYMBOL not in Path(extension.origin).read_bytes():
        sys.exit(
            "the C extension was not built with the sanitizers; reinstall upecho with CFLAGS and LDFLAGS as in tox.ini"
        )
    queries = ([compiler, f"-print-file-name={name}"] for name in LIBRARIES)
    found = [subprocess.run(one, capture_output=True, text=True, check=True).stdout.strip() for one in queries]
    settings = {"LD_PRELOAD": " ".join(found), "ASAN_OPTIONS": OPTIONS, "PYTHONMALLOC": "malloc"}
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ | settings)


if __name__ == "__main__":
    main()
