"""The identity of what is measured: one target, over one family, under one scenario, on one Python."""

from collections.abc import Container
from dataclasses import dataclass

from upecho.net.address import Family

BASELINE = "native"  # the server whose cost is the closest to that of the machine itself


@dataclass(frozen=True)
class Group:
    """The cells that are compared with each other: those of one table of the report.

    Attributes:
        scenario: Name of the scenario.
        family: Socket family.
    """

    scenario: str
    family: Family

    def __str__(self) -> str:
        return f"{self.scenario} over {self.family}"


@dataclass(frozen=True)
class Cell:
    """The identity of a cell: what is measured again in every round.

    Attributes:
        target: Target as the user wrote it.
        family: Socket family that the server listens on.
        scenario: Name of the scenario.
        cold: Whether the server is measured without a warm-up, before any of its connections has ended.
        python: Name of the interpreter that runs the server, which is its version unless the user named it; empty for
            the interpreter that runs upecho.
    """

    target: str
    family: Family
    scenario: str
    cold: bool = False
    python: str = ""

    def __str__(self) -> str:
        return f"{self.scenario}-{self.family}-{self.label.replace(' ', '-')}"

    @property
    def group(self) -> Group:
        """The group of cells that this one is compared within."""
        return Group(self.scenario, self.family)

    @property
    def label(self) -> str:
        """What distinguishes this cell from the others of its group."""
        return " ".join(filter(None, (self.target, self.python, "cold" if self.cold else "")))

    @property
    def is_baseline(self) -> bool:
        """Whether this is the baseline of its group, run by the interpreter that runs upecho."""
        return Reference().is_cell(self)


def on_python(text: str, pythons: Container[str]) -> tuple[str, str]:
    """Return a target and the name of its interpreter, as the user wrote them: ``asyncio@old``.

    Args:
        text: The target, perhaps with ``@`` and a name. Commands and addresses may contain an ``@`` as well.
        pythons: Names of interpreters.

    Returns:
        The target and the name; the name is empty if what follows the last ``@`` is none.
    """
    target, at, python = text.rpartition("@")
    return (target, python) if at and target and python in pythons else (text, "")


@dataclass(frozen=True)
class Reference:
    """The target that the others of each group are compared with, warm and on one interpreter.

    Attributes:
        target: Target as the user wrote it.
        python: Name of the interpreter that runs the server, as in cells; empty for the one that runs upecho.
    """

    target: str = BASELINE
    python: str = ""

    @property
    def label(self) -> str:
        """What distinguishes its cell from the others of a group."""
        return f"{self.target} {self.python}".rstrip()

    def is_cell(self, cell: Cell) -> bool:
        """Whether a cell is the one that the others of its group are compared with."""
        return (cell.target, cell.cold, cell.python) == (self.target, False, self.python)
