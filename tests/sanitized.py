"""``python tests/sanitized.py COMMAND...``: run it with the sanitizers' libraries loaded first, as they have to be.

The C extension must have been built with ``CFLAGS="-fsanitize=address,undefined"``; only its own memory is watched, so
leaks that the interpreter leaves at its end are not looked for.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

SYMBOL = b"__asan_init"
LIBRARIES = ("libasan.so", "libubsan.so")


def main() -> None:
    """Replace this process by the command."""
    compiler = shutil.which("gcc")
    if not compiler:
        sys.exit("the sanitizers' libraries come with gcc, which is not here")
    extension = find_spec("upecho.support._native")
    if not extension or not extension.origin or SYMBOL not in Path(extension.origin).read_bytes():
        sys.exit("the C extension was not built with the sanitizers")
    asked = ([compiler, f"-print-file-name={name}"] for name in LIBRARIES)
    found = [subprocess.run(one, capture_output=True, text=True, check=True).stdout.strip() for one in asked]
    settings = {"LD_PRELOAD": " ".join(found), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    os.execvpe(sys.argv[1], sys.argv[1:], os.environ | settings)


if __name__ == "__main__":
    main()
