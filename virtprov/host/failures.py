"""What libvirt refuses, said in our words.

`asking("start the guest 'web'")` wraps calls of libvirt: a libvirtError that comes out of the block becomes a
HostError "cannot start the guest 'web': ..." with a hint. Callers that can do something about a
certain refusal catch the narrower class.
"""

from __future__ import annotations

from typing import Any

import libvirt

from virtprov.support.errors import HostError
from virtprov.support.waiting import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class NotSupported(HostError):
    """The host's driver cannot do this at all."""


class NotThere(HostError):
    """The guest, pool, volume, network or device is not on the host."""


class Taken(HostError):
    """Something of that name, identity or path is on the host already."""


class NotNow(HostError):
    """The host could do it, but not in the state the thing is in."""


class Refused(HostError):
    """The host does not let this user do it."""


class AgentSilent(HostError):
    """The guest agent is not there, or does not answer (yet)."""


class Lost(HostError):
    """The connection broke."""


def _code(name: str) -> int:
    """The number of a libvirt error; one that this libvirt does not know yet matches nothing."""
    return int(getattr(libvirt, name, -1))


_KINDS: tuple[tuple[type[HostError], str, tuple[str, ...]], ...] = (
    (
        NotSupported,
        "this host's driver has no such function, or knows no such flag; another host may",
        ("VIR_ERR_NO_SUPPORT", "VIR_ERR_OPERATION_UNSUPPORTED", "VIR_ERR_ARGUMENT_UNSUPPORTED"),
    ),
    (
        NotThere,
        "",
        (
            "VIR_ERR_NO_DOMAIN",
            "VIR_ERR_NO_NETWORK",
            "VIR_ERR_NO_STORAGE_POOL",
            "VIR_ERR_NO_STORAGE_VOL",
            "VIR_ERR_NO_SECRET",
            "VIR_ERR_NO_NODE_DEVICE",
            "VIR_ERR_DEVICE_MISSING",
        ),
    ),
    (
        Taken,
        "choose another name, or remove what is there",
        ("VIR_ERR_DOM_EXIST", "VIR_ERR_NETWORK_EXIST", "VIR_ERR_STORAGE_VOL_EXIST"),
    ),
    (
        AgentSilent,
        "wait until the guest has started, and see that qemu-guest-agent runs in it",
        ("VIR_ERR_AGENT_UNRESPONSIVE", "VIR_ERR_AGENT_UNSYNCED", "VIR_ERR_AGENT_COMMAND_TIMEOUT"),
    ),
    (
        Refused,
        "ask for the rights on that host, or use another URI such as qemu:///session",
        (
            "VIR_ERR_AUTH_FAILED",
            "VIR_ERR_AUTH_CANCELLED",
            "VIR_ERR_AUTH_UNAVAILABLE",
            "VIR_ERR_ACCESS_DENIED",
            "VIR_ERR_OPERATION_DENIED",
        ),
    ),
    (
        Lost,
        "see whether libvirt still runs on that host, then try again",
        ("VIR_ERR_INVALID_CONN", "VIR_ERR_RPC", "VIR_ERR_GNUTLS_ERROR", "VIR_ERR_LIBSSH", "VIR_ERR_SSH"),
    ),
    (NotNow, "", ("VIR_ERR_OPERATION_INVALID", "VIR_ERR_RESOURCE_BUSY", "VIR_ERR_OPERATION_TIMEOUT")),
    (
        HostError,
        "correct that part of the XML document, or leave it out",
        ("VIR_ERR_XML_ERROR", "VIR_ERR_XML_DETAIL", "VIR_ERR_XML_INVALID_SCHEMA"),
    ),
    (
        HostError,
        "this host or its libvirt does not support that: change it, or leave it out",
        ("VIR_ERR_CONFIG_UNSUPPORTED",),
    ),
)
BY_CODE = {_code(name): (kind, hint) for kind, hint, names in _KINDS for name in names}
"""Error codes with the class and the hint they come with."""


_BY_WORDS = (
    ("already exists", "VIR_ERR_DOM_EXIST"),
    ("Storage source conflict", "VIR_ERR_DOM_EXIST"),
    ("already running", "VIR_ERR_OPERATION_INVALID"),
    ("already active", "VIR_ERR_OPERATION_INVALID"),
    ("keepalive timeout", "VIR_ERR_RPC"),
    ("client socket is closed", "VIR_ERR_RPC"),
    ("End of file while reading data", "VIR_ERR_RPC"),
    ("unsupported flags (", "VIR_ERR_NO_SUPPORT"),
)
"""Refusals that some drivers report under a general code; where libvirt is translated they stay general."""

PLACES = ("%s", "%1$s")
"""Where the detail stands in libvirt's general words: in those of libvirt 9.0, in those of 11.3."""

MISSING = frozenset(code for code, (kind, _) in BY_CODE.items() if kind is NotThere)
"""Error codes that say: there is no such thing."""


def code_of(error: Any) -> int:
    """libvirt's number for the error."""
    return int(error.get_error_code() or 0)


def reason(error: Any) -> str:
    """What libvirt says, as one line without the general words it puts in front ("internal error: %s")."""
    message, form, detail = error.get_error_message() or "", error.get_str1() or "", error.get_str2()
    for place in PLACES:
        if detail and place in form and message == form.replace(place, detail):
            message = detail
            break
    text = " ".join((message or "libvirt does not say why").split())
    return text.split(" ---")[0].rstrip(" .^-")


def in_our_words(what: str, error: Any) -> HostError:
    """The HostError for a libvirtError met when trying to `what` ("start the guest 'web'")."""
    code = code_of(error)
    kind, hint = BY_CODE.get(code, (HostError, ""))
    why = reason(error)
    if kind is HostError:
        named = (BY_CODE[_code(name)] for words, name in _BY_WORDS if words in why)
        kind, hint = next(named, (kind, hint))
    if code == _code("VIR_ERR_NO_SUPPORT") or "unsupported flags (" in why:
        why = "the host's driver does not offer that"
    return kind(f"cannot {what}: {why}", hint=hint)


class asking:  # noqa: N801  (reads as a word: `with asking("..."):`)
    """A block that asks something of the host; what libvirt refuses in it is raised as HostError."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        state.doing = self.what

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.doing = ""
        if isinstance(error, libvirt.libvirtError):
            raise in_our_words(self.what, error) from error
