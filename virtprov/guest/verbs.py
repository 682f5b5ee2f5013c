"""Words of guest-wide option groups that no row can place, because they depend on what is there already."""

from __future__ import annotations

from collections.abc import Callable

from virtprov.options import boot, security
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def settle(root: Element, group: str, verbs: dict[str, str]) -> dict[str, str]:
    """Do what the words of one use of `group` ask for; returns the words that are left for the rules.

    Call it after the places of the same use are written. Left over are `preset` and `secure` of --cpu, `uefi`,
    `secure-boot` and `refresh-machine-type` of --boot, `os_name` and `os_full_id` of --metadata.
    """
    act = _ACTS.get(group)
    return dict(verbs) if act is None else act(root, dict(verbs))


def _memory(root: Element, verbs: dict[str, str]) -> dict[str, str]:
    now = verbs.pop("memory", "")
    if now:
        path.put(root, "./currentMemory", now)
        if int(path.get(root, "./memory") or "0") < int(now):
            path.put(root, "./memory", now)
    return verbs


def _boot(root: Element, verbs: dict[str, str]) -> dict[str, str]:
    order = boot.order(verbs)
    if order:
        _replace(root, "os", "boot", [("dev", device) for device in order])
    if "initargs" in verbs:
        words = boot.arguments(verbs["initargs"])
        _replace(root, "os", "initarg", [("", word) for word in words])
    return {word: value for word, value in verbs.items() if word not in boot.DEVICES and word != "initargs"}


def _replace(root: Element, above: str, tag: str, wanted: list[tuple[str, str]]) -> None:
    """Make the elements of one tag these and no others: an attribute each, or a text ("" as the attribute)."""
    owner = path.ensure(root, f"./{above}")
    there = tree.children(owner, tag)
    for extra in there[len(wanted) :]:
        tree.remove(extra)
    for at, (attribute, text) in enumerate(wanted, 1):
        path.put(owner, f"./{tag}[{at}]" + (f"/@{attribute}" if attribute else ""), text)
    path.prune(owner, root)


def _cpu(root: Element, verbs: dict[str, str]) -> dict[str, str]:
    if verbs.get("preset") in ("none", "clear", "hv-default"):
        path.switch(root, "./cpu", False)
    return verbs


def _sysinfo(root: Element, verbs: dict[str, str]) -> dict[str, str]:
    mode = verbs.pop("smbios.mode", "")
    if mode:
        path.put(root, "./os/smbios/@mode", mode)
    return verbs


def _commandline(root: Element, verbs: dict[str, str]) -> dict[str, str]:
    words = security.arguments(verbs.pop("args", ""))
    if words:
        owner = path.ensure(root, "./qemu:commandline")
        for word in words:
            tree.add(owner, tree.element("qemu:arg", None, {"value": word}))
    return verbs


_ACTS: dict[str, Callable[[Element, dict[str, str]], dict[str, str]]] = {
    "memory": _memory,
    "boot": _boot,
    "cpu": _cpu,
    "sysinfo": _sysinfo,
    "qemu-commandline": _commandline,
}
