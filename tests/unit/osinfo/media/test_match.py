"""Which medium of which system an ISO is."""

from __future__ import annotations

from virtprov.osinfo.media.iso_header import IsoIds
from virtprov.osinfo.media.match import Hit, MediaTable, pack_media
from virtprov.osinfo.media.systems import SystemTable, pack_systems


def medium(
    volume: str = "", *, arch: str = "x86_64", system: str = "", publisher: str = "", application: str = "",
    size: str = "", variant: str = "", live: str = "", installer: str = "",
) -> tuple[str, ...]:  # fmt: skip
    """A row as the reader makes it."""
    return (arch, "", variant, volume, system, publisher, application, size, "", "", live, installer, *[""] * 5)


class World:
    """Systems with versions, dates and media, by short id."""

    def __init__(self) -> None:
        self.media: dict[str, list[tuple[str, ...]]] = {}
        self.facts: dict[str, tuple[str, ...]] = {}

    def add(self, short: str, version: str, *media: tuple[str, ...], released: str = "2020-01-01") -> World:
        self.media[short] = list(media)
        self.facts[short] = (short, version, short.rstrip("0123456789."), "", released)
        return self

    def match(self, *ids: str, size: int = 0, created: str = "") -> Hit | None:
        systems = SystemTable(lambda: pack_systems((name, told, ()) for name, told in self.facts.items()))
        table = MediaTable(pack_media(self.media.items()))
        volume, system, publisher, application = (*ids, "", "", "")[:4]
        found = IsoIds(volume, system, publisher, application, size, created=created)
        return table.match(found, systems)

    def name(self, *ids: str, size: int = 0, created: str = "") -> str | None:
        hit = self.match(*ids, size=size, created=created)
        return hit.os if hit else None


def test_all_ids_of_a_medium_must_be_found() -> None:
    context = World().add("one1", "1", medium("ONE", system="LINUX", publisher="ACME", application="^TOOL"))
    assert context.name("ONE", "LINUX", "THE ACME CORP", "TOOL 3") == "one1"
    assert context.name("ONE", "", "THE ACME CORP", "TOOL 3") is None
    assert context.name("ONE", "LINUX", "OTHERS", "TOOL 3") is None
    assert context.name("ONE", "LINUX", "THE ACME CORP", "A TOOL 3") is None


def test_a_medium_may_have_no_volume_id() -> None:
    context = World().add("old3", "3", medium(system="LINUX", application="OLD/3 i386"))
    assert context.name("whatever", "LINUX", "", "OLD/3 i386") == "old3"


def test_a_pattern_need_not_reach_the_end() -> None:
    assert World().add("one1", "1", medium("ONE-1")).name("ONE-1-DVD-0110") == "one1"


def test_a_start_counts_before_a_find_inside() -> None:
    context = World().add("el8", "8", medium("EL-8-.*-x86_64")).add("rhel8.1", "8.1", medium("RHEL-8-1-.*-x86_64"))
    assert context.name("RHEL-8-1-0-x86_64") == "rhel8.1"
    assert context.name("RHEL-8-7-0-x86_64") == "el8"


def test_the_medium_that_says_more_wins() -> None:
    context = World().add("a1", "1", medium("A.*")).add("b1", "1", medium("A-SERVER.*"))
    assert context.name("A-SERVER-DVD") == "b1"


def test_a_size_decides_between_equal_labels() -> None:
    context = World().add("a1", "1", medium("DISC", size="4096")).add("b1", "1", medium("DISC", size="6144"))
    assert context.name("DISC", size=6144) == "b1"
    assert context.name("DISC", size=8192) is None


def test_among_equals_the_newest_that_was_out() -> None:
    context = World()
    context.add("win10", "10", medium("CCCOMA_X64"), released="2015-07-29")
    context.add("win11", "11", medium("CCCOMA_X64"), released="2021-10-05")
    assert context.name("CCCOMA_X64FRE_EN-US_DV9") == "win11"
    assert context.name("CCCOMA_X64FRE_EN-US_DV9", created="20180410") == "win10"
    assert context.name("CCCOMA_X64FRE_EN-US_DV9", created="20230410") == "win11"


