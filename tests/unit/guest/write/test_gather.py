"""What was typed behind an option group, read."""

from __future__ import annotations

import pytest

from virtprov.guest.write import gather
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("group", "texts", "uses", "refused"),
    [
        ("disk", [], 0, False),
        ("disk", ["/a", "/b,size=1"], 2, False),
        ("disk", ["none"], 0, True),
        ("disk", [" none,"], 0, True),
        ("disk", ["none", "/a"], 1, True),
        ("network", ["none"], 0, True),
        ("network", ["user", "bridge=br0"], 2, False),
        ("sound", ["default"], 1, False),
        ("controller", ["usb2"], 4, False),  # EHCI and its three companions
        ("controller", ["usb3"], 1, False),
        ("boot", ["hd,cdrom", "uefi"], 2, False),
    ],
)
def test_uses(group: str, texts: list[str], uses: int, refused: bool) -> None:
    found, is_refused = gather.group_uses(group, texts)
    assert ([use.group for use in found], is_refused) == ([group] * uses, refused)


def test_a_use_knows_what_was_typed() -> None:
    (use,), _ = gather.group_uses("disk", ["/a,bus=scsi"])
    assert use.text == "/a,bus=scsi"
    assert use.said.verbs == {"path": "/a"}
    assert [(place.name, place.text) for place in use.said.places] == [("bus", "scsi")]


@pytest.mark.parametrize(
    ("group", "texts", "said"),
    [
        ("cloud-init", [], {}),
        ("cloud-init", ["disable=on,user=joe"], {"disable": "yes", "user": "joe"}),
        ("cloud-init", ["ssh-key=/k"], {"ssh-key": "/k"}),
        ("check", ["all=off", "disk_size=on"], {"all": "no", "disk_size": "yes"}),
        ("check", ["disk_size=off", "disk_size=on"], {"disk_size": "yes"}),  # the last one wins
        ("install", ["fedora40,no_install=yes"], {"os": "fedora40", "no_install": "yes"}),
        ("install", ["kernel=/k,kernel_args=a=b,c d"], {"kernel": "/k", "kernel_args": "a=b,c d"}),
    ],
)
def test_words(group: str, texts: list[str], said: dict[str, str]) -> None:
    assert gather.words(group, texts) == said


@pytest.mark.parametrize(
    ("group", "text", "message", "hint"),
    [
        ("disk", "/a,bsu=scsi", "--disk has no sub-option 'bsu'", "did you mean 'bus'"),
        ("network", "bridg=br0", "--network has no sub-option 'bridg'", "did you mean 'bridge'"),
        ("disk", "/a,cache", "--disk cache: value missing", "cache=VALUE"),
        ("disk", "/a,readonly=maybe", "'maybe' is not yes or no", "yes or no"),
        ("disk", "'/a", "missing closing quote", "close the quote"),
        ("cloud-init", "user-date=/x", "--cloud-init has no sub-option 'user-date'", "'user-data'"),
        ("check", "all=perhaps", "is not yes or no", "yes or no"),
    ],
)
def test_what_cannot_be_read(group: str, text: str, message: str, hint: str) -> None:
    read = gather.words if group in ("cloud-init", "check") else gather.group_uses
    with pytest.raises(UsageError) as caught:
        read(group, [text])
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("texts", "asked"), [([], False), (["/a"], False), (["help"], True), (["/a", "?"], True), (["help.img"], False)]
)
def test_help(texts: list[str], asked: bool) -> None:
    assert gather.is_help_requested(texts) is asked
