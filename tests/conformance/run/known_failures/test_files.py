"""The files of known failures: invalid ones are refused, and what is written can be read."""

import os
from pathlib import Path

import pytest

from upecho.conformance.run.known_failures.files import expect_writable, read_known_failures, store
from upecho.conformance.run.known_failures.known import Entry, KnownFailures
from upecho.net.address import Family
from upecho.serving.target import Kind, Target
from upecho.support.errors import CallerError

TARGET = Target("selectors", Kind.IMPLEMENTATION)
ADDRESS = Target("127.0.0.1:9", Kind.ADDRESS, frozenset({Family.INET}))
HEAD = 'target = "selectors"\n'
HALF_CLOSE = '[[failure]]\ncheck = "half-close"\nreason = "no FIN"\n'


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "any-name.toml").write_text(HEAD + HALF_CLOSE + 'link = "https://example.org/1"\nfamilies = ["inet"]')
    return tmp_path


def test_file_names_the_target_of_its_failures(written: Path) -> None:
    failures = read_known_failures(str(written), [TARGET]).of(TARGET)
    assert failures
    inet = frozenset({Family.INET})
    assert failures.entries == (Entry("half-close", "no FIN", "https://example.org/1", inet),)
    assert read_known_failures(str(written), [ADDRESS]).of(TARGET) is None


def test_directory_known_is_the_default(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written)
    assert read_known_failures(None, [TARGET]).of(TARGET) is None
    (written / "known").mkdir()
    (written / "any-name.toml").rename(written / "known" / "x.toml")
    assert read_known_failures(None, [TARGET]).of(TARGET)
    assert read_known_failures("", [TARGET]).of(TARGET) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("target =", "is not TOML"),
        ('target = "\udcff"', "is not TOML"),
        (HALF_CLOSE, "it must name the target"),
        ("target = 1", "it must name the target"),
        (HEAD + "failures = 1", "unknown key 'failures'; did you mean failure"),
        (HEAD + "failure = 1", "must be a table headed [[failure]]"),
        (HEAD + HALF_CLOSE + "familys = []", "failure 1: unknown key 'familys'; did you mean families"),
        (HEAD + "[[failure]]\nreason = 'r'", "failure 1: it has no check"),
        (HEAD + "[[failure]]\ncheck = 'half-close'", "failure 1: it has no reason"),
        (HEAD + "[[failure]]\ncheck = 'half-close'\nreason = 1", "failure 1: reason is 1; it must be a string"),
        (HEAD + "[[failure]]\ncheck = 'half-close'\nreason = ''", "not empty"),
        (HEAD + "[[failure]]\ncheck = 'half-clos'\nreason = 'r'", "unknown check 'half-clos'; did you mean half-close"),
        (HEAD + "[[failure]]\ncheck = 'urgent-data'\nreason = 'r'", "urgent-data cannot fail"),
        (HEAD + HALF_CLOSE + "families = 'inet'", "failure 1: families is"),
        (HEAD + HALF_CLOSE + "families = []", "not empty"),
        (HEAD + HALF_CLOSE + "families = ['ipx']", "failure 1: unknown family 'ipx'"),
        (HEAD + HALF_CLOSE + "families = [['inet']]", "failure 1: unknown family"),
        (HEAD + HALF_CLOSE + "families = ['inet', 'inet']", "contains a family twice"),
        (HEAD + HALF_CLOSE + HALF_CLOSE, "failure 2 (half-close): failure 1 is about the same"),
        (HEAD + HALF_CLOSE + "families = ['inet']\n" + HALF_CLOSE, "failure 2 (half-close): failure 1 is about"),
        (
            HEAD + HALF_CLOSE.replace("half-close", "socket-path-too-long") + "families = ['inet']",
            "never applies to selectors",
        ),
        (
            'target = "127.0.0.1:9"\n' + HALF_CLOSE.replace("half-close", "graceful-shutdown"),
            "failure 1: the check graceful-shutdown never applies to 127.0.0.1:9",
        ),
        ('target = "127.0.0.1:9"\n' + HALF_CLOSE + "families = ['inet', 'unix']", "to 127.0.0.1:9 over unix"),
    ],
)
def test_invalid_file_is_named_on_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CallerError) as error:
        read_known_failures(str(tmp_path), [TARGET, ADDRESS])
    assert f"{tmp_path}/x.toml" in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_irregular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.toml")
    with pytest.raises(CallerError, match=r"cannot read .*/x.toml: it is not a regular file"):
        read_known_failures(str(tmp_path), [TARGET])


def test_two_files_about_one_target_are_refused(written: Path) -> None:
    (written / "other.toml").write_text(HEAD)
    with pytest.raises(CallerError, match=r"other.toml: .*any-name.toml is also about the target 'selectors'"):
        read_known_failures(str(written), [ADDRESS])


def test_missing_directory_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"cannot read known failures from .*/nowhere: it does not exist"):
        read_known_failures(str(tmp_path / "nowhere"), [TARGET])


def test_two_entries_about_one_check_may_have_different_families(tmp_path: Path) -> None:
    text = f"{HEAD}{HALF_CLOSE}families = ['inet']\n{HALF_CLOSE}families = ['unix', 'inet6']"
    (tmp_path / "x.toml").write_text(text)
    failures = read_known_failures(str(tmp_path), [TARGET]).of(TARGET)
    assert failures
    assert len(failures.entries) == 2


def test_written_entries_can_be_read(tmp_path: Path) -> None:
    target = Target('cmd:sh -c "x" \\ é {address}', Kind.COMMAND)
    entries = (Entry("half-close", 'a "quote", a \\, \x7f, \x01, 𝄞', "https://example.org/", frozenset({Family.UNIX})),)
    said = store(str(tmp_path), target, None, entries=entries)
    (path,) = tmp_path.iterdir()
    assert path.name == "cmd-sh-c-x-address.toml"
    assert said == f"wrote {path}: 1 known failure"
    failures = read_known_failures(str(tmp_path), [target]).of(target)
    assert failures == KnownFailures(path, target, entries)
    assert store(str(tmp_path), target, failures, entries=entries) == f"{path} is unchanged: 1 known failure"
    assert store(str(tmp_path), target, failures, entries=()) == f"removed {path}"
    assert list(tmp_path.iterdir()) == []


def test_file_about_another_target_is_not_overwritten(tmp_path: Path) -> None:
    one, other = Target("a:b", Kind.IMPLEMENTATION), Target("a-b", Kind.IMPLEMENTATION)
    for target in (one, other):
        store(str(tmp_path), target, None, entries=(Entry("half-close", "no FIN"),))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-b-2.toml", "a-b.toml"]
    known = read_known_failures(str(tmp_path), [one, other])
    assert known.of(one)
    assert known.of(other)


def test_writing_needs_a_directory() -> None:
    with pytest.raises(CallerError, match="--known '' says that there is none"):
        expect_writable("", TARGET, None)


@pytest.mark.parametrize("text", ["cmd:./server \udce4 {address}", "unix:/tmp/\x1b[31m"])
def test_unprintable_target_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="contains unprintable characters"):
        expect_writable(str(tmp_path), Target(text, Kind.COMMAND), None)