def test_a_version_is_not_cut_in_two() -> None:
    context = World().add("rhel7.2", "7.2", medium("RHEL-7.2.*x86_64"))
    context.add("rhel7-unknown", "7-unknown", medium("RHEL-7.([1-9][0-9]).*x86_64"))
    assert context.name("RHEL-7.26 Server.x86_64") == "rhel7-unknown"
    assert context.name("RHEL-7.2 Server.x86_64") == "rhel7.2"


def test_media_of_one_system_are_told_together() -> None:
    context = World().add("a1", "1", medium("A1", arch="x86_64", variant="dvd"), medium("A1", variant="netinst"))
    hit = context.match("A1")
    assert hit is not None
    assert (hit.arch, hit.variants, hit.installer, hit.live) == ("x86_64", ("dvd", "netinst"), True, False)
    context.media["a1"].append(medium("A1", arch="i686"))
    hit = context.match("A1")
    assert hit is not None
    assert hit.arch == ""


def test_a_live_medium_that_does_not_install() -> None:
    hit = World().add("a1", "1", medium("A1", arch="all", live="true", installer="false")).match("A1")
    assert hit is not None
    assert (hit.arch, hit.live, hit.installer) == ("", True, False)


def test_a_release_newer_than_all_is_taken_for_the_newest() -> None:
    context = World()
    for version in ("11", "12"):
        context.add(f"debian{version}", version, medium(rf"Debian {version}.\d+.\d+ amd64 n"))
    hit = context.match("Debian 14.1.0 amd64 n")
    assert hit is not None
    assert (hit.os, hit.exact) == ("debian12", False)
    assert context.name("Debian 9.1.0 amd64 n") is None
    assert context.name("Debian 14.1.0 riscv n") is None


def test_the_newest_may_have_other_media() -> None:
    context = World().add("ubuntu24.04", "24.04", medium("Ubuntu 24.04 LTS amd64"))
    context.add("ubuntu26.04", "26.04", medium("Ubuntu New 26.04"))
    assert context.name("Ubuntu 28.04 LTS amd64") == "ubuntu26.04"


def test_versions_in_other_spellings() -> None:
    context = World().add("bsd14.3", "14.3", medium("14_3_RELEASE_AMD64", system="BSD"))
    context.add("sle15sp7", "15.7", medium(r"SLE-15-SP7.*-x86_64"))
    context.add("obsd7.8", "7.8", medium(application=r"OBSD 7\.8 amd64", publisher="Copyright 2025 The Project"))
    assert context.name("15_0_RELEASE_AMD64", "BSD") == "bsd14.3"
    assert context.name("SLE-15-SP9-Full-x86_64") == "sle15sp7"
    assert context.name("x", "", "Copyright 2027 The Project", "OBSD 8.0 amd64") == "obsd7.8"


def test_the_same_release_in_another_size() -> None:
    context = World().add("fc3", "3", medium(system="LINUX", application="FC/3 i386", size="2048"))
    hit = context.match("x", "LINUX", "", "FC/3 i386", size=4096)
    assert hit is not None
    assert (hit.os, hit.exact) == ("fc3", True)


def test_what_says_little_is_not_guessed() -> None:
    context = World().add("boot1", "1", medium("bootimg", system="LINUX", size="2048")).add("x2", "2", medium("A2"))
    assert context.name("bootimg", "LINUX", size=4096) is None
    assert context.name("A3") is None
    assert context.name("") is None


def test_a_pattern_that_is_none_fits_nothing() -> None:
    context = World().add("bad1", "1", medium("BAD(")).add("good1", "1", medium("BAD"))
    assert context.name("BAD(") == "good1"


def test_no_media_at_all() -> None:
    assert World().name("ANY") is None
