"""`--tpm`: a trusted platform module, emulated or passed through."""

from __future__ import annotations

from virtprov.options.model import DEVICE, FLAG, YESNO, Pair, Row, Table


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate a path in the place of the type to the name of the host's device."""
    return [
        ("backend.device.path" if key in ("type", "backend.type") and value and value.startswith("/") else key, value)
        for key, value in pairs
    ]


def _bank(name: str) -> Row:
    return Row(
        f"backend.active_pcr_banks.{name}",
        f"./backend/active_pcr_banks/{name}",
        FLAG,
        old=(f"active_pcr_banks.{name}",),
    )


TABLES = (
    Table(
        "tpm",
        "./devices/tpm",
        (
            Row(
                "backend.type",
                "./backend/@type",
                old=("type",),
                values=("passthrough", "emulator", "external"),
                ignored=("default",),
            ),
            Row("model", "./@model", values=("tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy")),
            Row("backend.version", "./backend/@version", old=("version",), values=("1.2", "2.0")),
            Row("backend.device.path", "./backend/device/@path", old=("path",)),
            Row("backend.encryption.secret", "./backend/encryption/@secret"),
            Row("backend.persistent_state", "./backend/@persistent_state", YESNO),
            Row("backend.debug", "./backend/@debug"),
            Row("backend.source.type", "./backend/source/@type", values=("file", "dir", "unix")),
            Row("backend.source.path", "./backend/source/@path"),
            Row("backend.profile.source", "./backend/profile/@source"),
            Row("backend.profile.removeDisabled", "./backend/profile/@removeDisabled", values=("check", "fallback")),
            _bank("sha1"),
            _bank("sha256"),
            _bank("sha384"),
            _bank("sha512"),
            *DEVICE,
        ),
        first=("type",),
        many=True,
        expand=expand,
        none=True,
    ),
)
