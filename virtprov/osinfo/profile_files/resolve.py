"""Create records from pieces: merge those with the same id, then let each system inherit from its parents.

The parents of a system are named by `derives-from` and `clones`; `upgrades` is only history. Devices and firmware are
inherited unless the system excludes them (`supported="false"`), resources only with `inherit="true"`; media, trees,
images, drivers and scripts are never inherited.
"""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.pack import FIELD, pack_rows, pack_words
from virtprov.osinfo.profile_files.image_check import close_name
from virtprov.osinfo.profile_files.image_reader import from_libosinfo
from virtprov.osinfo.profile_files.profile_check import check_file
from virtprov.osinfo.profile_files.reader import Content, Piece, Row, Script, read_file
from virtprov.support.errors import XmlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from virtprov.osinfo.profile_files.image_reader import Group

Needs = dict[tuple[str, str], Row]
"""(kind, arch) -> ram, n_cpus, storage, cpu."""


class Catalogue(NamedTuple):
    """The contents of all folders, merged by id, before inheritance."""

    systems: dict[str, MergedRecord]
    platforms: dict[str, MergedRecord]
    devices: dict[str, Row]
    datamaps: dict[str, list[str]]
    scripts: dict[str, Script]
    warnings: list[str]


class MergedRecord:
    """All pieces about one system or platform, merged; later pieces override and extend earlier ones."""

    __slots__ = (
        "cloud_images", "derives", "devices", "drivers", "firmware", "id", "image_names", "images", "inherits", "media",
        "needs", "scalars", "scripts", "short_ids", "sources", "trees", "variants",
    )  # fmt: skip

    def __init__(self, id: str) -> None:
        self.id = id
        self.sources: list[str] = []
        self.scalars: dict[str, str] = {}
        self.short_ids: list[str] = []
        self.derives: list[str] = []
        self.devices: dict[str, bool] = {}
        self.needs: Needs = {}
        self.inherits: list[str] = []
        self.firmware: dict[tuple[str, str], Row] = {}
        self.media: list[Row] = []
        self.trees: list[Row] = []
        self.images: list[Row] = []
        self.cloud_images: dict[tuple[str, str], Row] = {}
        """By variant and architectures."""
        self.image_names: list[str] = []
        self.variants: dict[str, Row] = {}
        self.scripts: list[str] = []
        self.drivers: list[Row] = []

    def take(self, piece: Piece) -> None:
        """Add one piece."""
        self.sources.append(piece.source)
        self.scalars.update((key, value) for key, value in piece.scalars.items() if value)
        self.devices.update(piece.devices)
        for kind, arch, *amounts in piece.resources:
            before = self.needs.get((kind, arch), ("",) * len(amounts))
            self.needs[kind, arch] = tuple(new or old for new, old in zip(amounts, before, strict=True))
        self.firmware.update(((row[0], row[1]), row) for row in piece.firmware)
        self.variants.update((row[0], row) for row in piece.variants)
        for mine, theirs in ((self.short_ids, piece.short_ids), (self.derives, piece.derives)):
            mine.extend(word for word in theirs if word and word not in mine)
        for name in ("inherits", "media", "trees", "images", "scripts", "drivers"):
            kept = getattr(self, name)
            kept.extend(row for row in dict.fromkeys(getattr(piece, name)) if row not in kept)


def load(paths: Iterable[str], by_hand: Container[str] = ()) -> Catalogue:
    """Read files in order of precedence. One that cannot be used is skipped with a warning.

    The files `by_hand` are checked for mistakes as well; each mistake is a warning of its own.
    """
    catalogue = Catalogue({}, {}, {}, {}, {}, [])
    written: list[Piece] = []
    addressed: list[Group] = []
    for path in paths:
        try:
            content = read_file(path)
            if path in by_hand:
                catalogue.warnings.extend(check_file(path))
                written += content.systems
                addressed += content.images
        except XmlError as problem:
            catalogue.warnings.append(f"OS profile skipped: {problem.message}")
            continue
        _merge(catalogue, content)
    for piece in written:
        for parent in piece.derives:
            if parent not in catalogue.systems:
                close = close_name(parent, [name for name in catalogue.systems if name != piece.id])
                text = f"OS profile {piece.source}: {piece.id} inherits from '{parent}', which does not exist"
                catalogue.warnings.append(text + close)
    for group in addressed:
        if not catalogue.systems[group.os_id].short_ids:
            text = f"OS profile {group.source}: the images are for '{group.os_id}', which does not exist"
            close = close_name(group.os_id, [name for name in catalogue.systems if name != group.os_id])
            catalogue.warnings.append(text + close)
    return catalogue


def _merge(merged: Catalogue, content: Content) -> None:
    for group in content.images:
        system = merged.systems.setdefault(group.os_id, MergedRecord(group.os_id))
        system.sources.append(group.source)
        system.image_names.extend(name for name in group.names if name not in system.image_names)
        system.cloud_images.update(((row[0], row[1]), row) for row in group.rows)
    for pieces, known in ((content.systems, merged.systems), (content.platforms, merged.platforms)):
        for piece in pieces:
            if piece.id not in known:
                known[piece.id] = MergedRecord(piece.id)
            known[piece.id].take(piece)
    for row in content.devices:
        before = merged.devices.get(row[0], ("",) * len(row))
        merged.devices[row[0]] = tuple(new or old for new, old in zip(row, before, strict=True))
    merged.datamaps.update(content.datamaps)
    merged.scripts.update((script.id, script) for script in content.scripts)


