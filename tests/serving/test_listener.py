"""Listening: what is bound, with which options, and what becomes of the path."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from upecho.net.address import Address, Family
from upecho.serving import listener
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft

SETTINGS = Settings()
inet6_only = pytest.mark.skipif(not Family.INET6.is_available(), reason="no IPv6 here")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="how Linux does it")


@pytest.fixture
def path(directory: Path) -> Path:
    return directory / "s"


def at(path: Path, mode: int = 0o600) -> "contextlib.AbstractContextManager[socket.socket]":
    return listening(Address(Family.UNIX, path=str(path)), Settings(mode=mode))


def leave_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))


@contextlib.contextmanager
def datagram_socket(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as live:
        live.bind(str(path))
        yield


@contextlib.contextmanager
def full_backlog(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as live, contextlib.ExitStack() as clients:
        live.bind(str(path))
        live.listen(0)
        outcome = 0
        while not outcome:
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            outcome = client.connect_ex(str(path))
        yield


def test_a_path_vanishes_at_the_end(path: Path) -> None:
    with at(path):
        assert stat.S_ISSOCK(path.lstat().st_mode)
    assert list(path.parent.iterdir()) == []


def test_a_path_vanishes_when_the_work_fails(path: Path) -> None:
    with pytest.raises(RuntimeError), at(path):
        raise RuntimeError
    assert not path.exists()


def test_a_stale_path_is_taken_over(path: Path) -> None:
    leave_stale(path)
    with at(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("owner", [at, datagram_socket, full_backlog])
def test_a_live_path_is_not_stolen(
    path: Path, owner: Callable[[Path], "contextlib.AbstractContextManager[object]"]
) -> None:
    with owner(path):
        before = path.lstat()
        with pytest.raises(AddressError, match="in use"), at(path):
            pass
        assert path.lstat().st_ino == before.st_ino


@pytest.mark.parametrize(
    "make",
    [Path.touch, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("missing")],
    ids=["file", "directory", "fifo", "dangling-link"],
)
def test_what_is_no_socket_is_left_alone(path: Path, make: Callable[[Path], object]) -> None:
    make(path)
    before = path.lstat()
    with pytest.raises(AddressError, match="is not a socket; it was left alone"), at(path):
        pass
    assert path.lstat() == before


def test_a_link_to_a_stale_socket_is_left_alone(path: Path) -> None:
    leave_stale(target := path.with_name("target"))
    path.symlink_to(target)
    with pytest.raises(AddressError, match="not a socket"), at(path):
        pass
    assert path.is_symlink()
    assert target.is_socket()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o660, 0o777, 0o000])
def test_permissions_are_as_asked_whatever_the_umask(
    path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, mode: int
) -> None:
    for later in ("chmod", "fchmod"):  # a moment with other permissions is a moment too long
        monkeypatch.delattr(os, later)
    before = os.umask(umask)
    try:
        with at(path, mode):
            assert stat.S_IMODE(path.lstat().st_mode) == mode
    finally:
        assert os.umask(before) == umask


def test_the_default_keeps_others_out() -> None:
    assert SETTINGS.mode == 0o600


def test_a_path_that_another_server_took_over_is_kept(path: Path) -> None:
    with at(path):
        path.unlink()
        leave_stale(path)
    assert path.is_socket()


def test_a_path_that_somebody_removed_is_no_error(path: Path) -> None:
    with at(path):
        path.unlink()


@contextlib.contextmanager
def calling_before(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, probe: Callable[[], None]
) -> Iterator[None]:
    """Call a probe before each call of a function."""
    function = getattr(where, name)

    def probed(*arguments: object) -> object:
        probe()
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, probed)
        yield


def test_a_path_is_looked_at_under_a_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.open(path.parent, os.O_RDONLY)

    def probe() -> None:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with calling_before(monkeypatch, listener, "_remove_if_stale", probe), at(path):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # and is free again
    os.close(other)


def test_the_lock_goes_when_clients_can_connect(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    with calling_before(monkeypatch, os, "close", probe), at(path):
        pass


def test_a_path_that_was_taken_over_at_once_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_over() -> None:
        path.unlink()
        leave_stale(path)

    with calling_before(monkeypatch, os, "close", take_over), at(path):
        pass
    assert path.is_socket()


# Tries one path after another, each when told to, and holds what it got until the next one.
RACER = """
import sys
from upecho.net.address import Address
from upecho.support.errors import AddressError, NoPortLeft
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
held = []
for line in sys.stdin:
    try:
        held.append(listening(Address.parse(line.strip()), Settings()))
        held[-1].__enter__()
        print("won", flush=True)
    except AddressError as error:
        print("lost", flush=True)
