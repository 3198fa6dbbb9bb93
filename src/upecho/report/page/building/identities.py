"""What readers select servers by: implementation, event loop, framework and Python, taken from the names of targets."""

from upecho.measure.plan.cells import Cell
from upecho.processes.interpreter import described
from upecho.report.page.model.conformance import Subject
from upecho.report.page.model.page import Server
from upecho.serving import loops, registry
from upecho.serving.target import COMMAND, Target

NAMED = " ("  # before the name that a user gave to an interpreter (upecho.measure.results)


def parts(target: str) -> tuple[str, str, str]:
    """Return the implementation, the event loop and the framework of a target; the latter two may be empty."""
    if target.startswith(COMMAND) or Target.is_address(target):
        return target, "", ""
    model, _, loop = target.partition("+")
    framework = model if model in registry.FRAMEWORK_NAMES else ""
    runs_on_asyncio = model in registry.BUILT_IN_NAMES and model.startswith(loops.ASYNCIO)
    return model, loop or (loops.ASYNCIO if runs_on_asyncio else ""), framework


def server(cell: Cell, python: str) -> Server:
    """Return the server of a cell.

    Args:
        cell: The cell.
        python: Full version of the interpreter that ran it, and its name if the user gave it one.
    """
    model, loop, framework = parts(cell.target)
    return Server(cell.label, cell.target, model, loop=loop, framework=framework, python=python, cold=cell.cold)


def subject(target: str, python: str) -> Subject:
    """Return a target as one Python ran it."""
    model, loop, framework = parts(target)
    return Subject(target, model, loop=loop, framework=framework, python=python)


def is_free_threaded(python: str) -> bool:
    """Whether a Python runs without the GIL, as the description of its version says."""
    version, _, _ = python.partition(NAMED)
    return version == described(*version.split()[:2], gil=False)


def without_build(python: str) -> str:
    """Return a Python without what distinguishes its free-threaded build, and without the name of CPython."""
    version, named, name = python.partition(NAMED)
    plain = " ".join(version.split()[:2]) if is_free_threaded(python) else version
    return plain.removeprefix("CPython ") + named + name
