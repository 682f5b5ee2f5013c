"""What a profile answers, asked of a sample that uses every element of the format."""

from __future__ import annotations

import pytest

from virtprov.osinfo import find_profile
from virtprov.osinfo.profile import Amounts, Profile, Resources, canonical_arch
from virtprov.osinfo.profile_tables import Driver, Image, Language, Variant

GIB = 2**30

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


@pytest.fixture
def tonic(samples: Folders) -> Profile:
    return find_profile.find("tonic2")


def test_plain_facts(tonic: Profile) -> None:
    assert tonic.os_id == "http://example.org/tonic/2"
    assert tonic.short_id == "tonic2"
    assert tonic.short_ids == ("tonic2", "tonicfizzy")
    assert (tonic.name, tonic.version, tonic.vendor) == ("Tonic Linux 2", "2", "Example Org")
    assert (tonic.family, tonic.distro, tonic.codename) == ("linux", "tonic", "Fizzy")
    assert (tonic.release_date, tonic.eol_date, tonic.status) == ("2023-04-05", "2028-04-05", "released")
    assert (tonic.kernel_url_argument, tonic.cloud_image_username) == ("tonic.repo", "tonic")
    assert tonic.lineage == ("http://example.org/tonic/1",)
    assert tonic.script_ids == ("http://example.org/script/jeos",)
    assert not tonic.is_windows
    assert not tonic.is_generic


def test_devices(tonic: Profile) -> None:
    assert tonic.supports("http://pcisig.com/pci/1af4/1041")
    assert tonic.supports("1af4/1001")
    assert not tonic.supports("1af4/1000")
    assert tonic.virtio_net
    assert tonic.virtio_1
    assert tonic.virtio_disk
    assert not tonic.virtio_rng
    assert tonic.network_models == ("virtio",)


def test_resources(tonic: Profile) -> None:
    found = tonic.resources("x86_64")
    assert found.minimum == Amounts(GIB, 1, 10 * GIB, 10**9)
    assert found.recommended == Amounts(ram=4 * GIB)
    assert found.network_install.ram == 2 * GIB
    assert found.maximum == Amounts()
    assert found.advised == Amounts(4 * GIB, 2, 20 * GIB, 2 * 10**9)


def test_firmware(tonic: Profile) -> None:
    assert tonic.efi("x86_64") is True
    assert tonic.bios("x86_64") is False
    assert tonic.efi("aarch64") is None


def test_media(tonic: Profile) -> None:
    disc, arm = tonic.media()
    assert tonic.media("arm64") == (arm,)
    assert disc._replace(languages=()) == (
        "x86_64", "http://example.org/tonic-2.iso", ("server",), "Tonic 2 .*", "LINUX", "EXAMPLE", "TONIC", 123456,
        "boot/vmlinuz", "boot/initrd", True, True, False, 2, False, ("http://example.org/script/jeos",), (),
    )  # fmt: skip
    assert disc.languages == (Language("Tonic 2 (..)", True, "http://example.org/languages"),)
    assert (arm.live, arm.installer, arm.installer_script, arm.volume_size) == (False, False, True, None)


