"""Copying guests from a program."""

from __future__ import annotations

import pytest

import virtprov
from virtprov import Copy, Host
from virtprov.actions.request import CloneRequest
from virtprov.library.cloning import to_request


def test_a_guest_is_copied(host: Host) -> None:
    made = virtprov.clone(host, Copy(original="a1"))
    assert (made.name, made.original) == ("a1-clone", "a1")
    known = host.guests.find("a1-clone")
    assert known is not None and known.uuid == made.uuid and made.uuid in made.xml
    assert made.volumes == () and made.nvram is None


def test_the_original_may_be_a_document(host: Host) -> None:
    text = host.guests.xml("a1", inactive=True)
    made = virtprov.clone(host, Copy(original_xml=text, name="new"))
    assert (made.name, made.original) == ("new", "a1") and host.guests.find("new") is not None


def test_every_field_finds_its_place() -> None:
    copy = Copy(
        original="a", name="b", uuid="u", auto=False, replace=True, reflink=True, sparse=False, files=["/1"],
        macs=["RANDOM"], nvram="/n", force_copy=["sda"], skip_copy="vdb", preserve_data=True, checks="disk_size=off",
    )  # fmt: skip
    made = to_request(copy)
    assert made._replace(checks=CloneRequest().checks) == CloneRequest(
        original="a", name="b", uuid="u", auto=False, replace=True, reflink=True, sparse=False, files=("/1",),
        macs=("RANDOM",), nvram="/n", force=frozenset(["sda"]), skip=frozenset(["vdb"]), preserve=True,
    )  # fmt: skip
    assert not made.checks.disk_size


@pytest.mark.parametrize(
    ("copy", "kind", "message"),
    [
        (Copy(), virtprov.UsageError, "the guest to copy is not named"),
        (Copy(original="a1", original_xml="<domain/>"), virtprov.UsageError, "name two guests"),
        (Copy(original="a1", files=[""]), virtprov.UsageError, "--file is given without a path"),
        (Copy(original="a1", auto=False), virtprov.UsageError, "the copy has no name"),
        (Copy(original_xml="<domain"), virtprov.XmlError, "the original's XML"),
        (Copy(original="c1"), virtprov.HostError, "has no guest 'c1'"),
    ],
)
def test_what_cannot_be_copied(copy: Copy, kind: type[virtprov.ProvError], message: str, host: Host) -> None:
    with pytest.raises(kind, match=message):
        virtprov.clone(host, copy)
