"""How a new guest is installed: the flags of a program or a command line, as one method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import texts
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.guest.boot import Method
    from virtprov.library.texts import Value
    from virtprov.places.place import PlaceRequest

_ONE_WAY = "give a single installation method"


class InstallerValues(Record):
    """The values of a new guest that concern its installer; see `NewGuest`."""

    cdrom: str = ""
    location: str = ""
    pxe: bool = False
    import_disk: bool = False
    install: str = ""
    extra_args: Value = ()
    initrd_inject: Value = ()
    live: bool = False
    image: str = ""


def to_method(given: InstallerValues) -> Method:
    """Return the method that these values ask for; raises UsageError if they contradict each other.

    The files to inject are read here; InputError if one cannot be read.
    """
    from virtprov.guest import boot
    from virtprov.guest.write import gather

    install = gather.words("install", texts.as_list(given.install))
    _check_one_way(given, install)
    nothing = install.get("no_install") == "yes"
    live = given.live or nothing
    if given.location or any(install.get(word) for word in ("os", "kernel", "initrd")):
        return _kernel_method(given, install)
    _refuse_kernel_options(given, install)
    if given.cdrom:
        from virtprov.places.place_text import parse_medium

        return boot.Method(boot.CDROM, parse_medium(given.cdrom), live)
    if given.pxe:
        return boot.Method(boot.PXE, live=live)
    if install.get("bootdev"):
        return boot.Method(boot.BOOTDEV, live=live, bootdev=_boot_device(install["bootdev"]))
    if given.import_disk or nothing or given.image:
        return boot.Method(boot.IMPORT)
    return boot.Method()


def _kernel_method(given: InstallerValues, install: Mapping[str, str]) -> Method:
    """Return the method for an installer whose kernel the guest boots directly."""
    from virtprov.guest import boot
    from virtprov.guest.write import gather
    from virtprov.places.inject import read_files
    from virtprov.places.place import PlaceRequest
    from virtprov.places.place_text import check_location

    if given.live or install.get("no_install") == "yes":
        flag = "--livecd" if given.live else "--install no_install=yes"
        raise UsageError(
            f"{flag} cannot be used with the kernel of an installer, which is booted only once",
            hint="use --cdrom ISO for a live system, or --boot kernel=,initrd= for a kernel that is always booted",
        )
    words = gather.words("location", texts.as_list(given.location))
    location = check_location(words.get("location", "")) if given.location else ""
    args = (install.get("kernel_args", ""), *texts.as_list(given.extra_args))
    place = PlaceRequest(
        location=location,
        os=install.get("os", ""),
        kernel=words.get("kernel") or install.get("kernel", ""),
        initrd=words.get("initrd") or install.get("initrd", ""),
        extra_args=tuple(text for text in args if text),
        overwrites_args=install.get("kernel_args_overwrite") == "yes",
    )
    _check_pair(place)
    return boot.Method(boot.KERNEL, place=place, inject=read_files(texts.as_list(given.initrd_inject)))


def _check_pair(place: PlaceRequest) -> None:
    """Raise UsageError for an initrd without a kernel, or for a kernel without an initrd in a place."""
    if place.initrd and not place.kernel:
        raise UsageError(f"initrd={place.initrd} requires kernel=", hint="give kernel=PATH,initrd=PATH")


def _refuse_kernel_options(given: InstallerValues, install: Mapping[str, str]) -> None:
    """Raise UsageError for options that require a kernel of an installer."""
    for flag, value, hint in (
        ("--extra-args", given.extra_args, "a CD or a disk boots its own kernel"),
        ("--initrd-inject", given.initrd_inject, "it adds files to the installer's initrd"),
        ("--install kernel_args", install.get("kernel_args"), "a CD or a disk boots its own kernel"),
    ):
        if texts.as_list(value):
            raise UsageError(f"{flag} requires --location or --install kernel=", hint=hint)


_WAYS = {
    "--import": ("os",),
    "--cdrom": ("os", "kernel", "initrd", "bootdev"),
    "--location": ("os", "kernel", "initrd", "bootdev"),
    "--pxe": ("os", "kernel", "initrd", "bootdev"),
}
"""Sub-options of `--install` that give the source of the system, by the flag that already does."""


def _check_image(given: InstallerValues, install: Mapping[str, str]) -> None:
    """Raise UsageError for a cloud image beside something else that brings the system."""
    others = {
        "--import": given.import_disk,
        "--cdrom": given.cdrom,
        "--location": given.location,
        "--pxe": given.pxe,
        "--install": bool(install),
        "--livecd": given.live,
    }
    asked = [flag for flag, value in others.items() if value]
    if given.image and asked:
        raise UsageError(
            f"--image and {asked[0]} cannot be used together: the image already contains a system",
            hint="omit one of them",
        )


def _check_one_way(given: InstallerValues, install: Mapping[str, str]) -> None:
    """Raise UsageError if several installation methods are given."""
    _check_image(given, install)
    ways = {"--cdrom": given.cdrom, "--location": given.location, "--pxe": given.pxe, "--import": given.import_disk}
    asked = [flag for flag, value in ways.items() if value]
    asked = [flag for flag in asked if flag != "--import"] or asked  # it has no effect then, as in virt-install
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} cannot be used together", hint=_ONE_WAY)
    kernel = next((word for word in ("os", "kernel") if install.get(word)), "")
    if kernel and install.get("bootdev"):
        raise UsageError(f"--install {kernel}= and bootdev= cannot be used together", hint=_ONE_WAY)
    other = next((word for word in _WAYS.get(asked[0], ()) if install.get(word)), "") if asked else ""
    if other:
        words = install[other] if other == "os" else f"{other}={install[other]}"
        raise UsageError(f"{asked[0]} and --install {words} cannot be used together", hint=_ONE_WAY)


def _boot_device(word: str) -> str:
    from virtprov.options.boot import DEVICES
    from virtprov.support.errors import nearest

    if word in DEVICES:
        return word
    hint = nearest(word, DEVICES) or "known boot devices: " + ", ".join(DEVICES)
    raise UsageError(f"--install bootdev={word}: unknown boot device", hint=hint)
