"""Which guests of a host an edit is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.edit.source import no_guest
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.pattern import is_pattern, means

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class Choice(Record):
    """Which guests of a host: by `words` (names, ids, UUIDs, patterns), all of them without any.

    Of these, the ones in one of `states` (none: in any), whose stored document `holds`.
    """

    words: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    holds: Callable[[Element], bool] | None = None


def names(choice: Choice, host: Host) -> list[str]:
    """The guests that the words mean, each once: as they are named, those of a pattern by name.

    Nothing is listed for plain names. Raises HostError for a word that means none.
    """
    if not choice.words:
        return list(host.guests.names())
    found: dict[str, None] = {}
    listed: tuple[str, ...] | None = None
    for word in choice.words:
        info = host.guests.find(word)
        if info is not None:
            found[info.name] = None
            continue
        if listed is None:
            listed = host.guests.names()
        matching = [name for name in listed if means(word, name)]
        if not matching:
            raise _nobody(word, listed, host)
        found.update(dict.fromkeys(matching))
    return list(found)


def _nobody(word: str, listed: tuple[str, ...], host: Host) -> HostError:
    if is_pattern(word):
        return HostError(
            f"no guest of {host.uri} has a name like '{word}'", hint="`virsh list --all --name` lists them"
        )
    return no_guest(host, word, listed)
