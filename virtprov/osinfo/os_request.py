"""What the value of `--osinfo` (or `--os-variant`) asks for. Pure: no database is read here."""

from __future__ import annotations

from virtprov.support.errors import UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.words import NO, YES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DISABLE_REQUIRE = "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"
"""Environment variable: when set, to whatever, an undetected system is no error unless `require=on` asks for it."""

OPTIONS = ("name", "short-id", "id", "detect", "require", "list")
"""The options that `--osinfo help` names."""

_BARE_DETECT = ("", "auto")


class OsinfoRequest(Record):
    """What is asked for. With `detect` and a `name`, the name is used when nothing is detected."""

    name: str = ""
    """A short id, or a full id when `is_full_id`; "" when none is given; `generic` for `none`."""
    is_full_id: bool = False
    detect: bool = False
    """Whether to look at the media."""
    require: bool = False
    """Whether it is an error when neither a name was given nor a system detected."""
    is_default: bool = False
    """Whether the user left the choice to us (no value, `auto`)."""
    wants_list: bool = False
    list_word: str = ""
    """The word that `list=WORD` filters by."""
    wants_help: bool = False


def parse(value: str | None, environment: Mapping[str, str]) -> OsinfoRequest:
    """Read a value: None when the option was not given, else what stands after `--osinfo`.

    A bare short id, a bare full id, `list`, `none`, `auto`, or `name=`, `short-id=`, `id=`, `detect=`, `require=`,
    `list=WORD` separated by commas. `id` wins over `short-id`, and that over `name`. As with virt-install, once
    options are given nothing is detected or required unless they say so. Raises UsageError.
    """
    text = (value or "").strip()
    if text in _BARE_DETECT:
        return OsinfoRequest(detect=True, require=DISABLE_REQUIRE not in environment, is_default=True)
    if text in ("?", "help"):
        return OsinfoRequest(wants_help=True)
    if text == "list":
        return OsinfoRequest(wants_list=True)
    if text == "none":
        return OsinfoRequest(name="generic")
    if "://" in text.split(",", 1)[0].split("=", 1)[0]:
        return OsinfoRequest(name=text, is_full_id=True)
    if "=" not in text:
        return OsinfoRequest(name=text)
    return _from_options(_options(text))


def _options(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for place, word in enumerate(text.split(",")):
        key, sign, value = (part.strip() for part in word.partition("="))
        key = key.replace("_", "-")
        if not sign and place == 0 and key not in OPTIONS:
            key, value = "name", key
        elif not sign:
            raise UsageError(f"--osinfo option '{key}' has no value", hint=f"write {key}=...")
        elif key not in OPTIONS:
            raise UsageError(f"--osinfo has no option '{key}'", hint=nearest(key, OPTIONS) or _help())
        given[key] = value
    return given


def _from_options(given: dict[str, str]) -> OsinfoRequest:
    if given.get("list"):
        return OsinfoRequest(wants_list=True, list_word=given["list"])
    full = given.get("id", "")
    return OsinfoRequest(
        name=full or given.get("short-id", "") or given.get("name", ""),
        is_full_id=bool(full),
        detect=_is_on("detect", given.get("detect", "")),
        require=_is_on("require", given.get("require", "")),
    )


def _is_on(key: str, value: str) -> bool:
    folded = value.lower()
    if folded and folded not in (*YES, *NO):
        hint = f"write {key}=on or {key}=off"
        raise UsageError(f"--osinfo {key}={value}: '{value}' is neither yes nor no", hint=hint)
    return folded in YES


def _help() -> str:
    return "it has " + ", ".join(OPTIONS)
