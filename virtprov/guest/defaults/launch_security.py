"""Memory encryption: what AMD SEV and Intel TDX require besides the option itself."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.support.errors import UsageError

_NEED_UEFI = ("sev", "sev-snp", "tdx")
_SEV_POLICY, _SEV_ES_POLICY = "0x03", "0x07"
"""No debugging, no key sharing; and encrypted state (bits 0, 1 and 2 of AMD's guest policy)."""


def _kind(setting: RuleContext) -> str:
    return setting.guest.get("./launchSecurity/@type")


def set_launch_security(setting: RuleContext) -> None:
    """Set the default policy for SEV; raises UsageError for machines that do not support it."""
    guest, kind = setting.guest, _kind(setting)
    if kind in _NEED_UEFI and not (guest.is_q35 and guest.is_uefi):
        raise UsageError(
            f"--launchSecurity {kind} requires a q35 machine with UEFI", hint="add --machine q35 --boot uefi"
        )
    if kind == "sev" and not guest.has("./launchSecurity/policy"):
        known = setting.domcaps
        encrypts_state = known is not None and bool(known.sev.max_es_guests)
        guest.put("./launchSecurity/policy", _SEV_ES_POLICY if encrypts_state else _SEV_POLICY)


RULES = (
    Rule(
        "launch-security",
        "the default policy for SEV",
        lambda setting: bool(_kind(setting)),
        set_launch_security,
        "--launchSecurity policy=...",
    ),
)
