"""JUnit XML follows the schema of Jenkins, and fails exactly the checks that fail the run."""

import re
import xml.etree.ElementTree as ET

import pytest

from tests.made_up_verdicts import document, outcome
from upecho.conformance.check import Level
from upecho.conformance.findings import Fault
from upecho.conformance.run.verdicts.document import Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.net.address import Family
from upecho.report.conformance.junit import junit

pytestmark = pytest.mark.once

DETAIL = {"type", "message"}
ATTRIBUTES = {  # that junit-10.xsd of Jenkins allows
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "time", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname"},
    **dict.fromkeys(("failure", "error", "skipped"), DETAIL),
}
REQUIRED = ATTRIBUTES | {"testsuites": set(), "failure": set(), "error": set(), "skipped": set()}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}
TIME = r"\d{1,3}\.\d{3}"  # of a suite

EVERY = document(
    [
        outcome("passes"),
        outcome("fails", Verdict.FAILED),
        outcome("should", Verdict.FAILED, level=Level.SHOULD),
        outcome("known", Verdict.FAILED, known="no FIN"),
        outcome("follows", Verdict.NOT_RUN, known="no FIN", follows_from=("known",)),
        outcome("not-run", Verdict.NOT_RUN),
        outcome("stale", known="no FIN"),
        outcome("flaky", known="no FIN", flaky=True),
        outcome("unsupported", Verdict.UNSUPPORTED, unsupported="serves 1 client"),
        outcome("error", Verdict.ERROR, fault=Fault("OSError: odd", "serve, x.py:1")),
        outcome("passes", family=Family.UNIX),
    ],
    due=13,
    unusable={"lost:serve": "import failed"},
)


def parsed(verdicts: Document, *, strict: bool = False) -> ET.Element:
    return ET.fromstring(junit(verdicts, strict=strict))


def case(one: Outcome, *, strict: bool = False) -> ET.Element:
    found = parsed(document([one]), strict=strict).find(".//testcase")
    assert found is not None
    return found


def test_elements_and_attributes_are_those_of_the_schema() -> None:
    for element in parsed(EVERY, strict=True).iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert set(element.attrib) >= REQUIRED[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert len(element) <= 1 or element.tag != "testcase"
        assert "suite" not in element.tag or re.fullmatch(TIME, element.attrib["time"])


def test_a_suite_is_a_target_over_a_family() -> None:
    root = parsed(EVERY)
    assert [suite.attrib["name"] for suite in root] == ["t over inet", "t over unix", "lost:serve", "upecho"]
    first = root[0].attrib
    assert {key: first[key] for key in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "10",
        "failures": "3",
        "errors": "1",
        "skipped": "4",
        "time": "5.000",
    }
    assert {key: root.attrib[key] for key in ("tests", "failures", "errors", "time")} == {
        "tests": "13",
        "failures": "4",
        "errors": "2",
        "time": "5.500",
    }
    assert [one.attrib["name"] for one in root[0].iter("property")] == ["upecho", "suite", "python", "platform"]
    assert root[1].find("testcase").attrib == {"name": "passes", "classname": "t.unix", "time": "0.500"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("check", "strict", "kind", "message"),
    [
        ("passes", True, None, ""),
        ("fails", False, "failure", "expected FIN after 3 bytes, saw RST after 2 bytes"),
        ("should", False, "skipped", "expected FIN after 3 bytes, saw RST after 2 bytes"),
        ("should", True, "failure", "expected FIN after 3 bytes, saw RST after 2 bytes"),
        ("known", True, "skipped", "known failure: no FIN"),
        ("follows", True, "skipped", "not run because of a known failure: no FIN"),
        ("not-run", False, "failure", "the server has ended"),
        ("stale", False, "failure", "listed as a known failure, but now passed: no FIN"),
        ("flaky", True, None, ""),
        ("unsupported", True, "skipped", "serves 1 client"),
        ("error", False, "error", "OSError: odd"),
    ],
)
def test_how_a_check_ends(check: str, strict: bool, kind: str | None, message: str) -> None:
    (one,) = [one for one in EVERY.verdicts if one.check == check and one.family is Family.INET]
    found = list(case(one, strict=strict))
    assert [(detail.tag, detail.attrib["message"]) for detail in found] == ([(kind, message)] if kind else [])


def test_failure_contains_what_is_known_about_it() -> None:
    text = case(outcome("fails", Verdict.FAILED))[0].text or ""
    for part in (
        "MUST       The server does fails.",
        "expected   FIN",
        "wire         0.250 s  client 1: RST",
        "repeat  ",
    ):
        assert part in text


def test_target_that_cannot_be_loaded_fails_and_missing_verdicts_are_an_error() -> None:
    root = parsed(EVERY)
    assert [
        (one.attrib["classname"], one[0].tag, one[0].attrib["message"]) for one in root.iter("testcase") if len(one)
    ][-2:] == [("lost:serve", "failure", "import failed"), ("upecho", "error", "2 verdicts missing")]
    assert [suite.attrib["name"] for suite in parsed(document([outcome()]))] == ["t over inet"]


def test_characters_that_xml_does_not_allow_are_escaped() -> None:
    target = "cmd:a\x1b <b> & \ud800"
    one = case(outcome("fails", Verdict.FAILED, target=target))
    assert one.attrib["classname"] == r"cmd:a\x1b <b> & \ud800.inet"
    fault = Fault("odd\x00")
    assert case(outcome("e", Verdict.ERROR, fault=fault))[0].attrib["message"] == r"odd\x00"
    assert "odd\\x00" in (case(outcome("e", Verdict.ERROR, fault=fault))[0].text or "")
