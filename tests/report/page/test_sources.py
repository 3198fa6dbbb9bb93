"""How it was measured: each file that a page was made from is linked, wherever the page is."""

import dataclasses
import re
import shlex
import urllib.parse
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.made_up import cell, requested, run
from tests.report.page.published import is_up_to_date
from tests.report.page.samples import publication, results, saved, verdicts
from upecho.measure.plan.ab_test import ABTest, Limit, Pair
from upecho.measure.plan.cells import Cell
from upecho.measure.results import RequestedCell, Running
from upecho.report.page.building.page import page
from upecho.report.page.building.sources import bench_command
from upecho.report.page.inputs.files import Inputs, read

pytestmark = pytest.mark.once

PLACES = ("page", "pages/page", "pages/deep/page")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return saved files; one has a name with characters that mean something else in an address."""
    paths = [Path(path) for path in saved(tmp_path, results=results(), verdicts=verdicts())]
    odd = paths[0].rename(tmp_path / "a b#1?é%20 [x](y).json")
    return [odd, paths[1]]


@pytest.mark.parametrize("place", PLACES)
def test_link_leads_to_the_file(place: str, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / place
    output.parent.mkdir(parents=True, exist_ok=True)
    links = [source.link for source in page(read(files), directory=output.parent).sources]
    found = [output.parent / urllib.parse.unquote(urllib.parse.urlsplit(link).path) for link in links]
    assert all(one.samefile(file) for one, file in zip(found, files, strict=True))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("suffix", ["html", "md"])
def test_page_that_was_written_links_to_its_files(
    suffix: str, place: str, files: list[Path], tmp_path: Path, upecho_here: Any
) -> None:
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    output = tmp_path / f"{place}.{suffix}"
    output.parent.mkdir(parents=True, exist_ok=True)
    assert upecho_here("report", *map(str, files), "--output", str(output)) == (0, "", "")
    pattern = r'<dt>file</dt><dd><a href="([^"]*)">' if suffix == "html" else r"^### \[.*\]\(<(.*)>\): "
    links = [unescape(link) for link in re.findall(pattern, output.read_text(), re.MULTILINE)]
    assert [(output.parent / urllib.parse.unquote(link)).resolve() for link in links] == files
    assert is_up_to_date(output)


def test_page_without_a_place_has_no_links() -> None:
    made = page(Inputs({"results.json": results()}, {"verdicts.json": verdicts()}))
    assert [source.link for source in made.sources] == ["", ""]


def test_file_of_claims_is_a_source_without_a_command() -> None:
    (source,) = page(Inputs({}, {}, {"claims.toml": (publication(),)})).sources
    assert (source.name, source.facts, source.command) == ("claims.toml", {"content": "3 claims from 1 source"}, "")


def test_page_that_is_too_large_for_a_phone_is_reported(
    files: list[Path], tmp_path: Path, upecho_here: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("vl_convert", reason="the extra report is not installed")
    output = tmp_path / "page.html"
    monkeypatch.setattr("upecho.cli.report_files.MAX_BYTES", 100_000)
    status, out, err = upecho_here("report", *map(str, files), "--output", str(output))
    assert (status, out) == (0, "")
    size = len(output.read_bytes()) / 1e6
    assert err == (
        f"{output} has {size:.1f} MB, which is more than 0.1 MB; make a page of fewer files if it is to be published\n"
    )


def test_command_repeats_how_servers_were_observed_that_ran_already() -> None:
    cells = (
        requested("127.0.0.1:9000", running=Running((17, 18))),
        requested("127.0.0.1:9001", running=Running(group="/sys/fs/cgroup/a b")),
        requested("127.0.0.1:9002", running=Running()),
    )
    found = run({"threads": [1.0]}, requested=(requested("threads"), *cells), max_clients=7)
    words = shlex.split(bench_command(found))
    assert words[2:6] == ["threads", "127.0.0.1:9000", "127.0.0.1:9001", "127.0.0.1:9002"]
    start = words.index("--pid")
    observed = ["--pid", "17", "--pid", "18", "--cgroup", "/sys/fs/cgroup/a b", "--max-clients", "7"]
    assert words[start : start + len(observed)] == observed
    (source,) = page(Inputs({"results.json": found}, {})).sources
    assert source.facts["server 127.0.0.1:9000"] == (
        "ran already, all trials are of the same process; CPU time of process 17, 18 and all descendants"
    )
    assert "in fresh server processes, except of servers that ran already" in source.facts["trials"]


def test_quick_check_is_stated_and_repeated() -> None:
    (source,) = page(Inputs({"results.json": run({"mine": [1.0, 2.0]}, quickly_checked=True)}, {})).sources
    assert "except those that take long and those of start and stop" in source.facts["conformance"]
    assert " --quick " in source.command


@pytest.mark.parametrize(
    ("pairs", "pythons", "expected"),
    [
        ([(cell("a"), cell("b"))], {}, "upecho bench --family unix --ab a b --fail-above cpu=5 "),
        (
            [(cell("a", python="old"), cell("a", python="new"))],
            {"old": "CPython 3.13.0", "new": "CPython 3.14.0"},
            "upecho bench --family unix --ab a@old a@new --fail-above cpu=5 --python old=python3.13 "
            "--python new=python3.14 ",
        ),
        (
            [(cell(name, python="old"), cell(name, python="new")) for name in "ab"],
            {"old": "CPython 3.13.0", "new": "CPython 3.14.0"},
            "upecho bench a b --family unix --ab @old @new --fail-above cpu=5 --python old=python3.13 ",
        ),
        (
            [(cell("a"), cell("a", python="new"))],
            {"": "CPython 3.13.0", "new": "CPython 3.14.0"},
            "upecho bench --family unix --ab a@python3.13 a@new --fail-above cpu=5 --python new=python3.14 ",
        ),
    ],
)
def test_command_repeats_an_ab_test(pairs: list[tuple[Cell, Cell]], pythons: dict[str, str], expected: str) -> None:
    cells = [one for pair in pairs for one in pair]
    made = dataclasses.replace(
        run({}),
        scenarios=(),
        requested=tuple(map(RequestedCell, cells)),
        pythons=pythons,
        ab_test=ABTest(tuple(Pair(*pair) for pair in pairs), "cpu", 0.01, (Limit("cpu", 0.05),)),
    )
    assert bench_command(made).startswith(expected)
