"""The output of `--image list`."""

from __future__ import annotations

import pytest

from virtprov.images import listing

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")


def test_every_system_that_can_be_downloaded_has_a_line() -> None:
    entries = listing.listing()
    lines = listing.as_table(entries).splitlines()
    names = [line.split()[0] for line in lines]
    assert names.index("debian13") < names.index("debian12") < names.index("ubuntu24.04")
    assert {"fedora43", "centos-stream10", "kali", "gentoo", "flatcar", "ol9", "freebsd14.3"} <= set(names)
    assert [name for name in names if name.startswith(("rhel", "talos"))] == [], "they have no public address"
    debian = next(line for line in lines if line.startswith("debian13 "))
    assert " ".join(debian.split()) == "debian13 Debian 13 generic, genericcloud x86_64 aarch64 ppc64le riscv64"


def test_a_word_selects() -> None:
    assert {entry.names[0] for entry in listing.listing("ALMA")} == {
        "almalinux8", "almalinux9", "almalinux10", "almalinux-kitten10",
    }  # fmt: skip
    assert [entry.names[0] for entry in listing.listing("bookworm")] == ["debian12"]
    assert listing.listing("nothing like this") == []


def test_objects_for_programs() -> None:
    (entry,) = listing.as_objects(listing.listing("centos stream 10"))
    assert (entry["name"], entry["os"], entry["os_id"]) == (
        "centos-stream10", "centos-stream10", "http://centos.org/centos-stream/10",
    )  # fmt: skip
    assert entry["variants"] == [
        {
            "variant": "generic",
            "arches": ["x86_64", "aarch64", "ppc64le", "s390x"],
            "format": "qcow2",
            "default_user": "cloud-user",
            "cpu": "x86-64-v3",
            "firmware": ["bios"],
            "configured_by": "cloud-init",
            "has_checksum": True,
            "is_signed": False,
            "url": "https://cloud.centos.org/centos/10-stream/{arch}/images/"
            "CentOS-Stream-GenericCloud-10-latest.{arch}.qcow2",
        }
    ]
    (oracle,) = listing.as_objects(listing.listing("ol9"))
    assert (oracle["names"], oracle["os"]) == (["ol9", "ol9-unknown"], "ol9-unknown")
    (flatcar,) = listing.as_objects(listing.listing("flatcar"))
    assert [variant["variant"] for variant in flatcar["variants"]] == ["stable", "beta", "alpha"]  # type: ignore[attr-defined]
