"""Translate libvirt's errors to messages of virtprov.

`asking("start the guest 'web'")` wraps libvirt calls: a libvirtError in the block becomes a HostError "cannot start the
guest 'web': ..." with a hint. Callers that handle a certain error catch the subclass.
"""

from __future__ import annotations

from typing import Any

import libvirt

from virtprov.support.errors import HostError
from virtprov.support.slow_calls.waiting import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class NotSupported(HostError):
    """The host's driver does not support this."""


class NotThere(HostError):
    """The guest, pool, volume, network or device does not exist on the host."""


class Taken(HostError):
    """Something with this name, identity or path already exists on the host."""


class NotNow(HostError):
    """The host cannot do it in the current state, such as while the guest is off."""


class Refused(HostError):
    """The host does not permit it to this user."""


class AgentSilent(HostError):
    """The guest agent is not connected, or does not answer (yet)."""


class Lost(HostError):
    """The connection was lost."""


def _code(name: str) -> int:
    """Return the number of a libvirt error; -1 if this libvirt does not know it."""
    return int(getattr(libvirt, name, -1))


_KINDS: tuple[tuple[type[HostError], str, tuple[str, ...]], ...] = (
    (
        NotSupported,
        "this host's driver does not support that function or flag; other hosts may",
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
            "VIR_ERR_NO_NWFILTER",
            "VIR_ERR_DEVICE_MISSING",
        ),
    ),
    (
        Taken,
        "choose another name, or remove the existing one",
        ("VIR_ERR_DOM_EXIST", "VIR_ERR_NETWORK_EXIST", "VIR_ERR_STORAGE_VOL_EXIST"),
    ),
    (
        AgentSilent,
        "wait until the guest has started, and make sure that qemu-guest-agent is running in it",
        ("VIR_ERR_AGENT_UNRESPONSIVE", "VIR_ERR_AGENT_UNSYNCED", "VIR_ERR_AGENT_COMMAND_TIMEOUT"),
    ),
    (
        Refused,
        "get the permissions on that host, or use another URI such as qemu:///session",
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
        "check whether libvirt still runs on that host, then try again",
        ("VIR_ERR_INVALID_CONN", "VIR_ERR_RPC", "VIR_ERR_GNUTLS_ERROR", "VIR_ERR_LIBSSH", "VIR_ERR_SSH"),
    ),
    (NotNow, "", ("VIR_ERR_OPERATION_INVALID", "VIR_ERR_RESOURCE_BUSY", "VIR_ERR_OPERATION_TIMEOUT")),
    (
        HostError,
        "correct or remove that part of the XML document",
        ("VIR_ERR_XML_ERROR", "VIR_ERR_XML_DETAIL", "VIR_ERR_XML_INVALID_SCHEMA"),
    ),
    (
        HostError,
        "this host or its version of libvirt does not support it: change or remove it",
        ("VIR_ERR_CONFIG_UNSUPPORTED",),
    ),
)
BY_CODE = {_code(name): (kind, hint) for kind, hint, names in _KINDS for name in names}
"""Error codes with their class and hint."""


_BY_WORDS = (
    ("already exists", "VIR_ERR_DOM_EXIST"),
    ("Storage source conflict", "VIR_ERR_DOM_EXIST"),
    ("already running", "VIR_ERR_OPERATION_INVALID"),
    ("already active", "VIR_ERR_OPERATION_INVALID"),
    ("keepalive timeout", "VIR_ERR_RPC"),
    ("client socket is closed", "VIR_ERR_RPC"),
    ("End of file while reading data", "VIR_ERR_RPC"),
    ("Cannot recv data", "VIR_ERR_RPC"),
    ("Cannot write data", "VIR_ERR_RPC"),
    ("unsupported flags (", "VIR_ERR_NO_SUPPORT"),
)
"""Errors that some drivers report with a general code; not recognised if libvirt is translated."""

_HINTS = (
    (
        "hugetlbfs filesystem is not mounted",
        "mount it with `mount -t hugetlbfs hugetlbfs /dev/hugepages`, then restart libvirtd",
    ),
    ("closed the monitor", "QEMU does not start with this configuration: change or remove what its message names"),
    (
        "while connecting to monitor",
        "QEMU does not start with this configuration: change or remove what its message names",
    ),
    ("CPU affinity", "give numbers of processors that the host has, and that are online: `virsh nodeinfo` counts them"),
)
"""Hints for failures that have none by their code."""

PLACES = ("%s", "%1$s")
"""The placeholder of the detail in libvirt's general messages: in libvirt 9.0, and in 11.3."""

MISSING = frozenset(code for code, (kind, _) in BY_CODE.items() if kind is NotThere)
"""Error codes of missing objects."""


def code_of(error: Any) -> int:
    """libvirt's number for the error."""
    return int(error.get_error_code() or 0)


def reason(error: Any) -> str:
    """Return libvirt's message as one line without its general prefix ("internal error: %s")."""
    message, form, detail = error.get_error_message() or "", error.get_str1() or "", error.get_str2()
    for place in PLACES:
        if detail and place in form and message == form.replace(place, detail):
            message = detail
            break
    text = " ".join((message or "libvirt gives no reason").split())
    return text.split(" ---")[0].rstrip(" .^-")


def in_our_words(what: str, error: Any) -> HostError:
    """Return the HostError for a libvirtError in an attempt to `what` ("start the guest 'web'")."""
    code = code_of(error)
    kind, hint = BY_CODE.get(code, (HostError, ""))
    why = reason(error)
    if kind is HostError:
        named = (BY_CODE[_code(name)] for words, name in _BY_WORDS if words in why)
        kind, hint = next(named, (kind, hint))
    if code == _code("VIR_ERR_NO_SUPPORT") or "unsupported flags (" in why:
        why = "the host's driver does not support it"
    hint = hint or next((hint for words, hint in _HINTS if words in why), "")
    return kind(f"cannot {what}: {why}", hint=hint)


class asking:  # noqa: N801  (reads as a word: `with asking("..."):`)
    """A block with libvirt calls; a libvirtError in it is raised as HostError."""

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
