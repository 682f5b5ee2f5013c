"""Releases by code name and version."""

from __future__ import annotations

from virtprov.osinfo.media.systems import SystemTable, numbers, pack_systems

ROWS = (
    ("debian11", ("Debian 11", "11", "debian", "bullseye", "2021-08-14"), ()),
    ("debian12", ("Debian 12", "12", "debian", "bookworm", "2023-06-10"), (("live", "Debian 12 (Live)"), ("dvd", ""))),
    ("debiantesting", ("Debian testing", "testing", "debian", "", ""), ()),
    ("ubuntu22.04", ("Ubuntu 22.04", "22.04", "ubuntu", "Jammy Jellyfish", "2022-04-21"), ()),
    ("rhel9.1", ("RHEL 9.1", "9.1", "rhel", "Plow", "2022-11-15"), ()),
    ("rhel9-unknown", ("RHEL 9 unknown", "9-unknown", "rhel", "", ""), ()),
    ("rhel8.9", ("RHEL 8.9", "8.9", "rhel", "", "2023-11-14"), ()),
)


def table() -> SystemTable:
    return SystemTable(lambda: pack_systems(ROWS))


def test_nothing_is_loaded_before_it_is_needed() -> None:
    loads: list[int] = []

    def load() -> str:
        loads.append(1)
        return pack_systems(ROWS)

    systems = SystemTable(load)
    assert not loads
    assert systems.released("debian12") == "20230610"
    assert systems.version("debian12") == "12"
    assert len(loads) == 1


def test_one_system_is_the_same_with_and_without_the_others() -> None:
    unpacked = table()
    ids = [*unpacked.known, "debian1", "ebian12", "9.1", "", "Debian 11"]
    assert [table().get(short_id) for short_id in ids] == [unpacked.get(short_id) for short_id in ids]
    assert [system is None for system in map(table().get, ids)] == [False] * len(ROWS) + [True] * 5


def test_names_of_variants() -> None:
    systems = table()
    assert systems.name("debian12") == "Debian 12"
    assert systems.name("debian12", ("live",)) == "Debian 12 (Live)"
    assert systems.name("debian12", ("dvd",)) == "Debian 12"
    assert systems.name("debian12", ("live", "dvd")) == "Debian 12"
    assert (systems.name("none"), systems.version("none"), systems.released("none")) == ("", "", "")


def by_codename(distro: str, codename: str) -> str:
    found = table().by_codename(distro, codename)
    return found.short_id if found else ""


def test_code_names() -> None:
    assert by_codename("debian", "bookworm") == "debian12"
    assert by_codename("ubuntu", "jammy") == "ubuntu22.04"
    assert by_codename("ubuntu", "Jammy Jellyfish") == "ubuntu22.04"
    assert by_codename("debian", "testing") == "debiantesting"
    assert by_codename("debian", "stable") == "debian12"
    assert by_codename("ubuntu", "bookworm") == ""
    assert by_codename("debian", "") == ""


def by_version(distro: str, version: str) -> tuple[str, bool] | None:
    found = table().by_version(distro, version)
    return (found[0].short_id, found[1]) if found else None


def test_versions() -> None:
    assert by_version("debian", "12.4.0") == ("debian12", True)
    assert by_version("debian", "14") == ("debian12", False)
    assert by_version("debian", "10") is None
    assert by_version("rhel", "9.1") == ("rhel9.1", True)
    assert by_version("rhel", "9.7") == ("rhel9-unknown", True)
    assert by_version("rhel", "10.1") == ("rhel9.1", False)
    assert by_version("none", "1") is None
    assert by_version("debian", "") is None


def test_the_newest_of_a_line() -> None:
    assert table().newest_before("debian11", (14,)) == ("debian12", (12,))
    assert table().newest_before("debian12", (11, 5)) == ("debian11", (11,))
    assert table().newest_before("rhel8.9", (9, 5)) == ("rhel9.1", (9, 1))
    assert table().newest_before("debiantesting", (1,)) == ("debiantesting", (1,))


def test_numbers() -> None:
    assert [numbers(text) for text in ("9.4", "15-SP7", "testing", "")] == [(9, 4), (15, 7), (), ()]
