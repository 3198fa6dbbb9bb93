"""Listening: what is bound, with which options, and what happens to the path."""

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
from upecho.serving.listener import listening, listening_beside
from upecho.serving.settings import Settings
from upecho.support.errors import AddressError, NoPortLeft

SETTINGS = Settings()
inet6_only = pytest.mark.skipif(not Family.INET6.is_available(), reason="no IPv6 here")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="behaviour of Linux")


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


def test_path_is_removed_at_the_end(path: Path) -> None:
    with at(path):
        assert stat.S_ISSOCK(path.lstat().st_mode)
    assert list(path.parent.iterdir()) == []


def test_path_is_removed_after_an_error(path: Path) -> None:
    with pytest.raises(RuntimeError), at(path):
        raise RuntimeError
    assert not path.exists()


def test_stale_path_is_replaced(path: Path) -> None:
    leave_stale(path)
    with at(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("owner", [at, datagram_socket, full_backlog])
def test_live_path_is_kept(path: Path, owner: Callable[[Path], "contextlib.AbstractContextManager[object]"]) -> None:
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
def test_path_that_is_not_a_socket_is_kept(path: Path, make: Callable[[Path], object]) -> None:
    make(path)
    before = path.lstat()
    with pytest.raises(AddressError, match="is not a socket; it was left alone"), at(path):
        pass
    assert path.lstat() == before


def test_link_to_a_stale_socket_is_kept(path: Path) -> None:
    leave_stale(target := path.with_name("target"))
    path.symlink_to(target)
    with pytest.raises(AddressError, match="not a socket"), at(path):
        pass
    assert path.is_symlink()
    assert target.is_socket()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize("mode", [0o600, 0o660, 0o777, 0o000])
def test_mode_is_exact_whatever_the_umask(path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, mode: int) -> None:
    for later in ("chmod", "fchmod"):  # a later change leaves a moment with other permissions
        monkeypatch.delattr(os, later)
    before = os.umask(umask)
    try:
        with at(path, mode):
            assert stat.S_IMODE(path.lstat().st_mode) == mode
    finally:
        assert os.umask(before) == umask


def test_default_mode_excludes_other_users() -> None:
    assert SETTINGS.mode == 0o600


def test_path_replaced_by_another_server_is_kept(path: Path) -> None:
    with at(path):
        path.unlink()
        leave_stale(path)
    assert path.is_socket()


def test_removed_path_is_no_error(path: Path) -> None:
    with at(path):
        path.unlink()


@contextlib.contextmanager
def calling_before(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, probe: Callable[[], None]
) -> Iterator[None]:
    """Call ``probe`` before each call of a function."""
    function = getattr(where, name)

    def probed(*arguments: object) -> object:
        probe()
        return function(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, probed)
        yield


def test_path_is_examined_under_a_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.open(path.parent, os.O_RDONLY)

    def probe() -> None:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    with calling_before(monkeypatch, listener, "_remove_if_stale", probe), at(path):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the lock has been released
    os.close(other)


def test_lock_is_held_until_clients_can_connect(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def probe() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))

    with calling_before(monkeypatch, os, "close", probe), at(path):
        pass


def test_path_replaced_at_once_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def take_over() -> None:
        path.unlink()
        leave_stale(path)

    with calling_before(monkeypatch, os, "close", take_over), at(path):
        pass
    assert path.is_socket()


# Binds one path after another, each when it is told to, and keeps what it has bound.
RACER = """
import sys
from upecho.net.address import Address
from upecho.support.errors import AddressError, NoPortLeft
from upecho.serving.listener import listening, listening_beside
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


def test_missing_directory_is_reported(directory: Path) -> None:
    with pytest.raises(AddressError, match="/no/s: the directory does not exist"), at(directory / "no" / "s"):
        pass


def test_file_in_place_of_a_directory_is_reported(path: Path) -> None:
    path.touch()
    with pytest.raises(AddressError, match="a component of the path is not a directory"), at(path / "s"):
        pass


# Root may write everywhere, so a process that runs as root first becomes another user.
OUTSIDER = """
import os, sys
from upecho.net.address import Address
from upecho.serving.listener import listening, listening_beside
from upecho.serving.settings import Settings
if os.geteuid() == 0:
    os.setuid(65534)