"""


def test_one_of_two_racing_servers_wins_a_stale_path(directory: Path) -> None:
    with contextlib.ExitStack() as stack:
        racers = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", RACER], stdin=-1, stdout=-1, bufsize=0))
            for _ in range(2)
        ]
        for number in range(20):
            leave_stale(path := directory / str(number))
            for racer in racers:
                assert racer.stdin
                racer.stdin.write(f"unix:{path}\n".encode())
            assert sorted(racer.stdout.readline() for racer in racers if racer.stdout) == [
                b"lost\n",
                b"won\n",
            ]


def test_a_missing_directory_is_named(directory: Path) -> None:
    with pytest.raises(AddressError, match="/no/s: the directory does not exist"), at(directory / "no" / "s"):
        pass


def test_a_file_is_no_directory(path: Path) -> None:
    path.touch()
    with pytest.raises(AddressError, match="a component of the path is not a directory"), at(path / "s"):
        pass


# Root may write everywhere, so a process that was root gives that up first.
OUTSIDER = """
import os, sys
from upecho.net.address import Address
from upecho.serving.listener import listening
from upecho.serving.settings import Settings
if os.geteuid() == 0:
    os.setuid(65534)
listening(Address.parse(sys.argv[1]), Settings()).__enter__()
"""


def test_a_directory_without_permission_is_named(directory: Path) -> None:
    directory.chmod(0o555)
    command = [sys.executable, "-c", OUTSIDER, f"unix:{directory}/s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"AddressError: cannot listen on unix:{directory}/s: permission denied" in done.stderr


def test_a_port_in_use_is_named() -> None:
    with listening(Address.parse("127.0.0.1:0"), SETTINGS) as first:
        taken = Address.of(first)
        with (
            pytest.raises(AddressError, match=f"cannot listen on {taken}: .* in use"),
            listening(taken, SETTINGS),
        ):
            pass


def test_a_foreign_address_is_named() -> None:
    with (
        pytest.raises(AddressError, match="this machine has no such address"),
        listening(Address.parse("192.0.2.1:0"), SETTINGS),  # TEST-NET-1 (RFC 5737)
    ):
        pass


def test_a_port_is_free_again_at_once() -> None:
    with listening(Address.parse("127.0.0.1:0"), SETTINGS) as first:
        address = Address.of(first)
        with socket.create_connection((address.host, address.port)):
            first.accept()[0].close()  # our side closes first, so it is ours that lingers
    with listening(address, SETTINGS):
        pass


@inet6_only
def test_ipv6_leaves_the_port_of_ipv4_alone() -> None:
    with listening(Address.parse("[::]:0"), SETTINGS) as six:
        port = Address.of(six).port
        with listening(Address(Family.INET, host="127.0.0.1", port=port), SETTINGS):
            pass


@linux_only
@pytest.mark.parametrize("text", ["127.0.0.1:0", pytest.param("[::1]:0", marks=inet6_only)])
def test_accepted_sockets_send_at_once(text: str) -> None:
    with listening(Address.parse(text), SETTINGS) as bound:
        address = Address.of(bound)
        with socket.create_connection((address.host, address.port)), bound.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@linux_only
def test_the_backlog_is_as_asked(path: Path) -> None:
    with (
        listening(Address(Family.UNIX, path=str(path)), Settings(backlog=2)),
        contextlib.ExitStack() as clients,
    ):
        outcomes = []
        for _ in range(4):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            outcomes.append(client.connect_ex(str(path)) == 0)
        assert outcomes == [True, True, True, False]  # Linux keeps one more than asked


@linux_only
def test_an_abstract_name_leaves_no_file() -> None:
    with listening(Address.parse(name := f"unix:@upecho-{os.getpid()}"), SETTINGS) as bound:
        assert str(Address.of(bound)) == name
    assert not Path(name.removeprefix("unix:")).exists()


def test_a_machine_without_ports_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(NoPortLeft), listening(Address.parse("127.0.0.1:0"), Settings()):
        pass
    with pytest.raises(AddressError, match="in use"), listening(Address.parse("127.0.0.1:1"), Settings()):
        pass
