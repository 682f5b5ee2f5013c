"""Merging what several files say, and inheritance."""

from __future__ import annotations

from virtprov.osinfo import find_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


def device(product: str, supported: str = "true") -> str:
    return f"<devices><device id='http://pcisig.com/pci/{product}' supported='{supported}'/></devices>"


def parent(version: int, tag: str = "derives-from") -> str:
    return f"<{tag} id='http://example.org/one/{version}'/>"


def short(devices: frozenset[str]) -> set[str]:
    return {name.rsplit("/", 2)[-1] for name in devices}


def test_devices_come_down_the_line_and_can_be_taken_away(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe("one1", device("1af4/1000"), device("1af4/1001")),
        describe("one2", parent(1), device("1af4/1000", "false"), device("1af4/1041")),
        describe("one3", parent(2, "clones"), device("1af4/1044")),
        describe("one4", parent(3), device("1af4/1000")),
    )
    assert short(find_profile.find("one2").devices) == {"1001", "1041"}
    assert short(find_profile.find("one3").devices) == {"1001", "1041", "1044"}
    assert short(find_profile.find("one4").devices) == {"1000", "1001", "1041", "1044"}
    assert find_profile.find("one4").lineage == tuple(f"http://example.org/one/{number}" for number in (3, 2, 1))


def test_of_two_parents_the_one_that_says_no_wins(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe("one1", device("1af4/1000")),
        describe("one2", device("1af4/1000", "false")),
        describe("one3", parent(1), parent(2)),
        describe("one4", parent(2), parent(1)),
    )
    assert find_profile.find("one3").devices == find_profile.find("one4").devices == frozenset()


def test_upgrades_is_no_parent(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system, "os/one.xml", describe("one1", device("1af4/1000")), describe("one2", parent(1, "upgrades"))
    )
    assert find_profile.find("one2").devices == frozenset()


def test_a_loop_of_parents_ends(folders: Folders, describe: Describe) -> None:
    inherit = "<resources arch='all' inherit='true'/>"
    folders.write(
        folders.system,
        "os/one.xml",
        describe("one1", parent(3), inherit, device("1af4/1000")),
        describe("one2", parent(1), inherit, device("1af4/1001")),
        describe("one3", parent(2), parent(3), inherit, device("1af4/1002")),
    )
    for name in ("one1", "one2", "one3"):
        profile = find_profile.find(name)
        assert short(profile.devices) == {"1000", "1001", "1002"}
        assert len(profile.lineage) == 2
        assert profile.resources("x86_64").minimum.ram is None


def test_a_parent_that_is_missing_is_no_error(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one2", parent(1), device("1af4/1000")))
    warnings: list[str] = []
    assert short(find_profile.find("one2", warnings).devices) == {"1000"}
    assert warnings == []


def test_resources_are_inherited_only_when_asked_for(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe("one1", "<resources arch='all'><minimum><ram>1000</ram></minimum></resources>"),
        describe("one2", parent(1)),
        describe("one3", parent(1), "<resources arch='all' inherit='true'/>"),
        describe("one4", parent(3), "<resources arch='all' inherit='true'/>"),
    )
    rams = [find_profile.find(f"one{number}").resources("x86_64").minimum.ram for number in (2, 3, 4)]
    assert rams == [None, 1000, 1000]


def test_firmware_and_the_kernel_argument_come_down_the_line(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        describe(
            "one1",
            "<firmware arch='x86_64' type='efi'/><firmware arch='x86_64' type='bios'/>",
            kernel_url_argument="one.repo",
            cloud_image_username="one",
            codename="First",
        ),
        describe("one2", parent(1), "<firmware arch='x86_64' type='bios' supported='false'/>"),
    )
    profile = find_profile.find("one2")
    assert (profile.efi("x86_64"), profile.bios("x86_64")) == (True, False)
    assert (profile.kernel_url_argument, profile.cloud_image_username) == ("one.repo", "one")
    assert profile.codename == ""


def test_media_trees_images_and_scripts_are_each_systems_own(samples: Folders, describe: Describe) -> None:
    samples.write(samples.local, "os/x.xml", describe("one1", "<derives-from id='http://example.org/tonic/2'/>"))
    profile = find_profile.find("one1")
    assert profile.virtio_1
    assert (profile.media(), profile.trees(), profile.cloud_images(), profile.script_ids) == ((), (), (), ())


def test_later_layers_extend_and_override_by_id(folders: Folders, describe: Describe) -> None:
    tree = "<tree arch='x86_64'><url>http://example.org/{}/</url></tree>"
    folders.write(
        folders.bundled,
        "os/all.xml",
        describe(
            "one1",
            device("1af4/1000"),
            tree.format("bundled"),
            "<resources arch='all'><minimum><ram>1000</ram><n-cpus>1</n-cpus></minimum></resources>",
            release_date="2020-01-01",
        ),
    )
    folders.write(
        folders.user,
        "os/mine.xml",
        describe(
            "one1",
            "<short-id>mine</short-id>",
            device("1af4/1000", "false"),
            tree.format("bundled"),
            tree.format("mine"),
            "<resources arch='all'><minimum><ram>5000</ram></minimum></resources>",
            name="My own",
        ),
    )
    profile = find_profile.find("mine")
    assert profile == find_profile.find("one1")
    assert profile.name == "My own"
    assert profile.release_date == "2020-01-01"
    assert profile.short_ids == ("one1", "mine")
    assert not profile.virtio_net
    assert [tree.url for tree in profile.trees()] == ["http://example.org/bundled/", "http://example.org/mine/"]
    assert profile.resources("x86_64").minimum[:2] == (5000, 1)


def test_a_short_id_belongs_to_the_last_layer_that_claims_it(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1"))
    folders.write(folders.user, "os/two.xml", describe("two2", "<short-id>one1</short-id>"))
    assert find_profile.find("one1").os_id == "http://example.org/two/2"
    assert find_profile.find("http://example.org/one/1").name == "The one1"
