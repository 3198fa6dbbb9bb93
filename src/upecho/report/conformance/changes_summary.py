"""Renders what changed between two runs of the suite as Markdown for the summary of a job in continuous integration."""

from upecho.conformance.run.verdicts.changes import NEW, VerdictChanges
from upecho.report.conformance.changes import conclusion, notes, sections
from upecho.report.conformance.job_summary import explained, unloaded
from upecho.report.markdown import details, escaped


def changes_summary(found: VerdictChanges) -> str:
    """Return the summary of a comparison: what got worse first, and everything else folded.

    Args:
        found: Comparison to report on.
    """
    lines = [
        f"## upecho compare: {'worse' if found.is_worse else 'nothing got worse'}",
        "",
        escaped(conclusion(found).plain),
        "",
        *unloaded(found.no_longer_loaded.items()),
        *explained(found.documents[NEW], [change.new for change in found.worse]),
    ]
    for one in sections(found):
        lines += details(f"{one.title[:1].upper()}{one.title[1:]}", [*(f"- {escaped(line)}" for line in one.lines), ""])
    for name, run in found.documents.items():
        lines += [escaped(f"{name}: upecho {run.upecho} · {run.python} · {run.platform}"), ""]
    lines += [line for note in notes(found) for line in (escaped(note), "")]
    return "\n".join(lines)
