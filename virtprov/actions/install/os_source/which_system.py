"""Which operating system the guest gets, and where its installer is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest import boot
from virtprov.guest.disks.spec import DiskSpec
from virtprov.images.image_facts import BIOS, NO_FACTS, UEFI
from virtprov.osinfo.find_profile import find, generic
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host
    from virtprov.images.image import ResolvedImage
    from virtprov.images.image_facts import ImageFacts
    from virtprov.osinfo.detect import Detected
    from virtprov.osinfo.profile import Profile
    from virtprov.places.place import BootSource


class System(Record):
    """The profile of the operating system, what was detected on its media, and what the place of its installer gives.

    `source` is None without such a place, `image` without `--image`.
    """

    profile: Profile
    detected: Detected | None = None
    source: BootSource | None = None
    image: ResolvedImage | None = None

    @property
    def image_facts(self) -> ImageFacts:
        """Return what is known about the image; nothing without one."""
        return self.image.facts if self.image is not None else NO_FACTS


def find_system(request: InstallRequest, host: Host, warnings: list[str]) -> System:
    """Return the system: as given, as detected from the media, or else the generic one.

    Raises UsageError for a place without a kernel, FetchError and InputError for one that cannot be read, and for an
    image that is not found or cannot be verified.
    """
    image = find_image(request, host) if request.image is not None else None
    if image is not None:
        warnings.extend(image.warnings)
    if image is None or not image.facts.os or request.osinfo.name:
        return _find_system(request, host, warnings)._replace(image=image)
    return System(find(image.facts.os, warnings), image=image)


def find_image(request: InstallRequest, host: Host) -> ResolvedImage:
    """Return where the image is, and how it is verified; only index files are read."""
    from virtprov.images.reading import IndexReader
    from virtprov.images.resolve import resolve_image

    assert request.image is not None
    with IndexReader() as reader:
        return resolve_image(
            request.image, arch=_image_arch(request, host), read=reader.read, firmware=_asked_firmware(request)
        )


def _image_arch(request: InstallRequest, host: Host) -> str:
    """Return the architecture of the image: that of the guest.

    Guests of libvirt's test driver do not run: for them, it is that of this machine. The driver only knows i686, for
    which there are hardly any images (libvirt, src/test/test_driver.c).
    """
    if host.driver == "test" and not request.arch:
        return os.uname().machine
    return request.arch or host.capabilities.of_host().host_arch


def _asked_firmware(request: InstallRequest) -> str:
    """Return the firmware that the user asks for: some images exist for each."""
    asked = [use.choices.uefi for use in request.uses if use.choices.uefi is not None]
    named = [place.text for use in request.uses for place in use.said.places if place.path == "./os/@firmware"]
    if asked:
        return UEFI if asked[-1] else BIOS
    return {"efi": UEFI, "bios": BIOS}.get(named[-1] or "", "") if named else ""


def _find_system(request: InstallRequest, host: Host, warnings: list[str]) -> System:
    wanted = request.osinfo
    named = find(wanted.name, warnings) if wanted.name and not wanted.detect else None
    source = _look_at_place(request, host, named, warnings)
    if named is not None or not wanted.detect:
        return System(named or generic(), source.detected if source is not None else None, source)
    detected = source.detected if source is not None else detect(request, warnings)
    if detected is not None and detected.os:
        return System(find(detected.os, warnings), detected, source)
    if wanted.name:
        warnings.append(f"the operating system cannot be detected from the media; using {wanted.name}")
    return System(find(wanted.name, warnings) if wanted.name else generic(), detected, source)


def _look_at_place(
    request: InstallRequest, host: Host, profile: Profile | None, warnings: list[str]
) -> BootSource | None:
    """Return what the installer's place gives; None if there is none, or if it is a kernel on the host."""
    place = request.method.place
    if place is None or is_on_host(request, host):
        return None
    from virtprov.places.resolve import resolve

    def fetch_whole(url: str) -> str:
        from virtprov.actions.steps.boot_files import fetch_iso

        return fetch_iso(host, url)

    arch = request.arch or host.capabilities.of_host().host_arch
    source = resolve(
        place,
        arch=arch,
        os_type=request.os_type or "hvm",
        profile=profile,
        osinfo_warnings=warnings,
        fetch_whole=None if request.dry or (request.printing and not request.stores) else fetch_whole,
    )
    warnings.extend(source.warnings)
    return source


def is_on_host(request: InstallRequest, host: Host) -> bool:
    """Return whether `--install kernel=` means a file of another host: this machine does not have it."""
    place = request.method.place
    if place is None or place.location or place.os or not (host.is_remote or host.is_recorded):
        return False
    return place.kernel.startswith("/") and not os.path.exists(place.kernel)


def detect(request: InstallRequest, warnings: list[str]) -> Detected | None:
    """Return what is on the installation medium or the disk image; None if there is neither."""
    from virtprov.osinfo.identify import identify

    path = _image_path(request)
    return identify([path], warnings)[0].found if path else None


def _image_path(request: InstallRequest) -> str:
    """Return the path or the URL of the installation medium or of the disk image with the system; "" for neither."""
    medium = request.method.medium
    if medium is not None and medium.path:
        return medium.path
    if request.method.kind not in (boot.IMPORT, boot.NOTHING):
        return ""
    if request.image is not None:
        return request.image.path
    disk = next((use.disk for use in request.uses if use.disk is not None), DiskSpec())
    return disk.upload or disk.backing_store or disk.path or ""


def check_osinfo(request: InstallRequest, guest: Guest, profile: Profile) -> None:
    """Raise UsageError if a full virtual machine is created without any information about its operating system."""
    if request.osinfo.name or profile.os_id or not request.osinfo.require or not guest.is_hvm:
        return
    method, path = request.method, _image_path(request)
    hint = "give --osinfo NAME (`--osinfo list` shows all names), or --osinfo detect=on,require=off to continue without"
    if not path and method.medium is None and method.place is None:
        if method.kind == boot.NOTHING:
            hint = "--image debian13 is enough for a guest from a cloud image; otherwise " + hint
        raise UsageError("the operating system is unknown: neither --osinfo nor a medium is given", hint=hint)
    is_missing = path and "://" not in path and not os.path.exists(os.path.expanduser(path))
    why = f"'{path}' does not exist on this machine" if is_missing else "it cannot be detected from the media"
    raise UsageError(f"the operating system is unknown: --osinfo is not given, and {why}", hint=hint)
