"""Whether a network-config can work: version 1 or 2, with or without the key `network` around it.

cloud-init reads what is below `network` and nothing beside it (stages.py, `_remove_top_level_network_key`), and takes
a byte order mark; the types of version 1 are those of net/network_state.py (22.4).
"""

from __future__ import annotations

from virtprov.cloudinit.checks.document_check import CheckedDocument, load_mapping
from virtprov.cloudinit.checks.known_keys import (
    NETWORK_V1_KEYS,
    NETWORK_V1_SUBNET_KEYS,
    NETWORK_V1_TYPES,
    NETWORK_V2_DEVICE_KEYS,
    NETWORK_V2_DEVICES,
    NETWORK_V2_KEYS,
    resembling,
)
from virtprov.support.errors import InputError
from virtprov.support.text import decode, join_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.cloudinit.value_sources import Source


def check_network_config(source: Source) -> CheckedDocument:
    """Return the network-config in `source`.

    Raises InputError when it is neither version 1 nor 2; an empty one leaves the network to cloud-init's defaults.
    """
    name, text = source.name, decode(source.data, source.name)
    tree, warnings = load_mapping(text, name, "network-config")
    if not tree:
        warnings.append(f"{name} is empty: cloud-init configures the network itself")
        return CheckedDocument("network-config", "", text, tree, tuple(warnings))
    inner = tree
    if "network" in tree:
        warnings += _beside(tree, name)
        inner = tree["network"] if isinstance(tree["network"], dict) else {}
    version = inner.get("version")
    disabled = inner.get("config") == "disabled"
    if not disabled and version == 1 and isinstance(inner.get("config"), list):
        warnings += _version_1(inner["config"], name)
    elif not disabled and version == 2:
        warnings += _version_2(inner, name)
    elif not disabled:
        raise _no_network(name, inner)
    return CheckedDocument("network-config", "", text, tree, tuple(warnings))


def _beside(tree: dict[str, Any], name: str) -> list[str]:
    others = [f"'{key}'" for key in tree if key != "network"]
    if not others:
        return []
    return [f"{name}: cloud-init reads only what is below 'network', and ignores {join_words(others)} beside it"]


def _version_1(config: list[Any], name: str) -> list[str]:
    warnings = []
    for entry in config:
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind not in NETWORK_V1_TYPES:
            hint = resembling(kind, NETWORK_V1_TYPES)
            told = f"unknown type '{kind}'" if kind else "an entry of 'config' has no type"
            warnings.append(f"{name}: {told}" + (f": {hint}" if hint else ""))
        if isinstance(entry, dict):
            warnings += _typos(entry, NETWORK_V1_KEYS, f"{name}: an entry of 'config'")
            subnets = entry.get("subnets")
            for subnet in subnets if isinstance(subnets, list) else ():
                if isinstance(subnet, dict):
                    warnings += _typos(subnet, NETWORK_V1_SUBNET_KEYS, f"{name}: a subnet")
    return list(dict.fromkeys(warnings))


def _version_2(inner: dict[str, Any], name: str) -> list[str]:
    warnings = _typos(inner, NETWORK_V2_KEYS, f"{name}: network-config version 2")
    for kind in sorted(NETWORK_V2_DEVICES & inner.keys()):
        devices = inner[kind] if isinstance(inner[kind], dict) else {}
        for device in devices.values():
            if isinstance(device, dict):
                warnings += _typos(device, NETWORK_V2_DEVICE_KEYS, f"{name}: a device below '{kind}'")
    return list(dict.fromkeys(warnings))


def _typos(keys: dict[str, Any], known: frozenset[str], what: str) -> list[str]:
    hints = ((key, resembling(key, known)) for key in keys)
    return [f"{what} has no key '{key}': {hint}" for key, hint in hints if hint]


def _no_network(name: str, inner: dict[str, Any]) -> InputError:
    version = inner.get("version")
    if version == 1:
        return InputError(f"{name}: network-config version 1 requires a list 'config'")
    if version is None:
        missing = "'version: 1' or 'version: 2'" if inner else "anything"
        return InputError(f"{name}: the network-config does not contain {missing}", hint="add 'version: 2'")
    if isinstance(version, str) and version in ("1", "2"):
        hint = f"write version: {version}, without quotes"
        return InputError(f"{name}: unknown network-config version '{version}': a text, not a number", hint=hint)
    return InputError(f"{name}: unknown network-config version '{version}'", hint="write version: 1 or 2")
