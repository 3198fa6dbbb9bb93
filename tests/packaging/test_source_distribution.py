"""The source distribution has what a user of it needs, and installs without a compiler."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from upecho import __version__

pytest.importorskip("setuptools")
pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
DIRECTORIES = ("bench", "docs", "known", "src", "tests")  # without reports/, which is large
LEFT_BY_OTHERS = shutil.ignore_patterns("__pycache__", "_build", "*.so", "*.egg-info")
BUILT = "docs/_build/html/index.html"  # left by "tox -e docs"
METADATA = ("PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt")
GENERATED = {"PKG-INFO", "setup.cfg", *(f"src/upecho.egg-info/{name}" for name in METADATA)}
TOP_LEVEL = {"CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"}
BACKEND = "from setuptools import build_meta; "
# Everything that has to know the real system knows it before.
ON_MACOS = f"import sys, sysconfig; sysconfig.get_config_vars(); {BACKEND} sys.platform = 'darwin'; "


@dataclass(frozen=True)
class Source:
    """A source distribution.

    Attributes:
        copy: The part of the repository that it was made from.
        unpacked: What it contains.
    """

    copy: Path
    unpacked: Path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    directory = tmp_path_factory.mktemp("source")
    copy = directory / "copy"
    copy.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    for name in DIRECTORIES:
        shutil.copytree(ROOT / name, copy / name, ignore=LEFT_BY_OTHERS)
    (copy / BUILT).parent.mkdir(parents=True)
    (copy / BUILT).touch()
    archive = build("sdist", copy, to=directory)
    with tarfile.open(archive) as opened:
        opened.extractall(directory, filter="data")
    return Source(copy, directory / archive.name.removesuffix(".tar.gz"))


def build(kind: str, directory: Path, *, to: Path, options: str = "{}", prologue: str = BACKEND) -> Path:
    """Build a distribution as pip does, with a compiler that does not exist, and return its file."""
    program = f"{prologue}build_meta.build_{kind}({str(to)!r}, {options})"
    environment = {**os.environ, "CC": "no-such-compiler"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = to.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return built


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_it_has_the_sources_and_documents_and_nothing_else(source: Source) -> None:
    wanted = {f"{name}/{file}" for name in ("docs", "src") for file in files(source.copy / name)}
    wanted = {name for name in wanted if ".egg-info/" not in name}
    assert BUILT in wanted
    assert files(source.unpacked) == wanted - {BUILT} | TOP_LEVEL | GENERATED


@pytest.fixture(scope="module")
def wheel(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source.unpacked, to=tmp_path_factory.mktemp("wheel"))


def test_wheel_has_every_file_of_the_package(source: Source, wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    package = {f"upecho/{name}" for name in files(source.copy / "src" / "upecho")}
    assert {name for name in names if ".dist-info/" not in name} == package
    assert f"upecho-{__version__}.dist-info/licenses/LICENSE" in names


@pytest.mark.unmeasured  # coverage could not relate the files of this installation to those of the checkout
def test_installation_without_a_compiler_works_and_says_what_is_missing(wheel: Path, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for command, expected in (
        ("--version", f"upecho, version {__version__}"),
        ("list", "unavailable: it needs upecho's C extension, which was not built; install a C compiler"),
        ("check selectors --family unix --check echo-hello", "1 passed"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "upecho", *command.split()],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert expected in " ".join(done.stdout.split())


def test_index_shows_the_readme_with_links_to_the_repository(source: Source) -> None:
    metadata = Parser().parsestr((source.unpacked / "PKG-INFO").read_text())
    assert metadata["Version"] == __version__
    assert metadata["Description-Content-Type"] == "text/markdown"
    shown, readme = str(metadata.get_payload()), (ROOT / "README.md").read_text()
    links = re.findall(r'(?:\]\(|\b(?:src|srcset|href)=")([^)"\s]+)', shown)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    page, file = (f"https://github.com/upecho/upecho/{kind}/v{__version__}/" for kind in ("blob", "raw"))
    assert f"{page}LICENSE" in links
    assert {link.startswith(file) for link in links if link.endswith((".svg", ".png"))} == {True}
    assert shown.replace(page, "").replace(file, "").strip() == readme.strip()


def test_wheel_for_macos_is_pure_and_names_the_platform(source: Source, tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]["macos"]["config-settings"]
    built = build("wheel", source.unpacked, to=tmp_path, options=str(settings), prologue=ON_MACOS)
    assert built.name == f"upecho-{__version__}-py3-none-macosx_10_9_universal2.whl"
    packaging = pytest.importorskip("packaging.tags")
    for version, machine in (((10, 9), "x86_64"), ((11, 0), "arm64"), ((26, 0), "arm64")):
        assert "macosx_10_9_universal2" in packaging.mac_platforms(version, machine)
