"""Builds the C extension and the description for the package index; pyproject.toml has the rest of the build."""

import re
import runpy
import sys
import sysconfig
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

# Free-threaded builds have no limited API, or from 3.15 on one of their own.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")
OLDEST = (3, 11)

# The index shows README.md without the files beside it, so links to them become links to the repository, at the tag of
# this version. A browser follows a link to a page (blob), but an image has to be the file itself (raw).
REPOSITORY = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
VERSION = runpy.run_path("src/upecho/__init__.py")["__version__"]
RELATIVE = re.compile(r'(\]\(|\b(?:src|srcset|href)=")(?![a-z]+:|#)([^)"\s]+)')
IMAGES = (".svg", ".png")

SOURCES = (
    "module",
    "arguments",
    "results",
    "run",
    "engine",
    "requests",
    "schedule",
    "connection",
    "usage",
    "baseline",
    "notify",
)
HEADERS = (
    "arguments",
    "results",
    "clock",
    "histogram",
    "usage",
    "plan",
    "connection",
    "engine",
    "run",
    "baseline",
    "notify",
)


class BuildIfPossible(build_ext):
    """Go on without a compiler, and say so in one line."""

    def build_extension(self, ext: Extension) -> None:
        """Build, or tell what will be missing."""
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)  # that of an earlier build is not this one's
        try:
            super().build_extension(ext)
        except (BaseError, CompileError, LinkError) as error:
            self.warn(
                "the native load engine and server are left out: they need a C compiler and Python's header files "
                f"(Debian: apt install gcc python3-dev); the Python engine serves instead ({error})"
            )


def absolute(link: re.Match[str]) -> str:
    """Return a relative link of README.md as one that works on the index."""
    kind = "raw" if link[2].endswith(IMAGES) else "blob"
    return f"{link[1]}{REPOSITORY}/{kind}/v{VERSION}/{link[2]}"


native = Extension(
    "upecho.support._native",
    sources=[f"src/native/{name}.c" for name in SOURCES],
    depends=[f"src/native/{name}.h" for name in HEADERS],
    extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-pthread"],
    extra_link_args=["-pthread"],
    define_macros=[("Py_LIMITED_API", f"0x{OLDEST[0]:02x}{OLDEST[1]:02x}0000")] if LIMITED else [],
    py_limited_api=LIMITED,
    optional=True,
)
setup(
    long_description=RELATIVE.sub(absolute, Path("README.md").read_text("utf-8")),
    long_description_content_type="text/markdown",
    ext_modules=[native] if sys.platform == "linux" else [],
    cmdclass={"build_ext": BuildIfPossible},
    options={
        "build_ext": {"force": True},  # what is left of a build with other flags must not be taken for this one
        "bdist_wheel": {"py_limited_api": f"cp{OLDEST[0]}{OLDEST[1]}"} if LIMITED else {},
    },
)
