"""Index files of distributions, and what hostile servers make of them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from virtprov.images.address_templates import NamePattern
from virtprov.images.image import Digest
from virtprov.images.indexes import TYPES, Build, Wanted, parse_base64_digest, read_index
from virtprov.osinfo.profile_files.image_reader import INDEX_TYPES
from virtprov.support.errors import FetchError

A, B, LONG = "a" * 64, "b" * 64, "c" * 128
FEDORA = Wanted(NamePattern("Tonic-Base-2-{build}.x86_64.qcow2"), "x86_64", "x86_64", "2")


def read(type: str, content: Any, wanted: Wanted) -> list[Build]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return read_index(type, data, wanted, "https://example.org/index")


def test_profiles_know_the_same_types() -> None:
    assert TYPES == INDEX_TYPES


def row(link: str, **more: Any) -> dict[str, Any]:
    return {"version": "2", "arch": "x86_64", "link": link, "sha256": A, "size": "554123264", **more}


def test_the_releases_of_fedora() -> None:
    content = [
        row("https://example.org/Tonic-Base-2-1.6.x86_64.qcow2", variant="Cloud"),
        row("https://example.org/Tonic-Base-2-1.6.x86_64.qcow2.xz"),
        row("https://example.org/Tonic-Base-UKI-2-1.6.x86_64.qcow2"),
        row("https://example.org/Tonic-Base-2-1.6.x86_64.qcow2", arch="aarch64"),
        row("https://example.org/Tonic-Base-2-0.9.x86_64.qcow2", version="2 Beta"),
    ]
    assert read("fedora", content, FEDORA) == [
        Build("https://example.org/Tonic-Base-2-1.6.x86_64.qcow2", "1.6", Digest("sha256", A), 554123264)
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sha256", "zz"),
        ("sha256", 5),
        ("sha256", None),
        ("size", "-1"),
        ("size", True),
        ("size", "9" * 30),
        ("size", []),
    ],
)
def test_values_that_make_no_sense_are_not_known(field: str, value: Any) -> None:
    (found,) = read("fedora", [row("https://example.org/Tonic-Base-2-1.6.x86_64.qcow2", **{field: value})], FEDORA)
    assert (found.digest if field == "sha256" else found.size) is None


def test_a_stream_of_coreos() -> None:
    disk = {
        "location": "https://example.org/core-7.qcow2.xz",
        "signature": "https://example.org/core-7.qcow2.xz.sig",
        "sha256": A,
        "uncompressed-sha256": B,
    }
    qemu = {"release": "7.1", "formats": {"qcow2.xz": {"disk": disk}}}
    content = {"architectures": {"x86_64": {"artifacts": {"qemu": qemu}}}}
    wanted = Wanted(NamePattern("x"), "x86_64", "x86_64", "qcow2.xz")
    assert read("coreos", content, wanted) == [
        Build(disk["location"], "7.1", Digest("sha256", A), None, Digest("sha256", B), disk["signature"])
    ]
    assert read("coreos", content, wanted._replace(word="s390x")) == []
    assert read("coreos", content, wanted._replace(select="raw.xz")) == []


def test_the_templates_of_oracle() -> None:
    content = {"base_url": "/templates/OL9/u5/x86_64", "kvm": {"image": "OL9U5_x86_64-kvm-b253.qcow2", "sha256": A}}
    wanted = Wanted(NamePattern("OL9U{build}_x86_64-kvm-b{revision}.qcow2"), "x86_64", "x86_64", "kvm")
    assert read("oracle", content, wanted) == [
        Build("/templates/OL9/u5/x86_64/OL9U5_x86_64-kvm-b253.qcow2", "5-253", Digest("sha256", A))
    ]
    assert read("oracle", {**content, "kvm": {"image": "OL8U5_x86_64-kvm-b253.qcow2"}}, wanted) == []


def test_the_uploads_of_debian_have_digests_in_base64_without_padding() -> None:
    raw = bytes.fromhex(LONG)
    code = base64.b64encode(raw).decode().rstrip("=")
    key = "cloud.debian.org/digest"

    def item(kind: str, ref: str) -> dict[str, Any]:
        return {"kind": kind, "data": {"ref": ref}, "metadata": {"annotations": {key: f"sha512:{code}"}}}

    content = {
        "items": [
            item("Build", "sid/1-1/tonic-2-amd64-20260810-2565.qcow2"),
            item("Upload", "sid/1-1/tonic-2-amd64-20260810-2565.tar.xz"),
            item("Upload", "sid/1-1/tonic-2-amd64-20260810-2565.qcow2"),
        ]
    }
    wanted = Wanted(NamePattern("tonic-2-amd64-{build}.qcow2"))
    assert read("debian", content, wanted) == [Build("", "20260810-2565", Digest("sha512", LONG))]


@pytest.mark.parametrize(
    "text", ["", "sha512:", "sha512:!!!!", "sha256:" + "A" * 86, "crc:AAAA", "sha512:" + "A" * 9999]
)
def test_digests_that_are_none(text: str) -> None:
    assert parse_base64_digest(text) is None


def test_digests_with_padding() -> None:
    code = base64.b64encode(bytes.fromhex(A)).decode()
    assert code.endswith("=")
    assert (
        parse_base64_digest(f"sha256:{code}")
        == parse_base64_digest(f"sha256:{code.rstrip('=')}")
        == Digest("sha256", A)
    )


def test_simplestreams() -> None:
    items = {"disk1.img": {"path": "server/x.img", "sha256": A, "size": 5}, "manifest": {"path": "server/x.txt"}}
    versions = {"20260801": {"items": items}, "20260815": {"items": {**items, "disk1.img": {"sha256": B}}}}
    content = {"products": {"com.example:server:2:amd64": {"versions": versions}}}
    wanted = Wanted(NamePattern("x"), select="com.example:server:2:amd64 disk1.img")
    assert read("simplestreams", content, wanted) == [Build("../../server/x.img", "20260801", Digest("sha256", A), 5)]
    assert read("simplestreams", content, wanted._replace(select="com.example:server:3:amd64 disk1.img")) == []


def test_a_pointer() -> None:
    wanted = Wanted(NamePattern("tonic-{build}.qcow2"))
    text = b"# newest\n20260823T164906Z/tonic-20260823T164906Z.qcow2 641\n"
    name = "20260823T164906Z/tonic-20260823T164906Z.qcow2"
    assert read("pointer", text, wanted) == [Build(name, "20260823T164906Z", size=641)]
    assert read("pointer", b"tonic-7.qcow2", wanted) == [Build("", "7")], "the profile knows the folder"
    with pytest.raises(FetchError, match="does not name a single file"):
        read("pointer", b"a 1\nb 2\n", wanted)


def test_the_page_of_a_folder() -> None:
    page = (
        b'<a href="../">up</a> <A HREF=\'tonic-2.1-x86_64-r0.qcow2\'>x</A> <a href="./tonic-2.2-x86_64-r1.qcow2">y</a>'
        b'<a href="tonic-2.3-x86_64-r0.qcow2.sha512">z</a> <a href="20260801-1/">d</a>'
        b'<a href="tonic%2d2.4-x86_64-r0.qcow2">'
    )
    wanted = Wanted(NamePattern("tonic-{build}-x86_64-{revision}.qcow2"))
    assert [build.build for build in read("links", page, wanted)] == ["2.1-r0", "2.2-r1", "2.4-r0"]
    assert [build.build for build in read("links", page, wanted._replace(select="{build}/"))] == ["20260801-1"]


@pytest.mark.parametrize("type", [type for type in TYPES if type not in ("pointer", "links")])
@pytest.mark.parametrize(
    "data",
    [b"", b"<html>", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"nul"],
)
def test_what_is_not_json_is_refused(type: str, data: bytes) -> None:
    with pytest.raises(FetchError, match="not a valid JSON document"):
        read(type, data, FEDORA)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize(
    "content",
    [
        None, [], {}, 5, "text", [None], [[]], {"items": {}}, {"items": [5]}, {"products": []}, {"architectures": 3},
        {"products": {"": {"versions": {"1": {"items": []}}}}},
        {"items": [{"data": [], "metadata": 5, "kind": "Upload"}]},
        {"base_url": 5, "kvm": {"image": 3}}, [{"link": 3, "version": {}, "arch": []}],
    ],
)  # fmt: skip
def test_json_of_another_form_has_nothing(type: str, content: Any) -> None:
    try:
        found = read(type, content, FEDORA._replace(select="a b"))
    except FetchError as problem:
        assert type == "pointer"
        assert problem.hint
    else:
        assert found == []


def test_an_unknown_type() -> None:
    with pytest.raises(FetchError, match="unknown type 'toml'"):
        read("toml", b"", FEDORA)
