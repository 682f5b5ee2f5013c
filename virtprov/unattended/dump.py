"""Answers as text for people, without the secrets in them."""

from __future__ import annotations

from virtprov.cloudinit.seed_dump import show
from virtprov.support.log import MASK
from virtprov.unattended.answer_template import quoting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEXTS = ("autounattend.xml", "agama.json", "kickstart.txt", "preseed.txt")
"""Templates that quote values in different ways; a secret may be in each of these forms."""


def dump(files: Mapping[str, bytes], secrets: Iterable[str]) -> dict[str, str]:
    """Return the text of every file by its name, with secrets masked."""
    forms = {quoting(name)(secret) for secret in secrets for name in _TEXTS}
    forms |= {form[1:-1] for form in forms if form[:1] in "\"'" and len(form) > 2} | set(secrets)
    ordered = sorted((form for form in forms if form), key=len, reverse=True)
    return {name: show(_mask(data, ordered)) for name, data in files.items()}


def _mask(data: bytes, forms: Iterable[str]) -> bytes:
    for form in forms:
        data = data.replace(form.encode(), MASK.encode())
    return data
