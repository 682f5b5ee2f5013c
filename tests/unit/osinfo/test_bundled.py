"""The profiles that come with virtprov hold together."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from virtprov.osinfo import find_profile, layers, listing
from virtprov.osinfo.profile import Profile
from virtprov.osinfo.profile_files.image_reader import TAG as IMAGES
from virtprov.osinfo.profile_files.reader import Content, Piece, read_file
from virtprov.osinfo.profile_files.resolve import load
from virtprov.xml import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.unit.osinfo.conftest import Folders
    from virtprov.osinfo.profile_tables import Image, Media, Tree

SCHEMA = Path("/usr/share/osinfo/schema/osinfo.rng")
SINCE_2012 = (
    ("debian", 7, 13), ("fedora", 18, 43), ("rhel8.", 0, 10), ("rhel9.", 0, 7), ("alpinelinux3.", 5, 22),
    ("freebsd13.", 0, 4), ("openbsd7.", 0, 7), ("sle15sp", 1, 6), ("mageia", 2, 9),
)  # fmt: skip
ALSO = (
    "ubuntu12.04 ubuntu14.04 ubuntu16.04 ubuntu18.04 ubuntu20.04 ubuntu22.04 ubuntu24.04 ubuntu25.04 "
    "centos7 centos-stream8 centos-stream9 centos-stream10 almalinux8 almalinux9 almalinux10 rocky8 rocky9 rocky10 "
    "ol7.9 ol8.5 ol9.0 opensusetumbleweed opensuse15.6 archlinux gentoo nixos-24.05 silverblue40 fedora-coreos-stable "
    "netbsd9.0 winxp win7 win8.1 win10 win11 win2k3 win2k8r2 win2k12r2 win2k16 win2k19 win2k22 win2k25 "
    "linux2016 linux2018 linux2020 linux2022 linux2024 generic unknown cirros0.5.2 fedora-unknown"
).split()


@pytest.fixture(scope="module")
def contents() -> dict[str, Content]:
    """Every bundled file, read."""
    _, files = layers.scan(layers.bundled_dir())
    return {path: read_file(path) for path in files}


@pytest.fixture(scope="module")
def systems(contents: dict[str, Content]) -> list[Piece]:
    return [system for content in contents.values() for system in content.systems]


@pytest.fixture
def bundled(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> list[Profile]:
    """Every profile when nothing but the bundled layer is there."""
    monkeypatch.undo()
    for name in ("OSINFO_SYSTEM_DIR", "OSINFO_LOCAL_DIR", "OSINFO_USER_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folders.cache / name))
    warnings: list[str] = []
    found = find_profile.profiles(warnings)
    assert warnings == []
    return found


def test_every_file_can_be_read() -> None:
    _, files = layers.scan(layers.bundled_dir())
    found = load(files)
    assert found.warnings == []
    assert len(found.systems) > 100


def test_files_fit_the_schema_where_the_system_carries_it() -> None:
    """osinfo's own schema, when osinfo-db is installed; without it the other tests have to do.

    An older schema does not know every architecture: what is said about those is left out for it.
    """
    _, files = layers.scan(layers.bundled_dir() if SCHEMA.exists() else "")
    schema = etree.RelaxNG(etree.parse(SCHEMA)) if files else None
    known = {"all", *re.findall("<value>([a-z0-9_]+)</value>", SCHEMA.read_text())} if files else set()
    for path in files:
        root = tree.parse_file(path)
        for node in root.iterfind(IMAGES):  # our own, which libosinfo skips
            tree.remove(node)
        for node in [node for node in root.iterfind("os/*[@arch]") if node.get("arch") not in known]:
            tree.remove(node)
        assert schema is not None
        assert schema.validate(root), schema.error_log


def test_ids_and_short_ids_are_unique(systems: list[Piece]) -> None:
    names = [name for system in systems for name in (system.id, *system.short_ids)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_system_has_what_lists_and_look_ups_need(systems: list[Piece]) -> None:
    for system in systems:
        assert system.short_ids, system.id
        assert system.scalars.get("name"), system.id
        assert all(re.fullmatch(r"[A-Za-z0-9._-]+", short) for short in system.short_ids), system.id


def test_parents_exist_and_every_line_of_them_ends(systems: list[Piece]) -> None:
    known = {system.id: system for system in systems}
    for system in systems:
        line, here = [system.id], list(system.derives)
        assert all(name in known for name in (*here, *system.upgrades)), system.id
        while here:
            name = here.pop()
            assert name != system.id, f"{line} comes back to itself"
            assert len(line) < 1000
            line.append(name)
            here += known[name].derives


def test_dates_are_dates_and_the_end_comes_after_the_release(systems: list[Piece]) -> None:
    for system in systems:
        dates = [system.scalars[key] for key in ("release-date", "eol-date") if system.scalars.get(key)]
        assert [str(datetime.date.fromisoformat(date)) for date in dates] == sorted(dates), system.id


def test_patterns_are_regular_expressions(bundled: list[Profile]) -> None:
    for profile in bundled:
        for medium in profile.media():
            for pattern in medium[3:7]:
                re.compile(pattern)
        for one in profile.trees():
            for pattern in one[7:11]:
                re.compile(pattern)


def test_addresses_architectures_and_amounts_are_sound(bundled: list[Profile]) -> None:
    for profile in bundled:
        rows: list[Media | Tree | Image] = [*profile.media(), *profile.trees(), *profile.cloud_images()]
        assert all(re.fullmatch(r"[a-z]+://\S+|", row.url) for row in rows), profile
        assert all(re.fullmatch(r"[a-z][a-z0-9_]+", row.arch) for row in rows), profile
        for arch in ("x86_64", "aarch64", "s390x", "i686"):
            needs = profile.resources(arch)
            sizes = [one for row in (needs.minimum, needs.recommended) for one in (row.ram, row.storage) if one]
            assert all(2**20 <= size <= 2**41 for size in sizes), (profile, arch)


def test_variants_that_media_name_are_described(bundled: list[Profile]) -> None:
    for profile in bundled:
        known = {variant.id for variant in profile.variants()}
        rows: list[Media | Tree | Image] = [*profile.media(), *profile.trees(), *profile.cloud_images()]
        assert {name for row in rows for name in row.variants} <= known, profile


def test_the_systems_people_install_are_there(bundled: list[Profile]) -> None:
    known = {short for profile in bundled for short in profile.short_ids} | {"generic"}
    wanted = [*ALSO, *(f"{name}{number}" for name, low, high in SINCE_2012 for number in range(low, high + 1))]
    assert [name for name in wanted if name not in known] == []


@pytest.mark.parametrize("short", ["debian12", "fedora40", "ubuntu24.04", "rhel9.4", "win11", "opensuse15.6"])
def test_modern_systems_say_what_the_defaults_ask(bundled: list[Profile], short: str) -> None:
    profile = next(profile for profile in bundled if short in profile.short_ids)
    advised = profile.resources("x86_64").advised
    assert advised.ram
    assert advised.storage
    assert profile.q35_ready
    assert profile.usb3
    assert profile.efi("x86_64")
    assert profile.virtio_1 is (short != "win11")
    assert profile.bios("x86_64") is (False if short == "win11" else None)


def test_the_list_shows_them_all(bundled: list[Profile]) -> None:
    entries = listing.listing()
    assert len(entries) >= len(bundled)
    assert "debian12, debianbookworm" in listing.as_table(entries)
