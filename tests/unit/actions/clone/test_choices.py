"""Which disks are copied, as --copy, --force-copy and --skip-copy say."""

from __future__ import annotations

from typing import Any

import pytest

from virtprov.actions.clone.choices import Choices
from virtprov.actions.request import CloneRequest, DiskChoice
from virtprov.guest.document import Guest
from virtprov.support.errors import UsageError


def guest() -> Guest:
    """Four disks: plain, read-only, shareable, and an empty drive."""

    def disk(target: str, more: str = "", source: str = "<source file='/srv/x'/>") -> str:
        return f"<disk type='file' device='disk'>{source}<target dev='{target}'/>{more}</disk>"

    return Guest.parse(
        "<domain><name>one</name><devices>"
        + disk("vda")
        + disk("vdb", "<readonly/>")
        + disk("vdc", "<shareable/>")
        + disk("sda", source="")
        + "</devices></domain>"
    )


def copied(*choices: DiskChoice, **more: Any) -> str:
    """The targets of the disks that are copied."""
    one = guest()
    made = Choices(CloneRequest(choices=choices, **more), one)
    names = ("vda", "vdb", "vdc", "sda")
    return " ".join(name for name, disk in zip(names, one.disks(), strict=True) if made.is_copied(disk))


@pytest.mark.parametrize(
    ("choices", "more", "targets"),
    [
        ((), {}, "vda"),
        ((DiskChoice("vda", skip=True),), {}, ""),
        ((DiskChoice("vdb", share=False),), {}, "vda vdb"),
        ((DiskChoice("vdb", share=True),), {}, "vda"),
        ((DiskChoice("vdc", pool="p"),), {}, "vda vdc"),
        ((DiskChoice("vdc", path="/a"),), {}, "vda vdc"),
        ((DiskChoice("vdc", format="raw"),), {}, "vda vdc"),
        ((DiskChoice("vdb", linked=True),), {}, "vda vdb"),
        ((DiskChoice("vdb", linked=False),), {}, "vda"),
        ((DiskChoice("vdb"),), {}, "vda"),
        ((DiskChoice("all", skip=True),), {}, ""),
        ((DiskChoice("all", share=False),), {}, "vda vdb vdc"),
        ((DiskChoice("all", format="qcow2"),), {}, "vda"),  # shared disks have no format to choose
        ((DiskChoice("all", skip=True), DiskChoice("vda", skip=False)), {}, "vda"),
        ((DiskChoice("all", skip=True), DiskChoice("vdb", share=False)), {}, "vdb"),
        ((DiskChoice("all", share=False), DiskChoice("vda", skip=True)), {}, "vdb vdc"),
        ((DiskChoice("vda", path="/a"),), {"skip": frozenset(["all"])}, "vda"),
        ((DiskChoice("vda", skip=True),), {"force": frozenset(["all"])}, "vdb vdc"),
    ],
)
def test_which_disks_are_copied(choices: tuple[DiskChoice, ...], more: dict[str, Any], targets: str) -> None:
    assert copied(*choices, **more) == targets


@pytest.mark.parametrize(
    ("choice", "more", "found"),
    [
        ((), {}, DiskChoice("vda")),
        ((), {"pool": "p"}, DiskChoice("vda", pool="p")),
        ((DiskChoice("vda", pool="q"),), {"pool": "p"}, DiskChoice("vda", pool="q")),
        ((DiskChoice("vda", path="/a"),), {"pool": "p"}, DiskChoice("vda", path="/a")),
        ((DiskChoice("all", pool="q", format="raw"), DiskChoice("vda", path="/a")), {},
         DiskChoice("vda", path="/a", format="raw")),
        ((DiskChoice("all", linked=True), DiskChoice("vda", linked=False)), {}, DiskChoice("vda", linked=False)),
        ((DiskChoice("all", linked=True),), {}, DiskChoice("vda", linked=True)),
    ],
)  # fmt: skip
def test_what_is_wanted_for_a_disk(choice: tuple[DiskChoice, ...], more: dict[str, Any], found: DiskChoice) -> None:
    one = guest()
    made = Choices(CloneRequest(choices=choice, **more), one).of(one.disks()[0])
    assert made._replace(target="vda") == found


def test_a_disk_that_two_guests_would_write_to() -> None:
    with pytest.raises(UsageError, match="'one' writes to vda, which is not marked as shareable") as caught:
        copied(DiskChoice("vda", share=True))
    assert "virtprov-xml one --edit target.dev=vda --disk shareable=yes" in caught.value.hint
    with pytest.raises(UsageError, match="writes to vda"):
        copied(DiskChoice("all", share=True))


@pytest.mark.parametrize("choice", [DiskChoice("sda", path="/a"), DiskChoice("sda", share=False)])
def test_an_empty_drive_has_nothing_to_copy(choice: DiskChoice) -> None:
    with pytest.raises(UsageError, match="--copy sda: the drive is empty"):
        copied(choice)
    assert copied(DiskChoice("sda", skip=True)) == "vda"


@pytest.mark.parametrize(
    ("more", "option"),
    [
        ({"choices": (DiskChoice("vdz"),)}, "--copy"),
        ({"force": frozenset(["vdz"])}, "--force-copy"),
        ({"skip": frozenset(["vdz"])}, "--skip-copy"),
    ],
)
def test_unknown_disks_are_refused(more: dict[str, Any], option: str) -> None:
    with pytest.raises(UsageError, match=f"{option} vdz: the guest has no disk with this name") as caught:
        Choices(CloneRequest(**more), guest())
    assert caught.value.hint == "its disks: vda, vdb, vdc, sda"
