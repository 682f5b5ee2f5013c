"""What images stand on: told by the images themselves, never by what a guest can write into a raw one."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from virtprov.guest.disks.chains import Chains, warning
from virtprov.support.errors import UsageError
from virtprov.support.file_access.image_header import probe, probe_bytes


def qcow2(path: Path, backing: str = "", fmt: str = "", data: str = "") -> str:
    """A qcow2's header, version 3, with what it names."""
    parts = b""
    for kind, text in ((0xE2792ACA, fmt), (0x44415441, data)):
        if text:
            parts += struct.pack(">II", kind, len(text)) + text.encode().ljust(-(-len(text) // 8) * 8, b"\0")
    at = 104 + len(parts) + 8
    head = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, at if backing else 0, len(backing), 16, 1 << 30).ljust(100, b"\0")
    path.write_bytes((head + struct.pack(">I", 104) + parts + bytes(8) + backing.encode()).ljust(1024, b"\0"))
    return str(path)


def host(pool: str = "") -> Any:
    """This machine, with a pool over one folder, or without any."""
    storage = SimpleNamespace(pool_at=lambda folder: folder == pool or None, backing_of=lambda place: "")
    return SimpleNamespace(storage=storage, is_remote=False, is_recorded=False)


def test_formats_and_data_files_in_the_header(tmp_path: Path) -> None:
    seen = probe(qcow2(tmp_path / "a", "base.img", "raw", "/etc/shadow"))
    assert seen is not None and (seen.backing, seen.backing_format, seen.data) == ("base.img", "raw", ("/etc/shadow",))
    text = b'# Disk DescriptorFile\nversion=1\nparentFileNameHint="p.vmdk"\nRW 100 FLAT "/etc/passwd" 0\n'
    assert probe_bytes(text)[2:] == ("p.vmdk", "", ("/etc/passwd",))
    qed = b"QED\0".ljust(16, b"\0") + b"\1".ljust(32, b"\0") + struct.pack("<QII", 1 << 20, 64, 4) + b"base"
    assert probe_bytes(qed).backing == "base"


def test_a_raw_image_stands_on_nothing(tmp_path: Path) -> None:
    """Neither one that its guest calls raw, nor one that the image above calls raw."""
    top = qcow2(tmp_path / "top", "/root/secret")
    above = qcow2(tmp_path / "above", top, "raw")
    chains = Chains(host())
    assert list(chains.under(top)) == ["/root/secret"]
    assert list(chains.under(top, "raw")) == []
    assert list(chains.under(above)) == [top]


def test_files_that_are_named_in_json(tmp_path: Path) -> None:
    nested = json.dumps({"driver": "qcow2", "file": {"driver": "file", "filename": "/srv/nested"}})
    dotted = json.dumps({"file.driver": "file", "file.filename": "dotted"})
    chains = Chains(host())
    assert list(chains.under(qcow2(tmp_path / "a", f"json:{nested}"))) == ["/srv/nested"]
    assert list(chains.under(qcow2(tmp_path / "b", f"json:{dotted}"))) == [f"{tmp_path}/dotted"]
    assert list(chains.under(qcow2(tmp_path / "c", "nbd://other/disk"))) == []


def test_a_loop_is_named_and_ends(tmp_path: Path) -> None:
    for name, after in (("a", "b"), ("b", "link"), ("alone", "alone")):
        qcow2(tmp_path / name, after)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    chains = Chains(host())
    with pytest.raises(UsageError, match="--disk backing_store=a: its backing files form a loop: .*/a -> .*/b -> .*"):
        chains.check_end(f"{tmp_path}/a", "--disk backing_store=a")
    with pytest.raises(UsageError, match="form a loop"):
        chains.check_end(f"{tmp_path}/alone", "--disk alone")
    assert set(chains.under(f"{tmp_path}/a")) == {f"{tmp_path}/b", f"{tmp_path}/link"}
    chains.check_end(f"{tmp_path}/a", "--disk a", "raw")


def test_what_an_image_reads_outside_of_its_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "base").write_bytes(b"")
    assert warning("--disk", Chains(host()), qcow2(tmp_path / "good", "base")) == ""
    said = warning("--disk backing_store=x", Chains(host()), qcow2(tmp_path / "top", "/root/secret", "raw"))
    assert said.startswith("--disk backing_store=x: the image refers to /root/secret") and "top -> /root/secret" in said
    pooled = host("/srv/base")
    assert warning("--disk", Chains(pooled), qcow2(tmp_path / "pool", "/srv/base/a.img", "raw")) == ""
    for name in ('json:{"file.filename":"base"}', "nbd://other/x"):
        assert "outside" in warning("--disk", Chains(host()), qcow2(tmp_path / "odd", name))
    assert "/etc/shadow" in warning("--disk", Chains(host()), qcow2(tmp_path / "data", data="/etc/shadow"))


def test_edits_warn_of_what_an_image_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of devices that this machine uses: an edit has no --check, so nothing is refused."""
    from virtprov.actions.edit.changing.changes import EditRequest, change
    from virtprov.guest.disks.checks import host_use
    from virtprov.guest.document import Guest
    from virtprov.guest.write import gather
    from virtprov.host.connection import connect

    image = qcow2(tmp_path / "image", "/root/secret")
    monkeypatch.setattr(host_use, "used_by_host", lambda path: "it is mounted at /srv")
    guest = Guest.parse("<domain type='test'><name>g</name><os><type>hvm</type></os><devices/></domain>")
    uses, _ = gather.group_uses("disk", [f"{image}"])
    with connect("test:///default") as here:
        made = change(EditRequest("add", "disk", tuple(uses)), guest, here)
    assert any("is in use by this host" in sentence for sentence in made.warnings)
    assert any("/root/secret, outside its own folder" in sentence for sentence in made.warnings)
