"""What goes into a guest, whatever puts it there: a cloud-init seed, or the answers for an installer.

Nothing here knows cloud-init's documents. `word_check` says which values cannot work, `word_contents` reads files.
"""

from __future__ import annotations

from virtprov.support.frozen import Record

AGENT = "agent"
"""The ssh keys that ssh-agent holds."""


class GuestWords(Record):
    """What the user wants in the guest. Texts are as typed ("" if not given); the fields are the words of `options`.

    `ssh_key` and `password_file` belong to `user`, or to the image's own user without one.
    """

    hostname: str = ""
    user: str = ""
    ssh_key: tuple[str, ...] = ()
    password_file: str = ""
    timezone: str = ""
    package: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    ca_certs: tuple[str, ...] = ()
    proxy: str = ""


WORDS = tuple(GuestWords()._asdict())
"""Every field."""
