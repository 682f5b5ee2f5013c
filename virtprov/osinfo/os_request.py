"""The request made with `--osinfo` (or `--os-variant`). No profile is read here."""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DISABLE_REQUIRE = "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"
"""Environment variable: when set, to whatever, an undetected system is no error unless `require=on` asks for it."""

_BARE_DETECT = ("", "auto")


class OsinfoRequest(Record):
    """The parsed request. With `detect` and a `name`, the name is used if nothing is detected."""

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
    """Parse the values of `--osinfo` that are single words: none at all (None), `auto`, `help`, `list`, `none`.

    Returns None for the name of a system and for options, which `from_options` parses.
    """
    text = (value or "").strip()
    if text in _BARE_DETECT:
        return OsinfoRequest(detect=True, require=DISABLE_REQUIRE not in environment, is_default=True)
    if text in ("?", "help"):
        return OsinfoRequest(wants_help=True)
    if text == "list":
        return OsinfoRequest(wants_list=True)
    return OsinfoRequest(name="generic") if text == "none" else None


def from_options(values: Mapping[str, str], environment: Mapping[str, str]) -> OsinfoRequest:
    """Return the request for the options of `--osinfo`, name -> text, as written by their table.

    `id` takes precedence over `name`. As with virt-install, if options are given, nothing is detected or required
    unless they request it; detection alone requires a result.
    """
    if values.get("list"):
        return OsinfoRequest(wants_list=True, list_word=values["list"])
    full, detects = values.get("id", ""), values.get("detect") == "yes"
    name = full or values.get("name", "")
    default = "yes" if detects and not name and DISABLE_REQUIRE not in environment else "no"
    return OsinfoRequest(
        name=name,
        is_full_id=bool(full),
        detect=detects,
        require=(values.get("require") or default) == "yes",
    )
