"""Which directories keep QEMU's account from the disks."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from virtprov.guest.disks.checks import reachable
from virtprov.host.facts.capabilities import SecurityModel
from virtprov.support.file_access.acl import Person
from virtprov.xml import tree
from virtprov.xml.tree import Element

NOBODY = pwd.getpwnam("nobody")
LABELS = (("kvm", f"+{NOBODY.pw_uid}:+{NOBODY.pw_gid}"),)


def host(**facts: object) -> SimpleNamespace:
    """A host on this machine, whose QEMU runs as nobody."""
    models = facts.pop("models", (SecurityModel("apparmor", "0", ()), SecurityModel("dac", "0", LABELS)))
    plain = {"driver": "qemu", "is_remote": False, "is_recorded": False, "is_session": False}
    capabilities = SimpleNamespace(of_host=lambda: SimpleNamespace(security_models=models))
    return SimpleNamespace(**{**plain, **facts}, capabilities=capabilities)


def disk(path: object, attribute: str = "file") -> Element:
    return tree.parse(f"<disk><source {attribute}='{path}'/></disk>")


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """A directory that everybody may reach, as far as the directories below the temporary one go."""
    (tmp_path / "open").mkdir(mode=0o711)
    (tmp_path / "open").chmod(0o711)
    return tmp_path / "open"


def below(found: list[reachable.Barrier], base: Path) -> list[str]:
    """Those directories that the test made: what is around them is the machine's."""
    return [os.path.relpath(each.directory, base) for each in found if each.directory.startswith(f"{base}/")]


def test_closed_directories_are_found(open_path: Path) -> None:
    for name in ("a", "a/b", "c"):
        (open_path / name).mkdir()
        (open_path / name).chmod(0o700)
    (open_path / "c").chmod(0o755)
    disks = [disk(open_path / "a/b/x.img"), disk(open_path / "a/y.img"), disk(open_path / "c/z.img"), disk("")]
    assert below(reachable.barriers(host(), disks), open_path) == ["a", "a/b"]


def test_links_are_followed(open_path: Path) -> None:
    (open_path / "hidden").mkdir()
    (open_path / "hidden").chmod(0o700)
    (open_path / "hidden/x.img").touch()
    (open_path / "x.img").symlink_to("hidden/x.img")
    assert below(reachable.barriers(host(), [disk(open_path / "x.img")]), open_path) == ["hidden"]


@pytest.mark.parametrize(
    "facts",
    [
        {"driver": "test"},
        {"is_remote": True},
        {"is_recorded": True},
        {"is_session": True},
        {"models": (SecurityModel("dac", "0", (("kvm", "+0:+0"),)),)},
    ],
)
def test_where_nothing_is_said(facts: dict[str, object], open_path: Path) -> None:
    open_path.chmod(0o700)
    assert reachable.barriers(host(**facts), [disk(open_path / "x.img")]) == []


def test_an_account_without_a_name(open_path: Path) -> None:
    open_path.chmod(0o700)
    models = (SecurityModel("dac", "0", (("qemu", "+64000123:+64000124"),)),)
    found = reachable.barriers(host(models=models), [disk(open_path / "x.img")])
    assert found[-1].person == Person("64000123", 64000123, frozenset({64000124}))


@pytest.mark.parametrize(
    ("program", "command"),
    [("/bin/setfacl", "setfacl --modify user:joe:x '/a b'"), (None, "chmod o+x '/a b'")],
)
def test_the_line_that_helps(program: str | None, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Callable[[str], str | None] = lambda name: program  # noqa: E731
    monkeypatch.setattr("virtprov.support.programs.find", found)
    barrier = reachable.Barrier("/a b", "/a b/x.img", Person("joe", 7, frozenset()))
    assert barrier.command == command
    assert (
        "QEMU runs as 'joe', which has no search permission on /a b and cannot open" in barrier.sentence
        and "--fix-permissions" in barrier.sentence
    )
