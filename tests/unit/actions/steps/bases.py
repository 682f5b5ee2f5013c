"""Bases of cloud images in tests: an image, the steps that bring it, and a host that takes uploads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tests.standin import StandIn
from virtprov.actions.run.artifacts.base_images import HEAD
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps.base_images import ObtainBase, Obtained
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import ResolvedImage
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]
MIB = 1 << 20
DISK = b"\xebraw" + bytes(508) + os.urandom(HEAD)


class Uploading(StandIn):
    """A host on another machine that takes data, as the test driver does not; it can break off at an upload."""

    is_remote = True

    def __init__(self, host: Host, breaks_at: int = 0) -> None:
        self.real, self.breaks_at = host, breaks_at
        self.contents: dict[str, bytearray] = {}
        self.uploads: list[tuple[str, int, int]] = []
        self.modes: dict[str, str] = {}

    def storage_create_volume(self, pool: str, xml: str, **settings: object) -> Any:
        volume = self.real.storage.create_volume(pool, xml)
        self.contents[volume.name] = bytearray(volume.capacity if volume.capacity < 100 * MIB else 0)
        self.modes[volume.name] = xml.partition("<mode>")[2].partition("<")[0]
        return volume

    def storage_upload_volume(
        self, pool: str, name: str, source: BinaryIO | str, *, start: int = 0, **settings: object
    ) -> None:
        data = Path(source).read_bytes()[start:] if isinstance(source, str) else source.read()
        self.uploads.append((name, start, len(data)))
        if len(self.uploads) == self.breaks_at:
            raise HostError("the connection broke")
        self.contents[name][start : start + len(data)] = data

    def storage_volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        return bytes(self.contents[name][:length]) if name in self.contents else None


def base_of(image: ResolvedImage, **more: Any) -> BaseVolume:
    name = cache.base_name(image, cache.tag_of(image))
    return BaseVolume("images", name, f"/srv/images/{name}", **more)


def obtain(image: ResolvedImage, again: Callable[[], ResolvedImage] | None = None, **more: Any) -> ObtainBase:
    return ObtainBase(image, cache.tag_of(image), base_of(image, **more), Obtained(), again or (lambda: image))


def downloaded() -> list[str]:
    return [entry.name for tag in cache.tags() for entry in cache.files_of(tag)]
