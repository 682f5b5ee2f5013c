"""Containers: their init program and their file systems."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.support.errors import UsageError
from virtprov.xml import path


def fill_filesystems(setting: RuleContext) -> None:
    """Use a directory of the host with mapped file owners, unless another type is given.

    Raises UsageError for a target that is not an absolute path.
    """
    for share in setting.devices("filesystem"):
        target = path.get(share, "./target/@dir")
        if setting.guest.is_container and target and not target.startswith("/"):
            raise UsageError(
                f"--filesystem target={target}: a container can only use absolute paths",
                hint="start the path with a slash",
            )
        if not share.get("type"):
            share.set("type", "mount")
        virtiofs = path.get(share, "./driver/@type") == "virtiofs"
        own_template = setting.guest.is_container and share.get("type") != "mount"
        if not (share.get("accessmode") or virtiofs or own_template):
            share.set("accessmode", "mapped")


def _has_own_root(setting: RuleContext) -> bool:
    return any(path.get(share, "./target/@dir") == "/" for share in setting.guest.devices("filesystem"))


def set_init(setting: RuleContext) -> None:
    """Run the init of a full system in the root directory; otherwise a shell on the host's files."""
    setting.guest.put("./os/init", "/sbin/init" if _has_own_root(setting) else "/bin/sh")


def set_private_network(setting: RuleContext) -> None:
    """Hide the host's network from a full system, which configures its own."""
    setting.guest.ensure("./features/privnet")


RULES = (
    Rule(
        "filesystems",
        "a directory of the host, with mapped file owners, unless another type is given",
        lambda setting: True,
        fill_filesystems,
        "--filesystem type=...",
    ),
    Rule(
        "private-network",
        "a full system configures its own network, so it must not see that of the host",
        lambda setting: (
            setting.driver == "lxc" and _has_own_root(setting) and "privnet" not in setting.choices.features_off
        ),
        set_private_network,
        "--features privnet=off",
    ),
    Rule(
        "init",
        "a full system in the root directory runs its own init; otherwise a shell runs on the host's files",
        lambda setting: setting.guest.is_container and not setting.guest.has("./os/init"),
        set_init,
        "--boot init=...",
    ),
)
