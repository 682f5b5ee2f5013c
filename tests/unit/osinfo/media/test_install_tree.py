"""Which system a tree's `.treeinfo` means."""

from __future__ import annotations

import pytest

from virtprov.osinfo.media.install_tree import TreeHit, TreeIds, TreeTable, pack_trees, parse_ini, tree_ids
from virtprov.osinfo.media.systems import SystemTable, pack_systems


def tree(
    family: str, version: str = "", variant: str = "", arch: str = "", of: str = "x86_64", name: str = ""
) -> tuple[str, ...]:
    """A row as the reader makes it."""
    return (of, "", name, "", "", "", "true", family, variant, version, arch)


SYSTEMS = (
    ("rhel9.0", "9.0", tree("Red Hat Enterprise Linux", r"^9.0(.([0-9]|[1-9][0-9]))?$", arch="x86_64")),
    ("rhel9.4", "9.4", tree("Red Hat Enterprise Linux", r"^9.4(.([0-9]|[1-9][0-9]))?$", arch="x86_64")),
    ("fedora40", "40", tree("Fedora", "40", "Server", "x86_64", name="server")),
    ("silverblue40", "40", tree("Fedora", "40", "Silverblue", "x86_64")),
    ("alma9", "9", tree("^AlmaLinux$", "^9(.([0-9]|[1-9][0-9]))?$", arch="x86_64")),
    ("kitten10", "10", tree("AlmaLinux Kitten", "10", of="all")),
    ("odd1", "1", tree("Odd(", "1")),
)


def match(*told: str) -> TreeHit | None:
    table = TreeTable(pack_trees((short, [row]) for short, _, row in SYSTEMS))
    facts = SystemTable(
        lambda: pack_systems((short, (short, version, "", "", ""), ()) for short, version, _ in SYSTEMS)
    )
    return table.match(TreeIds(*told), facts)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("Red Hat Enterprise Linux", "BaseOS", "9.4", "x86_64"), "rhel9.4"),
        (("Red Hat Enterprise Linux", "BaseOS", "9.0.0", "x86_64"), "rhel9.0"),
        (("Fedora", "Server", "40", "x86_64"), "fedora40"),
        (("Fedora", "Silverblue", "40", "x86_64"), "silverblue40"),
        (("AlmaLinux", "BaseOS", "9", "x86_64_v2"), "alma9"),
        (("AlmaLinux Kitten", "BaseOS", "10", "s390x"), "kitten10"),
    ],
)
def test_a_tree_is_known_by_its_patterns(told: tuple[str, ...], expected: str) -> None:
    hit = match(*told)
    assert hit is not None
    assert (hit.os, hit.exact) == (expected, True)


def test_what_comes_with_a_hit() -> None:
    assert match("Fedora", "Server", "40", "x86_64") == TreeHit("fedora40", "x86_64", ("server",), True)
    assert match("AlmaLinux Kitten", "", "10", "arm64") == TreeHit("kitten10", "aarch64", (), True)


def test_a_newer_release_is_taken_for_the_newest_before_it() -> None:
    assert match("Red Hat Enterprise Linux", "BaseOS", "9.9", "x86_64") == TreeHit("rhel9.4", "x86_64", (), False)
    assert match("Red Hat Enterprise Linux", "BaseOS", "9.2", "x86_64") == TreeHit("rhel9.0", "x86_64", (), False)
    assert match("Red Hat Enterprise Linux", "BaseOS", "8.9", "x86_64") is None


@pytest.mark.parametrize(
    "told",
    [("Nothing", "", "1", "x86_64"), ("Fedora", "Server", "40", "ppc64"), ("Odd(", "", "1", ""), ("", "", "", "")],
)
def test_others_are_not_known(told: tuple[str, ...]) -> None:
    assert match(*told) is None


def test_general_counts_before_release_and_tree() -> None:
    text = "[general]\nfamily = F\nvariant = V\nversion = 1\narch = i386\n[release]\nname = R\nversion = 2\n"
    assert tree_ids(parse_ini(text)) == TreeIds("F", "V", "1", "i386")


def test_release_and_tree_do_without_general() -> None:
    text = "[release]\nname = Fedora\nversion = 40\n\n[tree]\narch = x86_64\nvariants = Server,Everything\n"
    assert tree_ids(parse_ini(text)) == TreeIds("Fedora", "Server", "40", "x86_64")


def test_ini_in_all_its_forms() -> None:
    text = "lost = 1\n[A b]\n# note\n; note\nKey: v = w\nother=x\nnonsense\n\n[a B]\nlast = y\n[broken\n"
    assert parse_ini(text) == {"a b": {"key: v": "w", "other": "x", "last": "y"}}


@pytest.mark.parametrize("text", ["", "<html></html>", "[general]\nfamily =\n", "[x]\ny = z"])
def test_texts_that_name_no_product(text: str) -> None:
    assert tree_ids(parse_ini(text)) is None
