"""Create a guest, or render its XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import guest_words, install_request, listening
from virtprov.library.install_request import NewGuest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.install.install_plan import InstallPlan
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import RunContext
    from virtprov.host.connection import Host
    from virtprov.library.listening import Hears, Listener


class Installed(Record):
    """A new guest.

    name, uuid     its identity
    state          "created" (running), "installing" (its installer is running), "ready" (cloud-init is done, or what
                   `wait` names is true), "off", or "unchanged" (`ensure`: it was there, and nothing was done)
    macs           the addresses of its network interfaces, in order
    volumes        the paths of the volumes created for it
    xml            its definition, as it was given to libvirt
    root_password  the generated password of root; empty if there is none
    notes, warnings  the notes and warnings
    """

    name: str
    uuid: str
    state: str
    macs: tuple[str, ...]
    volumes: tuple[str, ...]
    xml: str
    root_password: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def install(host: Host | str, guest: NewGuest, *, listener: Listener | None = None) -> Installed:
    """Create a guest, start it, and wait for it if `guest.wait` is set.

    `host` is the result of `connect`, or a URI. If a step fails, the steps before it are undone.

    Raises UsageError for an invalid request, HostError if the host refuses, FetchError and MediaError for media that
    cannot be used, WaitTimeout if the guest is not done in time, and GuestBroken if it was started but is not as
    requested; after the last two the guest is left as it is. Raises Differs if `guest.ensure` is set and the guest
    exists, but is not as described.
    """
    from contextlib import ExitStack

    from virtprov.library import ensuring
    from virtprov.library.connecting import open_host

    hears = listening.Collector(listener)
    request = _request(guest)
    with open_host(host) as found, ExitStack() as held:
        if request.ensure:
            held.enter_context(ensuring.hold(found, request, hears.on_note))
            if ensuring.exists(found, request):
                return _unchanged(found, request.name, hears)
        work = Installation(found, request, hears)
        if guest.check_schema:
            work.check()
        work.create()
        held.close()
        if work.password:
            hears.on_password(work.made.plan.name, work.password)
        state = work.follow(lambda: request.wait, ends=guest.destroy_on_exit and bool(guest.wait))
    return _installed(work, state, hears)


def _installed(work: Installation, state: str, hears: listening.Collector) -> Installed:
    made = work.made
    return Installed(
        made.plan.name,
        made.uuid,
        state,
        made.macs,
        made.volumes,
        made.plan.documents[-1],
        work.password,
        tuple(hears.notes),
        tuple(hears.warnings),
    )


def _unchanged(host: Host, name: str, hears: listening.Collector) -> Installed:
    """Return the result for a guest that exists and is as described."""
    from virtprov.guest.checks import mac_addresses
    from virtprov.guest.document import Guest

    text = host.guests.xml(name, inactive=True)
    guest = Guest.parse(text)
    notes, warnings = tuple(hears.notes), tuple(hears.warnings)
    return Installed(name, guest.uuid, "unchanged", tuple(mac_addresses(guest)), (), text, "", notes, warnings)


def render(host: Host | str, guest: NewGuest, *, listener: Listener | None = None) -> tuple[str, ...]:
    """Return the XML documents that `install` would give to libvirt, that of the first boot first; changes nothing.

    `host` is the result of `connect`, or a URI; "recorded:///DIR" renders for a recorded host.

    Raises UsageError for an invalid request, HostError for what the host lacks.
    """
    from virtprov.library.connecting import open_host

    request = _request(guest, printing=True)
    with open_host(host) as found:
        hears = listening.Collector(listener)
        made = Installation(found, request, hears).made
    if made.taken:
        hears.on_warning(made.taken)
    return made.plan.documents


def _request(guest: NewGuest, *, printing: bool = False) -> InstallRequest:
    guest_words.refuse_standard_input(guest._asdict())
    return install_request.to_request(guest, printing=printing)


class Installation:
    """A new guest: planned by the constructor, then created, then waited for. `made` is the plan.

    Only `create` and what follows it change the host. Raises the errors of `install`.
    """

    def __init__(self, host: Host, request: InstallRequest, hears: Hears) -> None:
        from virtprov.actions import schema_check

        self.host = host
        self.request = request
        self.hears = hears
        for sentence in schema_check.check_values(request.uses, host):
            hears.on_warning(sentence)
        self.made = _plan(request, host)
        listening.tell_plan(self.made.plan, hears)
        self._context: RunContext | None = None

    @property
    def password(self) -> str:
        """Return the generated password of root, or of the account that an installer makes; "" without one."""
        if self.made.answers is not None:
            return self.made.answers.generated
        return self.made.seed.password if self.made.seed is not None else ""

    @property
    def context(self) -> RunContext:
        """Return the context for the steps."""
        if self._context is None:
            self._context = self.hears.context(self.host)
        return self._context

    def check(self) -> None:
        """Check the documents against libvirt's schema."""
        from virtprov.actions import schema_check

        for sentence in schema_check.check_documents(self.made.plan.domains, self.host):
            self.hears.on_warning(sentence)

    def create(self) -> None:
        """Carry out all steps; if one fails, undo those before it.

        If a generated name has been taken in the meantime, `made` is another plan afterwards.
        """
        from virtprov.actions.run.again import apply_with_free_names
        from virtprov.actions.run.stages import CREATED

        if self.context.trail.writes:
            listening.warn_of_leftovers(self.hears)
        request = self.request
        replan = None if request.name or request.reinstall else lambda: _plan(request, self.host)
        apply_with_free_names(self.made, replan, self._apply, self.hears.on_note)
        self.context.stages.note(CREATED)

    def _apply(self, plan: InstallPlan) -> None:
        from virtprov.actions.run.plan import apply

        if plan is not self.made:
            self.made, self._context = plan, None
        apply(plan.plan, self.context)

    def follow(self, show: Callable[[], float | None], *, ends: bool = False) -> str:
        """Wait for the guest and bring it to its final state, which is returned.

        `show` shows the guest, and returns the minutes to wait (like NewGuest.wait). `ends` tells whether the guest is
        stopped afterwards. A user who interrupts this is told what happens to the guest.
        Raises WaitTimeout, GuestBroken, HostError, and KeyboardInterrupt for Ctrl-C.
        """
        try:
            state = self._follow(show, ends)
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(self._leave()) from stop
        self.context.trail.finish_waiting(self.host)
        self._keep_login()
        if state == "ready":
            from virtprov.actions.waiting.addresses import missing

            sentence = missing(self.host, self.made.plan.name, self.made.plan.domains[-1].guest)
            if sentence:
                self.hears.on_warning(sentence)
        return state

    def _keep_login(self) -> None:
        """Add the guest to the user's ssh configuration, if that is requested and its address is known."""
        from virtprov.actions.seed import login
        from virtprov.actions.waiting import addresses, ssh_route

        way, name = self.made.login, self.made.plan.name
        if way is None or not way.ssh_config:
            return
        way = way._replace(jump=ssh_route.find_route(self.made.plan.domains[-1].guest, self.host).jump)
        address = way.address or next(iter(addresses.of(self.host, name)), "")
        if address:
            login.keep_entry(way, self.host, address, self.hears.on_note)
            return
        self.made = self.made._replace(login=way._replace(host="", ssh_config=""))
        self.hears.on_warning(f"'{name}' is not added to {way.ssh_config}: its address is not known")

    def _follow(self, show: Callable[[], float | None], ends: bool) -> str:
        from virtprov.actions.install import finish

        if not self.made.starts:
            return finish.OFF
        finish.remove_boot_files(self.made, self.context)
        try:
            minutes = show()
            state = finish.finish(self.request._replace(wait=minutes), self.made, self.context)
        finally:
            if ends:
                self.host.guests.destroy(self.made.plan.name)
        return finish.OFF if ends else state

    def _leave(self) -> str:
        from virtprov.actions.install import finish
        from virtprov.support.errors import ProvError

        try:
            sentence = finish.leave(self.made, self.context)
            self.context.trail.finish_waiting(self.host)
        except ProvError as problem:
            name = self.made.plan.name
            return f"guest '{name}' is left as it is; its state cannot be read: {problem.message}"
        return sentence


def _plan(request: InstallRequest, host: Host) -> InstallPlan:
    if request.reinstall:
        from virtprov.actions.install import reinstall

        return reinstall.plan(request, host)
    from virtprov.actions.install import install_plan

    return install_plan.plan(request, host)
