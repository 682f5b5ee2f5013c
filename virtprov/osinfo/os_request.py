"""What `--osinfo` (or `--os-variant`) asks for. Pure: no database is read here."""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DISABLE_REQUIRE = "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"
"""Environment variable: when set, to whatever, an undetected system is no error unless `require=on` asks for it."""

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


def parse_word(value: str | None, environment: Mapping[str, str]) -> OsinfoRequest | None:
    """Read the values of `--osinfo` that stand alone: none at all (None), `auto`, `help`, `list`, `none`.

    Returns None for a value that names a system or holds options: `from_options` reads those.
    """
    text = (value or "").strip()
    if text in _BARE_DETECT:
        return OsinfoRequest(detect=True, require=DISABLE_REQUIRE not in environment, is_default=True)
    if text in ("?", "help"):
        return OsinfoRequest(wants_help=True)
    if text == "list":
        return OsinfoRequest(wants_list=True)
    return OsinfoRequest(name="generic") if text == "none" else None


def from_options(given: Mapping[str, str], environment: Mapping[str, str]) -> OsinfoRequest:
    """Return the request for the options of `--osinfo`, name -> text, as their table spells them.

    `id` wins over `name`. As with virt-install, once options are given nothing is detected or required unless they
    say so; detection alone requires a result.
    """
    if given.get("list"):
        return OsinfoRequest(wants_list=True, list_word=given["list"])
    full, detects = given.get("id", ""), given.get("detect") == "yes"
    default = "yes" if detects and DISABLE_REQUIRE not in environment else "no"
    return OsinfoRequest(
        name=full or given.get("name", ""),
        is_full_id=bool(full),
        detect=detects,
        require=(given.get("require") or default) == "yes",
    )
