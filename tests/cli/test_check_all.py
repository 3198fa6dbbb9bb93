"""``upecho check NAME+all``: every installed loop is checked, and one that cannot be used does not stop the others."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

Upecho = Callable[..., "subprocess.CompletedProcess[str]"]
SELECTED = ("--check", "echo-hello", "--family", "inet")


def test_all_checks_every_installed_loop_and_reports_one_that_crashes(upecho: Upecho, tmp_path: Path) -> None:
    (tmp_path / "rloop.py").write_text("print('noise')\nfrom asyncio import new_event_loop")
    (tmp_path / "uvloop.py").write_text("import os; os.abort()")
    (tmp_path / "zloop.py").write_text("import no_such_package")
    file = tmp_path / "verdicts.json"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = upecho("check", "asyncio+all", "selectors", *SELECTED, "--json", str(file), env=environment)
    assert done.returncode == 1
    found = json.loads(file.read_text())
    passed = {one["target"] for one in found["verdicts"] if one["verdict"] == "passed"}
    assert {"asyncio+asyncio", "asyncio+rloop", "selectors"} <= passed
    assert found["unusable"]["asyncio+uvloop"].endswith("was killed by SIGABRT")
    assert found["unusable"]["asyncio+zloop"].startswith("the package 'no_such_package' is not installed")
    assert "upecho: asyncio+uvloop: import failed" in done.stderr


def test_all_of_a_server_without_a_loop_is_refused(upecho: Upecho) -> None:
    done = upecho("check", "threads+all", *SELECTED)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "upecho: threads does not use an event loop; write threads without one\n"
