"""Cloud images: what is downloaded to this machine, and the read-only bases in pools."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Artifact, Evidence, InUse, Standing
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.images import cache

if TYPE_CHECKING:
    from virtprov.host.connection import Host

_USED = "another command is using it"


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
    """A base in a pool; `tag` is that of its image. Nobody else uses it."""

    kind = "base"
    tag: str = ""

    def describe(self) -> str:
        return f"base image {self.name} in pool '{self.pool}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        seen = super().standing(host, evidence)
        if seen.state == GONE:
            return Standing(OURS) if self._has_part(host) else seen
        return Standing(OTHERS, _USED) if seen.state == OURS and cache.is_held(self.tag) else seen

    def take_down(self, host: Host) -> None:
        if cache.is_held(self.tag):
            raise InUse(_USED)
        if self._has_part(host):
            with suppress(FileNotFoundError):
                os.unlink(part_of(self.path))
        super().take_down(host)
        if not any(True for _ in cache.files_of(self.tag)):
            cache.remove(self.tag)

    def _has_part(self, host: Host) -> bool:
        return not host.is_remote and bool(self.path) and os.path.lexists(part_of(self.path))


def part_of(path: str) -> str:
    """Return the path of the incomplete copy of a base, beside it."""
    directory, name = os.path.split(path)
    return f"{directory}/.{name}.part"
