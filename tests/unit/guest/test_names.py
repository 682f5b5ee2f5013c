import re

import pytest

from virtprov.guest import names
from virtprov.support.errors import UsageError


def test_generated_ids_have_their_shape() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", names.new_uuid())
    assert re.fullmatch(r"52:54:00(:[0-9a-f]{2}){3}", names.new_mac(True))
    assert re.fullmatch(r"00:16:3e:[0-7][0-9a-f](:[0-9a-f]{2}){2}", names.new_mac(False))
    assert names.new_uuid() != names.new_uuid()


@pytest.mark.parametrize(
    ("short", "arch", "container", "taken", "name"),
    [
        ("debian12", "x86_64", False, (), "debian12"),
        ("debian12", "x86_64", False, ("debian12",), "debian12-2"),
        ("debian12", "x86_64", False, ("debian12", "debian12-2"), "debian12-3"),
        ("fedora-unknown", "x86_64", False, (), "fedora"),
        ("fedora40", "aarch64", False, (), "fedora40-aarch64"),
        ("fedora40", "armv7l", False, (), "fedora40-arm"),
        ("fedora40", "armv6l", False, (), "fedora40-armv6l"),
        ("fedora40", "i686", False, (), "fedora40-i686"),
        ("generic", "i686", False, (), "vm-i686"),
        ("generic", "x86_64", False, (), "vm1"),
        ("generic", "x86_64", False, ("vm1",), "vm2"),
        ("", "x86_64", True, (), "container1"),
    ],
)
def test_default_names(short: str, arch: str, container: bool, taken: tuple[str, ...], name: str) -> None:
    assert names.default_name(short, arch, "x86_64", container, taken.__contains__) == name


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\nb", ".", "..", "a" * 252, "é" * 126])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        names.check_name(name)


@pytest.mark.parametrize("name", ["my guest", "...", ".hidden", "a" * 251])
def test_unusual_names_are_fine(name: str) -> None:
    names.check_name(name)
