"""From the command line of virtprov-install to requests."""

from __future__ import annotations

from argparse import Namespace

import pytest

from virtprov.actions.goals import Goals
from virtprov.actions.request import Checks, InstallRequest
from virtprov.cli.install import command, legacy, parse_request
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import CDROM, PXE, Method
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.places.place import Medium, PlaceRequest
from virtprov.support.errors import UsageError


def parsed(*words: str) -> Namespace:
    args = command.build_parser().parse_args(list(words))
    legacy.apply(args)
    return args


def request_of(*words: str) -> InstallRequest:
    return parse_request.to_request(parsed(*words), OsinfoRequest("generic"))


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ((), Method()),
        (("--import",), Method("import")),
        (("--cdrom", "/a.iso"), Method("cdrom", Medium("/a.iso"))),
        (("--import", "--cdrom", "/a.iso"), Method("cdrom", Medium("/a.iso"))),
        (("--cdrom", "https://host/a.iso"), Method("cdrom", Medium("https://host/a.iso"))),
        (("--cdrom", "file:///a%20b.iso"), Method("cdrom", Medium("/a b.iso"))),
        (("--cdrom", "vol=images/a.iso"), Method("cdrom", Medium(vol="images/a.iso"))),
        (("-c", "/a.iso", "--livecd"), Method("cdrom", Medium("/a.iso"), live=True)),
        (("--pxe",), Method("pxe")),
        (("--pxe", "--livecd"), Method("pxe", live=True)),
        (("--install", "bootdev=fd"), Method("bootdev", bootdev="fd")),
        (("--import", "--install", "bootdev=cdrom"), Method("bootdev", bootdev="cdrom")),
        (("--install", "no_install=yes"), Method("import")),
        (("--install", "kernel=/k"), Method("kernel", place=PlaceRequest(kernel="/k"))),
        (
            ("--install", "kernel=/k,initrd=/i,kernel_args=a,b c"),
            Method("kernel", place=PlaceRequest(kernel="/k", initrd="/i", extra_args=("a,b c",))),
        ),
        (("--install", "debian12"), Method("kernel", place=PlaceRequest(os="debian12"))),
        (
            ("--install", "os=debian12,kernel_args=a,kernel_args_overwrite=yes", "-x", "b", "--extra-args", "c d"),
            Method("kernel", place=PlaceRequest(os="debian12", extra_args=("a", "b", "c d"), overwrites_args=True)),
        ),
        (("--location", "/tree"), Method("kernel", place=PlaceRequest("/tree"))),
        (("--location", "location=/tree"), Method("kernel", place=PlaceRequest("/tree"))),
        (
            ("-l", "https://host/a,b/", "--install", "kernel_args=x"),
            Method("kernel", place=PlaceRequest("https://host/a,b/", extra_args=("x",))),
        ),
        (
            ("--location", "/a.iso,kernel=k,initrd=/i"),
            Method("kernel", place=PlaceRequest("/a.iso", kernel="k", initrd="/i")),
        ),
    ],
)
def test_how_the_system_comes_in(words: tuple[str, ...], method: Method) -> None:
    assert request_of(*words).method == method


NO_CHECKS = Checks(False, False, False, False, True, False, False, False, False)


@pytest.mark.parametrize(
    ("words", "checks"),
    [
        ((), Checks()),
        (("--check", "mac_in_use=off"), Checks(mac_in_use=False)),
        (("--check", "all=off"), NO_CHECKS),
        (("--force",), NO_CHECKS),
        (("--check", "all=off,disk_size=on"), NO_CHECKS._replace(disk_size=True)),
        (("--check", "name_in_use=off"), Checks(name_in_use=False)),
        (("--check", "host=off"), Checks(host=False)),
        (("--check", "cloud_init=off"), Checks(cloud_init=False)),
        (("--check", "pool_create=on,permissions=off"), Checks(permissions=False, pool_create=True)),
        (("--check", "path_in_use=no", "--check", "disk_size=0"), Checks(path_in_use=False, disk_size=False)),
    ],
)
def test_checks(words: tuple[str, ...], checks: Checks) -> None:
    assert request_of(*words).checks == checks


