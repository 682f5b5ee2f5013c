"""virtprov-xml --file --in-place: of a file only what is changed gets other letters."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.actions.edit.changing import original
from virtprov.cli import app
from virtprov.cli.edit import command
from virtprov.support.errors import UsageError
from virtprov.support.user_files import lock

ROOT = Path(__file__).resolve().parents[3]
PLAIN = """<?xml version='1.0' encoding="utf-8"?>
<!-- before -->
<domain type="kvm" xmlns:my='urn:x'>
\t<name>g&#252;</name><!-- ä > "1" -->
  <memory unit='KiB'>1048576</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu>2</vcpu>
  <metadata><my:a  b = 'c'></my:a><my:t><![CDATA[<x>&]]></my:t></metadata>
  <os><type arch="x86_64">hvm</type></os>
  <devices>
    <disk type='file'
          device='disk'><target dev="vda"/></disk>
  </devices>
</domain>
<!-- after -->
"""


def written(tmp_path: Path, data: bytes, *argv: str) -> bytes:
    """What is in the file after --vcpus is set to 3, and whatever else."""
    path = tmp_path / "guest.xml"
    path.write_bytes(data)
    assert command.main(["--file", str(path), "--in-place", "--edit", "--vcpus", "3", *argv]) == 0
    return path.read_bytes()


NASTY = {
    "as it is": PLAIN.encode(),
    "no newline at the end": PLAIN.rstrip("\n").encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "CR": PLAIN.replace("\n", "\r").encode(),
    "a mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": ("\ufeff" + PLAIN.replace("utf-8", "utf-16")).encode("utf-16-le"),
    "UTF-16 the other way": ("\ufeff" + PLAIN.replace("utf-8", "UTF-16")).encode("utf-16-be"),
    "Latin 1": PLAIN.replace("utf-8", "iso-8859-1").encode("latin-1"),
    "no declaration": PLAIN.partition("\n")[2].encode(),
    "empty lines around": b"" + PLAIN.partition("\n")[2].join(("\n\n", "\n\n")).encode(),
    "blanks at line ends": PLAIN.replace(">\n", ">  \n").encode(),
}


@pytest.mark.parametrize("name", NASTY)
def test_only_what_is_changed_gets_other_letters(tmp_path: Path, name: str) -> None:
    data = NASTY[name]
    wide = "utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be" if data.startswith(b"\xfe\xff") else "ascii"
    old, new = "<vcpu>2</vcpu>".encode(wide), "<vcpu>3</vcpu>".encode(wide)
    assert data.count(old) == 1
    assert written(tmp_path, data) == data.replace(old, new)


def test_what_is_added_ends_its_lines_as_the_file_does(tmp_path: Path) -> None:
    data = NASTY["CRLF"]
    made = written(tmp_path, data, "--add-device", "--rng", "/dev/urandom")
    assert b"<rng" in made and made.count(b"\n") == made.count(b"\r\n") > data.count(b"\n")


def test_letters_that_the_encoding_lacks_are_written_as_numbers(tmp_path: Path) -> None:
    made = written(tmp_path, NASTY["Latin 1"], "--edit", "--metadata", "title=\u20ac \u00fc")
    assert b"<title>&#8364; \xfc</title>" in made


def test_mixed_line_ends_stay(tmp_path: Path) -> None:
    data = PLAIN.replace("</memory>\n", "</memory>\r\n").encode()
    assert written(tmp_path, data) == data.replace(b"<vcpu>2", b"<vcpu>3")


def test_rights_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "there.xml", tmp_path / "link.xml"
    path.write_text(PLAIN)
    path.chmod(0o640)
    link.symlink_to(path)
    assert command.main(["--file", str(link), "--in-place", "--edit", "--vcpus", "3"]) == 0
    assert link.is_symlink() and "<vcpu>3" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.xml", "there.xml"]


def test_a_file_that_says_so_already_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.xml"
    path.write_text(PLAIN)
    before = path.stat()
    assert command.main(["--file", str(path), "--in-place", "--edit", "--vcpus", "2"]) == 0
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    said = capsys.readouterr()
    assert said.out == "" and said.err == "warning: no change: the guest is already configured like this\n"


def test_what_is_said_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.xml"
    path.write_text(PLAIN)
    words = ["--file", str(path), "--edit", "--vcpus", "3"]
    assert command.main([*words, "--in-place", "--print-diff"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("--- Original XML\n") and "+  <vcpu>3</vcpu>\n" in shown.out
    assert command.main([*words, "--verify"]) == 10 and capsys.readouterr().out == shown.out
    assert path.read_text() == PLAIN
    assert command.main([*words]) == 0
    assert capsys.readouterr().out == PLAIN.replace("<vcpu>2", "<vcpu>3").replace("utf-8", "UTF-8")
    assert command.main([*words, "--in-place"]) == 0
    assert capsys.readouterr().out == f"Changed file '{path}'.\n"
    assert command.main([*words, "--verify"]) == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<?xml version='1.0' encoding='ascii'?><a>\xc3\xa4</a>", "is not valid ASCII: byte 42 cannot be decoded"),
        (b"<?xml version='1.0' encoding='klingon'?><domain/>", "declares the unknown encoding 'klingon'"),
        (b"<network/>", "has a <network> element instead of <domain>"),
        (b"", "guest.xml' is empty"),
        (b"<domain xmlns='u'/>", "has a <domain> element in a namespace"),
        (b"<d:domain xmlns:d='u'/>", "has a <domain> element in a namespace"),
    ],
)
def test_a_file_that_cannot_be_edited_stays(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        written(tmp_path, data)
    assert (tmp_path / "guest.xml").read_bytes() == data


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--in-place"], "--in-place requires --file"),
        (["--file", "-", "--in-place"], "--in-place cannot be used with standard input"),
        (["web", "--file", "x"], "--file cannot be combined with guests of a host"),
        (["--all", "--file", "x"], "--file cannot be combined with guests of a host"),
        (["--file", "x", "--in-place", "--print-xml"], "--in-place and --print-xml cannot be used together"),
        (["--file", "x", "--in-place", "--define"], "--in-place and --define cannot be used together"),
        (["--file", "x", "--update"], "--update requires a running guest; the XML in a file is not enough"),
        (["--file", "x", "--autostart", "yes"], "--autostart requires a guest of a host"),
        (["--file", "x", "--keep-old", "y"], "--keep-old requires a guest of a host"),
        (["--file", "/nowhere/x"], "the file '/nowhere/x' does not exist"),
    ],
)
def test_what_makes_no_sense(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command.main([*argv, "--edit", "--vcpus", "3"])


def test_no_libvirt_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "guest.xml"
    path.write_text(PLAIN)
    code = (
        "import sys\nfrom virtprov.cli.edit import command as edit\n"
        "status = edit.main(sys.argv[1:])\nsys.exit(status or 'libvirt' in sys.modules)"
    )
    words = [sys.executable, "-c", code, "--file", str(path), "--in-place", "--edit", "--vcpus", "3"]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, check=False).returncode == 0
    assert "<vcpu>3" in path.read_text()


# -- somebody else writes the file meanwhile ---------------------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let the file be changed once it was read, before it is looked at again."""
    read, count = original.read_file, [0]

    def reading(path: str) -> object:
        count[0] += 1
        if count[0] == 2:
            change()
        return read(path)

    monkeypatch.setattr("virtprov.actions.edit.file.read_file", reading)


