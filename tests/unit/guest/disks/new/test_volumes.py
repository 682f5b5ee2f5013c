"""The documents of what must be made for a disk."""

from __future__ import annotations

from virtprov.guest.disks.new.volumes import Encryption, NewVolume, ending
from virtprov.xml import path, tree

UUID = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"


def flat(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def test_an_encrypted_volume_names_its_secret() -> None:
    volume = NewVolume("p", "v.img", "/p/v.img", "raw", 4096, 0, encryption=Encryption("luks", UUID))
    assert flat(volume.xml()) == (
        "<volume><name>v.img</name><capacity>4096</capacity><allocation>0</allocation><target>"
        f'<format type="raw"/><encryption format="luks"><secret type="passphrase" uuid="{UUID}"/></encryption>'
        "</target></volume>"
    )
    by_usage = volume._replace(encryption=Encryption("luks", usage="/p/v.img"))
    assert '<secret type="passphrase" usage="/p/v.img"/>' in by_usage.xml()


def test_the_secret_of_a_volume() -> None:
    secret = tree.parse(Encryption("luks", UUID, password_file="/f").secret_xml("/p/v.img"))
    assert (secret.get("ephemeral"), secret.get("private")) == ("no", "yes")
    assert path.text(secret, "./uuid") == UUID
    assert (path.text(secret, "./usage/@type"), path.text(secret, "./usage/volume")) == ("volume", "/p/v.img")


def test_names_end_in_the_format() -> None:
    assert [ending(fmt) for fmt in ("raw", "qcow2", "vmdk")] == [".img", ".qcow2", ".vmdk"]
