"""Groups without a place in the guest's XML: installation, operating system, checks, copies of disks.

All their values are verbs; switches become `yes` or `no`.
"""

from __future__ import annotations

from virtprov.options.guest_words import WORDS, Word
from virtprov.options.model import Pair, Row, Table, truth
from virtprov.support.errors import UsageError
from virtprov.support.notation.words import NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_YESNO = ("yes", "no")


def _switches(flag: str, *names: str) -> Callable[[list[Pair]], list[Pair]]:
    """Return a function that translates these switches to `yes` or `no` and removes a lone `none`."""

    def expand(pairs: list[Pair]) -> list[Pair]:
        if len(pairs) == 1 and pairs[0][1] in (None, "none") and "none" in pairs[0]:
            return []
        return [
            (key, ("yes" if truth(value, f"--{flag} {key}") else "no") if key in names and value else value)
            for key, value in pairs
        ]

    return expand


def _expand_osinfo(pairs: list[Pair]) -> list[Pair]:
    """Treat a name with `://` as a full id; `short-id` means the same as the name, and takes precedence."""
    result: list[Pair] = []
    spelled = _switches("osinfo", "detect", "require")(pairs) if pairs != [("name", "none")] else pairs
    for key, value in sorted(spelled, key=lambda pair: pair[0] in ("short-id", "short_id")):
        is_full = key == "name" and value is not None and "://" in value
        result.append(("id" if is_full else "name" if key in ("short-id", "short_id") else key, value))
    return result


def _expand_cloud_init(pairs: list[Pair]) -> list[Pair]:
    """Translate how long the seed is kept: `yes`, `until-ready` (also for `no`) or `first-boot`."""
    return [
        (key, _keep(value) if key == "keep" and value else value)
        for key, value in _switches("cloud-init", *_CLOUD_SWITCHES)(pairs)
    ]


def _keep(text: str) -> str:
    word = text.lower()
    if word in YES or word in NO:
        return "yes" if word in YES else _KEEP[0]
    if word not in _KEEP:
        hint = f"use yes, {' or '.join(_KEEP)}"
        raise UsageError(f"--cloud-init keep: invalid value '{text}'", hint=hint)
    return word


_NOT_FOR_INSTALLERS = ("write", "ca-certs")


def _word_for_installer(word: Word) -> Row:
    """Return the row of a word for `--unattended`, which also has its name in the plural, or that of virt-install."""
    old = {"package": "packages", "user": "user-login", "password-file": "user-password-file"}.get(word.name, "")
    return Row(word.name, values=word.values, commas=word.commas, old=(old,) if old else ())


_CHECKS = (
    "path_in_use", "disk_size", "path_exists", "mac_in_use", "name_in_use", "permissions", "pool_create", "host",
    "cloud_init", "all",
)  # fmt: skip
_COPY_SWITCHES = ("linked", "skip", "share")
_KEEP = ("until-ready", "first-boot")
_CLOUD_SWITCHES = ("root-password-generate", "disable")

TABLES = (
    Table(
        "cloud-init",
        "",
        (
            Row("root-password-generate", values=_YESNO),
            Row("root-password-file"),
            Row("root-ssh-key"),
            Row("clouduser-ssh-key"),
            Row("disable", values=_YESNO),
            Row("user-data", commas=True),
            Row("meta-data", commas=True),
            Row("network-config", commas=True),
            Row("vendor-data", commas=True),
            Row("password"),
            Row("keep", values=(*_YESNO, *_KEEP)),
            *(Row(word.name, values=word.values, commas=word.commas) for word in WORDS),
        ),
        expand=_expand_cloud_init,
        xml=False,
    ),
    Table(
        "install",
        "",
        (
            Row("os"),
            Row("kernel"),
            Row("initrd"),
            Row("kernel_args", commas=True),
            Row("kernel_args_overwrite", values=_YESNO),
            Row("bootdev", values=("hd", "cdrom", "network", "fd")),
            Row("no_install", values=_YESNO),
        ),
        first=("os",),
        expand=_switches("install", "kernel_args_overwrite", "no_install"),
        xml=False,
    ),
    Table(
        "image",
        "",
        (
            Row("name", commas=True),
            Row("variant"),
            Row("build"),
            Row("checksum", commas=True),
            Row("copy", values=_YESNO),
            Row("url", commas=True),
            Row("list"),
        ),
        first=("name",),
        expand=_switches("image", "copy"),
        xml=False,
    ),
    Table(
        "location",
        "",
        (Row("location", commas=True), Row("kernel"), Row("initrd")),
        first=("location",),
        xml=False,
    ),
    Table(
        "unattended",
        "",
        (
            Row("profile", values=("desktop", "jeos")),
            Row("admin-password-file"),
            Row("product-key"),
            Row("reg-login"),
            Row("locale"),
            Row("keyboard"),
            Row("template", commas=True),
            Row("drivers", commas=True),
            Row("script", values=("osinfo",)),
            *(_word_for_installer(word) for word in WORDS if word.name not in _NOT_FOR_INSTALLERS),
        ),
        expand=_switches("unattended"),
        xml=False,
    ),
    Table(
        "osinfo",
        "",
        (
            Row("name"),
            Row("short-id", old=("short_id",)),
            Row("id"),
            Row("detect", values=_YESNO),
            Row("require", values=_YESNO),
            Row("list"),
        ),
        first=("name",),
        expand=_expand_osinfo,
        xml=False,
    ),
    Table(
        "check",
        "",
        tuple(Row(name, values=_YESNO) for name in _CHECKS),
        expand=_switches("check", *_CHECKS),
        xml=False,
    ),
    Table(
        "copy",
        "",
        (
            Row("target"),
            Row("pool"),
            Row("path"),
            Row("format", values=("raw", "qcow2")),
            *(Row(name, values=_YESNO) for name in _COPY_SWITCHES),
        ),
        first=("target",),
        expand=_switches("copy", *_COPY_SWITCHES),
        xml=False,
    ),
)
