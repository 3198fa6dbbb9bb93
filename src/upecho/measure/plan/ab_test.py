"""What an A/B test asks: pairs of cells, and how large a difference matters."""

from dataclasses import dataclass

from upecho.measure.plan.cells import Cell


@dataclass(frozen=True)
class Pair:
    """Two cells of one group that are compared with each other.

    Attributes:
        base: What the other one is compared with.
        new: What is compared with it.
    """

    base: Cell
    new: Cell


@dataclass(frozen=True)
class Limit:
    """How much larger a quantity may be than that of the other side.

    Attributes:
        quantity: Name of the quantity.
        share: Allowed increase, as a share.
    """

    quantity: str
    share: float


@dataclass(frozen=True)
class ABTest:
    """An A/B test: pairs that are measured side by side until the questions about them are decided.

    Attributes:
        pairs: Pairs of cells.
        quantity: Name of the quantity that the question is about.
        margin: Difference in this quantity that does not matter, as a share.
        limits: Limits that decide instead whether the test is passed; empty if the question is whether there is a
            difference.
        windows: Number of windows that the load of a trial is divided into. The windows of the two sides alternate.
    """

    pairs: tuple[Pair, ...]
    quantity: str
    margin: float
    limits: tuple[Limit, ...] = ()
    windows: int = 1
