"""`--completion SHELL --install`: put the completion scripts of all commands where the shell looks for them.

Root's are for all users of the machine. The folders are those of bash-completion's README, zsh's and Debian's `$fpath`,
and fish's manual ("Where to put completions").
"""

from __future__ import annotations

import os

from virtprov.cli.compat import OLD_NAMES
from virtprov.cli.shells.scripts import script
from virtprov.support.errors import ProvError
from virtprov.support.user_files import dirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.cli.printing.output import Output

_SYSTEM = {
    "bash": "/usr/local/share/bash-completion/completions",
    "zsh": "/usr/local/share/zsh/site-functions",
    "fish": "/etc/fish/completions",
}


def main(shell: str, output: Output) -> None:
    """Write the scripts, and print their files and what else the shell needs; raises ProvError if that fails."""
    place = folder(shell)
    try:
        os.makedirs(place, exist_ok=True)
    except OSError as error:
        raise ProvError(f"cannot create {place}: {(error.strerror or str(error)).lower()}") from None
    from virtprov.support.file_access.files import write_atomic

    files = []
    for tool in OLD_NAMES.values():
        path = os.path.join(place, file_name(shell, tool))
        write_atomic(path, script(shell, tool))
        files.append(path)
    advice = _advice(shell, place)
    output.object("completion", {"shell": shell, "files": files, "advice": advice})
    for path in files:
        output.summary(f"Created {path}")
    output.summary(advice or "A new shell uses them.")


def file_name(shell: str, tool: str) -> str:
    """Return the name of a command's script, by which the shell finds it."""
    return {"bash": tool, "zsh": f"_{tool}", "fish": f"{tool}.fish"}[shell]


def folder(shell: str) -> str:
    """Return where the shell looks for scripts: those of this user, or of all users if this is root."""
    if os.geteuid() == 0:
        return _SYSTEM[shell]
    if shell == "bash":
        own = os.environ.get("BASH_COMPLETION_USER_DIR", "")
        return os.path.join(own or os.path.join(dirs.data(), "bash-completion"), "completions")
    if shell == "zsh":
        return os.path.join(dirs.data(), "zsh", "site-functions")
    return os.path.join(dirs.config(), "fish", "completions")


def _advice(shell: str, place: str) -> str:
    """Return what the user has to do for the scripts to be found; "" if nothing."""
    if shell == "bash" and not any(
        os.path.exists(os.path.join(path, "bash-completion", "bash_completion")) for path in dirs.data_of_all()
    ):
        return "bash finds them if the package bash-completion is installed"
    if shell == "zsh" and os.geteuid() != 0:
        from shlex import quote

        return f"Put this line before `compinit` in ~/.zshrc, unless it is there: fpath=({quote(place)} $fpath)"
    return ""
