"""`--seclabel`, `--keywrap`, `--launchSecurity`, `--qemu-commandline` and `--xml`."""

from __future__ import annotations

from virtprov.options.model import FLAG, INT, YESNO, Pair, Row, Table
from virtprov.support.errors import UsageError

_LAUNCH = "./launchSecurity/"
_CIPHERS = ("aes", "dea")


def expand_commandline(pairs: list[Pair]) -> list[Pair]:
    """Translate `env=NAME=VALUE`; `args` is left to the verb that appends arguments.

    Raises UsageError without a value, and for a quote that is not closed.
    """
    result: list[Pair] = []
    for key, value in pairs:
        if key != "env" or value is None:
            result.append((key, value))
            continue
        name, equals, setting = value.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--qemu-commandline env={value}: value missing",
                hint="use env=NAME=VALUE, such as env=DISPLAY=:0",
            )
        result.append((f"./qemu:commandline/qemu:env[@name='{name}']/@value", setting))
    return result


def arguments(text: str) -> list[str]:
    """Return the arguments in `args=`, split as a shell does; raises UsageError for a quote that is not closed."""
    import shlex

    try:
        return shlex.split(text)
    except ValueError:
        raise UsageError(f"--qemu-commandline {text}: missing closing quote", hint="close the quote") from None


def expand_xml(pairs: list[Pair]) -> list[Pair]:
    """Raise UsageError for an `xpath.set=` without a value."""
    if pairs and pairs[0][0] == "xpath.set" and pairs[0][1] and "=" not in pairs[0][1]:
        keys = {key for key, _ in pairs}
        if "xpath.value" not in keys:
            raise UsageError(
                f"--xml {pairs[0][1]}: value missing", hint="use --xml PATH=VALUE, such as --xml ./title=web"
            )
    return pairs


TABLES = (
    Table(
        "seclabel",
        "./seclabel",
        (
            Row("type", "./@type", values=("dynamic", "static", "none")),
            Row("model", "./@model", values=("selinux", "apparmor", "dac", "none")),
            Row("relabel", "./@relabel", YESNO),
            Row("label", "./label", commas=True),
            Row("baselabel", "./baselabel", commas=True),
        ),
        many=True,
    ),
    Table(
        "keywrap",
        ".",
        (
            Row("cipher[0-9]*.name", "./keywrap/cipher[#]/@name", values=_CIPHERS),
            Row("cipher[0-9]*.state", "./keywrap/cipher[#]/@state", values=("on", "off")),
        ),
        part="./keywrap",
    ),
    Table(
        "launchSecurity",
        ".",
        (
            Row("type", _LAUNCH + "@type", values=("sev", "sev-snp", "tdx", "s390-pv")),
            Row("kernelHashes", _LAUNCH + "@kernelHashes", YESNO),
            Row("cbitpos", _LAUNCH + "cbitpos", INT),
            Row("reducedPhysBits", _LAUNCH + "reducedPhysBits", INT),
            Row("policy", _LAUNCH + "policy"),
            Row("session", _LAUNCH + "session"),
            Row("dhCert", _LAUNCH + "dhCert"),
            Row("authorKey", _LAUNCH + "@authorKey", YESNO),
            Row("vcek", _LAUNCH + "@vcek", YESNO),
            Row("guestVisibleWorkarounds", _LAUNCH + "guestVisibleWorkarounds"),
            Row("idBlock", _LAUNCH + "idBlock"),
            Row("idAuth", _LAUNCH + "idAuth"),
            Row("hostData", _LAUNCH + "hostData"),
            Row("mrConfigId", _LAUNCH + "mrConfigId"),
            Row("mrOwner", _LAUNCH + "mrOwner"),
            Row("mrOwnerConfig", _LAUNCH + "mrOwnerConfig"),
            Row("quoteGenerationService", _LAUNCH + "quoteGenerationService", FLAG),
            Row(
                "quoteGenerationSocket",
                _LAUNCH + "quoteGenerationService/@path",
                old=("quoteGenerationService.path",),
            ),
        ),
        first=("type",),
        part="./launchSecurity",
    ),
    Table(
        "qemu-commandline",
        ".",
        (Row("args"), Row("env")),
        whole="args",
        part="./qemu:commandline",
        expand=expand_commandline,
    ),
    Table("xml", ".", (), whole="xpath.set", expand=expand_xml),
)
