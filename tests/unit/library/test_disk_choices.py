"""What --copy says about single disks, and what contradicts it."""

from __future__ import annotations

import pytest

from virtprov import Copy, UsageError
from virtprov.actions.request import DiskChoice
from virtprov.library.cloning import to_request


def choices(*texts: str, **more: object) -> tuple[DiskChoice, ...]:
    return to_request(Copy(original="web", copies=texts, **more)).choices  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("vda", DiskChoice("vda")),
        ("target=vda,pool=fast", DiskChoice("vda", pool="fast")),
        ("vda,path=/srv/a.img,format=raw", DiskChoice("vda", path="/srv/a.img", format="raw")),
        ("vdb,format=qcow2,pool=fast", DiskChoice("vdb", pool="fast", format="qcow2")),
        ("vdb,linked=yes", DiskChoice("vdb", linked=True)),
        ("vdb,linked=no,share=off,skip=0", DiskChoice("vdb", linked=False, share=False, skip=False)),
        ("all,skip=yes", DiskChoice("all", skip=True)),
        ("sda,share=on", DiskChoice("sda", share=True)),
    ],
)
def test_one_choice(text: str, choice: DiskChoice) -> None:
    assert choices(text) == (choice,)


def test_several_choices_and_a_pool() -> None:
    request = to_request(Copy(original="web", copies=["vda,pool=fast", "vdb,skip=yes"], pool="slow"))
    assert request.choices == (DiskChoice("vda", pool="fast"), DiskChoice("vdb", skip=True))
    assert request.pool == "slow"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pool=fast", "no disk given"),
        ("vda,pool=", "--copy vda: pool requires a value"),
        ("vda,format=vmdk", "--copy vda: invalid format 'vmdk'"),
        ("vda,skip=perhaps", "'perhaps' is not yes or no"),
        ("vda,size=5", "has no sub-option 'size'"),
        ("vda,skip=yes,share=yes", "skip=yes and share=yes cannot be used together"),
        ("vda,skip=yes,linked=yes", "skip=yes and linked=yes cannot be used together"),
        ("vda,share=yes,linked=yes", "share=yes and linked=yes cannot be used together"),
        ("vda,skip=yes,path=/a", "skip=yes and path= cannot be used together"),
        ("vda,share=yes,pool=fast", "share=yes and pool= cannot be used together"),
        ("vda,skip=yes,share=no", "skip=yes and share=no cannot be used together"),
        ("vda,path=/a,pool=fast", "path= and pool= cannot be used together"),
        ("all,path=/a", "path= can only be used with one disk"),
        ("vda,linked=yes,format=raw", "linked=yes and format=raw cannot be used together"),
    ],
)
def test_contradictions_within_a_choice(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        choices(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("vda,pool=fast", {"preserve_data": True}, "pool= and --preserve-data cannot be used together"),
        ("vda,path=/a,format=raw", {"preserve_data": True}, "format= and --preserve-data cannot be used together"),
        ("vda,linked=yes", {"preserve_data": True}, "linked= and --preserve-data cannot be used together"),
        ("vda,path=/a", {"skip_copy": ["vda"]}, "--copy vda and --skip-copy vda cannot be used together"),
        ("vda,share=no", {"skip_copy": ["vda"]}, "--copy vda and --skip-copy vda cannot be used together"),
        ("vda,skip=yes", {"force_copy": ["vda"]}, "--copy vda and --force-copy vda cannot be used together"),
        ("vda,share=yes", {"force_copy": ["vda"]}, "--copy vda and --force-copy vda cannot be used together"),
    ],
)
def test_contradictions_with_older_options(text: str, more: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        choices(text, **more)
    assert caught.value.hint


def test_what_agrees_with_older_options() -> None:
    assert choices("vda,path=/a", preserve_data=True)
    assert choices("vda,skip=yes", skip_copy=["vda"])
    assert choices("vda,pool=fast", skip_copy=["all"], force_copy=["vda"])


def test_a_disk_is_named_once() -> None:
    with pytest.raises(UsageError, match="--copy is given twice for 'vda'"):
        choices("vda,pool=a", "vda,format=raw")


def test_a_pool_without_copies() -> None:
    with pytest.raises(UsageError, match="--pool cannot be used with --preserve-data"):
        choices(pool="fast", preserve_data=True)
