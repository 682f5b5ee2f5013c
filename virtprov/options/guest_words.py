"""What goes into a new guest: one row for each word, which is a flag and a sub-option of `--cloud-init`.

`--timezone UTC` and `--cloud-init timezone=UTC` are the same. How a guest gets it (a cloud-init seed, systemd
credentials, the answers for an installer) is decided elsewhere; a word that the guest cannot take is refused by name.
"""

from __future__ import annotations


class Word:
    """One row: the name of flag and sub-option, and what the help says.

    `several` words can be repeated, `values` are special values (for completion), `commas` allows commas in the value
    of the sub-option.
    """

    __slots__ = ("commas", "help", "metavar", "name", "several", "values")

    def __init__(
        self,
        name: str,
        metavar: str,
        help: str,
        *,
        several: bool = False,
        values: tuple[str, ...] = (),
        commas: bool = False,
    ) -> None:
        self.name = name
        self.metavar = metavar
        self.help = help
        self.several = several
        self.values = values
        self.commas = commas

    @property
    def field(self) -> str:
        """Return the name of the field that holds its value."""
        return self.name.replace("-", "_")


WORDS = (
    Word("hostname", "NAME", "host name; default: the name of the guest"),
    Word("user", "NAME", "create this user, who gets the key and the password"),
    Word("ssh-key", "KEY", "public key, file of keys, or agent; repeatable", several=True, values=("agent",)),
    Word("password-file", "FILE", "password of the user, or of the image's own user"),
    Word("timezone", "ZONE", "time zone, such as Europe/Berlin"),
    Word("package", "NAME", "install a package; repeatable", several=True),
    Word("write", "FILE:PATH", "copy a file to PATH in the guest; repeatable", several=True),
    Word("run", "COMMAND", "run a command at the first boot; repeatable", several=True, commas=True),
    Word("ca-certs", "FILE|host", "CA certificates; host: those added to this machine", several=True, values=("host",)),
    Word("proxy", "URL|env", "proxy for http; env takes it from the environment", values=("env",)),
)
