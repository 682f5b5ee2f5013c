"""UEFI variables: where they are, and which of them were there before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.nvram import new_files, variable_files
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps.guest import Define
from virtprov.guest.document import DomainDocument, Guest
from virtprov.host.connection import Host
from virtprov.host.facts.info import GuestInfo
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]
NEW = """<domain type='test'><name>new</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01</uuid><memory>65536</memory>
<os><type>hvm</type>{}</os><devices/></domain>"""
FOLDER = "/var/lib/libvirt/qemu/nvram"


class Variables(StandIn):
    """A host that notes what is to become of UEFI variables; of those in `there` it knows by its pools."""

    driver, is_session, is_alive = "qemu", False, True

    def __init__(self, *, remote: bool = False, there: str = "") -> None:
        self.is_remote = remote
        self.there = there
        self.removed: object = None

    def guests_define(self, xml: str) -> GuestInfo:
        return GuestInfo("new", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01", None, "shut off", False, True)

    def guests_find(self, key: str) -> GuestInfo:
        return self.guests_define("")

    def guests_destroy(self, key: str) -> bool:
        return False

    def storage_volume_at(self, path: str) -> None:
        return None

    def storage_pool_at(self, directory: str) -> None:
        return None

    def storage_create_pool(self, xml: str, **how: object) -> None:
        if "/nowhere" in xml:
            raise HostError("cannot open the folder: No such file or directory")
        if "/secret" in xml:
            raise HostError("cannot open the folder: Permission denied")

    def storage_remove_pool(self, name: str) -> None:
        pass

    def storage_volume(self, pool: str, name: str) -> str | None:
        return name if name == self.there else None

    def guests_undefine(self, name: str, *, nvram: bool, tpm: bool) -> None:
        assert tpm
        self.removed = nvram


@pytest.mark.parametrize(
    ("nvram", "remote", "there", "removed"),
    [
        ("", False, "", True),
        ("<nvram>{}/new_VARS.fd</nvram>", False, "", True),
        ("<nvram>{}/there_VARS.fd</nvram>", False, "", False),  # somebody's from before: it stays
        ("<nvram>{}/new_VARS.fd</nvram>", True, "", True),
        ("<nvram>{}/new_VARS.fd</nvram>", True, "new_VARS.fd", False),
        ("<nvram>/nowhere/new_VARS.fd</nvram>", True, "", True),
        ("<nvram>/secret/new_VARS.fd</nvram>", True, "", False),  # who knows?
        ("<nvram type='network'/>", False, "", False),
        ("<nvram template='/t.fd'/>", False, "", True),
        ("<loader type='pflash'>/t.fd</loader>", True, "new_VARS.fd", False),  # as libvirt names it by itself
        ("<loader type='pflash'>/t.fd</loader>", True, "old_VARS.fd", True),
    ],
)
def test_variables_that_were_there_survive_an_undo(
    nvram: str, remote: bool, there: str, removed: bool, context_of: Around, tmp_path: Path
) -> None:
    (tmp_path / "there_VARS.fd").touch()
    host = Variables(remote=remote, there=there)
    undo = Define("new", DomainDocument.parse(NEW.format(nvram.format(tmp_path)))).do(context_of(host))
    assert undo is not None
    undo()
    assert host.removed is removed


@pytest.mark.parametrize(
    ("os", "files"),
    [
        ("", []),
        ("<nvram>/a_VARS.fd</nvram>", ["/a_VARS.fd"]),
        ("<nvram type='file'><source file='/b.fd'/></nvram>", ["/b.fd"]),
        ("<loader type='pflash'>/t.fd</loader>", [f"{FOLDER}/new_VARS.fd", f"{FOLDER}/new_VARS.qcow2"]),
    ],
)
def test_variable_files_are_where_the_document_or_libvirt_says(os: str, files: list[str]) -> None:
    host: Any = Variables()
    assert variable_files(host, Guest.parse(NEW.format(os))) == files


def test_variable_files_of_a_session_are_in_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    host: Any = Variables()
    host.is_session = True
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/me/.config")
    first, _ = variable_files(host, Guest.parse(NEW.format("<loader type='pflash'/>")))
    assert first == "/home/me/.config/libvirt/qemu/nvram/new_VARS.fd"


def test_variable_files_are_qemus_alone(place: Host) -> None:
    assert variable_files(place, Guest.parse(NEW.format("<loader type='pflash'/>"))) == []


def test_new_files_are_those_that_are_not_there(context_of: Around, tmp_path: Path) -> None:
    context = context_of(Variables())
    guest = Guest.parse(NEW.format(f"<nvram>{tmp_path}/new_VARS.fd</nvram>"))
    assert new_files(context, guest) == [f"{tmp_path}/new_VARS.fd"]
    (tmp_path / "new_VARS.fd").touch()
    assert new_files(context, guest) == []
