"""What a check reports beside its verdict: why it failed, what kept it from a verdict, or the value it recorded.

Plain data without any layout: the JSON document contains these objects as they are, and renderers lay them out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One thing that happened on a connection or to the server.

    Attributes:
        seconds: Seconds from the start of the check to the event.
        text: What happened, such as ``client 1: connected``.
    """

    seconds: float
    text: str


@dataclass(frozen=True)
class Wire:
    """The events of a check in the order in which they happened; of a long list, the beginning and what matters most.

    Attributes:
        first: The first events.
        omitted: Number of events left out after ``first``.
        last: The later events that were not left out; empty if none was.
    """

    first: tuple[Event, ...] = ()
    omitted: int = 0
    last: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a server did not meet a requirement.

    Attributes:
        expected: What the check expected.
        seen: What the check saw instead.
        end: How the server has ended although nothing asked it to; empty if it has not.
        note: Further information needed to repeat the failure; empty if there is none.
        wire: What happened on the connections of the check.
        stderr: The important lines that the server wrote to stderr during the check.
        earlier_checks: Ids of the checks on the same server that may have led to the failure.
        repeat: Shell command that runs this check again, after the earlier checks if there are any.
    """

    expected: str
    seen: str
    end: str = ""
    note: str = ""
    wire: Wire = field(default_factory=Wire)
    stderr: tuple[str, ...] = ()
    earlier_checks: tuple[str, ...] = ()
    repeat: str = ""


@dataclass(frozen=True)
class Fault:
    """What kept a check from a verdict; the server is not to blame.

    Attributes:
        message: Type and text of the exception, on one line.
        location: Function, file and line that raised the exception; empty if the exception was foreseen.
    """

    message: str
    location: str = ""


@dataclass(frozen=True)
class Recorded:
    """What an INFO check observed: a number with its unit, or a few words.

    Attributes:
        value: The measured number; None if the observation is given in words.
        unit: Unit of ``value``, such as ``KiB`` or ``ms``; empty without a value.
        text: The observation in words, such as ``no harm``; empty if there is a value.
    """

    value: float | None = None
    unit: str = ""
    text: str = ""


Record = Callable[[Recorded], None]  # what the fixture ``record`` gives to an INFO check
