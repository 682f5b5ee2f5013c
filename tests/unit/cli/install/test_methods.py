"""Every method of installation with every other one, and with every seed: it works, or is refused with a hint.

What is decided is in two tables of all pairs, so that no pair is left to chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.places import trees
from virtprov.actions.install import install_plan
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.cli import answers
from virtprov.cli.install import command, flags, legacy
from virtprov.cli.install.parse_request import to_request
from virtprov.host.connection import connect
from virtprov.places import cache
from virtprov.support.errors import FetchError, UsageError

KVM = f"recorded://{Path(__file__).resolve().parents[3] / 'data' / 'hosts' / 'kvm'}"
GUEST = ["--connect", KVM, "--name", "new", "--osinfo", "generic", "--memory", "64", "--graphics", "none"]
DISK = ["--disk", "pool=images,backing_store=/srv/images/base.qcow2"]

FLAGS: dict[str, list[str]] = {
    "cdrom": ["--cdrom", "ISO"],
    "cdrom URL": ["--cdrom", "https://example.org/cd.iso"],
    "location": ["--location", "TREE"],
    "location with a kernel": ["--location", "TREE,kernel=images/pxeboot/vmlinuz,initrd=images/pxeboot/initrd.img"],
    "pxe": ["--pxe"],
    "import": ["--import"],
    "livecd": ["--livecd"],
    "install os": ["--install", "os=fedora40"],
    "install kernel": ["--install", "kernel=KERNEL"],
    "install bootdev": ["--install", "bootdev=cdrom"],
    "install no_install": ["--install", "no_install=yes"],
    "boot kernel": ["--boot", "kernel=KERNEL"],
    "unattended": ["--unattended"],
    "image": ["--image", "IMAGE"],
}
METHODS = tuple(name for name in FLAGS if name not in ("unattended", "image"))
ONE_WAY = "give a single installation method"

# Methods that are refused beside another one; every pair that is not here works.
REFUSED = {
    *itertools.combinations(("cdrom", "cdrom URL"), 2),
    *itertools.product(("cdrom", "cdrom URL"), ("location", "location with a kernel", "pxe")),
    *itertools.product(("cdrom", "cdrom URL"), ("install os", "install kernel", "install bootdev")),
    ("location", "location with a kernel"),
    *itertools.product(("location", "location with a kernel"), ("pxe", "livecd")),
    *itertools.product(
        ("location", "location with a kernel"),
        ("install os", "install kernel", "install bootdev", "install no_install"),
    ),
    *itertools.product(("pxe",), ("install os", "install kernel", "install bootdev")),
    ("import", "install os"),
    *itertools.product(("livecd",), ("install os", "install kernel")),
    *itertools.product(("install os", "install kernel"), ("install bootdev", "install no_install")),
}
# Two uses of one flag: the last one counts, as with virt-install.
LAST_COUNTS = {("cdrom", "cdrom URL"), ("location", "location with a kernel")}


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "folder", lambda: str(tmp_path / "cache"))


@pytest.fixture
def words(tmp_path: Path) -> Callable[[str], list[str]]:
    """A function that returns the flags of a method."""
    tree = trees.write(tmp_path / "tree", trees.FEDORA)
    kernel, iso, image = tree / "images/pxeboot/vmlinuz", tmp_path / "cd.iso", tmp_path / "image.qcow2"
    iso.write_bytes(b"\0" * 65536)
    image.write_bytes(b"\0" * 65536)
    places = {"TREE": str(tree), "KERNEL": str(kernel), "ISO": str(iso), "IMAGE": str(image)}

    def spell(name: str) -> list[str]:
        found = FLAGS[name]
        for word, path in places.items():
            found = [text.replace(word, path) for text in found]
        return found

    return spell


def documents(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the documents that the command prints."""
    assert command.main([*GUEST, *DISK, *words, "--print-xml"]) == 0
    return [f"{text}</domain>" for text in capsys.readouterr().out.split("</domain>")[:-1]]


def planned(words: list[str]) -> InstallPlan:
    """Return the plan of the command, as it is printed."""
    args = flags.install_parser().parse_args([*GUEST, *DISK, *words, "--print-xml"])
    legacy.apply(args)
    with connect(KVM) as host:
        return install_plan.plan(to_request(args, answers.osinfo(args.osinfo)), host)


def merged(first: list[str], second: list[str]) -> list[str]:
    """Return the flags of two methods on one command line; two uses of --install become one."""
    if first[0] == second[0] == "--install":
        return ["--install", f"{first[1]},{second[1]}"]
    return [*first, *second]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(METHODS, 2)))
