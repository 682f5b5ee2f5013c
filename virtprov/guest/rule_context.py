"""What the rules for defaults may ask: the guest so far, its host, its operating system, what the user said."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.guest.choices import NONE, Choices
from virtprov.guest.document import Guest
from virtprov.support.frozen import Record
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.capabilities import Capabilities
    from virtprov.host.domcaps import DomainCapabilities
    from virtprov.osinfo.profile import Profile

_UNASKED = object()


class RuleContext:
    """One guest in the making.

    `refused_groups` are the option groups the user turned off (`--graphics none`), `choices` what the options leave
    for the rules, `machine_features` those that the host can switch on, `notes` sentences for the user. `fresh` are the
    devices to be completed (None: all); what an existing guest has besides is left alone. `profile` may be a
    function that looks it up: it is called when a rule asks for the first time, which not every change does.
    `taken` are names of disks that no new one may have, though the document does not show them.
    """

    __slots__ = (
        "_domcaps",
        "_profile",
        "choices",
        "fresh",
        "guest",
        "host",
        "machine_features",
        "notes",
        "refused_groups",
        "taken",
        "warnings",
    )

    def __init__(
        self,
        guest: Guest,
        host: HostView,
        profile: Profile | Callable[[], Profile],
        *,
        refused: frozenset[str] = frozenset(),
        choices: Choices = NONE,
        fresh: list[Element] | None = None,
    ) -> None:
        self.guest = guest
        self.host = host
        self._profile = profile
        self.refused_groups = refused
        self.choices = choices
        self.machine_features: tuple[str, ...] = ()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.fresh = fresh
        self.taken: frozenset[str] = frozenset()
        self._domcaps: object = _UNASKED

    @property
    def profile(self) -> Profile:
        """What is known of the guest's operating system."""
        if callable(self._profile):
            self._profile = self._profile()
        return self._profile

    @property
    def driver(self) -> str:
        """The host's driver: `qemu`, `xen`, `lxc`, `test` ..."""
        return self.host.driver

    @property
    def capabilities(self) -> Capabilities:
        """What the host can run."""
        return self.host.capabilities.of_host()

    @property
    def domcaps(self) -> DomainCapabilities | None:
        """What the host offers for a guest of this kind; None when the driver cannot tell. Asked once."""
        if self._domcaps is _UNASKED:
            guest = self.guest
            self._domcaps = self.host.capabilities.of_guest(
                guest.arch or None,
                guest.machine or None,
                guest.domain_type or None,
                guest.get("./devices/emulator") or None,
            )
        return self._domcaps  # type: ignore[return-value]

    @property
    def is_qemu(self) -> bool:
        """A guest that QEMU runs."""
        return self.guest.domain_type in ("qemu", "kvm", "hvf", "kqemu")

    @property
    def is_test(self) -> bool:
        """A guest of libvirt's test driver."""
        return self.driver == "test"

    @property
    def like_qemu(self) -> bool:
        """A guest that takes SPICE and its helpers as QEMU's guests do; those of the test driver are."""
        return self.is_qemu or self.is_test

    def devices(self, tag: str) -> list[Element]:
        """The devices with this tag that the rules may complete."""
        found = self.guest.devices(tag)
        return found if self.fresh is None else [device for device in found if device in self.fresh]

    def refused(self, group: str) -> bool:
        """Whether the user turned a whole option group off."""
        return group in self.refused_groups

    def note(self, sentence: str) -> None:
        """Tell the user something."""
        self.notes.append(sentence)

    def warn(self, sentence: str) -> None:
        """Warn the user."""
        self.warnings.append(sentence)


class Rule(Record):
    """One fact a guest gets when nobody says.

    `why` is the reason that `--explain` shows behind a colon, `applies` says when the rule is for a guest, `write`
    writes the fact into it, and `off` is the option that does without ("" for none).
    """

    name: str
    why: str
    applies: Callable[[RuleContext], bool]
    write: Callable[[RuleContext], None]
    off: str = ""


class Watch:
    """Told of every writer right after it has written; this one does not look. `guest.explain` has one that does."""

    __slots__ = ()

    def begin(self, guest: Guest) -> None:
        """From here on this guest is written to; what it has been copied from keeps its writers."""

    def step(self, name: str) -> None:
        """A step outside of the rules has written; `guest.explain` knows its reasons by name."""

    def detail(self) -> None:
        """Elements were completed on behalf of those who made them."""

    def option(self, said: object) -> None:
        """One use of an option group has been written."""

    def rule(self, rule: Rule) -> None:
        """A rule has written."""


UNWATCHED = Watch()
