"""Which lines on stderr are error reports, in several languages, and which are ordinary logging."""

import subprocess
import sys

import pytest

from upecho.support.error_reports import error_reports, without_numbers

TRACEBACK = """\
Traceback (most recent call last):
  File "/s.py", line 12, in handle
    raise ValueError("boom")
ValueError: boom
"""
BOOM = "ValueError: boom (/s.py:12)"
CHAINED = f"""\
Traceback (most recent call last):
  File "/old.py", line 1, in old
KeyError: 'old'

During handling of the above exception, another exception occurred:

{TRACEBACK}"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/a.py", line 7, in <module>
  |     raise group
  | ExceptionGroup: two (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/a.py", line 3, in f
    | ValueError: a
    +------------------------------------
"""
NODE = """\
node:events:497
      throw er; // Unhandled 'error' event
      ^

Error: read ECONNRESET
    at TCP.onStreamRead (node:internal/stream_base_commons:216:20)
Emitted 'error' event on Socket instance at:
    at emitErrorNT (node:internal/streams/destroy:170:8)
    at process.processTicksAndRejections (node:internal/process/task_queues:82:21) {
  errno: -104,
"""
JAVA = """\
Exception in thread "Thread-0" java.io.UncheckedIOException: java.net.SocketException: Broken pipe
	at Echo.serve(Echo.java:21)
	at java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.net.SocketException: Broken pipe
	at java.base/sun.nio.ch.SocketDispatcher.write0(Native Method)
	... 4 more
"""
GO = """\
panic: runtime error: index out of range [5] with length 3

goroutine 18 [running]:
main.main()
	/s.go:9 +0x1d

goroutine 19 [runnable]:
main.handle()
"""
RUST = "thread 'main' panicked at src/main.rs:2:5:\nexplicit panic\nnote: run with `RUST_BACKTRACE=1`\n"
ADDRESS = """\
==42==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc 0x4f
READ of size 1 at 0x602000000010 thread T0
    #0 0x4f in handle /s.c:12
SUMMARY: AddressSanitizer: heap-use-after-free /s.c:12 in handle
"""
UNAWAITED = "/s.py:3: RuntimeWarning: coroutine 'f' was never awaited\n  f()\n"
UNRETRIEVED = f"Task exception was never retrieved\nfuture: <Task finished>\n{TRACEBACK}"


@pytest.mark.parametrize(
    ("text", "reports"),
    [
        (TRACEBACK, [BOOM]),
        (f"<6>client connected\n{TRACEBACK}<6>client connected\n", [BOOM]),
        (f"ERROR:root:failed\n{TRACEBACK}" * 2, [BOOM] * 2),
        (CHAINED, [BOOM]),
        (GROUP, ["ValueError: a (/a.py:3)"]),
        (UNRETRIEVED, [BOOM]),
        (f"Exception ignored in: <function F.__del__ at 0x7f>\n{TRACEBACK}", [BOOM]),
        ("Task was destroyed but it is pending!\ntask: <Task>\n", ["Task was destroyed but it is pending!"]),
        (UNAWAITED, [UNAWAITED.partition("\n")[0]]),
        ("Fatal Python error: Segmentation fault\n", ["Fatal Python error: Segmentation fault"]),
        (NODE, ["Error: read ECONNRESET (at TCP.onStreamRead (node:internal/stream_base_commons:216:20))"]),
        (JAVA, [f"{JAVA.partition(chr(10))[0]} (at Echo.serve(Echo.java:21))"]),
        (GO, ["panic: runtime error: index out of range [5] with length 3"]),
        (RUST, ["thread 'main' panicked at src/main.rs:2:5:"]),
        (ADDRESS, ["SUMMARY: AddressSanitizer: heap-use-after-free /s.c:12 in handle"]),
        ("/s.c:3:9: runtime error: signed integer overflow: 1 + 2\n", None),
        ("==7== Invalid read of size 4\n==7==    at 0x1: f (s.c:3)\n", ["==7== Invalid read of size 4"]),
        ("double free or corruption (fasttop)\n", None),
        ("sh: line 1: 123 Segmentation fault      (core dumped) ./s\n", None),
        ("s: s.c:3: f: Assertion `x > 0' failed.\n", None),
        ("(node:9) MaxListenersExceededWarning: Possible memory leak\n", None),
        ("Use of uninitialized value $x in concatenation at /s.pl line 3.\n", None),
    ],
)
def test_error_report_is_recognized(text: str, reports: list[str] | None) -> None:
    assert [one.text for one in error_reports(text)] == (reports or [text.strip()])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<3>error: client 127.0.0.1:4000 sent an exception\n",
        "INFO ConnectionResetError while reading, client left\n",
        "ERROR:root:write failed: [Errno 32] Broken pipe\n",
        "WARNING client 7 reset the connection\n",
        "2026-11-26 12:00:00 server[7]: panic button pressed\n",
        "no warning: 0 errors, 0 exceptions\n",
        f"DEBUG:root:client 4001 left\n{TRACEBACK}DEBUG:root:client 4002 left\n{TRACEBACK}",
        "/s.py:3: DeprecationWarning: asyncio.get_event_loop() is deprecated\n  loop()\n",
        "(node:9) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.\n",
        "(node:9) ExperimentalWarning: Type stripping is an experimental feature\n",
        "listening at /s.pl line 3.\n",
        "==7== Memcheck, a memory error detector\n==7== ERROR SUMMARY: 0 errors from 0 contexts\n",
        "INFO thread 'worker' panicked at nothing, says the client\n",
        '{"level": "info", "text": "Traceback (most recent call last): none"}\n',
    ],
)
def test_ordinary_logging_is_no_error_report(text: str) -> None:
    assert error_reports(text) == []


PRINTS = "import traceback\ntry: 1 / 0\nexcept Exception: traceback.print_exc()"


@pytest.mark.parametrize(
    ("code", "report"),
    [
        ("import threading; threading.Thread(target=lambda: 1 / 0).start()", "ZeroDivisionError: division by zero"),
        ("import warnings; warnings.warn('odd')", "<string>:1: UserWarning: odd"),
        (PRINTS, "ZeroDivisionError: division by zero"),
        ("import faulthandler, os; faulthandler.enable(); os.abort()", "Fatal Python error: Aborted"),
    ],
)
def test_this_python_is_recognized(code: str, report: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert [one.text.partition(" (")[0] for one in error_reports(done.stderr)] == [report]


def test_report_begins_at_its_line() -> None:
    assert [one.line for one in error_reports(f"a\nb\n{TRACEBACK}c\n{UNAWAITED}")] == [2, 7]


def test_numbers_make_no_difference() -> None:
    assert without_numbers("port 4000 at 0x7fab") == without_numbers("port 5 at 0x1")
