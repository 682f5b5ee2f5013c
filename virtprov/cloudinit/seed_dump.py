"""A seed as text for people: the documents that a request makes, without the secrets in them."""

from __future__ import annotations

import re

from virtprov.support.log import MASK, mask
from virtprov.support.web.http import remove_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cloudinit.documents import Wishes
    from virtprov.cloudinit.seed_request import SeedRequest

_SECRET_KEYS = (
    "passwd|password|hashed_passwd|plain_text_passwd|admin_pass|auth_key|token|secret|private_key|psk|"
    r"[a-z0-9_]+_private|[a-z0-9_]+_password|[a-z0-9_]+_token|[a-z0-9_]+_secret"
)
_BLOCK = re.compile(rf"(?P<indent>[ ]*)(?:- +)*[\"']?(?:{_SECRET_KEYS}|list)[\"']?[ ]*:[ ]*(?P<value>.*)", re.I)
_INLINE = re.compile(rf"([\"']?\b(?:{_SECRET_KEYS})[\"']?[ ]*:[ ]*)(\"[^\"]*\"|'[^']*'|[^,}}\s]+)", re.I)
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.S)
_HASH = re.compile(r"\$(?:\d[a-z]?|y|gy|2[aby])\$[^\s\"':,]{10,}")
_READ_BY_ALL = 0o004


def dump(request: SeedRequest) -> dict[str, str]:
    """Return the text of every document of the seed by its name, with secrets masked.

    Raises the errors of `seed.build`.
    """
    from virtprov.cloudinit.seed import build

    return {name: show(data) for name, data in build(request, hide=_hide).documents.items()}


def _hide(wishes: Wishes) -> Wishes:
    """Return the wishes with every secret replaced by a mask."""
    contents = wishes.contents
    files = tuple(file if file.mode & _READ_BY_ALL else file._replace(data=MASK.encode()) for file in contents.files)
    proxy = contents.proxy._replace(
        http=remove_credentials(contents.proxy.http), https=remove_credentials(contents.proxy.https)
    )
    key = wishes.host_key
    return wishes._replace(
        root_hash=wishes.root_hash and MASK,
        password_hash=wishes.password_hash and MASK,
        host_key=key._replace(private=MASK) if key is not None else None,
        contents=contents._replace(files=files, proxy=proxy),
    )


def show(data: bytes) -> str:
    """Return a file for a guest as text; the values of keys with secrets are masked."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return f"({len(data)} bytes that are not text)\n"
    return _mask(text)


def _mask(text: str) -> str:
    """Return a document of the user; the values of keys with secrets are masked."""
    text = _HASH.sub(MASK, _PRIVATE_KEY.sub(MASK, mask(text)))
    lines: list[str] = []
    deeper = -1  # lines that are indented more than this belong to a secret
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        if deeper >= 0 and (indent > deeper or not line.strip()):
            continue
        deeper = -1
        block = _BLOCK.fullmatch(line)
        if block is not None and block["value"].strip() in ("", "|", ">", "|-", ">-", "|+", ">+"):
            deeper = indent
            lines += [line, f"{' ' * (indent + 2)}{MASK}"]
        else:
            lines.append(_INLINE.sub(rf"\1{MASK}", line))
    return "".join(f"{line}\n" for line in lines)
