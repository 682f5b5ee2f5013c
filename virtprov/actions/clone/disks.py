"""Decide for each disk of a cloned guest: copy it, base an image on it, share it, use an existing file, or none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone import linked
from virtprov.actions.clone.choices import Choices, target_of
from virtprov.actions.clone.copying import Copier, new_format
from virtprov.actions.clone.places import (
    Destination,
    Names,
    Original,
    find_destination,
    find_original,
    find_pool,
    point,
)
from virtprov.actions.clone.space import Space
from virtprov.actions.clone.targets import Targets
from virtprov.actions.request import CloneRequest, DiskChoice
from virtprov.actions.run.artifacts.pools_and_volumes import inactive
from virtprov.actions.run.plan import Step
from virtprov.actions.steps.local_files import discard, put_aside
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.claimed_format import read_declared_format
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, InputError, UsageError
from virtprov.support.file_access.regular import is_regular
from virtprov.support.frozen import Record
from virtprov.support.text import first_free
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.host.connection import Host

COPIED, LINKED, SHARED, GIVEN, EMPTY, SEED = "copied", "linked", "shared", "given", "empty", "seed"


class DiskFate(Record):
    """One disk: its target name, the path of the original, the path of the copy, and one of the decisions above."""

    target: str
    source: str
    path: str
    fate: str


class DiskCopies(Record):
    """The decisions on all disks, the steps that copy them, and the steps to run after everything else.

    `bases` has the name of a disk and the path of an image for every image below its copy, and below the original.
    """

    fates: tuple[DiskFate, ...]
    steps: tuple[Step, ...]
    last: tuple[Step, ...]
    bases: tuple[tuple[str, str], ...] = ()


def plan(request: CloneRequest, host: Host, guest: Guest, name: str, warnings: list[str]) -> DiskCopies:
    """Decide on every disk and write the new paths into `guest`.

    Raises UsageError for missing or invalid paths, HostError for disks that cannot be copied.
    """
    disks = guest.disks()
    originals = [find_original(host, disk) for disk in disks]
    own = {origin.path for origin in originals if origin.path}
    work = _Work(
        request, host, Choices(request, guest), Names(host, guest.name, name), Targets(request, host, own), warnings
    )
    for disk, origin in zip(disks, originals, strict=True):
        work.settle(disk, origin)
    work.finish()
    return DiskCopies(tuple(work.fates), tuple(work.steps), tuple(work.last), tuple(work.bases))


class _Work:
    """Handles the disks one after the other and remembers which paths are taken."""

    def __init__(
        self, request: CloneRequest, host: Host, choices: Choices, names: Names, targets: Targets, warnings: list[str]
    ) -> None:
        self.request, self.host, self.warnings = request, host, warnings
        self.choices, self.names, self.targets = choices, names, targets
        self.chains = Chains(host)
        self.copier = Copier(request, host, Space(host), warnings)
        self.last: list[Step] = []
        self.files = list(request.files)
        paths = [*self.files, *(choice.path for choice in request.choices if choice.path)]
        for file in () if host.is_remote else paths:
            if not is_regular(file):
                raise InputError(f"{self._option(file)} is not a regular file", hint="give a file or a block device")
        self.fates: list[DiskFate] = []
        self.steps: list[Step] = []
        self.bases: list[tuple[str, str]] = []
        self._taken: set[str] = set()
        self._missing: list[str] = []

    def settle(self, disk: Element, origin: Original) -> None:
        """Decide on one disk."""
        if not self.choices.is_copied(disk):
            has = tree.child(disk, "source") is not None
            self._note(disk, origin.path, origin.path if has else "", SHARED if has else EMPTY)
            return
        if not origin.path:
            raise _unclonable(disk)
        choice = self.choices.of(disk)
        is_linked = self.choices.is_linked(disk)
        is_given = bool(choice.path or (self.files and not choice.pool))
        if origin.is_on_network and not (is_given or choice.pool or self.choices.is_named(disk)):
            raise _not_asked_for(disk, origin)
        to = self._find_place(disk, choice, origin)
        if to is None:
            self._missing.append(target_of(disk) or origin.path)
            return
        if is_given:
            self.targets.check(disk, to.path, to.option)
        if self.request.preserve:
            self._check_given(to.path)
            point(self.host, disk, to)
            self._note(disk, origin.path, to.path, GIVEN)
        elif is_linked:
            self._link(disk, origin, to)
            self._note(disk, origin.path, to.path, LINKED)
        else:
            self._copy(disk, origin, to, choice)
            self._note(disk, origin.path, to.path, COPIED)

    def _option(self, file: str) -> str:
        """Return how the user has given a path."""
        target = next((choice.target for choice in self.request.choices if choice.path == file), "")
        return f"--copy {target},path={file}" if target else f"--file {file}"

    def _note(self, disk: Element, where: str, target: str, fate: str) -> None:
        self.fates.append(DiskFate(target_of(disk), where, target, fate))

    def finish(self) -> None:
        """Raise an error for disks without a path, and warn of paths that are not used."""
        if self._missing:
            raise UsageError(
                f"no file given for the copy of {', '.join(self._missing)}",
                hint="give --file PATH once for each disk, or --auto-clone or --pool NAME to generate the paths",
            )
        for file in self.files:
            self.warnings.append(f"--file {file} is not used: the guest has no more disks to copy")

    def _find_place(self, disk: Element, choice: DiskChoice, origin: Original) -> Destination | None:
        """Return where the copy goes, as given or generated; None if there is neither."""
        pool = find_pool(self.host, choice.pool) if choice.pool else None
        is_linked = self.choices.is_linked(disk)
        option = ""
        if choice.path or (self.files and pool is None):
            given = choice.path or self.files.pop(0)
            is_elsewhere = self.host.is_remote or (origin.is_on_network and not given.startswith("/"))
            where = given if is_elsewhere else os.path.abspath(os.path.expanduser(given))
            if where in self._taken:
                raise UsageError(f"{self._option(given)} is given for two disks", hint="give each copy its own path")
            option = f"--copy {choice.target},path={where}" if choice.path else f"--file {where}"
        elif self.request.auto or pool is not None or is_linked:
            like, fmt = origin, choice.format
            if is_linked:
                like, fmt = origin if pool else linked.name_after(self.host, disk, origin), linked.LAYER
            where = self.names.generate(like, pool, fmt, self._is_taken)
        else:
            return None
        self._taken.add(where)
        if pool is None and origin.volume is not None and origin.is_on_network and not where.startswith("/"):
            pool = self.host.storage.pool(origin.volume.pool)
        return find_destination(self.host, where, pool, option)

    def _is_taken(self, where: str) -> bool:
        return where in self._taken or self.host.storage.volume_at(where) is not None or self._is_here(where)

    def _is_here(self, where: str) -> bool:
        return not self.host.is_remote and os.path.lexists(where)

    def _check_given(self, target: str) -> None:
        """Raise HostError if a disk that is to be used as it is does not exist."""
        if not self.request.checks.path_exists:
            return
        if self.host.storage.volume_at(target) is None and not self._is_here(target):
            raise HostError(
                f"--preserve-data: {target} does not exist", hint="omit --preserve-data to copy the disk there"
            )

    # -- copying ----------------------------------------------------------------------------------

    def _link(self, disk: Element, origin: Original, to: Destination) -> None:
        """Put an image on top of the original's disk. Existing files are never used for it."""
        if to.onto_device or self._is_here(to.path) or self.host.storage.volume_at(to.path) is not None:
            raise HostError(f"{to.path} already exists and would be overwritten", hint="give another --file")
        fmt = path.get(disk, "./driver/@type") or "raw"
        self.chains.check_end(origin.path, f"the original's disk {origin.path}", fmt)
        self.steps.append(linked.plan_layer(self.host, disk, origin, to))
        linked.point(disk, to)

    def _copy(self, disk: Element, origin: Original, to: Destination, choice: DiskChoice) -> None:
        host = self.host
        if os.path.normpath(to.path) == os.path.normpath(origin.path):
            raise UsageError(f"{to.option} is the original's own disk", hint="give another path")
        self._make_room(to)
        if to.pool is not None and not to.pool.active:
            raise inactive(to.pool)
        # libvirt's own documents always name the format
        fmt = read_declared_format(disk, "" if self.request.document else host.driver)
        self.chains.check_end(origin.path, f"the original's disk {origin.path}", fmt)
        known = fmt or (origin.volume.format if origin.volume is not None else "") or "raw"
        wanted = new_format(origin, to, known, choice.format)
        is_converted = wanted != known
        self.steps.append(
            self.copier.choose(disk, origin, to, known if is_converted else fmt, wanted if is_converted else fmt)
        )
        point(host, disk, to)
        if not is_converted:
            below = self.chains.all_below(origin.path, fmt)
            self.bases += [(target_of(disk), image.path) for image in below if image.path and not image.data]
        if is_converted:
            path.put(disk, "./driver/@type", wanted)
            path.switch(disk, "./backingStore", False)

    def _make_room(self, to: Destination) -> None:
        """Raise HostError if something is at the place of a copy, unless it is a device or can be put aside."""
        if to.onto_device:
            return
        if to.path.startswith("/") or to.pool is None:
            found = self.host.storage.volume_at(to.path)
        else:
            found = self.host.storage.volume(to.pool.name, os.path.basename(to.path))
        if found is not None:
            raise HostError(
                f"{to.path} already exists and would be overwritten",
                hint="give another --file, or --preserve-data to use it as it is",
            )
        if self._is_here(to.path):
            self._put_aside(to.path)

    def _put_aside(self, target: str) -> None:
        """Move an existing file out of the way, which the user has agreed to lose."""
        if self.request.checks.path_exists or not os.path.isfile(target):
            raise HostError(
                f"{target} already exists and would be overwritten",
                hint="give another --file, --preserve-data to use it as it is, or --check path_exists=off to "
                "overwrite it",
            )
        aside = first_free(os.path.lexists, lambda mark: f"{target}.old{mark}", sep="")
        self.warnings.append(f"the contents of {target} will be lost")
        self.steps.append(put_aside(target, aside))
        self.last.append(discard(aside))


def _not_asked_for(disk: Element, origin: Original) -> HostError:
    """Return the error for a disk on the network that no option names; virt-clone does not copy it either."""
    target, pool = target_of(disk) or "a disk", origin.volume.pool if origin.volume is not None else ""
    return HostError(
        f"{target} is on the network, and is only copied if an option names it",
        hint=f"use --copy {target},pool={pool} to copy it, or --skip-copy {target} to share it",
    )


def _unclonable(disk: Element) -> HostError:
    target = target_of(disk) or "a disk"
    kind = path.get(disk, "./source/@protocol") or disk.get("type", "")
    return HostError(
        f"{target} is a disk of type '{kind}', which cannot be copied",
        hint=f"use --skip-copy {target} to share it; or copy it yourself, and use --preserve-data --file COPY"
        + ("; or define a pool of type rbd for it" if kind == "rbd" else ""),
    )
