"""The request made with `--unattended`, as one frozen value."""

from __future__ import annotations

from virtprov.cloudinit.guest_words import GuestWords
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FLAG = "--unattended"


class UnattendedRequest(GuestWords):
    """How an installer's questions are answered. Texts are as typed ("" if not given).

    `profile` is "desktop" or "jeos", `template` a file of the user's own, `drivers` an ISO with drivers for Windows;
    with `script` "osinfo" the answers come from the database of operating systems. `guest_name` is set when it is
    known.
    """

    guest_name: str = ""
    profile: str = ""
    admin_password_file: str = ""
    product_key: str = ""
    reg_login: str = ""
    locale: str = ""
    keyboard: str = ""
    template: str = ""
    drivers: str = ""
    script: str = ""


def from_options(options: Mapping[str, Sequence[str]]) -> UnattendedRequest:
    """Return the request for the sub-options of `--unattended`, name -> texts, as written by their table.

    Raises UsageError for values that cannot work.
    """
    from virtprov.cloudinit import word_check

    defaults = UnattendedRequest()._asdict()
    given: dict[str, Any] = {}
    for name, texts in options.items():
        field = name.replace("-", "_")
        listed = tuple(text for text in texts if text)
        if not listed:
            continue
        given[field] = listed if isinstance(defaults[field], tuple) else listed[-1]
    request = UnattendedRequest()._replace(**given)
    word_check.check(request, f"{FLAG} ")
    _check(request)
    return request


def _check(request: UnattendedRequest) -> None:
    if request.script and request.template:
        raise UsageError(f"{FLAG}: script and template cannot be used together", hint="omit one of them")
    for name, text in request._asdict().items():
        for value in text if isinstance(text, tuple) else (text,):
            if any(not letter.isprintable() for letter in value):
                raise UsageError(
                    f"{FLAG} {name.replace('_', '-')}: the value contains a line break or a control character",
                    hint="give one line; for several commands give several run=",
                )
    _check_pattern("locale", request.locale, "for example de_DE.UTF-8")
    _check_pattern("keyboard", request.keyboard, "for example de")


def _check_pattern(name: str, text: str, hint: str) -> None:
    if text and not (text.isascii() and text.replace("_", "a").replace("-", "a").replace(".", "a").isalnum()):
        raise UsageError(f"{FLAG} {name}: invalid value '{text}'", hint=hint)
