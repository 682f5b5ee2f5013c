"""UEFI variables: whether a new guest makes them, or takes what lies there from an earlier one."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run.teardown import pool_over, variable_files
from virtprov.support.errors import HostError
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.run.plan import World


def are_new(world: World, xml: str) -> bool:
    """Whether undoing the guest may remove its variables: not those that were there before, nor those elsewhere."""
    root = tree.parse(xml)
    if tree.find_text(root, "os/nvram/@type") not in ("", "file"):
        return False
    return not any(_is_there(world, where) for where in variable_files(world.host, xml))


def new_files(world: World, xml: str) -> list[str]:
    """Where a guest that starts from this document is going to make files of variables."""
    return [where for where in variable_files(world.host, xml) if not _is_there(world, where)]


def _is_there(world: World, where: str) -> bool:
    """Whether the host has the file; what cannot be found out counts as there."""
    if not world.host.is_remote:
        try:
            os.lstat(where)
            return True
        except PermissionError:
            pass
        except OSError:
            return False
    if world.host.volume_at(where) is not None:
        return True
    folder, name = os.path.split(where)
    try:
        with ExitStack() as pools:
            return world.host.volume(pool_over(world.host, folder, pools, world.making), name) is not None
    except HostError as problem:
        return "No such file" not in problem.message  # before the first such guest there is no folder
