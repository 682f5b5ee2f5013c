"""Cloud images: what is downloaded to this machine, and the read-only bases in pools."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import (
    GONE,
    OTHERS,
    OURS,
    UNSURE,
    Artifact,
    Evidence,
    InUse,
    Standing,
    mark_of,
)
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.images import cache

if TYPE_CHECKING:
    from virtprov.host.connection import Host

_USED = "another command is using it"
HEAD = 64 * 1024
"""Bytes at the beginning of a base that are uploaded last: until then, it is no image."""


class ImageFiles(Artifact):
    """The files of an image in the cache of this machine, named by the tag of the image.

    `had` means that the verified disk was there before: then only what is incomplete is removed.
    """

    kind = "image"
    name: str
    had: bool = False

    def describe(self) -> str:
        return f"downloaded image in {cache.folder_of(self.name)}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if not self._left():
            return Standing(GONE)
        return Standing(OTHERS, _USED) if cache.is_held(self.name) else Standing(OURS)

    def take_down(self, host: Host) -> None:
        if cache.is_held(self.name):
            raise InUse(_USED)
        for path in self._left():
            with suppress(FileNotFoundError):
                os.unlink(path)
        if not self.had:
            cache.remove(self.name)

    def _left(self) -> list[str]:
        from virtprov.images.fetching.fetch import DISK

        return [entry.path for entry in cache.files_of(self.name) if not (self.had and entry.name == DISK)]


class Base(Volume):
    """A base in a pool; `tag` is that of its image. Nobody else uses it.

    `part` is the path of its incomplete copy; "" in logs of older versions, where it can be told from the name.
    """

    kind = "base"
    tag: str = ""
    part: str = ""

    def describe(self) -> str:
        return f"base image {self.name} in pool '{self.pool}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        """Return whether the base, or its incomplete copy, exists and is ours.

        A file that was moved into the pool is known by its mark before that is recorded.
        """
        is_same = not host.is_remote and bool(self.mark) and self.mark == mark_of(self.path)
        seen = super().standing(host, evidence._replace(made=evidence.made or is_same))
        if seen.state != OURS and self._has_part(host):
            seen = Standing(OURS)
        if seen.state == UNSURE and self._is_incomplete(host):  # libvirt does not delete what is being uploaded
            seen = Standing(OURS)
        return Standing(OTHERS, _USED) if seen.state == OURS and cache.is_held(self.tag) else seen

    def take_down(self, host: Host) -> None:
        if cache.is_held(self.tag):
            raise InUse(_USED)
        if not self._has_part(host):
            super().take_down(host)
        elif not os.path.exists(self.path) or os.path.samefile(self._part, self.path):
            os.unlink(self._part)
            super().take_down(host)
        else:  # somebody else was faster: the base is theirs
            os.unlink(self._part)
        if not any(True for _ in cache.files_of(self.tag)):
            cache.remove(self.tag)

    def _is_incomplete(self, host: Host) -> bool:
        head = host.storage.volume_head(self.pool, self.name, HEAD)
        return head is not None and not any(head)

    @property
    def _part(self) -> str:
        return self.part or part_of(self.path)

    def _has_part(self, host: Host) -> bool:
        return not host.is_remote and bool(self.path) and os.path.lexists(self._part)


def new_part(path: str) -> str:
    """Return a path beside a base for an incomplete copy of it, which nobody else uses."""
    return part_of(path, f".{os.urandom(6).hex()}")


def part_of(path: str, mark: str = "") -> str:
    """Return the path of the incomplete copy of a base, beside it, with a mark of its run."""
    directory, name = os.path.split(path)
    return f"{directory}/.{name}{mark}.part"
