"""What a seed's user-data asks for at the end of the first boot: a reboot, or that the guest powers off.

`power_state` of cloud-init (its module power_state_change, once per instance): `mode` is poweroff, reboot or halt,
`delay` is "now" or minutes, `condition` is true, false, or a command whose result only the guest knows.
"""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REBOOT, POWEROFF, HALT = "reboot", "poweroff", "halt"
_MODES = (REBOOT, POWEROFF, HALT)


class PowerState(Record):
    """The change that is asked for; `delay` is in minutes, `sure` is False if it depends on a command in the guest."""

    mode: str
    delay: int = 0
    sure: bool = True


def read(user_data: bytes) -> PowerState | None:
    """Return the last change that the documents in valid user-data ask for; None without one.

    Lists of addresses and archives are not looked into. A template counts if it is YAML before it is filled in.
    """
    result = None
    for text in _cloud_configs(user_data):
        result = _of_document(text) or result
    return result


def _cloud_configs(user_data: bytes) -> Iterator[str]:
    """Return the text of every cloud-config document; with multi-part user-data those of its parts."""
    from virtprov.cloudinit.checks.document_check import check_user_data
    from virtprov.cloudinit.checks.kinds import CLOUD_CONFIG, JINJA, MULTIPART
    from virtprov.cloudinit.value_sources import Source
    from virtprov.support.errors import ProvError

    try:
        checked = check_user_data(Source("user-data", user_data))
    except ProvError:
        return
    if checked.kind in (CLOUD_CONFIG, JINJA):
        yield checked.text
    elif checked.kind == MULTIPART:
        for data in _parts(checked.text):
            yield from _cloud_configs(data)


def _parts(text: str) -> list[bytes]:
    """Return the parts of a multi-part document that are not multi-part documents themselves."""
    from email import message_from_string

    try:
        parts = [part.get_payload(decode=True) for part in message_from_string(text.lstrip()).walk()]
    except RecursionError:
        return []
    return [part for part in parts if isinstance(part, bytes) and part.lstrip().startswith(b"#")]


def _of_document(text: str) -> PowerState | None:
    from virtprov.cloudinit.checks.document_check import load
    from virtprov.support.errors import ProvError

    try:
        tree, _ = load(text, "user-data")
    except ProvError:  # a template that is no YAML before it is filled in
        return None
    wanted = tree.get("power_state") if isinstance(tree, dict) else None
    if not isinstance(wanted, dict) or wanted.get("mode") not in _MODES:
        return None
    condition = wanted.get("condition", True)
    if condition is False or str(condition).lower() == "false":
        return None
    sure = condition is True or str(condition).lower() == "true"
    return PowerState(wanted["mode"], _minutes(wanted.get("delay", "now")), sure)


def _minutes(delay: object) -> int:
    """Return the minutes of "now", 5, "+5"; a time of day is not known here and counts as none."""
    digits = str(delay).removeprefix("+")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 0
