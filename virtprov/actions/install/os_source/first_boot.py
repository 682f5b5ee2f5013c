"""What the first boot of a guest needs on the host: kernel, initrd and medium, and how they get there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.install.os_source import scratch
from virtprov.guest import boot
from virtprov.guest.disks import source_element
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.facts.emulator import has_url_driver
from virtprov.options.model import check_text
from virtprov.places.place import TREE, Medium
from virtprov.support.frozen import Record
from virtprov.support.user_files import dirs
from virtprov.xml import path as places

if TYPE_CHECKING:
    from virtprov.actions.install.os_source.which_system import System
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import Step
    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile
    from virtprov.places.place import BootFile
    from virtprov.xml.tree import Element


class Files(Record):
    """Files for the first boot: the steps that make them, where they will be, and which are removed after use.

    `until_started` are needed until the guest has started, `until_off` until its installer has finished.
    """

    steps: tuple[Step, ...] = ()
    made: tuple[str, ...] = ()
    until_started: tuple[str, ...] = ()
    until_off: tuple[str, ...] = ()

    def add(self, other: Files) -> Files:
        """Return these files and others."""
        return Files(
            self.steps + other.steps,
            self.made + other.made,
            self.until_started + other.until_started,
            self.until_off + other.until_off,
        )


NO_FILES = Files()


# -- kernel and initrd ---------------------------------------------------------------------------


def plan_kernel(request: InstallRequest, system: System, host: Host, guest: str) -> tuple[boot.Method, Files]:
    """Return the method with the paths of its kernel and initrd, and what makes these files."""
    method, source = request.method, system.source
    if method.place is None:
        return method, NO_FILES
    if source is None:  # a kernel of the host
        args = " ".join(method.place.extra_args)
        return method._replace(kernel=method.place.kernel, initrd=method.place.initrd, args=args), NO_FILES
    from virtprov.actions.steps.boot_files import FetchBootFiles
    from virtprov.places.boot_files import plan_files

    check_text(source.command_line, "--extra-args")
    files = plan_files(source, method.inject, owner=guest)
    for file in (files.kernel, files.initrd):
        check_text(file.path if file is not None else "", "--location")
    files_of_boot = NO_FILES
    if files.made:
        private = tuple(file.path for file in files.made if file.is_private)
        files_of_boot = Files((FetchBootFiles(files),), tuple(file.path for file in files.made), until_started=private)
    paths: list[str] = []
    for file in (files.kernel, files.initrd):
        path, sent = _plan_file(file, host, guest, frozenset(paths)) if file is not None else ("", NO_FILES)
        paths.append(path)
        files_of_boot = files_of_boot.add(sent)
    kernel, initrd = paths
    return method._replace(kernel=kernel, initrd=initrd, args=source.command_line, medium=source.medium), files_of_boot


def _plan_file(file: BootFile, host: Host, guest: str, taken: frozenset[str]) -> tuple[str, Files]:
    """Return the path of a file on the host, and how it gets there."""
    if scratch.is_visible(host, file.path):
        return file.path, NO_FILES
    from virtprov.actions.steps.boot_files import SendFile

    place = scratch.choose_place(host, guest, file.source.name, taken)
    return place.path, Files((SendFile(file.path, place.pool, place.path),), (place.path,), until_started=(place.path,))


# -- media ---------------------------------------------------------------------------------------


class Drive(Record):
    """What is in the drive of the installer: a disk that the host has (`spec`), or a file that steps make at `path`.

    `stays` tells whether the finished guest can keep it.
    """

    spec: DiskSpec | None = None
    path: str = ""
    files: Files = NO_FILES
    stays: bool = True


def plan_medium(medium: Medium, setting: RuleContext, host: Host, *, keep: bool, ask: bool) -> Drive:
    """Return how the guest reads a medium; with `keep`, the finished guest needs it as well; `ask` its server, if any.

    A URL is read by QEMU itself if it can, otherwise the medium is downloaded first; a file of this machine is uploaded
    to hosts that do not have it. The user is told of both. Raises FetchError for a file that its server does not have.
    """
    if medium.vol:
        return Drive(DiskSpec(vol=medium.vol))
    check_text(medium.path, "--cdrom")
    if medium.is_url:
        why = "" if host.is_recorded else _explain_download(setting, host, medium.path, ask=ask)
        if why:
            return _plan_download(medium, setting, host, why, keep=keep)
        return Drive(DiskSpec(path=medium.path), stays=False)
    here = os.path.expanduser(medium.path)
    if _is_cached(here) and not scratch.is_visible(host, here):  # it was downloaded whole
        return _plan_upload(here, setting, host, keep=keep)
    if host.is_recorded or not host.is_remote or not os.path.isfile(here) or host.storage.volume_at(medium.path):
        return Drive(DiskSpec(path=medium.path))
    return _plan_upload(here, setting, host, keep=keep)


def _is_cached(path: str) -> bool:
    """Return whether a file is in our cache of boot files."""
    if not path.startswith(f"{dirs.cache()}/"):
        return False
    from virtprov.places import cache

    return path.startswith(f"{cache.folder()}/")


def _explain_download(setting: RuleContext, host: Host, url: str, *, ask: bool) -> str:
    """Return why QEMU cannot read a URL itself; "" if it can.

    Other machines cannot be asked without starting a guest.
    """
    if host.is_remote:
        return "another host's QEMU may not read URLs"
    scheme = url.partition("://")[0].lower()
    emulator = setting.guest.get("./devices/emulator") or (setting.domcaps.emulator if setting.domcaps else "")
    if not (setting.is_qemu and host.driver == "qemu" and emulator and has_url_driver(emulator, scheme)):
        return "the host's QEMU cannot read it from its URL"
    if not ask or not scheme.startswith("http") or _has_pieces(url):
        return ""
    return "its server does not support partial downloads, which QEMU requires"


def _has_pieces(url: str) -> bool:
    """Return whether the server sends parts of this file. Raises FetchError if it does not have it."""
    from virtprov.support.web.http import NoPieces, Web

    try:
        with Web() as web:
            web.read(url, 1, 1)
    except NoPieces:
        return False
    return True


def _plan_download(medium: Medium, setting: RuleContext, host: Host, why: str, *, keep: bool) -> Drive:
    """Return a drive with a medium that is downloaded before, and tell the user `why`."""
    from virtprov.actions.steps.boot_files import FetchMedium
    from virtprov.places.boot_files import medium_path

    here = medium_path(medium)
    seen = scratch.is_visible(host, here)
    setting.note(f"{os.path.basename(here)} is downloaded first, because {why}")
    fetch = Files((FetchMedium(medium, here, passing=not seen),), (here,), until_started=() if seen else (here,))
    if seen:
        return Drive(path=here, files=fetch, stays=keep)
    sent = _plan_upload(here, setting, host, keep=keep)
    return sent._replace(files=fetch.add(sent.files))


def _plan_upload(here: str, setting: RuleContext, host: Host, *, keep: bool) -> Drive:
    """Return a drive with a medium that is uploaded before."""
    from virtprov.actions.steps.boot_files import SendFile

    place = scratch.choose_place(host, setting.guest.name, os.path.basename(here))
    until = (
        "it is kept, because the finished guest has it in its drive" if keep else "it is removed after the installation"
    )
    setting.note(f"{os.path.basename(here)} is uploaded to {place.path} on the host; {until}")
    step = SendFile(here, place.pool, place.path, passing=not keep)
    files = Files((step,), (place.path,), until_off=() if keep else (place.path,))
    return Drive(path=place.path, files=files, stays=keep)


def insert_file(drive: Element, path: str, *, qemu: bool) -> None:
    """Put an ISO that is not there yet into a drive."""
    source_element.write_host_path(drive, "file", path)
    if qemu:
        places.put(drive, "./driver/@name", "qemu")
        places.put(drive, "./driver/@type", "raw")


def is_medium_kept(method: boot.Method, drive: Drive, profile: Profile) -> bool:
    """Return whether the finished guest keeps the medium of its installer in its drive.

    As with virt-install, that is so for live media, for Windows, which asks for its CD again, and for the ISO of
    `--location`; but not for a medium that is removed, or that is on a server.
    """
    if method.live or profile.is_windows:
        return True
    return method.kind != boot.CDROM and drive.stays


def is_from_network(method: boot.Method, system: System) -> bool:
    """Return whether the installer gets its system from the network, for which it needs more memory."""
    return method.kind == boot.PXE or (system.source is not None and system.source.kind == TREE)


def collect_notes(request: InstallRequest, system: System, guest: Guest, warnings: list[str]) -> list[str]:
    """Return what the user is told about the system and the place of its installer; warnings are added."""
    words: list[str] = []
    if system.profile.os_id and not request.osinfo.name:
        origin = "the system of the image" if system.image_facts.os else "detected from the media"
        words.append(f"Using --osinfo {system.profile.short_id}, {origin}")
    if system.source is not None:
        words += system.source.notes
    if system.detected is not None:
        from virtprov.places.mismatch import arch_mismatch

        sentence = arch_mismatch(system.detected, guest.arch)
        warnings += [sentence] if sentence else []
    return words
