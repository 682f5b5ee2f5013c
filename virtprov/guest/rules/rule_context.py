"""What the rules for defaults work on: the guest so far, its host, its operating system, the user's choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.guest.rules.choices import NONE, Choices
from virtprov.images.image_facts import NO_FACTS, ImageFacts
from virtprov.support.frozen import Record
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.capabilities import Capabilities
    from virtprov.host.facts.domcaps import DomainCapabilities
    from virtprov.osinfo.profile import Profile

_UNASKED = object()


class RuleContext:
    """A guest while it is being built.

    `refused_groups` are the option groups that the user turned off (`--graphics none`), `choices` those made with
    options for the rules, `machine_features` the features supported by the host, `notes` messages for the user. `fresh`
    are the devices to complete (None: all); other devices of an existing guest are not changed. `profile` can be a
    function that looks it up: it is called when a rule needs the profile, which many changes do not. `taken` are target
    names that new disks must not use, although the XML does not contain them. `image` is what is known about the cloud
    image that a new guest gets.
    """

    __slots__ = (
        "_domcaps",
        "_profile",
        "choices",
        "fresh",
        "guest",
        "host",
        "image",
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
        image: ImageFacts = NO_FACTS,
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
        self.image = image
        self.taken: frozenset[str] = frozenset()
        self._domcaps: object = _UNASKED

    @property
    def profile(self) -> Profile:
        """The profile of the guest's operating system."""
        if callable(self._profile):
            self._profile = self._profile()
        return self._profile

    @property
    def driver(self) -> str:
        """The host's driver: `qemu`, `xen`, `lxc`, `test` ..."""
        return self.host.driver

    @property
    def capabilities(self) -> Capabilities:
        """The host's capabilities."""
        return self.host.capabilities.of_host()

    @property
    def domcaps(self) -> DomainCapabilities | None:
        """The host's capabilities for this kind of guest; None if the driver does not report them. Read once."""
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
        """Whether QEMU runs the guest."""
        return self.guest.domain_type in ("qemu", "kvm", "hvf", "kqemu")

    @property
    def is_test(self) -> bool:
        """Whether this is a guest of libvirt's test driver."""
        return self.driver == "test"

    @property
    def product(self) -> str:
        """`vmware`, `hyperv` or `vbox`: products with devices of their own, and few that libvirt can configure."""
        kind = self.guest.domain_type
        return kind if kind in ("vmware", "hyperv", "vbox") else ""

    @property
    def like_qemu(self) -> bool:
        """Whether the guest supports SPICE like QEMU guests; those of the test driver do."""
        return self.is_qemu or self.is_test

    def devices(self, tag: str) -> list[Element]:
        """Return the devices with this tag that the rules may complete."""
        result = self.guest.devices(tag)
        return result if self.fresh is None else [device for device in result if device in self.fresh]

    def is_refused(self, group: str) -> bool:
        """Return whether the user turned off an option group."""
        return group in self.refused_groups

    def note(self, sentence: str) -> None:
        """Add a message for the user."""
        self.notes.append(sentence)

    def warn(self, sentence: str) -> None:
        """Add a warning for the user."""
        self.warnings.append(sentence)


class Rule(Record):
    """A rule that sets one default.

    `why` is the reason shown by `--explain`, `applies` decides whether the rule is for a guest, `write` changes the
    guest, and `off` is the option that avoids it ("" for none).
    """

    name: str
    why: str
    applies: Callable[[RuleContext], bool]
    write: Callable[[RuleContext], None]
    off: str = ""


class Watch:
    """Notified of each writer after it has written; this class ignores it, the one in `guest.rules.ledger` does."""

    __slots__ = ()

    def begin(self, guest: Guest) -> None:
        """Start watching this guest; what it was copied from keeps its writers."""

    def step(self, name: str) -> None:
        """A step other than a rule has written; `guest.rules.ledger` knows the reasons by name."""

    def detail(self) -> None:
        """Elements have been completed; their writers do not change."""

    def option(self, said: object) -> None:
        """One use of an option group has been written."""

    def rule(self, rule: Rule) -> None:
        """A rule has written."""


UNWATCHED = Watch()
