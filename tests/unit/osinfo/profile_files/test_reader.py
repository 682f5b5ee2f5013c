"""Files that are not as they should be; what well-formed ones say is asked in test_profile."""

from __future__ import annotations

import pytest

from virtprov.osinfo import find_profile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<libosinfo><os id='http://e.org/x'>", "line 1"),
        ("", "empty"),
        ("plain words", "line 1"),
        ("<domain/>", "is not an OS profile: the root element is <domain> instead of <libosinfo>"),
        ("<libosinfo>\n\n<os><short-id>x</short-id></os></libosinfo>", "line 3: <os> has no id"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><libosinfo/>", "DOCTYPE"),
        ("<libosinfo><os id='http://e.org/x'><short-id>&unknown;</short-id></os></libosinfo>", "line 1"),
    ],
)
def test_a_broken_file_is_named_and_left_out(folders: Folders, describe: Describe, text: str, said: str) -> None:
    folders.write(folders.system, "os/good.xml", describe("one1"))
    broken = folders.user / "os" / "broken.xml"
    broken.parent.mkdir(parents=True)
    broken.write_text(text or " ")
    folders.settle()
    for _cold_then_warm in range(2):
        warnings: list[str] = []
        assert find_profile.find("one1", warnings).name == "The one1"
        assert len(warnings) == 1
        assert str(broken) in warnings[0]
        assert said in warnings[0]


def test_a_file_that_cannot_be_opened_is_named(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/good.xml", describe("one1"))
    (folders.system / "os" / "gone.xml").symlink_to(folders.system / "nowhere")
    warnings: list[str] = []
    assert find_profile.find("one1", warnings).name == "The one1"
    assert "gone.xml" in warnings[0]


def test_a_build_template_left_in_the_folder_is_passed_over(folders: Folders, describe: Describe) -> None:
    folders.write(folders.system, "os/one.xml", '<os id="http://e.org/{{ series }}"/>', describe("one1"))
    warnings: list[str] = []
    assert [profile.short_id for profile in find_profile.profiles(warnings)] == ["one1"]
    assert warnings == []


def test_unknown_elements_comments_and_odd_numbers_do_no_harm(folders: Folders, describe: Describe) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        "<!-- a note --><deployment id='http://e.org/d'/>",
        describe(
            "one1",
            "<!-- a note --><mood>fine</mood><short-id/>",
            "<resources arch='all'><minimum><!-- a note --><ram>lots</ram><n-cpus>2</n-cpus></minimum></resources>",
            "<media arch='x86_64'><!-- a note --><iso><volume-size>big</volume-size></iso></media>",
            "<tree arch='x86_64'><treeinfo><!-- a note --></treeinfo></tree>",
        ),
    )
    profile = find_profile.find("one1")
    assert profile.short_ids == ("one1",)
    assert profile.resources("x86_64").minimum[:2] == (None, 2)
    assert profile.media()[0].volume_size is None
    assert profile.trees()[0].has_treeinfo


def test_texts_lose_the_white_space_around_them(folders: Folders) -> None:
    folders.write(
        folders.system,
        "os/one.xml",
        "<os id='http://e.org/x'><short-id>\n  one1 </short-id><name>\n  A   name\n</name></os>",
    )
    assert find_profile.find("one1").name == "A   name"
