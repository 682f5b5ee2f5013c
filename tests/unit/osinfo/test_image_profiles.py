"""Addresses of cloud images in profiles: layers, names, mistakes."""

from __future__ import annotations

import pytest

from virtprov.osinfo import find_profile
from virtprov.osinfo.image_profiles import CloudImage, Source, all_systems, find_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders

SPACE = 'xmlns="urn:virtprov:image:1.0"'


def images(*parts: str, os: str = "http://example.org/one/1", rest: str = "") -> str:
    return f'<images {SPACE} os="{os}" {rest}>{"".join(parts)}</images>'


@pytest.fixture
def one(folders: Folders, describe: Describe) -> str:
    """The id of a system in the bundled layer."""
    folders.write(folders.bundled, "os/one.xml", describe("one1"), describe("two2"))
    return next(profile.os_id for profile in find_profile.profiles() if "one1" in profile.short_ids)


def test_all_that_an_image_can_say(folders: Folders, one: str) -> None:
    parts = (
        "<url>https://e.org/{arch}/latest.qcow2</url><build>https://e.org/{arch}/{build}.qcow2</build>",
        "<checksums>SUMS {file}.sha256</checksums>",
        '<index type="fedora" select="1">https://e.org/index.json</index><builds type="links">./</builds>',
        '<signature of="image" keyrings="/a /b">{file}.sig</signature>',
    )
    image = (
        f'<image variant="v" arch="x86_64=amd64 s390x" user="me" port="50000" default="true">{"".join(parts)}</image>'
    )
    folders.write(
        folders.bundled,
        "image/one.xml",
        images(
            image,
            os=one,
            rest='names="uno eins" user="all" format="raw" cpu="x86-64-v3" firmware="bios uefi" '
            'seeds="nocloud" config="cloud-init"',
        ),
    )
    system = find_system("one1")
    assert system is not None
    assert (system.os_id, system.short_ids, system.names, system.name) == (one, ("one1",), ("uno", "eins"), "The one1")
    assert system.images == (
        CloudImage(
            "v", (("x86_64", "amd64"), ("s390x", "s390x")), "raw", "me", "x86-64-v3", ("bios", "uefi"), ("nocloud",),
            "cloud-init", 50000, True, "https://e.org/{arch}/latest.qcow2", "https://e.org/{arch}/{build}.qcow2",
            ("SUMS", "{file}.sha256"), Source("fedora", "https://e.org/index.json", "1"), Source("links", "./"),
            "{file}.sig", True, ("/a", "/b"),
        ),
    )  # fmt: skip
    assert find_system("uno") == find_system("eins") == system
    assert find_system("two2") is None
    assert [found.os_id for found in all_systems()] == [one]


def test_later_layers_replace_variants_and_add_others(folders: Folders, one: str) -> None:
    def image(variant: str, url: str, arch: str = "x86_64") -> str:
        return f'<image variant="{variant}" arch="{arch}"><url>{url}</url></image>'

    folders.write(folders.bundled, "image/one.xml", images(image("a", "https://1"), image("b", "https://2"), os=one))
    folders.write(folders.user, "mine.xml", images(image("b", "https://3"), image("c", "https://4"), os=one))
    system = find_system("one1")
    assert system is not None
    assert [(found.variant, found.url) for found in system.images] == [
        ("a", "https://1"), ("b", "https://3"), ("c", "https://4"),
    ]  # fmt: skip


def test_several_systems_with_the_same_images(folders: Folders, one: str) -> None:
    two = next(profile.os_id for profile in find_profile.profiles() if "two2" in profile.short_ids)
    image = '<image variant="a" arch="x86_64"/>'
    folders.write(folders.bundled, "image/one.xml", images(image, os=f"{one} {two}", rest='names="both"'))
    assert [find_system(name) is not None for name in ("one1", "two2", "both")] == [True] * 3
    assert find_system("both") == find_system("one1"), "the names are those of the first"


def test_a_name_for_images_does_not_hide_a_system(folders: Folders, one: str) -> None:
    image = '<image variant="a" arch="x86_64"/>'
    folders.write(folders.bundled, "image/one.xml", images(image, os=one, rest='names="two2"'))
    assert find_system("two2") is None


def test_a_changed_file_counts_at_once(folders: Folders, one: str) -> None:
    assert find_system("one1") is None
    folders.write(folders.user, "mine.xml", images('<image variant="a" arch="x86_64"/>', os=one))
    assert find_system("one1") is not None


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ('<image arch="x86_64"/>', "<image> requires the attribute 'variant'"),
        ('<image variant="a"/>', "<image> requires the attribute 'arch'"),
        (
            '<image variant="a" arch="x86_64" fromat="raw"/>',
            "unknown attribute 'fromat' of <image> (did you mean 'format'?)",
        ),
        ('<image variant="a" arch="x86_64" format="vmdk"/>', "invalid value format='vmdk' (expected qcow2, raw)"),
        ('<image variant="a" arch="x86_64" firmware="efi"/>', "invalid value firmware='efi'"),
        ('<image variant="a" arch="x86_64" cpu="v3"/>', "invalid value cpu='v3'"),
        ('<image variant="a" arch="x86_64"><link/></image>', "unknown element <link> in <image>"),
        (
            '<image variant="a" arch="x86_64"><url>{archs}</url></image>',
            "unknown part '{archs}' (did you mean 'arch'?)",
        ),
        ('<image variant="a" arch="x86_64"><index type="yaml">x</index></image>', "invalid value type='yaml'"),
        ("<picture/>", "unknown element <picture> in <images>"),
    ],
)
def test_slips_are_named(folders: Folders, one: str, text: str, slip: str) -> None:
    path = folders.write(folders.user, "mine.xml", images(text, os=one))
    warnings: list[str] = []
    find_profile.find("one1", warnings)
    assert len(warnings) == 1
    assert slip in warnings[0]
    assert f"{path}, line " in warnings[0]


def test_images_of_a_system_that_does_not_exist(folders: Folders, one: str) -> None:
    image = '<image variant="a" arch="x86_64"/>'
    folders.write(folders.user, "mine.xml", images(image, os=one[:-1]))
    folders.write(folders.user, "other.xml", images(image, os=""))
    warnings: list[str] = []
    find_profile.find("one1", warnings)
    assert len(warnings) == 2
    assert f"the images are for '{one[:-1]}', which does not exist" in "\n".join(warnings)
    assert "<images> requires the attribute 'os'" in "\n".join(warnings)
