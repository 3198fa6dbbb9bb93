"""Which part of what a server writes to stderr counts, and in which check."""

from upecho.processes.child import Child


class StderrReader:
    """Reads the stderr of a server process as checks judge it.

    Three offsets, in bytes from the beginning of stderr, divide the text: where the current check began, up to where
    the text has been reported, and from where on it no longer counts. What a server writes before it is ready never
    counts.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._check_start = 0
        self._reported = child.stderr_bytes()
        self._end: int | None = None

    def begin_check(self) -> None:
        """Note that a new check begins."""
        self._check_start = self._child.stderr_bytes()

    def ignore_rest(self) -> None:
        """Stop counting: what the server writes from now on is not a finding."""
        if self._end is None:
            self._end = self._child.stderr_bytes()

    def during_check(self) -> str:
        """Return what the server has written during the current check."""
        return self._child.stderr(self._check_start)

    def take_new(self) -> str:
        """Return what the server has written since the last call, as far as it counts."""
        end = self._child.stderr_bytes() if self._end is None else self._end
        text = self._child.stderr(self._reported, end)
        self._reported = end
        return text