def edit_in_place(path: Path, *argv: str) -> int:
    return app.run("virtprov-xml", command.main, ["--file", str(path), "--in-place", "--edit", "--vcpus", "3", *argv])


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "guest.xml"
    path.write_text(PLAIN)
    return path


@pytest.mark.parametrize("argv", [[], ["--confirm"]])
def test_the_change_is_made_in_what_the_file_holds_by_then(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    theirs = PLAIN.replace("<!-- before -->", "<!-- theirs -->")
    meanwhile(monkeypatch, lambda: there.write_text(theirs))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert edit_in_place(there, *argv) == 0
    assert there.read_text() == theirs.replace("<vcpu>2", "<vcpu>3")
    assert (
        f"The file '{there}' has been changed in the meantime; the change is applied to its current contents."
        in capsys.readouterr().err
    )


def test_nothing_else_is_written_than_was_agreed_to(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = PLAIN.replace("<vcpu>2", "<vcpu>7")
    meanwhile(monkeypatch, lambda: there.write_text(theirs))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert edit_in_place(there, "--confirm") == 2
    assert (
        "has been changed in the meantime, so the change would differ from the confirmed one" in capsys.readouterr().err
    )
    assert there.read_text() == theirs


def test_a_file_that_went_is_not_written_again(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    meanwhile(monkeypatch, there.unlink)
    assert edit_in_place(there) == 2
    assert "does not exist" in capsys.readouterr().err and not there.exists()


def test_two_runs_do_not_write_one_file_at_a_time(
    there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
    link = there.parent / "link.xml"
    link.symlink_to(there)
    with lock.take(f"file\n{there}", "writing it", print):
        assert edit_in_place(link) == 1
    assert "another run of virtprov has been writing '" in capsys.readouterr().err
    assert there.read_text() == PLAIN
    assert edit_in_place(link) == 0 and "<vcpu>3" in there.read_text()


def test_two_edits_of_one_file_at_once_lose_nothing(there: Path) -> None:
    changes = [["--vcpus", "3"], ["--memory", "512"], ["--metadata", "title=x"], ["--events", "on_crash=restart"]]
    code = "import sys\nfrom virtprov.cli.edit import command\nsys.exit(command.main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "--file", str(there), "--in-place", "--edit"]
    runs = [subprocess.Popen([*words, *change], cwd=ROOT, stdout=subprocess.DEVNULL) for change in changes]
    assert [run.wait() for run in runs] == [0] * 4
    text = there.read_text()
    assert all(word in text for word in ("<vcpu>3", "524288", "<title>x", "<on_crash>restart"))
