"""Images of a made-up distribution, found on a server in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.conftest import Mirror
from tests.unit.osinfo.conftest import Folders
from virtprov.images.image import Digest, ImageRequest, Packing, ResolvedImage
from virtprov.images.image_facts import ImageFacts
from virtprov.images.resolve import resolve_image
from virtprov.support.errors import CommandError, FetchError, InputError, UsageError

BASE = "https://images.example.org/tonic/2"
OS = '<os id="http://example.org/tonic/2"><short-id>tonic2</short-id><name>Tonic Linux 2</name></os>'
Find = Callable[..., ResolvedImage]


def digest(name: str, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, name.encode()).hexdigest()


def sums(*names: str, algorithm: str = "sha256") -> str:
    """A list of checksums; "NAME=OTHER" has the checksum of OTHER."""
    pairs = [(name.partition("=")[0], name.partition("=")[2] or name) for name in names]
    return "".join(f"{digest(source, algorithm)}  {name}\n" for name, source in pairs)


@pytest.fixture
def find(profiles: Folders, mirror: Mirror) -> Find:
    """A function that writes the <image> elements of Tonic Linux, and resolves `--image tonic2`."""

    def search(*images: str, arch: str = "x86_64", firmware: str = "", **request: object) -> ResolvedImage:
        if images:
            body = f'<images xmlns="urn:virtprov:image:1.0" os="http://example.org/tonic/2">{"".join(images)}</images>'
            profiles.write(profiles.bundled, "tonic.xml", OS, body)
        text = str(request.pop("text", "tonic2"))
        asked = ImageRequest(text, name="tonic2", **request)  # type: ignore[arg-type]
        return resolve_image(asked, arch=arch, read=mirror.read, firmware=firmware)

    return search


def image(*parts: str, **attributes: str) -> str:
    known = {"variant": "generic", "arch": "x86_64=amd64 aarch64=arm64", **attributes}
    return f"<image {' '.join(f'{name}={value!r}' for name, value in known.items())}>{''.join(parts)}</image>"


def url(name: str) -> str:
    return f"<url>{BASE}/{name}</url>"


def build(name: str) -> str:
    return f"<build>{BASE}/{name}</build>"


LATEST = url("tonic-2-latest.{arch}.qcow2")
DATED = build("tonic-2-{build}.{arch}.qcow2")
SUMS = "<checksums>SHA256SUMS</checksums>"
SIGNED = "<signature>{file}.gpg</signature>"


def test_latest_becomes_the_dated_name_of_the_same_file(find: Find, mirror: Mirror) -> None:
    names = ("tonic-2-20260701.0.amd64.qcow2", "tonic-2-20260801.0.amd64.qcow2")
    mirror.put(f"{BASE}/SHA256SUMS", sums(*names, f"tonic-2-latest.amd64.qcow2={names[0]}"))
    found = find(image(LATEST, DATED, SUMS, format="qcow2", user="tonic", cpu="x86-64-v3", seeds="nocloud"))
    assert found == ResolvedImage(
        "tonic2",
        url=f"{BASE}/{names[0]}",
        file_name=names[0],
        digest=Digest("sha256", digest(names[0])),
        disk_format="qcow2",
        arch="x86_64",
        build="20260701.0",
        facts=ImageFacts("tonic2", "tonic", "x86-64-v3", "", ("nocloud",)),
    )
    assert mirror.asked == [f"{BASE}/SHA256SUMS"], "the image itself is not read"


def test_the_newest_build_if_the_list_does_not_have_latest(find: Find, mirror: Mirror) -> None:
    names = ("tonic-2-20260801.0.amd64.qcow2", "tonic-2-20260701.10.amd64.qcow2", "tonic-2-20270101.0.arm64.qcow2")
    mirror.put(f"{BASE}/SHA256SUMS", sums(*names))
    assert find(image(LATEST, DATED, SUMS)).file_name == names[0]
    assert find(arch="aarch64").file_name == names[2]


def test_an_image_without_builds(find: Find, mirror: Mirror) -> None:
    near = ("tonic-2-latest.amd64.qcow2.xz", "x/tonic-2-latest.amd64.qcow2", "my-tonic-2-latest.amd64.qcow2")
    mirror.put(f"{BASE}/SHA256SUMS", sums(*near, "tonic-2-latest.amd64.qcow2"))
    found = find(image(LATEST, SUMS))
    assert found.digest == Digest("sha256", digest("tonic-2-latest.amd64.qcow2"))
    mirror.put(f"{BASE}/SHA256SUMS", sums(*near))
    with pytest.raises(FetchError, match="no checksum is known for"):
        find()


def test_a_list_that_begins_with_a_byte_order_mark(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", "\ufeff" + sums("tonic-2-latest.amd64.qcow2"))
    assert find(image(LATEST, SUMS)).digest == Digest("sha256", digest("tonic-2-latest.amd64.qcow2"))


def test_two_different_checksums_for_one_name(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-latest.amd64.qcow2", "tonic-2-latest.amd64.qcow2=other"))
    with pytest.raises(FetchError, match="two different checksums for 'tonic-2-latest.amd64.qcow2'"):
        find(image(LATEST, SUMS))


def test_lists_are_tried_in_order(find: Find, mirror: Mirror) -> None:
    name = "tonic-2-20260801.0.amd64.qcow2"
    mirror.put(f"{BASE}/tonic-2-latest.amd64.qcow2.CHECKSUM", f"# {name}: 5 bytes\nSHA256 ({name}) = {digest(name)}\n")
    found = find(image(LATEST, DATED, "<checksums>CHECKSUM {file}.CHECKSUM</checksums>"))
    assert (found.file_name, found.size) == (name, 5), "the file of `latest` names the dated one"


def test_a_file_with_one_checksum_only_counts_for_its_own_image(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/tonic-2-latest.amd64.qcow2.sha512", digest("x", "sha512"))
    found = find(image(LATEST, "<checksums>{file}.sha512</checksums>"))
    assert found.digest == Digest("sha512", digest("x", "sha512"))
    mirror.put(f"{BASE}/SUMS", digest("x", "sha512"))
    with pytest.raises(FetchError, match="no checksum is known"):
        find(image(LATEST, "<checksums>SUMS</checksums>"))


# -- index files


def test_an_index_knows_the_build(find: Find, mirror: Mirror) -> None:
    mirror.put(
        "https://example.org/releases.json",
        json.dumps([
            {"version": "2", "arch": "amd64", "link": f"https://other.example.org/tonic-2-1.{number}.amd64.qcow2.xz",
             "sha256": digest(str(number)), "size": "77"} for number in (6, 14)
        ]),
    )  # fmt: skip
    index = '<index type="fedora" select="2">https://example.org/releases.json</index>'
    found = find(image(url("tonic-2-{build}.{arch}.qcow2.xz"), index))
    assert (found.url, found.build, found.size, found.packing) == (
        "https://other.example.org/tonic-2-1.14.amd64.qcow2.xz", "1.14", 77, Packing("xz"),
    )  # fmt: skip
    assert find(build="1.6").build == "1.6"
    with pytest.raises(FetchError, match=r"build 1\.9 not found") as caught:
        find(build="1.9")
    assert "there are builds 1.14, 1.6" in caught.value.hint


def test_an_index_beside_the_image(find: Find, mirror: Mirror) -> None:
    digest_text = "sha512:" + __import__("base64").b64encode(bytes.fromhex(digest("x", "sha512"))).decode().rstrip("=")
    upload = {
        "kind": "Upload",
        "data": {"ref": "tonic/1-1/tonic-2-20260801-1.amd64.qcow2"},
        "metadata": {"annotations": {"cloud.debian.org/digest": digest_text}},
    }
    parts = (
        url("latest/tonic-2.{arch}.qcow2"), build("{build}/tonic-2-{build}.{arch}.qcow2"),
        '<index type="debian">{stem}.json</index>', "<checksums>SHA512SUMS</checksums>",
        '<builds type="links" select="{build}/">../</builds>',
    )  # fmt: skip
    mirror.put(f"{BASE}/latest/tonic-2.amd64.json", json.dumps({"items": [upload]}))
    found = find(image(*parts))
    assert found.url == f"{BASE}/20260801-1/tonic-2-20260801-1.amd64.qcow2"
    assert found.digest == Digest("sha512", digest("x", "sha512"))
    assert mirror.asked == [f"{BASE}/latest/tonic-2.amd64.json"]
    del mirror.files[f"{BASE}/latest/tonic-2.amd64.json"]
    mirror.put(f"{BASE}/latest/SHA512SUMS", sums("tonic-2.amd64.qcow2", algorithm="sha512"))
    assert find().url == f"{BASE}/latest/tonic-2.amd64.qcow2", "without the index, the list of checksums is enough"
    mirror.put(f"{BASE}/20260701-9/SHA512SUMS", sums("tonic-2-20260701-9.amd64.qcow2", algorithm="sha512"))
    pinned = find(build="20260701-9")
    assert (pinned.url, pinned.is_pinned) == (f"{BASE}/20260701-9/tonic-2-20260701-9.amd64.qcow2", True)
    mirror.put(f"{BASE}/", '<a href="20260701-9/"></a><a href="20260801-1/"></a><a href="latest/"></a>')
    with pytest.raises(FetchError, match="build 20260601-1 not found: distributions delete old builds") as caught:
        find(build="20260601-1")
    assert "there are builds 20260801-1, 20260701-9;" in caught.value.hint


def test_a_build_that_its_own_list_does_not_have_is_tried_again(find: Find, mirror: Mirror) -> None:
    name = "20260801T1/tonic-20260801T1.qcow2"
    parts = (
        url("{build}/tonic-{build}.qcow2"), "<checksums>{file}.sha256</checksums>",
        '<index type="pointer">https://images.example.org/tonic/2/latest.txt</index>',
    )  # fmt: skip
    mirror.put(f"{BASE}/latest.txt", f"# newest\n{name} 5\n")
    mirror.put(f"{BASE}/{name}.sha256", sums("other.qcow2"))
    with pytest.raises(FetchError, match=r"has no checksum for 'tonic-20260801T1\.qcow2'"):
        find(image(*parts))
    assert mirror.asked == [f"{BASE}/latest.txt", f"{BASE}/{name}.sha256"] * 2
    mirror.put(f"{BASE}/{name}.sha256", sums("tonic-20260801T1.qcow2"))
    assert find().url == f"{BASE}/{name}"


def test_no_build_at_all(find: Find, mirror: Mirror) -> None:
    index = '<index type="links">./</index>'
    with pytest.raises(FetchError, match=f"no build of Tonic Linux 2 found in '{BASE}/'"):
        find(image(url("tonic-{build}.qcow2"), index, SUMS))
    with pytest.raises(FetchError, match=f"no build of Tonic Linux 2 found in '{BASE}/SHA256SUMS'"):
        find(image(url("tonic-{build}.qcow2"), SUMS))


@pytest.mark.parametrize(
    "link", ["file:///etc/shadow-tonic-1.qcow2", "ftp://x/tonic-1.qcow2", "http://a b/tonic-1.qcow2"]
)
def test_an_index_does_not_lead_to_this_machine(find: Find, mirror: Mirror, link: str) -> None:
    row = {"version": "2", "arch": "amd64", "link": link, "sha256": digest("x")}
    mirror.put("https://example.org/releases.json", json.dumps([row]))
    index = '<index type="fedora" select="2">https://example.org/releases.json</index>'
    template = "shadow-tonic-{build}.qcow2" if "shadow" in link else "tonic-{build}.qcow2"
    with pytest.raises(FetchError, match="leads to an address that cannot be used"):
        find(image(url(template), index))


# -- what the user pins


def test_a_pinned_checksum(find: Find, mirror: Mirror) -> None:
    names = ("tonic-2-20260701.0.amd64.qcow2", "tonic-2-20260801.0.amd64.qcow2")
    mirror.put(f"{BASE}/SHA256SUMS", sums(*names))
    old = find(image(LATEST, DATED, SUMS), checksum=f"sha256:{digest(names[0])}")
    assert (old.file_name, old.build, old.is_pinned) == (names[0], "20260701.0", True)
    with pytest.raises(FetchError, match="no image with this checksum found") as caught:
        find(checksum="sha256:" + "0" * 64)
    assert names[1] in caught.value.hint
    other = find(checksum="sha512:" + "0" * 128)
    assert (other.file_name, other.digest) == (names[1], Digest("sha512", "0" * 128))


def test_a_pinned_checksum_is_enough_without_a_list(find: Find) -> None:
    found = find(image(LATEST), checksum="sha256:" + "1" * 64)
    assert (found.digest, found.url) == (Digest("sha256", "1" * 64), f"{BASE}/tonic-2-latest.amd64.qcow2")


def test_a_list_of_the_users_own(find: Find, mirror: Mirror, tmp_path: Path) -> None:
    mirror.put("https://audit.example.org/SUMS", sums("tonic-2-latest.amd64.qcow2=audited"))
    assert find(image(LATEST), checksum="https://audit.example.org/SUMS").digest == Digest("sha256", digest("audited"))
    (tmp_path / "sums").write_text(sums("tonic-2-latest.amd64.qcow2=mine"))
    assert find(checksum=str(tmp_path / "sums")).digest == Digest("sha256", digest("mine"))
    with pytest.raises(FetchError, match=r"'https://audit.example.org/GONE' not found"):
        find(checksum="https://audit.example.org/GONE")
    mirror.put("https://audit.example.org/SUMS", sums("other"))
    with pytest.raises(FetchError, match=r"has no checksum for 'tonic-2-latest\.amd64\.qcow2'"):
        find(checksum="https://audit.example.org/SUMS")


def test_a_pinned_build_in_a_folder_with_all_builds(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-20260701.0.amd64.qcow2", "tonic-2-20260801.0.amd64.qcow2"))
    assert find(image(LATEST, DATED, SUMS), build="20260701.0").file_name == "tonic-2-20260701.0.amd64.qcow2"
    with pytest.raises(FetchError, match=r"--image tonic2: build 20250101\.0 not found") as caught:
        find(build="20250101.0")
    assert "there are builds 20260801.0, 20260701.0" in caught.value.hint


def test_builds_cannot_be_chosen_where_there_are_none(find: Find) -> None:
    with pytest.raises(UsageError, match="builds of Tonic Linux 2 cannot be chosen"):
        find(image(LATEST, SUMS), build="1")


# -- what cannot be verified


def test_no_checksum_is_an_error_unless_the_user_trusts_the_server(find: Find) -> None:
    with pytest.raises(FetchError, match=f"no checksum is known for '{BASE}/tonic-2-latest.amd64.qcow2'") as caught:
        find(image(LATEST, SUMS))
    assert "--no-verify" in caught.value.hint
    assert f"'{BASE}/SHA256SUMS' not found; " in caught.value.hint
    found = find(verifies=False)
    assert found.digest is None
    assert found.warnings == ("'tonic-2-latest.amd64.qcow2' is not verified: no checksum is known",)


def test_a_list_without_the_image_is_told_apart_from_a_missing_one(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("other.img"))
    with pytest.raises(FetchError, match="no checksum is known for") as caught:
        find(image(LATEST, SUMS))
    assert f"none was found in '{BASE}/SHA256SUMS'; " in caught.value.hint


def test_a_known_checksum_counts_with_no_verify_as_well(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-latest.amd64.qcow2"))
    found = find(image(LATEST, SUMS), verifies=False)
    assert found.digest is not None
    assert found.warnings == ()


def test_a_weak_checksum_is_told(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/MD5SUMS", sums("tonic-2-latest.amd64.qcow2", algorithm="md5"))
    found = find(image(LATEST, "<checksums>MD5SUMS</checksums>"))
    assert found.is_weak
    assert found.warnings == ("'tonic-2-latest.amd64.qcow2' is only verified by an MD5 checksum, which can be forged",)


# -- signatures


def test_messages_name_the_mirror_that_was_asked(find: Find, mirror: Mirror, keys: Path) -> None:
    place = "https://mirror.example.net/a"
    for name in ("SHA256SUMS", "SHA256SUMS.gpg"):
        mirror.put(f"{place}/tonic/2/{name}", (keys / name).read_bytes())
    element = image(url("tonic-2-server-{arch}.img"), SUMS, SIGNED)
    found = find(element, mirror=place, keyring=str(keys / "tonic-keyring.gpg"))
    assert found.signature.state == "good" and found.url.startswith(f"{place}/tonic/2/")
    with pytest.raises(FetchError, match=f"the signature of '{place}/tonic/2/SHA256SUMS' is not valid"):
        find(mirror=place, keyring=str(keys / "other-keyring.gpg"))
    with pytest.raises(FetchError, match=f"no build of Tonic Linux 2 found in '{place}/tonic/2/SHA256SUMS'"):
        find(image(url("tonic-2-{build}.{arch}.qcow2"), SUMS), mirror=place)
    assert all(address.startswith(place) for address in mirror.asked)


def signed(mirror: Mirror, keys: Path) -> str:
    """Publish the signed list; returns the element."""
    for name in ("SHA256SUMS", "SHA256SUMS.gpg"):
        mirror.put(f"{BASE}/{name}", (keys / name).read_bytes())
    return image(url("tonic-2-server-{arch}.img"), SUMS, SIGNED)


def test_a_signed_list(find: Find, mirror: Mirror, keys: Path) -> None:
    keyring = str(keys / "tonic-keyring.gpg")
    element = signed(mirror, keys)
    assert find(element).signature.state == "unchecked"
    assert f"{BASE}/SHA256SUMS.gpg" not in mirror.asked
    found = find(keyring=keyring)
    assert (found.signature.state, found.signature.keyring) == ("good", keyring)
    with pytest.raises(FetchError, match=f"the signature of '{BASE}/SHA256SUMS' is not valid"):
        find(keyring=str(keys / "other-keyring.gpg"))
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-server-amd64.img"))
    with pytest.raises(FetchError, match="is not valid"):
        find(keyring=keyring)
    del mirror.files[f"{BASE}/SHA256SUMS.gpg"]
    with pytest.raises(FetchError, match=r"has no signature: .*SHA256SUMS\.gpg' not found"):
        find(keyring=keyring)


def test_keys_that_a_package_has_installed(find: Find, mirror: Mirror, keys: Path) -> None:
    signed(mirror, keys)
    installed = f"<signature keyrings='/nonexistent {keys}/tonic-keyring.gpg'>{{file}}.gpg</signature>"
    assert find(image(url("tonic-2-server-{arch}.img"), SUMS, installed)).signature.state == "good"
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-server-amd64.img"))
    with pytest.raises(FetchError, match="is not valid"):
        find()


def test_without_gpgv(find: Find, mirror: Mirror, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    element = signed(mirror, keys)
    installed = element.replace("<signature>", f"<signature keyrings='{keys}/tonic-keyring.gpg'>")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find(installed)
    assert found.warnings == ("the signature of the image is not checked: the program 'gpgv' is not installed",)
    with pytest.raises(CommandError, match="'gpgv' is not installed"):
        find(keyring=str(keys / "tonic-keyring.gpg"))


def test_a_clearsigned_list(find: Find, mirror: Mirror, keys: Path) -> None:
    name = "Tonic-Cloud-2-1.6-x86_64-CHECKSUM"
    mirror.put(f"{BASE}/{name}", (keys / name).read_bytes())
    element = image(url("Tonic-Cloud-Base-2-{build}.{arch}.qcow2"), f"<checksums>{name}</checksums>", arch="x86_64")
    found = find(element)
    assert (found.build, found.size, found.signature.state) == ("1.6", 554123264, "unchecked")
    assert find(keyring=str(keys / "tonic-keyring.asc")).signature.state == "good"
    mirror.put(f"{BASE}/{name}", (keys / name).read_bytes().replace(b"554123264", b"1"))
    with pytest.raises(FetchError, match="is not valid"):
        find(keyring=str(keys / "tonic-keyring.asc"))


def test_an_image_that_is_signed_itself(find: Find, mirror: Mirror, keys: Path) -> None:
    element = image(url("disk.img"), "<signature of='image'>{file}.sig</signature>")
    mirror.put(f"{BASE}/disk.img.sig", (keys / "disk.img.sig").read_bytes())
    with pytest.raises(FetchError, match="no checksum is known"):
        find(element)
    found = find(keyring=str(keys / "tonic-keyring.gpg"))
    assert (found.digest, found.signature.state) == (None, "image")
    assert found.signature.content == (keys / "disk.img.sig").read_bytes()


def test_a_keyring_for_an_image_without_a_signature(find: Find, mirror: Mirror, keys: Path) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-latest.amd64.qcow2"))
    with pytest.raises(FetchError, match="--image-keyring: no signature of 'tonic-2-latest.amd64.qcow2' is known"):
        find(image(LATEST, SUMS), keyring=str(keys / "tonic-keyring.gpg"))


# -- mirrors, variants, architectures, firmware


@pytest.mark.parametrize("server", ["http://mirror.example.net", "https://mirror.example.net:8443/pub", "file:///srv"])
def test_a_mirror_replaces_scheme_and_host_of_every_address(find: Find, mirror: Mirror, server: str) -> None:
    row = {"version": "2", "arch": "amd64", "link": f"{BASE}/tonic-2-1.6.amd64.qcow2", "sha256": digest("x")}
    mirror.put(f"{server}/lists/releases.json", json.dumps([row]))
    index = '<index type="fedora" select="2">https://other.example.org/lists/releases.json</index>'
    found = find(image(url("tonic-2-{build}.{arch}.qcow2"), index), mirror=server)
    assert found.url == f"{server}/tonic/2/tonic-2-1.6.amd64.qcow2"
    assert all(asked.startswith(f"{server}/") for asked in mirror.asked)


def test_variants(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("a.qcow2", "b.qcow2", "c.qcow2"))
    elements = [image(url(f"{name}.qcow2"), SUMS, variant=name) for name in "ab"]
    assert find(*elements).file_name == "a.qcow2"
    found = find(variant="b")
    assert (found.file_name, found.label) == ("b.qcow2", "tonic2,variant=b")
    with pytest.raises(UsageError, match="unknown variant 'd'") as caught:
        find(variant="d")
    assert caught.value.hint == "known variants: a, b"
    assert find(*elements, image(url("c.qcow2"), SUMS, variant="c", default="true")).file_name == "c.qcow2"


def test_architectures(find: Find, mirror: Mirror) -> None:
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-latest.arm64.qcow2"))
    found = find(image(LATEST, SUMS, cpu="x86-64-v3", firmware="bios"), arch="aarch64")
    assert (found.file_name, found.arch, found.facts.cpu_floor, found.facts.firmware) == (
        "tonic-2-latest.arm64.qcow2", "aarch64", "", "",
    )  # fmt: skip
    with pytest.raises(UsageError, match="--image tonic2: no image for s390x") as caught:
        find(arch="s390x")
    assert caught.value.hint == "there are images for x86_64 and aarch64"


@pytest.mark.parametrize(
    ("arch", "asked", "chosen"),
    [("x86_64", "", "bios"), ("x86_64", "uefi", "uefi"), ("x86_64", "bios", "bios"), ("aarch64", "", "uefi"),
     ("aarch64", "bios", "uefi")],
)  # fmt: skip
def test_the_firmware_in_a_name(find: Find, mirror: Mirror, arch: str, asked: str, chosen: str) -> None:
    mirror.put(
        f"{BASE}/", '<a href="t-3.1-bios-r0.qcow2"></a><a href="t-3.2-bios-r1.qcow2"></a><a href="t-3.2-uefi-r1.qcow2">'
    )
    mirror.put(f"{BASE}/t-3.2-{chosen}-r1.qcow2.sha512", digest("x", "sha512"))
    parts = (url("t-{build}-{firmware}-{revision}.qcow2"), "<checksums>{file}.sha512</checksums>")
    found = find(image(*parts, '<index type="links">./</index>', firmware="bios uefi"), arch=arch, firmware=asked)
    assert (found.file_name, found.facts.firmware, found.build) == (f"t-3.2-{chosen}-r1.qcow2", chosen, "3.2-r1")


# -- names, URLs and paths


def test_unknown_names(find: Find, mirror: Mirror) -> None:
    find_it = ImageRequest("tonik2", name="tonik2")
    mirror.put(f"{BASE}/SHA256SUMS", sums("tonic-2-latest.amd64.qcow2"))
    find(image(LATEST, SUMS))
    with pytest.raises(UsageError, match="--image tonik2: unknown image 'tonik2'") as caught:
        resolve_image(find_it, arch="x86_64", read=mirror.read)
    assert caught.value.hint == "did you mean 'tonic2'?"


def test_a_system_without_images(find: Find, profiles: Folders, mirror: Mirror) -> None:
    profiles.write(profiles.bundled, "tonic.xml", OS)
    with pytest.raises(UsageError, match="no cloud image of 'tonic2' is known"):
        find()


def test_a_system_whose_images_have_no_public_address(find: Find, mirror: Mirror) -> None:
    with pytest.raises(UsageError, match="Tonic Linux 2 has no public address for its images") as caught:
        find("<image variant='kvm' arch='x86_64' user='tonic'/>")
    assert "tonic2,url=URL" in caught.value.hint
    found = find(url="https://example.org/mine.qcow2", checksum="sha256:" + "1" * 64)
    assert (found.facts.os, found.facts.default_user, found.file_name) == ("tonic2", "tonic", "mine.qcow2")


def test_an_image_of_libosinfo(find: Find, profiles: Folders, mirror: Mirror) -> None:
    images = "".join(
        f'<image arch="x86_64" format="{format}" {extra}><variant id="{name}"/><url>https://e.org/{name}.{format}</url></image>'
        for name, format, extra in (
            ("nocloud", "qcow2", ""),
            ("generic", "vmdk", 'cloud-init="true"'),
            ("generic", "qcow2", 'cloud-init="true"'),
        )
    )  # fmt: skip
    user = "<cloud-image-username>tonic</cloud-image-username>"
    profiles.write(profiles.bundled, "tonic.xml", OS.replace("</os>", f"{user}{images}</os>"))
    with pytest.raises(FetchError, match="no checksum is known"):
        find()
    found = find(verifies=False)
    assert (found.url, found.facts.default_user) == ("https://e.org/generic.qcow2", "tonic")


def test_a_url(mirror: Mirror) -> None:
    request = ImageRequest("x", url="https://user:secret@example.org/disk.qcow2.xz?token=1")
    with pytest.raises(FetchError, match="no checksum is known") as caught:
        resolve_image(request, arch="x86_64", read=mirror.read)
    assert "secret" not in str(caught.value)
    found = resolve_image(request._replace(checksum="sha256:" + "1" * 64), arch="x86_64", read=mirror.read)
    assert (found.file_name, found.packing, found.disk_format) == ("disk.qcow2.xz", Packing("xz"), "qcow2")
    assert "secret" in found.url
    assert found.shown == "https://example.org/disk.qcow2.xz"
    assert resolve_image(request._replace(verifies=False), arch="x86_64", read=mirror.read).warnings


def test_a_url_with_a_signed_list(mirror: Mirror, keys: Path) -> None:
    for name in ("SHA256SUMS", "SHA256SUMS.asc"):
        mirror.put(f"https://example.org/{name}", (keys / name).read_bytes())
    request = ImageRequest(
        "x", url="https://example.org/tonic-2-server-amd64.img", checksum="https://example.org/SHA256SUMS",
        keyring=str(keys / "tonic-keyring.gpg"),
    )  # fmt: skip
    assert resolve_image(request, arch="x86_64", read=mirror.read).signature.state == "good"
    with pytest.raises(FetchError, match="--image-keyring: no signature"):
        resolve_image(request._replace(checksum="sha256:" + "1" * 64), arch="x86_64", read=mirror.read)


def test_a_path_needs_no_checksum(mirror: Mirror, tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"disk")
    found = resolve_image(ImageRequest("x", path=str(path)), arch="x86_64", read=mirror.read)
    assert (found.path, found.url, found.digest, found.warnings, found.disk_format) == (str(path), "", None, (), "raw")
    with pytest.raises(InputError, match="/: not a file"):
        resolve_image(ImageRequest("/", path="/"), arch="x86_64", read=mirror.read)
    with pytest.raises(InputError, match="file not found"):
        resolve_image(ImageRequest("x", path=f"{path}.gone"), arch="x86_64", read=mirror.read)