def test_media_of_a_system_without_scripts_cannot_run_one(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1", "<media arch='x86_64'><iso/></media>"))
    assert [medium.installer_script for medium in find_profile.find("one1").media()] == [False]


def test_trees(tonic: Profile) -> None:
    with_info, plain = tonic.trees()
    assert with_info == (
        "x86_64", "http://example.org/tree/x86_64/", ("server",), "images/vmlinuz", "images/initrd.img",
        "images/boot.iso", True, "Tonic", "Server", "^2", "x86_64",
    )  # fmt: skip
    assert tonic.trees("aarch64") == (plain,)
    assert not plain.has_treeinfo


@pytest.mark.parametrize(("script", "name"), [("", "every"), ("jeos", "server"), ("desktop", "desk"), ("odd", "every")])
def test_the_tree_to_install_from(folders: Folders, describe: Describe, script: str, name: str) -> None:
    trees = "".join(
        f"<tree arch='x86_64'><url>http://e.org/{name}</url><treeinfo><variant>{kind}</variant></treeinfo></tree>"
        for name, kind in (("server", "Server"), ("every", "Everything"), ("desk", "Workstation"))
    )
    folders.write(
        folders.system,
        "os/one.xml",
        describe("one1", "<tree arch='x86_64'><treeinfo><variant>Everything</variant></treeinfo></tree>", trees),
        describe("one2", "<tree arch='x86_64'><url>http://e.org/only</url></tree>"),
    )
    tree = find_profile.find("one1").install_tree("x86_64", script)
    assert tree is not None
    assert tree.url == f"http://e.org/{name}"
    only = find_profile.find("one2").install_tree("x86_64", script)
    assert only is not None
    assert only.url == "http://e.org/only"
    assert find_profile.find("one1").install_tree("s390x", script) is None


def test_images_variants_drivers(tonic: Profile) -> None:
    cloud, raw = tonic.cloud_images("x86_64")
    assert cloud == Image("x86_64", "qcow2", "http://example.org/tonic-2.qcow2", True, ("server",))
    assert not raw.cloud_init
    assert tonic.cloud_images(format="raw") == (raw,)
    assert tonic.cloud_images("s390x") == ()
    assert tonic.variants() == (Variant("server", "Tonic Server 2"),)
    assert tonic.drivers("x86_64") == (
        Driver("x86_64", "http://example.org/drivers", True, False, 50, ("one.inf", "two.sys"),
               ("http://pcisig.com/pci/1af4/1041",)),
    )  # fmt: skip


def test_a_profile_is_frozen_and_compares_by_content(tonic: Profile) -> None:
    with pytest.raises(AttributeError):
        tonic.name = "Water"
    assert tonic == Profile(tonic.record)
    assert len({tonic, Profile(tonic.record)}) == 1
    assert tonic != find_profile.find("tonic1")


@pytest.mark.parametrize("record", ["", "one", "\x1c" * 50])
def test_a_record_of_another_shape_is_refused(record: str) -> None:
    with pytest.raises(ValueError, match="not a profile record"):
        Profile(record)


@pytest.mark.parametrize(
    ("family", "clock", "is_windows"),
    [
        ("winnt", "localtime", True),
        ("win9x", "localtime", True),
        ("solaris", "localtime", False),
        ("linux", "utc", False),
    ],
)
def test_the_clock_follows_the_family(
    folders: Folders, describe: Describe, family: str, clock: str, is_windows: bool
) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1", family=family))
    profile = find_profile.find("one1")
    assert (profile.clock, profile.is_windows) == (clock, is_windows)


def test_rows_for_one_architecture_come_before_those_for_all(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe(
            "one1",
            "<resources arch='all'><minimum><ram>1000</ram><n-cpus>3</n-cpus></minimum></resources>",
            "<resources arch='x86_64'><minimum><ram>2000</ram></minimum></resources>",
            "<resources arch='i686'><maximum><ram>77</ram></maximum></resources>",
        ),
    )
    profile = find_profile.find("one1")
    assert profile.resources("amd64").minimum == Amounts(2000, 3)
    assert profile.resources("aarch64").minimum == Amounts(1000, 3)
    assert profile.resources("i386").maximum.ram == 77
    assert profile.resources("x86_64").maximum.ram is None


def test_recommended_for_all_beats_the_minimum_of_one(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe(
            "one1",
            "<resources arch='all'><recommended><ram>3000</ram></recommended></resources>",
            "<resources arch='x86_64'><minimum><ram>2000</ram><storage>5</storage></minimum></resources>",
        ),
    )
    assert find_profile.find("one1").resources("x86_64").advised == Amounts(ram=3000, storage=10)


@pytest.mark.parametrize(
    ("devices", "ready"),
    [
        (("http://qemu.org/chipset/x86/q35", "http://pcisig.com/pci/1af4/1041"), True),
        (("http://qemu.org/chipset/x86/q35", "http://pcisig.com/pci/1af4/1000"), False),
        (("http://qemu.org/chipset/x86/q35",), True),
        (("http://pcisig.com/pci/1af4/1041",), False),
    ],
)
def test_q35_needs_virtio_that_fits_its_slots(
    folders: Folders, describe: Describe, devices: tuple[str, ...], ready: bool
) -> None:
    listed = "".join(f"<device id='{device}'/>" for device in devices)
    folders.write(folders.system, "os/one.xml", describe("one1", f"<devices>{listed}</devices>"))
    assert find_profile.find("one1").q35_ready is ready


@pytest.mark.parametrize(
    ("device", "fact"),
    [
        ("http://pcisig.com/pci/1af4/1042", "virtio_disk"),
        ("http://pcisig.com/pci/1af4/1000", "virtio_net"),
        ("http://pcisig.com/pci/1af4/1045", "virtio_balloon"),
        ("http://pcisig.com/pci/1af4/1043", "virtio_serial"),
        ("http://pcisig.com/pci/1af4/1048", "virtio_scsi"),
        ("http://pcisig.com/pci/1af4/1044", "virtio_rng"),
        ("http://pcisig.com/pci/1af4/1050", "virtio_gpu"),
        ("http://pcisig.com/pci/1b36/0004", "usb3"),
        ("http://pcisig.com/pci/1033/0194", "usb3"),
        ("http://qemu.org/chipset/x86/q35", "q35"),
    ],
)
def test_each_device_gives_its_fact(folders: Folders, describe: Describe, device: str, fact: str) -> None:
    folders.write(
        folders.system, "os/one.xml", describe("one1", f"<devices><device id='{device}'/></devices>"), describe("one2")
    )
    assert getattr(find_profile.find("one1"), fact) is True
    assert getattr(find_profile.find("one2"), fact) is False


def test_nothing_known_is_advised_nothing() -> None:
    assert Resources().advised == Amounts()


@pytest.mark.parametrize(("given", "name"), [("i586", "i686"), ("arm64", "aarch64"), ("s390x", "s390x"), ("", "")])
def test_architectures_have_one_name(given: str, name: str) -> None:
    assert canonical_arch(given) == name
