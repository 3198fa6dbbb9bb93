"""``upecho check``: whether servers conform."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from upecho.cli.check import notes
from upecho.cli.check.files import CheckFiles
from upecho.cli.check.run import carry_out
from upecho.cli.environment import expect_usable_environment
from upecho.cli.parameters import CheckName, FamilyName, Number, SuiteName, TargetName
from upecho.conformance import revisions
from upecho.conformance.catalogue import catalogue
from upecho.conformance.run.check_run import CheckRun, Plan
from upecho.conformance.run.known_failures.files import expect_writable, read_known_failures
from upecho.conformance.run.preconditions import expect_cores, expect_listeners, tried
from upecho.conformance.run.selection import pair_with_families, parse_targets, select_checks
from upecho.net.address import Family
from upecho.serving import inventory
from upecho.serving.settings import MAX_GRACE
from upecho.serving.target import COMMAND, COMMAND_GRACE
from upecho.support.errors import CallerError


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True, type=TargetName(several=True))
@click.option(
    "--family",
    "families",
    multiple=True,
    type=FamilyName(),
    help="Check over this socket family; repeatable.  [default: every available family]",
)
@click.option(
    "--check", "ids", multiple=True, metavar="ID", type=CheckName(), help="Run this check; repeatable.  [default: all]"
)
@click.option(
    "--suite",
    metavar="REVISION",
    type=SuiteName(),
    help="Score only the checks of this revision of the suite, at their levels then; run and show later ones as well.  "
    "[default: score every check]",
)
@click.option(
    "--all",
    "run_all",
    is_flag=True,
    help="Run every check, even if a server answers nothing or failed checks take long.",
)
@click.option(
    "--verbose", is_flag=True, help="Show the details of every check that did not pass, not only of one per cause."
)
@click.option("--strict", is_flag=True, help="Let a failed SHOULD check fail the run.")
@click.option(
    "--max-clients",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of clients that a target serves at the same time, if it does not declare it.",
)
@click.option(
    "--grace",
    type=Number(0.0, MAX_GRACE),
    metavar="SECONDS",
    help="Time that a command gives its clients after SIGTERM before it closes their connections.  "
    f"[default: {COMMAND_GRACE:g}]",
)
@click.option(
    "--known",
    "directory",
    metavar="DIRECTORY",
    help="Directory of known failures, one file per target.  [default: known, if it exists]",
)
@click.option("--write-known", is_flag=True, help="Write the current failures to the directory of known failures.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of checks to run at the same time.  [default: four per core]",
)
@click.option(
    "--json",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the verdicts to FILE, as JSON; compressed with gzip if the name of FILE ends in .gz.",
)
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save the verdicts to FILE, as JUnit XML. Known failures are skipped tests.",
)
@click.option(
    "--summary",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Save a summary to FILE, as Markdown for a job in continuous integration.",
)
def command(targets: Sequence[str], families: Sequence[Family], **options: Any) -> int:
    """Check whether servers conform to the protocol.

    \b
    upecho check selectors asyncio+uvloop
    upecho check 127.0.0.1:9000
    upecho check unix:/tmp/x.sock --check half-close
    upecho check "cmd:./my-server --listen {address}" --strict

    A TARGET is NAME, NAME+LOOP or module:attribute, which upecho starts and stops; the address of a server that is
    already running; or cmd:COMMAND, in which {address} stands for the address to listen on. NAME+all stands for one
    target per installed event loop.

    Exit status: 0 if every MUST check passed or is a known failure, 1 if one failed or was not run (with --strict also
    a SHOULD check), if the code of a target could not be loaded, or if a known failure no longer fails, 2 if the input
    was wrong, 3 if upecho could not carry out a check.
    """  # noqa: D301 (\b is click's mark for a paragraph that is not rewrapped)
    expect_usable_environment()
    files = CheckFiles(options["json"], options["junit"], summary=options["summary"])
    files.expect_writable()
    plan = _plan(_expanded(targets), families, options)
    notes.tell_unusable(plan)
    if not plan.pairs:
        files.save(CheckRun(plan).document(), strict=plan.strict)
        return CheckRun(plan).exit_status()
    if options["write_known"]:
        for target in plan.targets:
            expect_writable(options["directory"], target, plan.known.of(target))
    expect_listeners(plan.targets)
    shown = {name: options[name] for name in ("directory", "write_known", "verbose")}
    return carry_out(CheckRun(plan), files, **shown)


def _expanded(texts: Sequence[str]) -> list[str]:
    """Return the targets with a target for each loop in place of ``NAME+all``; report those that are impossible."""
    found, limited = inventory.expanded(texts)
    notes.tell_limited(limited)
    return found


def _plan(texts: Sequence[str], families: Sequence[Family], options: dict[str, Any]) -> Plan:
    """Return what the run has to do.

    Raises:
        CallerError: An argument is wrong, or no check is due.
    """
    expect_cores(options["jobs"] or 1)
    if options["grace"] is not None and not any(text.startswith(COMMAND) for text in texts):
        raise CallerError("--grace is for commands", hint="an implementation declares GRACE in its module")
    suite = revisions.equal_to(catalogue()) if options["suite"] is None else revisions.expected(options["suite"])
    checks = select_checks(options["ids"], suite)
    found = tried(texts)
    targets = parse_targets(
        [text for text in texts if text not in found.unusable],
        options["max_clients"],
        grace=options["grace"],
        declared=found.declared,
    )
    plan = Plan(
        pairs=pair_with_families(targets, families),
        checks=checks,
        known=read_known_failures(options["directory"], targets, may_be_missing=options["write_known"]),
        strict=options["strict"],
        jobs=options["jobs"],
        unusable=found.unusable,
        run_all=options["run_all"],
        suite=suite,
    )
    if targets and not plan.due:
        raise CallerError(f"none of the selected checks applies: {notes.why_none_is_due(plan)}")
    return plan
