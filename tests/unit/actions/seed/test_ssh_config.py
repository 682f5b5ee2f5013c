"""Entries of guests in a file of ssh's: added, replaced, removed; the rest stays as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from virtprov.actions.run import trail
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.seed import ssh_config
from virtprov.host.connection import Host
from virtprov.support.errors import InputError, ProvError, UsageError

ONE, TWO = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e02"
OWN = '# mine\nHost a b*\n  User me\n\n\tHost = "c d"\n'


@pytest.fixture
def file(tmp_path: Path, home: Path) -> Path:
    return tmp_path / "config"


def add(file: Path, place: Host, name: str = "web", uuid: str = ONE, address: str = "192.0.2.5") -> list[str]:
    said: list[str] = []
    ssh_config.add(str(file), name, uuid, [("HostName", address), ("Port", "2222")], place, said.append)
    return said


def ask_ssh(file: Path, name: str) -> dict[str, str]:
    """What ssh itself reads for a name."""
    done = subprocess.run(["ssh", "-G", "-F", file, name], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_ssh_reads_the_entry(file: Path, place: Host) -> None:
    file.write_text(OWN)
    assert add(file, place) == []
    assert file.read_text().startswith(OWN)
    found = ask_ssh(file, "web")
    assert (found["hostname"], found["port"]) == ("192.0.2.5", "2222")
    assert ask_ssh(file, "a")["user"] == "me"


def test_a_second_run_replaces_it(file: Path, place: Host) -> None:
    file.write_text(OWN)
    add(file, place)
    add(file, place, "db", TWO)
    add(file, place, address="192.0.2.6")
    assert file.read_text().count("Host web\n") == 1
    assert (ask_ssh(file, "web")["hostname"], ask_ssh(file, "db")["hostname"]) == ("192.0.2.6", "192.0.2.5")


def test_a_renamed_guest_has_one_entry(file: Path, place: Host) -> None:
    add(file, place)
    add(file, place, "shop")
    assert "web" not in file.read_text()


def test_the_entry_of_another_guest_of_that_name_is_replaced_aloud(file: Path, place: Host) -> None:
    add(file, place)
    (said,) = add(file, place, uuid=TWO)
    assert said == f"'web' in {file} was another guest ({ONE} on {place.uri}); its entry is replaced"
    assert ONE not in file.read_text()


def test_removing_it_leaves_the_rest(file: Path, place: Host) -> None:
    file.write_text(OWN)
    os.chmod(file, 0o640)
    add(file, place)
    add(file, place, "db", TWO)
    assert ssh_config.remove(str(file), ONE, place, print)
    assert "web" not in file.read_text() and ask_ssh(file, "db")["hostname"] == "192.0.2.5"
    assert ssh_config.remove(str(file), TWO, place, print)
    assert file.read_text() == OWN and file.stat().st_mode & 0o777 == 0o640
    assert not ssh_config.remove(str(file), TWO, place, print)
    assert not ssh_config.remove("/nowhere/config", TWO, place, print)


@pytest.mark.parametrize("name", ["a", "c", "d"])
def test_an_entry_of_the_users_own_is_not_touched(file: Path, place: Host, name: str) -> None:
    file.write_text(OWN)
    with pytest.raises(UsageError, match=f"has an entry '{name}' that virtprov did not write"):
        add(file, place, name)
    with pytest.raises(UsageError, match=f"has an entry '{name}'"):
        ssh_config.check(str(file), name)
    assert file.read_text() == OWN
    ssh_config.check(str(file), "web")
    ssh_config.check("/nowhere/config", "web")


def test_an_entry_without_its_end(file: Path, place: Host) -> None:
    add(file, place)
    text = "".join(line for line in file.read_text().splitlines(True) if not line.startswith("# virtprov: end"))
    file.write_text(text)
    with pytest.raises(ProvError, match="line 1: the entry of 'web' has no end") as caught:
        add(file, place)
    assert f"# virtprov: end web {ONE}" in caught.value.hint
    assert file.read_text() == text


def test_every_byte_of_the_rest_stays(file: Path, place: Host) -> None:
    own = b"# caf\xe9\r\n# \x0b\x0c \xe2\x80\xa8 x\nHost a\n"
    file.write_bytes(own)
    add(file, place)
    assert file.read_bytes().startswith(own)


def test_a_link_stays_a_link(tmp_path: Path, file: Path, place: Host) -> None:
    (tmp_path / "real").write_text(OWN)
    file.symlink_to(tmp_path / "real")
    add(file, place)
    assert file.is_symlink() and "Host web" in (tmp_path / "real").read_text()


def test_a_folder_is_no_file(tmp_path: Path, place: Host) -> None:
    with pytest.raises(InputError, match="is a directory"):
        ssh_config.check(str(tmp_path), "web")


def test_a_killed_run_leaves_a_file_that_is_cleaned_up(
    file: Path, place: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "for_host", lambda tool, host, warn: trail.FileTrail(tool, host, warn))
    file.write_text(OWN)
    left = file.parent / ".config.abcdef"

    class Killed(BaseException):
        """The end of the process."""

    def die(path: str, data: bytes) -> None:
        left.write_bytes(data)
        raise Killed

    monkeypatch.setattr("virtprov.support.file_access.files.rewrite", die)
    monkeypatch.setattr(trail.Entry, "note_removed", lambda self: None)
    monkeypatch.setattr(trail.FileTrail, "discard", trail.FileTrail.let_go)
    with pytest.raises(Killed):
        add(file, place)
    ((run, log),) = read_ended_runs([])
    (artifact,) = (each.artifact for each in run.left)
    artifact.take_down(place)
    log.close()
    assert not left.exists() and file.read_text() == OWN
