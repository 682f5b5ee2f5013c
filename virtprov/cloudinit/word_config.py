"""The cloud-config for what goes into a guest: time zone, packages, files, certificates, proxy.

The keys are those of cloud-init's module reference: `timezone`, `packages`, `write_files`, `apt` (only read where
there is apt) and `ca_certs`, which was called `ca-certs` before 22.1. Files are written before packages are installed,
whose lists are updated first.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from virtprov.cloudinit.word_contents import GuestContents, GuestFile, Proxy

ENVIRONMENT = "/etc/environment"
SINGLE = ("timezone", "ssh_keys")
"""Keys whose value cannot be added to that of another document."""
_LONGEST_LINE = 900


def cloud_config(contents: GuestContents) -> dict[str, Any]:
    """Return the cloud-config for the contents; empty if there are none. The commands are not in it."""
    tree: dict[str, Any] = {}
    if contents.timezone:
        tree["timezone"] = contents.timezone
    if contents.packages:
        tree["packages"] = list(contents.packages)
    files = [_entry(file) for file in contents.files]
    if contents.proxy.http or contents.proxy.https:
        files.append({"path": ENVIRONMENT, "append": True, "content": _environment(contents.proxy)})
        tree["apt"] = _apt(contents.proxy)
    if files:
        tree["write_files"] = files
    if contents.certificates:
        tree["ca_certs"] = {"trusted": [f"{text}\n" for text in contents.certificates]}
    return tree


def names(contents: GuestContents) -> list[str]:
    """Return the names of the words that the contents come from."""
    given = (
        ("timezone", contents.timezone),
        ("package", contents.packages),
        ("write", contents.files),
        ("run", contents.commands),
        ("ca-certs", contents.certificates),
        ("proxy", contents.proxy.http or contents.proxy.https),
    )
    return [name for name, value in given if value]


def find_conflicts(first: dict[str, Any], second: dict[str, Any]) -> Iterator[str]:
    """Yield the keys that both documents have, although only one of them could take effect."""
    for key in SINGLE:
        if key in second and first.get(key) is not None and first[key] != second[key]:
            yield key
    apt = first.get("apt")
    if "apt" in second and apt is not None:
        if not isinstance(apt, dict):
            yield "apt"
        else:
            yield from (f"apt: {key}" for key in ("proxy", "http_proxy", "https_proxy") if apt.get(key))
    trusts = first.get("ca_certs")
    if "ca_certs" in second and ("ca-certs" in first or (trusts is not None and not isinstance(trusts, dict))):
        yield "ca_certs" if "ca-certs" not in first else "ca-certs"


def _entry(file: GuestFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"path": file.path, "permissions": f"{file.mode:04o}"}
    try:
        text = file.data.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    plain = all(letter.isprintable() or letter in "\n\t" for letter in text)
    if text and plain and max(map(len, text.split("\n"))) < _LONGEST_LINE or not file.data:
        return {**entry, "content": text}
    import base64

    return {**entry, "encoding": "b64", "content": base64.b64encode(file.data).decode()}


def _environment(proxy: Proxy) -> str:
    settings = (("http_proxy", proxy.http), ("https_proxy", proxy.https), ("no_proxy", proxy.exceptions))
    both = [(spelled, value) for name, value in settings if value for spelled in (name, name.upper())]
    return "".join(f'{name}="{value}"\n' for name, value in both)


def _apt(proxy: Proxy) -> dict[str, str]:
    return {name: value for name, value in (("http_proxy", proxy.http), ("https_proxy", proxy.https)) if value}