@pytest.mark.parametrize(
    ("words", "seed"),
    [
        ((), None),
        (("--cloud-init",), SeedRequest(root_password_generate=True, disable=True)),
        (("--cloud-init", "none"), None),
        (("--cloud-init", "disable=on,user=joe"), SeedRequest(disable=True, user="joe")),
    ],
)
def test_cloud_init(words: tuple[str, ...], seed: SeedRequest | None) -> None:
    assert request_of(*words).seed == seed


def test_groups_in_order_and_those_turned_off() -> None:
    made = request_of("--disk", "none", "--disk", "/a,size=1", "--sound", "none", "--network", "user", "--boot", "uefi")
    assert [use.group for use in made.uses] == ["boot", "disk", "network"]
    assert made.refused == {"disk", "sound"}


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        (("--import", "--cdrom", "/x.iso"), "method", Method(CDROM, Medium("/x.iso"))),
        (("--import", "--pxe"), "method", Method(PXE)),
        (("--name", "x"), "name", "x"),
        (("--virt-type", "KVM"), "domain_type", "kvm"),
        (("--arch", "aarch64"), "arch", "aarch64"),
        (("--machine", "q35"), "machine", "q35"),
        (("--container",), "os_type", "exe"),
        (("--autostart",), "autostart", True),
        (("--transient",), "transient", True),
        (("--noreboot",), "noreboot", True),
        (("--wait",), "wait", -1.0),
        (("--wait", "2.5"), "wait", 2.5),
        (("--print-xml",), "printing", True),
        (("--dry-run",), "dry", True),
        (("--dry-run",), "printing", False),
    ],
)
def test_plain_flags(words: tuple[str, ...], field: str, value: object) -> None:
    assert getattr(request_of(*words), field) == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--pxe", "--import", "--cdrom", "/x.iso"), "--cdrom and --pxe cannot be used together"),
        (("--cdrom", "/a", "--pxe"), "--cdrom and --pxe cannot be used together"),
        (("--import", "--install", "debian12"), "--import and --install debian12 cannot be used together"),
        (("--cdrom", "/a", "--install", "kernel=/k"), "--cdrom and --install kernel=/k cannot be used together"),
        (("--pxe", "--install", "bootdev=fd"), "--pxe and --install bootdev=fd cannot be used together"),
        (("--transient", "--autostart"), "--autostart and --transient cannot be used together"),
        (("--pxe", "--extra-args", "x"), "--extra-args requires --location"),
        (("--pxe", "--initrd-inject", "x"), "--initrd-inject requires --location"),
        (("--disk", "/a,none=1"), "--disk has no sub-option 'none'"),
    ],
)
def test_contradictions(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        request_of(*words)
    assert caught.value.hint


def test_how_the_command_goes_on() -> None:
    plain = parse_request.to_run_request(parsed("--connect", "test:///default"))
    assert plain == parse_request.RunRequest("test:///default", None, "", False, True, False, "default")
    words = ("--print-xml", "1", "--no-schema-check", "--noautoconsole", "--dry-run", "--quiet")
    shown = parse_request.to_run_request(parsed(*words))
    assert shown == parse_request.RunRequest(None, None, "1", True, False, True, "none")
    explained = parse_request.to_run_request(parsed("--explain", "--name", "web", "--hvm"))
    assert explained.explain == {"name": "--name web", "os/type": "--hvm"}


@pytest.mark.parametrize(
    ("words", "console"),
    [
        (["--wait", "ready"], "none"),
        (["--wait", "ready", "--autoconsole", "text"], "text"),
        (["--wait", "30"], "default"),
        (["--wait"], "default"),
        ([], "default"),
    ],
)
def test_who_waits_for_something_has_no_console_to_close(words: list[str], console: str) -> None:
    assert parse_request.to_run_request(parsed(*words)).console == console


def test_waiting_and_ensuring() -> None:
    made = request_of("--wait", "ready", "--ensure")
    assert made.goals == Goals(("ready",)) and made.wait == 10 and made.ensure
