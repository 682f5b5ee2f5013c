"""virtprov-xml: from a changed document to the plan that puts it in force, stored or running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions import steps
from virtprov.actions.edit import ADD, REMOVE, Changed, EditRequest, blank, change
from virtprov.actions.plan import Plan, Step
from virtprov.guest.document import Guest
from virtprov.options.catalogue import table
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.record import Record
from virtprov.xml import diff, keep, path, tree

if TYPE_CHECKING:
    from virtprov.actions.plan import Undo, World
    from virtprov.host.connection import Host
    from virtprov.host.entries import GuestInfo

STDIN = "the XML on standard input"


class Document(Record):
    """A guest's document, and the text it was read from."""

    guest: Guest
    raw: str


class Source(Record):
    """The guest that is changed: its document, and what the host knows of it.

    `info` is None when the document came from elsewhere; `running` is the guest as it runs, None when it does not.
    """

    stored: Document
    info: GuestInfo | None = None
    running: Document | None = None


class Wanted(Record):
    """What is to become of the change: stored, made in the running guest, the guest started."""

    define: bool = False
    update: bool = False
    start: bool = False


class Edited(Record):
    """What came of a request: the changed document as text, the difference, and the changes they show.

    `live` is the change to the running guest; None when none is made.
    """

    request: EditRequest
    source: Source
    text: str
    diff: str
    changed: Changed
    live: Changed | None = None


def from_host(host: Host, key: str) -> Source:
    """Read a guest by name, id or UUID, passwords included. Raises HostError when the host has none such."""
    info = host.guest(key)
    if info is None:
        raise HostError(
            f"the host {host.uri} has no guest '{key}'",
            hint=nearest(key, host.guest_names()) or "`virsh list --all` lists its guests",
        )
    what = f"the document of '{info.name}'"
    stored = host.guest_xml(info.uuid, inactive=True, secure=True)
    running = host.guest_xml(info.uuid, secure=True) if info.active else ""
    return Source(
        Document(Guest.parse(stored, what), stored),
        info,
        Document(Guest.parse(running, what), running) if running else None,
    )


def from_bytes(data: bytes) -> Source:
    """Read a document; raises XmlError when it is none of a guest."""
    return Source(Document(Guest.parse(data, STDIN), keep.decode(data)))


def from_nothing(host: Host | None) -> Source:
    """An empty guest, to build elements for."""
    guest = blank(host)
    return Source(Document(guest, guest.text()))


def make(request: EditRequest, source: Source, wanted: Wanted, host: Host | None) -> Edited:
    """Make the change on the documents it is wanted for. Raises as `check` and `edit.change` do."""
    check(request, source, wanted)
    live, document = None, source.stored
    if wanted.update and source.running is not None:
        live = change(request, source.running.guest, host)
        if not wanted.define:
            document = source.running
    if live is not None and (document is source.running or request.action == ADD):
        changed = live if document is source.running else _graft(document.guest, live)
    else:
        changed = change(request, document.guest, host)
    text, difference = _spelled(document, changed)
    return Edited(request, source, text, difference, changed, live)


def _graft(guest: Guest, live: Changed) -> Changed:
    """The devices that the running guest gets, in its stored definition as well."""
    altered = guest.copy()
    added = tuple(altered.add_device(tree.copy(node)) for node in live.elements)
    return live._replace(guest=altered, elements=added)


def _spelled(document: Document, changed: Changed) -> tuple[str, str]:
    """The changed document, spelled as the original was, and the difference."""
    text = keep.restore(document.raw, document.guest.text(), changed.guest.text())
    original = document.raw.lstrip("\ufeff\n")
    return text, diff.unified(original if original.endswith("\n") else original + "\n", text)


def alone(made: Edited) -> str:
    """The elements of a change as they stand by themselves."""
    return "".join(_dedented(tree.to_text(node)) for node in made.changed.elements)


def _dedented(text: str) -> str:
    """Lines as far to the left as the first one, which lost its indentation."""
    lines = text.splitlines(keepends=True)
    extra = len(lines[-1]) - len(lines[-1].lstrip(" "))
    return lines[0] + "".join(line[extra:] if line[:extra].isspace() else line for line in lines[1:])


def unmade(made: Edited) -> list[str]:
    """Volumes that a printed document names, and that nobody makes: the document came from elsewhere."""
    if made.source.info is not None:
        return []
    return [volume.path for making in made.changed.makings for volume in making.volumes]


# -- the plan ------------------------------------------------------------------------------------


def check(request: EditRequest, source: Source, wanted: Wanted) -> None:
    """Raise UsageError or HostError for what cannot be put in force, before anything is changed."""
    info = source.info
    if wanted.update and info is not None and info.active and not table(request.group).is_device:
        raise UsageError(
            f"--{request.group} cannot be changed in a running guest",
            hint="leave out --update: the change takes effect once the guest is powered off and started again",
        )
    if wanted.start and info is not None and info.active:
        raise HostError(
            f"the guest '{info.name}' is {info.state}, so it cannot be started", hint="leave out --start"
        )


