"""The files of a release: they build in clean environments, have what the index wants, and run where they should.

``tox -e dist`` runs these tests. They need the index for what the environments install.
"""

import re
import sys
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.release.environments import FREE_THREADED, WITH_GIL, Environment, installed, run
from upecho import __version__

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
ON_LINUX = CONFIGURATION["overrides"][0]
OLDEST, *NEWER = installed(WITH_GIL)
BUILDERS = [OLDEST, *installed(FREE_THREADED)]
USES = [(OLDEST, newer) for newer in NEWER] + [(builder, builder) for builder in BUILDERS]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("source")
    run(f"{sys.executable} -m build --sdist --outdir {directory}", cwd=ROOT)
    return directory / f"upecho-{__version__}.tar.gz"


@pytest.fixture(scope="session")
def wheels(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel that each builder has made of the source distribution."""
    directory = tmp_path_factory.mktemp("wheels")
    built = {}
    for number, python in enumerate(BUILDERS):
        to = directory / str(number)
        Environment.create(python, to).run(f"pip wheel --quiet --no-deps --wheel-dir {to} {source}")
        (built[python],) = to.glob("*.whl")
    return built


def test_metadata_satisfies_the_index(source: Path, wheels: dict[str, Path]) -> None:
    paths = " ".join(map(str, [source, *wheels.values()]))
    assert "warning" not in run(f"{sys.executable} -m twine check --strict {paths}", cwd=ROOT).lower()


def test_index_renders_the_readme_without_a_relative_link(wheels: dict[str, Path]) -> None:
    markdown = pytest.importorskip("readme_renderer.markdown")
    metadata = ZipFile(wheels[OLDEST]).read(f"upecho-{__version__}.dist-info/METADATA").decode()
    page = markdown.render(Parser().parsestr(metadata).get_payload())
    links = re.findall(r'\b(?:href|src)="([^"]*)"', page)
    assert links
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    names = set(re.findall(r'\bid="([^"]*)"', page))
    assert {link[1:] for link in links if link.startswith("#")} <= names


def test_wheels_name_what_they_need(wheels: dict[str, Path]) -> None:
    for python, wheel in wheels.items():
        free_threaded = python.endswith("t")
        version = Path(python).name.removeprefix("python").removesuffix("t").replace(".", "")
        tag = f"cp{version}-cp{version}t" if free_threaded else f"cp{version}-abi3"
        assert wheel.name.startswith(f"upecho-{__version__}-{tag}-linux_")
        if not free_threaded:
            run(f"{sys.executable} -m abi3audit --strict {wheel}", cwd=ROOT)
        shown = " ".join(run(f"{sys.executable} -m auditwheel show {wheel}", cwd=ROOT).split())
        assert 'is consistent with the following platform tag: "manylinux_' in shown


@pytest.mark.parametrize(("builder", "python"), USES)
def test_wheel_runs_and_leaves_nothing(wheels: dict[str, Path], tmp_path: Path, builder: str, python: str) -> None:
    environment = Environment.create(python, tmp_path / "environment")
    environment.run(f"pip install --quiet {wheels[builder]}")
    assert environment.run("upecho --version").strip() == f"upecho, version {__version__}"
    for command in (*CONFIGURATION["test-command"], *ON_LINUX["test-command"]):
        environment.run(command)
    environment.run("pip uninstall --quiet --yes upecho")
    assert environment.files() == []


def test_source_distribution_installs_without_a_compiler(source: Path, tmp_path: Path) -> None:
    environment = Environment.create(OLDEST, tmp_path / "environment")
    told = environment.run(f"pip install --verbose --no-cache-dir {source}", CC="no-such-compiler")
    assert "the native load engine and server are left out: they need a C compiler" in told
    for command in CONFIGURATION["test-command"]:
        environment.run(command)
    environment.run("pip uninstall --quiet --yes upecho")
    assert environment.files() == []


@pytest.mark.parametrize(
    ("platform", "architecture", "systems"),
    [
        ("linux", "x86_64", ("manylinux_x86_64", "musllinux_x86_64")),
        ("linux", "aarch64", ("manylinux_aarch64", "musllinux_aarch64")),
        ("macos", "universal2", ("macosx_universal2",)),
    ],
)
def test_cibuildwheel_builds_what_is_announced(platform: str, architecture: str, systems: tuple[str, ...]) -> None:
    options = f"--print-build-identifiers --platform {platform} --archs {architecture}"
    printed = run(f"{sys.executable} -m cibuildwheel {options}", cwd=ROOT).split()
    pythons = ("cp311", "cp314t", "cp315t")
    assert sorted(printed) == sorted(f"{python}-{system}" for python in pythons for system in systems)
