"""What the user wants for each disk of a clone: --copy, --force-copy, --skip-copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.request import DiskChoice
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import CloneRequest
    from virtprov.guest.document import Guest
    from virtprov.xml.tree import Element

ALL = "all"
"""Stands for every disk in --copy, --skip-copy and --force-copy."""


class Choices:
    """The choices of a request, by disk. Raises UsageError for disks that the guest does not have."""

    def __init__(self, request: CloneRequest, guest: Guest) -> None:
        self.request = request
        self._name = guest.name
        self._own = {choice.target: choice for choice in request.choices}
        known = [target_of(disk) for disk in guest.disks()]
        for option, words in (("--copy", self._own), ("--force-copy", request.force), ("--skip-copy", request.skip)):
            for word in sorted(words):
                if word not in (*known, ALL):
                    raise UsageError(
                        f"{option} {word}: the guest has no disk with this name",
                        hint="its disks: " + ", ".join(known) if known else "it has no disks",
                    )

    def of(self, disk: Element) -> DiskChoice:
        """Return the choice for a disk: its own, completed by that for all disks and by the request's pool."""
        target = target_of(disk)
        own = self._own.get(target, DiskChoice(target))
        wide = self._own.get(ALL, DiskChoice(ALL))
        values = {name: value for name, value in own._asdict().items() if value not in ("", None)}
        result = wide._replace(**values)
        if own.path:
            return result._replace(pool="")
        return result if result.pool else result._replace(pool=self.request.pool)

    def is_named(self, disk: Element) -> bool:
        """Return whether an option names the disk, or all disks, as one to be copied."""
        return bool({target_of(disk), ALL} & (self._own.keys() | self.request.force))

    def is_copied(self, disk: Element) -> bool:
        """Return whether a disk is copied: by default not if it is empty, read-only or shareable.

        Raises UsageError for a choice that does not suit the disk.
        """
        target = target_of(disk)
        own = self._own.get(target, DiskChoice(target))
        has_place = bool(own.path or own.pool or own.format or own.linked or own.share is False)
        if tree.child(disk, "source") is None:
            if has_place:
                raise UsageError(f"--copy {target}: the drive is empty", hint=f"omit --copy {target}")
            return False
        if own.skip or own.share:
            return self._uses_original(disk, own)
        if has_place or target in self.request.force:
            return True
        return target not in self.request.skip and self._is_copied_with_all(disk, own)

    def _is_copied_with_all(self, disk: Element, own: DiskChoice) -> bool:
        """Return whether a disk is copied that no option names."""
        wide, request = self._own.get(ALL, DiskChoice(ALL)), self.request
        if own.skip is None and (wide.skip or wide.share):
            return self._uses_original(disk, wide)
        if ALL in request.skip:
            return False
        if wide.share is False or ALL in request.force:
            return True
        return path.get(disk, "./transient/@shareBacking") != "yes" and not _is_for_several(disk)

    def is_linked(self, disk: Element) -> bool:
        """Return whether a disk that would be copied gets an image on top of it instead.

        Raises UsageError for a choice that does not suit the disk.
        """
        target, choice = target_of(disk), self.of(disk)
        own = self._own.get(target)
        suits = disk.get("device", "disk") in ("disk", "lun") and not _is_for_several(disk)
        if own is not None and own.linked and not suits:
            raise UsageError(
                f"--copy {target},linked=yes: {target} is read-only, shareable or removable",
                hint="omit linked=yes to copy the disk",
            )
        is_wanted = self.request.linked if choice.linked is None else choice.linked
        if is_wanted and suits and choice.format not in ("", "qcow2"):
            raise UsageError(
                f"--copy {target}: format={choice.format} cannot be used with --linked", hint="add linked=no to copy it"
            )
        return is_wanted and suits

    def _uses_original(self, disk: Element, choice: DiskChoice) -> bool:
        """Return False: the disk is not copied. Raises UsageError if it may not be shared."""
        if choice.share:
            self._check_shared(disk, target_of(disk))
        return False

    def _check_shared(self, disk: Element, target: str) -> None:
        """Raise UsageError for a disk that two guests would write to."""
        if not _is_for_several(disk):
            raise UsageError(
                f"--copy {target},share=yes: '{self._name}' writes to {target}, which is not marked as shareable",
                hint=f"mark it with `virtprov-xml {self._name} --edit target.dev={target} --disk shareable=yes`, or "
                "use skip=yes if the two guests never run at the same time",
            )


def target_of(disk: Element) -> str:
    """Return the name of a disk in the guest: "vda"."""
    return path.text(disk, "./target/@dev")


def _is_for_several(disk: Element) -> bool:
    """Return whether several guests can use a disk: it is read-only or shareable."""
    return any(tree.child(disk, mark) is not None for mark in ("readonly", "shareable"))