def plan(made: Edited, wanted: Wanted) -> Plan:
    """Everything that must be done; raises HostError for a name or UUID that cannot be changed alone."""
    source, changed = made.source, made.changed
    name = changed.guest.name
    listed: list[Step] = []
    if any(wanted):
        listed += _storage_steps(changed if made.live is None else made.live)
    if wanted.update and made.live is not None and source.info is not None:
        listed.append(_live_step(made.request, source.info.name, made.live))
    if stores(made, wanted):
        listed.append(_define_step(source, changed.guest, made.text))
    if wanted.start:
        listed.append(steps.Start(name) if wanted.define else steps.Create(name, made.text))
    return Plan((made.text,), tuple(listed), name, changed.notes, changed.warnings)


def stores(made: Edited, wanted: Wanted) -> bool:
    """Whether a definition is written: a guest of the host that stays as it is keeps the one it has."""
    return wanted.define and (bool(made.diff) or made.source.info is None)


def _storage_steps(changed: Changed) -> list[Step]:
    pools = {pool.name: pool for making in changed.makings for pool in making.pools}
    listed: list[Step] = [steps.MakePool(pool) for pool in pools.values()]
    listed += [steps.MakeVolume(volume) for making in changed.makings for volume in making.volumes]
    return listed


def _define_step(source: Source, guest: Guest, text: str) -> Step:
    """Store the document. A guest gets another name or UUID only together: then it is a further guest."""
    if source.info is None:
        return StoreDocument(guest.name, text)
    same_name, same_uuid = guest.name == source.info.name, guest.uuid.lower() == source.info.uuid.lower()
    if same_name and same_uuid:
        return steps.Redefine(guest.name, text)
    if same_name:
        raise HostError(
            f"the guest '{guest.name}' cannot get another UUID", hint="`virsh undefine` it first, or make a clone"
        )
    if same_uuid:
        raise HostError(
            f"the guest '{source.info.name}' cannot be renamed by changing its definition",
            hint=f"`virsh domrename {source.info.name} {guest.name}` renames a guest that is off",
        )
    return steps.Define(guest.name, text)


class StoreDocument(Record):
    """A document from elsewhere becomes the definition of a guest, new or there already."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Defining the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        known = world.host.guest(self.name)
        step: Step = steps.Define(self.name, self.xml)
        if known is not None and known.persistent:
            step = steps.Redefine(self.name, self.xml)
        return step.do(world)


def _live_step(request: EditRequest, name: str, live: Changed) -> Step:
    after = tuple(tree.to_text(node) for node in live.elements)
    before = tuple(tree.to_text(node) for node in live.before)
    if request.action == ADD:
        return ChangeLive(name, "attach", after, ())
    if request.action == REMOVE:
        return ChangeLive(name, "detach", (), before)
    return ChangeLive(name, "update", after, before)


class ChangeLive(Record):
    """Devices of a running guest: plugged in, taken out, or changed. `after` and `before` are their documents."""

    name: str
    how: str
    after: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"Changing the running guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        undone: list[tuple[str, str]] = []
        try:
            for at in range(max(len(self.after), len(self.before))):
                self._one(world, self.how, (self.after or self.before)[at])
                undone.append((_REVERSE[self.how], (self.before or self.after)[at]))
        except BaseException:
            self._back(world, undone)
            raise
        if self.how == "detach":
            self._look_whether_gone(world)
        return lambda: self._back(world, undone)

    def _look_whether_gone(self, world: World) -> None:
        """libvirt asks the guest's system for a device, and does not wait for long."""
        running = Guest.parse(world.host.guest_xml(self.name))
        there = {path.get(device, "./alias/@name") for device in running.devices()} - {None}
        for text in self.before:
            node = tree.parse(text)
            if tree.find_text(node, "alias/@name") in there:
                world.warn(f"'{self.name}' has not let go of its {tree.local_name(node)} yet; it goes at power-off")

    def _one(self, world: World, how: str, device: str) -> None:
        host = world.host
        call = {"attach": "attach_device", "detach": "detach_device", "update": "update_device"}[how]
        getattr(host, call)(self.name, device)

    def _back(self, world: World, undone: list[tuple[str, str]]) -> None:
        for how, device in reversed(undone):
            self._one(world, how, device)


_REVERSE = {"attach": "detach", "detach": "attach", "update": "update"}


def kept(source: Source, host: Host) -> bool:
    """Whether the host kept the change: some values it replaces with its own."""
    if source.info is None:
        return True
    now = Guest.parse(host.guest_xml(source.info.uuid, inactive=True, secure=True))
    return not tree.same(now.root, source.stored.guest.root)
