"""Renders verdicts as JUnit XML, which most systems for continuous integration show.

Elements and attributes are those of the schema of Jenkins: junit-10.xsd in https://github.com/jenkinsci/xunit-plugin.
There is a test suite for each target and family, and a test case for each check. As under pytest, a failed test case is
one that fails the run; a known failure, a failed SHOULD check of a run that is not strict, and an unsupported check are
skipped.
"""

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

from upecho.conformance.check import Level
from upecho.conformance.run.verdicts import explaining
from upecho.conformance.run.verdicts.document import DescribedCheck, Document
from upecho.conformance.run.verdicts.outcome import Outcome, Verdict
from upecho.report.conformance.marks import Mark
from upecho.support.text import plural, printable

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"  # elements of a test case that did not pass


def junit(document: Document, *, strict: bool) -> str:
    """Return the verdicts of a run as JUnit XML.

    Args:
        document: The verdicts.
        strict: Whether a failed SHOULD check fails the run.
    """
    root = ET.Element("testsuites", name="upecho check")
    root.extend(list(_suites(document, strict=strict)))  # before 3.13, extend() replaces errors of a generator
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.attrib[count]) for suite in root)))
    root.set("time", _time(document.verdicts))
    ET.indent(root)
    return DECLARATION + ET.tostring(root, encoding="unicode") + "\n"


def _suites(document: Document, *, strict: bool) -> Iterator[ET.Element]:
    by_pair = itertools.groupby(document.verdicts, lambda one: (one.target, one.family))
    for (target, family), group in by_pair:
        outcomes = list(group)
        cases = [_case(one, document.checks[one.check], strict=strict) for one in outcomes]
        yield _suite(f"{target} over {family}", cases, document, outcomes)
    for target, reason in document.unusable.items():
        case = _element("testcase", name="load", classname=target, time="0.000")
        case.append(_element(FAILURE, message=reason, type="unusable"))
        yield _suite(target, [case], document)
    if missing := document.due - len(document.verdicts):
        case = _element("testcase", name="complete", classname="upecho", time="0.000")
        case.append(_element(ERROR, message=f"{plural(missing, 'verdict')} missing", type="cut short"))
        yield _suite("upecho", [case], document)


def _suite(name: str, cases: Sequence[ET.Element], document: Document, outcomes: Sequence[Outcome] = ()) -> ET.Element:
    counts = {
        attribute: str(sum(case.find(kind) is not None for case in cases))
        for attribute, kind in (("failures", FAILURE), ("errors", ERROR), ("skipped", SKIPPED))
    }
    suite = _element("testsuite", name=name, tests=str(len(cases)), **counts, time=_time(outcomes))
    properties = ET.SubElement(suite, "properties")
    for key in ("upecho", "suite", "python", "platform"):
        properties.append(_element("property", name=key, value=getattr(document, key)))
    suite.extend(cases)
    return suite


def _case(outcome: Outcome, check: DescribedCheck, *, strict: bool) -> ET.Element:
    """Return a test case; its class is the target with the family, so that reports group by these."""
    classname = f"{outcome.target}.{outcome.family}"
    case = _element("testcase", name=outcome.check, classname=classname, time=_time([outcome]))
    if kind := _kind(outcome, strict=strict):
        detail = _element(kind, message=_message(outcome), type=Mark.of(outcome).meaning)
        if kind != SKIPPED:
            detail.text = printable(explaining.as_text(check, outcome))
        case.append(detail)
    return case


def _kind(outcome: Outcome, *, strict: bool) -> str:
    """Return the element that says how a check ended; empty if it passed."""
    if outcome.verdict is Verdict.ERROR:
        return SKIPPED if outcome.level is Level.LATER else ERROR
    if outcome.fails(strict=strict):
        return FAILURE
    return "" if outcome.verdict is Verdict.PASSED else SKIPPED


def _message(outcome: Outcome) -> str:
    """Return why a check did not pass, on one line."""
    if outcome.is_stale:
        return f"listed as a known failure, but now {outcome.verdict}: {outcome.known}"
    if outcome.known:
        what = "not run because of a known failure" if outcome.verdict is Verdict.NOT_RUN else "known failure"
        return f"{what}: {outcome.known}"
    if outcome.fault:
        return outcome.fault.message
    if outcome.cause:
        return outcome.cause
    why = outcome.explanation
    return f"expected {why.expected}, saw {why.seen}" if why else outcome.unsupported


def _element(tag: str, /, **attributes: str) -> ET.Element:
    """Return an element whose attributes contain no character that XML does not allow."""
    return ET.Element(tag, {name: printable(" ".join(value.split())) for name, value in attributes.items()})


def _time(outcomes: Sequence[Outcome]) -> str:
    """Return the duration of checks in seconds; checks that ran at the same time are counted one by one."""
    return f"{sum(one.seconds for one in outcomes):.3f}"
