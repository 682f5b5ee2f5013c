"""Find the kernel, the initrd, the arguments and the medium of an installer in the place that the user gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.osinfo.detect import Detected, Detector
from virtprov.osinfo.media.arch_names import arch_name
from virtprov.osinfo.media.iso_header import RUN_OUT
from virtprov.osinfo.media.tree_layouts import tree_facts
from virtprov.places.arguments import compose_arguments, has_source
from virtprov.places.checksums import find_checksum
from virtprov.places.choose import (
    BOOT_CONFIGURATION,
    Choice,
    Wanted,
    choose,
    find_debian_tree,
    find_named_files,
    find_own_args,
)
from virtprov.places.layouts import LAYOUTS, WITHOUT_KERNEL, find_argument
from virtprov.places.place import DIRECTORY, FILES, ISO, TREE, BootSource, Medium, PlaceRequest, RemoteFile
from virtprov.places.place_text import scheme_of
from virtprov.places.reading import Iso, Place, open_as_iso, open_place
from virtprov.support.errors import MediaError, ProvError, UsageError

if TYPE_CHECKING:
    from virtprov.osinfo.media.tree_layouts import TreeFacts
    from virtprov.osinfo.profile import Profile
    from virtprov.places.reading import FetchWhole


def resolve(
    request: PlaceRequest,
    *,
    arch: str = "",
    os_type: str = "hvm",
    profile: Profile | None = None,
    osinfo_warnings: list[str] | None = None,
    fetch_whole: FetchWhole | None = None,
) -> BootSource:
    """Return what a place gives to a guest of this architecture (default: that of this machine).

    Only small files are read: indexes, boot configurations, and the tables of an ISO. `profile` is the system that the
    user named; otherwise it is detected. `fetch_whole` downloads an ISO whose server only sends whole files, and
    returns its path; without it, that is an error. Warnings about profiles are added to `osinfo_warnings`.

    Raises UsageError for a place without a kernel to boot, InputError and MediaError for one that cannot be read,
    FetchError.
    """
    import os

    wanted = Wanted(arch_name(arch or os.uname().machine), os_type == "xen", profile)
    notes: list[str] = []
    if request.os:
        from virtprov.places.tree_address import find_address

        address, wanted, note = find_address(request.os, wanted, osinfo_warnings)
        request = request._replace(location=address)
        notes.append(note)
    if not request.location:
        return _files(request)
    place = open_place(request.location, fetch_whole)
    try:
        return _Resolving(place, request, wanted, notes, osinfo_warnings, fetch_whole).run()
    finally:
        place.close()


def _files(request: PlaceRequest) -> BootSource:
    """Return a kernel and an initrd that are given by themselves."""
    kernel = _file(request.kernel)
    initrd = _file(request.initrd) if request.initrd else None
    return BootSource(request.kernel, FILES, Detected("unknown"), kernel, initrd, request.extra_args)


def _file(text: str) -> RemoteFile:
    from virtprov.places.place_text import check_location

    place = check_location(text)
    return RemoteFile(url=place) if scheme_of(place) else RemoteFile(place)


class _Resolving:
    """The work behind `resolve`."""

    def __init__(
        self,
        place: Place,
        request: PlaceRequest,
        wanted: Wanted,
        notes: list[str],
        osinfo_warnings: list[str] | None,
        fetch_whole: FetchWhole | None,
    ) -> None:
        self.place, self.request, self.wanted, self.notes = place, request, wanted, notes
        self.osinfo_warnings, self.fetch_whole = osinfo_warnings, fetch_whole
        self.warnings: list[str] = []
        self.found: Profile | None = None
        self.shown = place.shown

    def run(self) -> BootSource:
        """Do it."""
        detected, facts = self._identify()
        if self.request.kernel:
            choice: Choice | None = find_named_files(self.place, self.request)
        else:
            choice = choose(self.place, self.wanted, facts)
            if choice is None and self._reopen_as_iso():
                return self.run()
        if choice is None:
            raise self._nothing(detected)
        if choice.layout == BOOT_CONFIGURATION:
            self._tell_files(choice)
        if isinstance(self.place, Iso) and self.place.missing > RUN_OUT:
            self.warnings.append(f"{self._incomplete(self.place)}, so its installer may fail; download it again")
        return BootSource(
            self.shown,
            self.place.kind,
            detected,
            self.place.remote(choice.kernel, self._checksum(choice.kernel, choice)),
            self.place.remote(choice.initrd, self._checksum(choice.initrd, choice)) if choice.initrd else None,
            self._arguments(choice, detected),
            Medium(self.place.address) if self.place.kind == ISO else None,
            choice.layout,
            self.found,
            tuple(self.notes),
            tuple(self.warnings),
        )

    def _identify(self) -> tuple[Detected, TreeFacts | None]:
        """Return which system the place has, and what its files say; refuse those without a Linux kernel."""
        detector = Detector(self.osinfo_warnings)
        if isinstance(self.place, Iso):
            detected = detector.file(self.place.read, self.place.address)
        else:
            detected = detector.tree(self.place.fetch, self.place.address)
        self.found = self._profile_of(detected)
        if self.wanted.profile is None:
            self.wanted = self.wanted._replace(profile=self.found)
        system = "" if self.request.kernel else self._without_kernel()
        if system:
            raise UsageError(
                f"'{self.shown}' is an installer of {system}, which has no Linux kernel and initrd to boot",
                hint=f"use --cdrom {self.shown}",
            )
        return detected, tree_facts(self.place.fetch, self.place.address)

    def _profile_of(self, detected: Detected) -> Profile | None:
        """Return the profile of the detected system."""
        if not detected.os:
            return None
        named = self.wanted.profile
        if named is not None and detected.os in named.short_ids:
            return named
        from virtprov.osinfo.find_profile import find

        return find(detected.os, self.osinfo_warnings or [])

    def _without_kernel(self) -> str:
        """Return the name of a system that has no Linux kernel; "" if the place may have one."""
        family = self.found.family if self.found is not None else ""
        if not family and isinstance(self.place, Iso):
            ids = self.place.ids
            family = "winnt" if ids.publisher_id.lower().startswith("microsoft") else ids.system_id.lower()
        return WITHOUT_KERNEL.get(family, "")

    def _reopen_as_iso(self) -> bool:
        """Return whether the address is that of an ISO; if so, open it."""
        if self.place.kind != TREE or self.place.address.partition("?")[0].endswith("/"):
            return False
        iso = open_as_iso(self.place.address, self.fetch_whole)
        if iso is None:
            return False
        self.place.close()
        self.place = iso
        return True

    def _arguments(self, choice: Choice, detected: Detected) -> tuple[str, ...]:
        """Return the kernel's arguments; warn if the installer will not find its source."""
        layout = next((one for one in LAYOUTS if one.name == choice.layout), None)
        needs_own = choice.layout == BOOT_CONFIGURATION or layout is not None and layout.own_args
        needs_own = needs_own or detected.live and not detected.installs
        own = choice.args or (find_own_args(self.place, choice) if self.place.kind == ISO and needs_own else ())
        argument = self._source_argument(choice)
        if self.place.kind == DIRECTORY and argument and self.request.public_tree:
            profile = self._best_profile()
            tree = profile.install_tree(self.wanted.arch) if profile is not None else None
            if tree is not None:
                return compose_arguments(self.request, own, argument, tree.url)
        if self.place.kind == DIRECTORY and argument and not has_source(self.request.extra_args):
            self.warnings.append(
                f"the guest cannot read the directory '{self.shown}', so its installer may not find its source; name "
                f"one with --extra-args {argument}=URL"
            )
        named = argument if self.place.kind == TREE else ""
        return compose_arguments(self.request, own, named, self.place.address)

    def _best_profile(self) -> Profile | None:
        """Return the profile of the system; the place knows better than the user what it is."""
        return self.found or self.wanted.profile

    def _source_argument(self, choice: Choice) -> str:
        """Return the argument for the installer's source: the profile's, else that of its distribution."""
        profile = self._best_profile()
        if profile is not None and profile.kernel_url_argument:
            return profile.kernel_url_argument
        argument = find_argument(profile.distro) if profile is not None else ""
        return argument or next((one.argument for one in LAYOUTS if one.name == choice.layout), "")

    def _checksum(self, name: str, choice: Choice) -> str:
        return find_checksum(self.place, name, choice.images) if self.place.kind == TREE else ""

    def _tell_files(self, choice: Choice) -> None:
        self.notes.append(
            f"Using --location {self.shown},kernel={choice.kernel},initrd={choice.initrd}, found in the medium's boot "
            "configuration"
        )

    def _incomplete(self, iso: Iso) -> str:
        from virtprov.support.notation.units import show_size

        return f"the ISO '{self.shown}' is incomplete: its last {show_size(iso.missing)} are missing"

    def _nothing(self, detected: Detected) -> ProvError:
        """Return the error for a place without a kernel and an initrd."""
        if isinstance(self.place, Iso):
            if self.place.missing:
                return MediaError(self._incomplete(self.place), hint="download it again")
            return UsageError(
                f"no kernel and initrd found in the ISO '{self.shown}'",
                hint=f"use --cdrom {self.shown}, or name them: --location {self.shown},kernel=PATH,initrd=PATH",
            )
        if detected.os:
            return UsageError(
                f"'{self.shown}' is a tree of {detected.name}, but no kernel and initrd were found there",
                hint=f"check that it is complete for {self.wanted.arch}, or name them: kernel=PATH,initrd=PATH",
            )
        tree = find_debian_tree(self.place, self.wanted.arch) if self.place.kind != ISO else ""
        return UsageError(
            f"no installation tree found at '{self.shown}'",
            hint=f"use --location {self.shown.rstrip('/')}/{tree}"
            if tree
            else "give the root of a tree (with .treeinfo, or .../installer-amd64/ for Debian), an ISO, or "
            "kernel=PATH,initrd=PATH",
        )
