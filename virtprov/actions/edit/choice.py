"""Select the guests of a host that an edit applies to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.original import no_guest
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.notation.pattern import is_pattern, means

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class Choice(Record):
    """A selection of guests: by `words` (names, ids, UUIDs, patterns), or all of them without words.

    Only guests in one of `states` (empty: any state) whose stored XML passes `holds` are selected.
    """

    words: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    holds: Callable[[Element], bool] | None = None


def names(choice: Choice, host: Host) -> list[str]:
    """Return the names of the selected guests without duplicates: in the given order, matches of a pattern by name.

    The host's guests are not listed for plain names. Raises HostError for a word that matches no guest.
    """
    if not choice.words:
        return list(host.guests.names())
    matches: dict[str, None] = {}
    listed: tuple[str, ...] | None = None
    for word in choice.words:
        info = host.guests.find(word)
        if info is not None:
            matches[info.name] = None
            continue
        if listed is None:
            listed = host.guests.names()
        matching = [name for name in listed if means(word, name)]
        if not matching:
            raise _no_match_error(word, listed, host)
        matches.update(dict.fromkeys(matching))
    return list(matches)


def _no_match_error(word: str, listed: tuple[str, ...], host: Host) -> HostError:
    if is_pattern(word):
        return HostError(f"no guest of {host.uri} matches '{word}'", hint="`virsh list --all --name` lists them")
    return no_guest(host, word, listed)
