"""--osinfo list."""

from __future__ import annotations

from virtprov.osinfo.listing import as_objects, as_table, listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Describe, Folders


def test_names_in_order_and_the_newest_first(folders: Folders, describe: Describe) -> None:
    names = ("two9", "one2", "one10", "one10.1", "one", "two-x5")
    folders.write(folders.system, "os/one.xml", *(describe(name) for name in names))
    shorts = [entry.short_ids[0] for entry in listing()]
    assert shorts == ["generic", "one10.1", "one10", "one2", "one", "two9", "two-x5"]


def test_a_word_filters_names_of_every_kind(samples: Folders) -> None:
    for word in ("TONIC2", "fizzy", "linux 2"):
        assert [entry.short_ids[0] for entry in listing(word)] == ["tonic2"]
    assert [entry.short_ids[0] for entry in listing("tonic")] == ["tonic2", "tonic1"]
    assert listing("gin") == []


def test_the_table_begins_with_the_short_ids(samples: Folders) -> None:
    headings, *lines = as_table(listing("tonic")).splitlines()
    assert headings.split("  ")[0] == "SYSTEM" and headings.endswith("RELEASED    SUPPORT ENDS")
    assert headings.index("NAME") == lines[0].index("Tonic Linux 2")
    assert lines[0].split("  ")[0] == "tonic2, tonicfizzy"
    assert lines[0].split()[-2:] == ["2023-04-05", "2028-04-05"]
    assert "Tonic Linux 2" in lines[0]
    assert lines[1].split() == ["tonic1", "Tonic", "Linux", "1", "2021-04-05"]
    assert len(lines) == 2


def test_long_names_push_the_rest_along(folders: Folders, describe: Describe) -> None:
    long = "".join(f"<short-id>another-{number}-long-name</short-id>" for number in range(4))
    folders.write(folders.system, "os/one.xml", describe("one1", long, name="N" * 60, eol_date="2030-01-01"))
    (_, line) = as_table(listing("one1")).splitlines()
    assert line.startswith("one1, another-0-long-name, another-1-long-name")
    assert "name  NNN" in line
    assert line.endswith("2030-01-01")


def test_objects_for_programs(samples: Folders) -> None:
    newest, oldest = as_objects(listing("tonic"))
    assert newest == {
        "short_id": "tonic2",
        "short_ids": ["tonic2", "tonicfizzy"],
        "id": "http://example.org/tonic/2",
        "name": "Tonic Linux 2",
        "version": "2",
        "family": "linux",
        "distro": "tonic",
        "codename": "Fizzy",
        "release_date": "2023-04-05",
        "eol_date": "2028-04-05",
    }
    assert oldest["eol_date"] is None


def test_generic_is_listed_once(folders: Folders) -> None:
    assert [entry.short_ids for entry in listing()] == [("generic",)]
    folders.write(
        folders.bundled, "os/g.xml", "<os id='http://e.org/generic'><short-id>generic</short-id><name>G</name></os>"
    )
    assert [(entry.short_ids, entry.id) for entry in listing()] == [(("generic",), "http://e.org/generic")]


def test_a_system_without_short_id_is_not_listed(folders: Folders) -> None:
    folders.write(folders.system, "os/one.xml", "<os id='http://e.org/x'><name>X</name></os>")
    assert [entry.short_ids[0] for entry in listing()] == ["generic"]


def test_warnings_come_along(folders: Folders) -> None:
    folders.write(folders.user, "os/broken.xml", "<os>")
    warnings: list[str] = []
    listing(warnings=warnings)
    assert len(warnings) == 1