class Resolver:
    """Computes each system after inheritance. A loop of parents is followed once."""

    def __init__(self, known: dict[str, MergedRecord]) -> None:
        self._known = known
        self._lineage: dict[str, list[str]] = {}
        self._devices: dict[str, dict[str, bool]] = {}
        self._loops = 0

    def lineage(self, name: str) -> list[str]:
        """Return all ancestors that exist, the nearest first, without the system itself."""
        if name not in self._lineage:
            order, queue = [], list(self._known[name].derives)
            seen = {name}
            while queue:
                parent = queue.pop(0)
                if parent in seen or parent not in self._known:
                    continue
                seen.add(parent)
                order.append(parent)
                queue.extend(self._known[parent].derives)
            self._lineage[name] = order
        return self._lineage[name]

    def devices(self, name: str, open: tuple[str, ...] = ()) -> dict[str, bool]:
        """Return which devices are supported, by id.

        The system's own value takes precedence, then a parent's no, then a parent's yes.
        """
        if name in self._devices:
            return self._devices[name]
        answer: dict[str, bool] = {}
        before = self._loops
        for parent in self._known[name].derives:
            if parent == name or parent in open:
                self._loops += 1
            elif parent in self._known:
                for device, yes in self.devices(parent, (*open, name)).items():
                    answer[device] = yes and answer.get(device, True)
        answer.update(self._known[name].devices)
        if self._loops == before:  # a result that was cut short by a loop is only valid for this starting point
            self._devices[name] = answer
        return answer

    def firmware(self, name: str) -> dict[tuple[str, str], Row]:
        """Return the firmware rows by architecture and type; those of nearer ancestors take precedence."""
        answer: dict[tuple[str, str], Row] = {}
        for one in (*reversed(self.lineage(name)), name):
            answer.update(self._known[one].firmware)
        return answer

    def needs(self, name: str, open: tuple[str, ...] = ()) -> Needs:
        """Return the resources by kind and architecture; `open` are the systems whose parents are being resolved."""
        own = self._known[name]
        answer: Needs = {}
        for parent in own.derives if own.inherits else ():
            if parent in self._known and parent not in open and parent != name:
                rows = self.needs(parent, (*open, name))
                answer.update((key, row) for key, row in rows.items() if key[1] in own.inherits)
        answer.update(own.needs)
        return answer

    def first_text(self, name: str, scalar: str) -> str:
        """Return a text of the system, or of its nearest ancestor that has one."""
        for one in (name, *self.lineage(name)):
            if self._known[one].scalars.get(scalar):
                return self._known[one].scalars[scalar]
        return ""

    def sources(self, name: str) -> list[str]:
        """Return the files on which the result for this system depends."""
        family = (name, *self.lineage(name))
        return list(dict.fromkeys(path for one in family for path in self._known[one].sources))

    def record(self, name: str) -> str:
        """Return the packed record for `virtprov.osinfo.profile.Profile`."""
        own = self._known[name]
        read = own.scalars.get
        return FIELD.join((
            name, pack_words(own.short_ids), read("name", ""), read("version", ""), read("vendor", ""),
            read("family", ""), read("distro", ""), read("codename", ""),
            read("release-date", ""), read("eol-date", ""), read("release-status", "released"),
            self.first_text(name, "kernel-url-argument"), self.first_text(name, "cloud-image-username"),
            pack_words(self.lineage(name)),
            pack_words([device for device, yes in self.devices(name).items() if yes]),
            pack_words(own.scripts),
            pack_rows([(*key, *row) for key, row in self.needs(name).items()]),
            pack_rows(list(self.firmware(name).values())),
            pack_rows(own.media), pack_rows(own.trees), pack_rows(own.images),
            pack_rows(list(own.variants.values())), pack_rows(own.drivers),
        ))  # fmt: skip

    def image_record(self, name: str) -> str:
        """Return the packed record for `virtprov.osinfo.image_profiles.CloudSystem`; "" if there are no images.

        Images of libosinfo only count for a system without images of our own.
        """
        own = self._known[name]
        user = self.first_text(name, "cloud-image-username")
        rows = list(own.cloud_images.values()) or from_libosinfo(own.images, user)
        if not rows or not own.short_ids:
            return ""
        names = [word for word in own.image_names if word not in own.short_ids]
        title = own.scalars.get("name", "")
        return FIELD.join((name, pack_words(own.short_ids), pack_words(names), title, pack_rows(rows)))


def script_record(script: Script) -> str:
    """Return the packed record for `virtprov.osinfo.scripts.InstallScript`."""
    read = script.values.get
    return FIELD.join((
        script.id, script.source, read("profile", ""), read("path-format", ""), read("expected-filename", ""),
        read("product-key-format", ""), read("needs-internet", ""),
        read("can-pre-install-drivers", ""), read("pre-install-drivers-signing-req", ""),
        read("can-post-install-drivers", ""), read("post-install-drivers-signing-req", ""),
        read("avatar-format", ""), read("template", ""),
        pack_rows(script.params), pack_words(script.methods),
    ))  # fmt: skip
