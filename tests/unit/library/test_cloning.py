"""Copying guests from a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import virtprov
from virtprov import Copy, Host
from virtprov.actions.request import CloneRequest
from virtprov.actions.seed import login
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.library.cloning import to_request


def test_a_guest_is_copied(host: Host) -> None:
    made = virtprov.clone(host, Copy(original="a1"))
    assert (made.name, made.original) == ("a1-clone", "a1")
    known = host.guests.find("a1-clone")
    assert known is not None and known.uuid == made.uuid and made.uuid in made.xml
    assert made.volumes == () and made.nvram is None


def test_a_copy_is_started(host: Host) -> None:
    made = virtprov.clone(host, Copy(original="a1", name="runs", start=True))
    known = host.guests.find("runs")
    assert known is not None and known.active
    assert (made.state, made.identity, made.seed, made.root_password) == ("created", "keep", "", "")


def test_a_copy_that_cannot_be_asked_is_not_made(host: Host) -> None:
    with pytest.raises(virtprov.UsageError, match="--wait ssh: the guest has no network"):
        virtprov.clone(host, Copy(original="a1", name="waits", start=True, wait="ssh"))
    assert host.guests.find("waits") is None


def test_a_copy_is_off(host: Host) -> None:
    assert virtprov.clone(host, Copy(original="a1", name="rests")).state == "off"


NIC = "<devices><interface type='bridge'><source bridge='br0'/></interface></devices>"
PUBLISHED = (
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-netdev'/>"
    "<qemu:arg value='user,id=published0,hostfwd=tcp::8022-:22'/></qemu:commandline>"
)


@pytest.mark.parametrize(
    ("devices", "more", "lines"),
    [
        (NIC, {"start": True, "wait": "ip,timeout=20s"}, ["    HostName 192.168.0.1", "    User bob"]),
        (PUBLISHED, {}, ["    HostName 127.0.0.1", "    User bob", "    Port 8022"]),
    ],
    ids=["address", "published-port"],
)
def test_a_copy_gets_its_entry_for_ssh(
    devices: str, more: dict[str, Any], lines: list[str], host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = f"<domain type='test'><name>a1</name><memory>65536</memory><os><type>hvm</type></os>{devices}</domain>"
    copy = Copy(original_xml=text, name="web1", user="bob", ssh_config="~/config", checks="all=off", **more)
    made = virtprov.clone(host, copy)
    assert (tmp_path / "config").read_text().splitlines() == [
        f"# virtprov: begin web1 {made.uuid} on {host.uri}",
        "Host web1",
        *lines,
        f"# virtprov: end web1 {made.uuid}",
    ]
    login.forget(made.uuid, host, print)
    assert (tmp_path / "config").read_text() == ""


def test_the_original_may_be_a_document(host: Host) -> None:
    text = host.guests.xml("a1", inactive=True)
    made = virtprov.clone(host, Copy(original_xml=text, name="new"))
    assert (made.name, made.original) == ("new", "a1") and host.guests.find("new") is not None


def test_every_field_finds_its_place() -> None:
    copy = Copy(
        identity="new", cloud_init="keep=yes", hostname="h", ssh_key="/k", start=True, wait=2,
        original="a", name="b", uuid="u", auto=False, replace=True, reflink=True, sparse=False, files=["/1"],
        macs=["RANDOM"], nvram="/n", force_copy=["sda"], skip_copy="vdb", preserve_data=True, checks="disk_size=off",
    )  # fmt: skip
    made = to_request(copy)
    assert made._replace(checks=CloneRequest().checks) == CloneRequest(
        original="a", name="b", uuid="u", auto=False, replace=True, reflink=True, sparse=False, files=("/1",),
        macs=("RANDOM",), nvram="/n", force=frozenset(["sda"]), skip=frozenset(["vdb"]), preserve=True,
        identity="new", cloud_init=True, start=True, wait=2,
        seed=SeedRequest(hostname="h", ssh_key=("/k",), keep="yes"),
    )  # fmt: skip
    assert not made.checks.disk_size


@pytest.mark.parametrize(
    ("copy", "kind", "message"),
    [
        (Copy(), virtprov.UsageError, "no guest to clone given"),
        (
            Copy(original="a1", original_xml="<domain/>"),
            virtprov.UsageError,
            "--original and --original-xml cannot be used together",
        ),
        (Copy(original="a1", files=[""]), virtprov.UsageError, "--file requires a path"),
        (Copy(original="a1", auto=False), virtprov.UsageError, "no name given for the clone"),
        (Copy(original="a1", identity="old"), virtprov.UsageError, "unknown identity 'old'"),
        (
            Copy(original="a1", identity="keep", cloud_init=""),
            virtprov.UsageError,
            "--identity keep cannot be used with",
        ),
        (Copy(original="a1", cloud_init="none"), virtprov.UsageError, "--cloud-init none cannot be used with a clone"),
        (Copy(original="a1", wait=3), virtprov.UsageError, "--wait can only be used with --start"),
        (Copy(original="a1", ssh_key="/a", cloud_init="ssh-key=/b"), virtprov.UsageError, "--ssh-key and --cloud-init"),
        (Copy(original_xml="<domain"), virtprov.XmlError, "the original's XML"),
        (Copy(original="c1"), virtprov.HostError, "guest 'c1' not found on "),
    ],
)
def test_what_cannot_be_copied(copy: Copy, kind: type[virtprov.ProvError], message: str, host: Host) -> None:
    with pytest.raises(kind, match=message):
        virtprov.clone(host, copy)