listening(Address.parse(sys.argv[1]), Settings()).__enter__()
"""


def test_directory_without_permission_is_reported(directory: Path) -> None:
    directory.chmod(0o555)
    command = [sys.executable, "-c", OUTSIDER, f"unix:{directory}/s"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"AddressError: cannot listen on unix:{directory}/s: permission denied" in done.stderr


def test_port_in_use_is_reported() -> None:
    with listening(Address.parse("127.0.0.1:0"), SETTINGS) as first:
        taken = Address.of(first)
        with (
            pytest.raises(AddressError, match=f"cannot listen on {taken}: .* in use"),
            listening(taken, SETTINGS),
        ):
            pass


def test_address_of_another_machine_is_reported() -> None:
    with (
        pytest.raises(AddressError, match="this machine has no such address"),
        listening(Address.parse("192.0.2.1:0"), SETTINGS),  # TEST-NET-1 (RFC 5737)
    ):
        pass


def test_port_can_be_bound_again_at_once() -> None:
    with listening(Address.parse("127.0.0.1:0"), SETTINGS) as first:
        address = Address.of(first)
        with socket.create_connection((address.host, address.port)):
            first.accept()[0].close()  # our side closes first, so our port is in TIME-WAIT
    with listening(address, SETTINGS):
        pass


@inet6_only
def test_ipv6_listener_leaves_the_ipv4_port_free() -> None:
    with listening(Address.parse("[::]:0"), SETTINGS) as six:
        port = Address.of(six).port
        with listening(Address(Family.INET, host="127.0.0.1", port=port), SETTINGS):
            pass


@linux_only
@pytest.mark.parametrize("text", ["127.0.0.1:0", pytest.param("[::1]:0", marks=inet6_only)])
def test_accepted_sockets_have_nodelay(text: str) -> None:
    with listening(Address.parse(text), SETTINGS) as bound:
        address = Address.of(bound)
        with socket.create_connection((address.host, address.port)), bound.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@linux_only
def test_backlog_is_as_requested(path: Path) -> None:
    with (
        listening(Address(Family.UNIX, path=str(path)), Settings(backlog=2)),
        contextlib.ExitStack() as clients,
    ):
        outcomes = []
        for _ in range(4):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            outcomes.append(client.connect_ex(str(path)) == 0)
        assert outcomes == [True, True, True, False]  # Linux queues one more than requested


@linux_only
def test_abstract_name_leaves_no_file() -> None:
    with listening(Address.parse(name := f"unix:@upecho-{os.getpid()}"), SETTINGS) as bound:
        assert str(Address.of(bound)) == name
    assert not Path(name.removeprefix("unix:")).exists()


def test_missing_port_is_no_port_left_only_for_port_0(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(NoPortLeft), listening(Address.parse("127.0.0.1:0"), Settings()):
        pass
    with pytest.raises(AddressError, match="in use"), listening(Address.parse("127.0.0.1:1"), Settings()):
        pass


@linux_only
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=inet6_only)])
def test_listener_beside_another_has_its_address_and_options(host: str) -> None:
    family = Family.INET6 if ":" in host else Family.INET
    with listening(Address(family, host=host), SETTINGS) as first, listening_beside(first, SETTINGS) as second:
        assert Address.of(second) == Address.of(first)
        for level, option in [
            (socket.IPPROTO_TCP, socket.TCP_NODELAY),
            (socket.SOL_SOCKET, socket.SO_REUSEPORT),
            (socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
        ]:
            assert [one.getsockopt(level, option) for one in (first, second)] == [1, 1]
        with pytest.raises(AddressError, match="in use"), listening(Address.of(first), SETTINGS):
            pass
