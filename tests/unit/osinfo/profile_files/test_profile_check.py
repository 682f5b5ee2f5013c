"""Slips in profiles that people write."""

from __future__ import annotations

import pytest

from virtprov.osinfo import find_profile
from virtprov.osinfo.profile_files.profile_check import check_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


@pytest.mark.parametrize(
    ("part", "slip"),
    [
        ("<recources arch='all'/>", "unknown element <recources> in <os> (did you mean 'resources'?)"),
        ("<resources><minimum/></resources>", "<resources> requires the attribute 'arch'"),
        ("<resources arch='x86-64'/>", "invalid value arch='x86-64' (did you mean 'x86_64'"),
        (
            "<resources arch='all' inherits='true'/>",
            "unknown attribute 'inherits' of <resources> (did you mean 'inherit'?)",
        ),
        (
            "<resources arch='all'><minimum><memory>1</memory></minimum></resources>",
            "unknown element <memory> in <minimum>",
        ),
        (
            "<resources arch='all'><minimum><ram>4 GiB</ram></minimum></resources>",
            "<ram> is '4 GiB', expected a whole number (sizes in bytes)",
        ),
        ("<release-date>31.12.2025</release-date>", "<release-date> is '31.12.2025', expected a date such as"),
        ("<short-id>my os</short-id>", "<short-id> is 'my os', expected a word"),
        ("<release-status>stable</release-status>", "<release-status> is 'stable', expected snapshot"),
        ("<firmware arch='x86_64' type='uefi'/>", "invalid value type='uefi' (did you mean 'efi'?)"),
        ("<media arch='x86_64' live='yes'/>", "invalid value live='yes' (expected true, false)"),
        (
            "<media arch='x86_64'><iso><volumeid/></iso></media>",
            "unknown element <volumeid> in <iso> (did you mean 'volume-id'",
        ),
        ("<tree arch='x86_64'><treeinfo><famly/></treeinfo></tree>", "unknown element <famly> in <treeinfo>"),
        (
            "<derives-from id='http://example.org/nobody/1'/>",
            "inherits from 'http://example.org/nobody/1', which does not exist",
        ),
    ],
)
def test_a_slip_of_a_users_is_named_and_the_rest_is_used(
    folders: Folders, describe: Describe, part: str, slip: str
) -> None:
    path = folders.write(folders.user, "os/one.xml", describe("one1", "<codename>Used</codename>", part))
    warnings: list[str] = []
    assert find_profile.find("one1", warnings).codename == "Used"
    assert len(warnings) == 1
    assert slip in warnings[0]
    assert str(path) in warnings[0]


def test_slips_carry_their_line(folders: Folders) -> None:
    path = folders.write(
        folders.user, "os/one.xml", '<os id="http://example.org/one/1">', "  <shortid>one1</shortid>", "</os>"
    )
    assert check_file(str(path)) == [
        f"OS profile {path}, line 3: unknown element <shortid> in <os> (did you mean 'short-id'?)",
        f"OS profile {path}, line 2: <os> has no <short-id>, so it cannot be selected by a short name",
    ]


def test_a_parent_that_is_nearly_right_is_suggested(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", describe("one1"))
    folders.write(folders.local, "os/two.xml", describe("two1", "<derives-from id='http://example.com/one/1'/>"))
    warnings: list[str] = []
    find_profile.find("two1", warnings)
    assert "did you mean 'http://example.org/one/1'?" in warnings[0]


def test_files_that_came_with_a_package_are_not_checked(folders: Folders, describe: Describe) -> None:
    folders.write(folders.bundled, "os/one.xml", describe("one1", "<novelty/>"))
    folders.write(folders.system, "os/two.xml", describe("two2", "<novelty/>"))
    warnings: list[str] = []
    find_profile.profiles(warnings)
    assert warnings == []


def test_every_element_of_the_format_passes(samples: Folders) -> None:
    for path in samples.system.rglob("*.xml"):
        assert check_file(str(path)) == []


def test_what_scripts_and_datamaps_hold_is_theirs(folders: Folders) -> None:
    path = folders.write(
        folders.user,
        "rest.xml",
        "<install-script id='http://e.org/s'><template><x><ram>much</ram></x></template></install-script>",
        "<datamap id='http://e.org/d'><entry inval='a' outval='b'/></datamap>",
    )
    assert check_file(str(path)) == []
