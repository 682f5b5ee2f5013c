"""How everything on a host is looked up and listed.

A look-up that finds nothing answers None; everything else that goes wrong is a HostError.
"""

from __future__ import annotations

from typing import Any

import libvirt

from virtprov.host.failures import MISSING, NotSupported, asking, code_of, in_our_words
from virtprov.support.slow_calls.waiting import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def unless_missing(what: str, look: Callable[..., Any], *args: Any) -> Any | None:
    """Return `look(*args)`, None when libvirt has no such object; `what` is for the message of a failure.

    Raises HostError for any other failure.
    """
    state.doing = what
    try:
        return look(*args)
    except libvirt.libvirtError as error:
        if code_of(error) in MISSING:
            return None
        raise in_our_words(what, error) from error
    finally:
        state.doing = ""


def look_up(what: str, look: Callable[..., Any], *args: Any) -> Any | None:
    """The same, and None as well when the driver has no objects of this kind at all."""
    try:
        return unless_missing(what, look, *args)
    except NotSupported:
        return None


def list_all(what: str, listing: Callable[[], Any]) -> list[Any]:
    """Return what `listing` lists; nothing when the driver has no objects of this kind at all."""
    try:
        with asking(what):
            return list(listing())
    except NotSupported:
        return []


def names_of(what: str, listing: Callable[[], Any]) -> tuple[str, ...]:
    """Return the names of all that `listing` lists, sorted."""
    return tuple(sorted(str(item.name()) for item in list_all(what, listing)))


def similar_names(name: str, known: Callable[[], tuple[str, ...]]) -> str:
    """Return a hint for a name that was not found: the most similar one of `known()`, else the first few."""
    from virtprov.support.errors import nearest

    names = known()
    hint = nearest(name, names)
    if hint or not names:
        return hint
    return "choose from: " + ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