def test_two_methods(
    first: str, second: str, words: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    line = merged(words(first), words(second))
    if (first, second) in REFUSED - LAST_COUNTS:
        with pytest.raises(UsageError) as caught:
            command.main([*GUEST, *DISK, *line, "--print-xml"])
        assert caught.value.hint
        return
    if first == "install os":  # its tree is on a server, whatever the kernel is called there
        with pytest.raises(FetchError):
            documents(line, capsys)
        return
    made = documents(line, capsys)
    if (first, second) == ("location", "location with a kernel"):
        assert "<kernel>" in made[0]
    if second == "boot kernel":
        assert "<kernel>" in made[-1], "the kernel of --boot is for good"


# What the first boot has, by the method; the seed is a CD-ROM where an installer runs, else a disk.
MARKS = {
    "cdrom": 'device="cdrom"',
    "cdrom URL": 'protocol="https"',
    "location": "<kernel>",
    "location with a kernel": "<kernel>",
    "pxe": "<interface",
    "import": "<disk",
    "livecd": "<disk",
    "install kernel": "<kernel>",
    "install bootdev": "<disk",
    "install no_install": "<disk",
    "boot kernel": "<kernel>",
}


@pytest.mark.parametrize("method", sorted(MARKS))
def test_a_method_with_a_cloud_init_seed(method: str, words: Callable[[str], list[str]]) -> None:
    plan = planned([*words(method), "--cloud-init", "disable=on"])
    first, seed = plan.plan.documents[0], plan.seed
    assert MARKS[method] in first
    assert seed is not None
    assert "new-seed.iso" in seed.first_boot.text, "the first boot has the seed"
    assert "ds=nocloud" in seed.first_boot.text, "and is told of it"
    assert "new-seed.iso" not in plan.plan.documents[-1], "the finished guest does not have it"
    if len(plan.plan.documents) == 2:
        assert first == seed.first_boot.text, "it is the boot of the installer"


# Methods without an installer, or without an initrd for the answers.
NOT_ANSWERED = {
    "import": "requires an installer",
    "install no_install": "requires an installer",
    "install kernel": "can only be injected into an initrd",
}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_with_answers_for_an_installer(
    method: str, words: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    line = [*words(method), *FLAGS["unattended"], "--osinfo", "fedora40"]
    if method in NOT_ANSWERED:
        with pytest.raises(UsageError, match=NOT_ANSWERED[method]) as caught:
            command.main([*GUEST, *DISK, *line, "--print-xml"])
        assert caught.value.hint
        return
    if method == "install os":  # its tree is on a server
        with pytest.raises(FetchError):
            documents(line, capsys)
        return
    first, last = documents(line, capsys)
    by_initrd = "location" in method
    assert ("inst.ks=file:/fedora.ks" in first) == by_initrd
    assert ("new-unattended.iso" in first) != by_initrd
    assert "unattended.iso" not in last and "inst.ks" not in last


@pytest.mark.parametrize("method", METHODS)
def test_kernel_arguments_and_files_for_an_initrd_need_an_initrd_of_an_installer(
    method: str, words: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "answers").write_text("answers")
    for flag, value, needs in (
        ("--extra-args", "a=b", "<cmdline>"),
        ("--initrd-inject", f"{tmp_path}/answers", "<initrd>"),
    ):
        line = [*words(method), flag, value]
        if method in ("location", "location with a kernel") or (method == "install kernel" and flag == "--extra-args"):
            assert needs in documents(line, capsys)[0]
        elif method != "install os":
            with pytest.raises(UsageError, match=flag if method != "install kernel" else "initrd"):
                command.main([*GUEST, *DISK, *line, "--print-xml"])


# Methods that an image can be used with: everything else brings a system of its own.
WITH_IMAGE = {"boot kernel"}


@pytest.mark.parametrize("method", METHODS)
def test_an_image_with_another_method(method: str, words: Callable[[str], list[str]]) -> None:
    line = [*GUEST, "--disk", "size=1", *words("image"), *words(method), "--print-xml"]
    if method in WITH_IMAGE:
        args = flags.install_parser().parse_args(line)
        assert to_request(args, answers.osinfo(args.osinfo)).image is not None
        return
    with pytest.raises(UsageError, match=r"--image and --\S+ cannot be used together") as caught:
        command.main(line)
    assert caught.value.hint
