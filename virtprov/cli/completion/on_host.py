"""Completion of what a host has: which names are possible at a place of the command line, and how the host is asked.

A host is asked read-only, in a process without a terminal (`support/slow_calls/in_time.py`): pressing TAB never asks
for a password, waits for a host, or prints an error.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtprov.support.slow_calls.in_time import Question

    Known = Callable[[Question], Sequence[str]]

GUESTS: Question = ("guests",)
POOLS: Question = ("pools",)
NETWORKS: Question = ("networks",)
OF_FLAGS = {
    "--info": GUESTS,
    "--remove": GUESTS,
    "--reinstall": GUESTS,
    "--original": GUESTS,
    "--pool": POOLS,
}
"""Flags whose value is a name on the host."""
_OF_SUB_OPTIONS = {
    ("disk", "pool"): POOLS,
    ("disk", "source.pool"): POOLS,
    ("filesystem", "source.pool"): POOLS,
    ("copy", "pool"): POOLS,
    ("network", "network"): NETWORKS,
    ("network", "source"): NETWORKS,
}
_COMMON_URIS = ("qemu:///session", "qemu:///system", "test:///default")


def nothing(question: Question) -> Sequence[str]:
    """Know nothing about a host."""
    return ()


def nowhere(uri: str | None) -> Known:
    """Reach no host."""
    return nothing


def volumes(pool: str) -> Question:
    """Return the question for the volumes of a pool."""
    return ("volumes", pool)


def devices(guest: str, group: str) -> Question:
    """Return the question for what selects each device of an option group in a guest."""
    return ("devices", guest, group)


def of_sub_option(flag: str, key: str, value: str, given: Sequence[str], known: Known) -> list[str]:
    """Return the names that begin with `value`, for a sub-option `key` of an option group; `given` are the others."""
    if key == "vol" and flag == "disk":
        return of_volume(value, known)
    if key == "source.volume":
        pool = next((part.removeprefix("source.pool=") for part in given if part.startswith("source.pool=")), "")
        return fitting(known(volumes(pool)), value) if pool else []
    question = _OF_SUB_OPTIONS.get((flag, key))
    return fitting(known(question), value) if question is not None else []


def of_volume(value: str, known: Known) -> list[str]:
    """Return the completions of a volume `POOL/VOLUME`: pools first."""
    pool, slash, name = value.partition("/")
    if not slash:
        return [f"{found}/" for found in fitting(known(POOLS), value) if "/" not in found]
    return [f"{pool}/{found}" for found in fitting(known(volumes(pool)), name)]


def of_uris(text: str) -> list[str]:
    """Return the connections that begin with `text`: $LIBVIRT_DEFAULT_URI, common ones, aliases of libvirt.conf."""
    from virtprov.host import aliases

    default = os.environ.get("LIBVIRT_DEFAULT_URI", "")
    found = [*([default] if default else []), *_COMMON_URIS, *aliases.names()]
    return [uri for uri in dict.fromkeys(found) if uri.startswith(text)]


def fitting(names: Sequence[str], start: str) -> list[str]:
    """Return the names that begin with `start` and can stand in the value of an option group."""
    return [name for name in names if name.startswith(start) and not set(name) & set(",'\"")]


# -- the host ------------------------------------------------------------------------------------


def known(uri: str | None, began: float) -> Known:
    """Return a function that asks the host at `uri`; `began` is when the user began to wait, by time.monotonic."""
    from time import monotonic

    from virtprov.support.slow_calls import in_time

    place = uri or os.environ.get("LIBVIRT_DEFAULT_URI", "")

    def answer(question: Question) -> list[str]:
        def call(question: Question) -> list[str]:
            return ask_host(uri, question)

        return in_time.ask(place, question, call, clock=monotonic, ready=in_time.readable, began=began)

    return answer


def ask_host(uri: str | None, question: Question) -> list[str]:
    """Return the host's names for a question. Raises ProvError."""
    from virtprov.host.connection import connect

    with connect(uri, read_only=True) as host:
        if question == GUESTS:
            return list(host.guests.names())
        if question == POOLS:
            return sorted(host.storage.pool_names())
        if question == NETWORKS:
            return sorted(host.networks.names())
        kind, name, *more = question
        if kind == "volumes":
            return sorted(host.storage.volume_names(name))
        from virtprov.guest.document import Guest
        from virtprov.guest.write import select
        from virtprov.options.catalogue import table

        return select.choices(Guest.parse(host.guests.xml(name, inactive=True)), table(more[0]))
