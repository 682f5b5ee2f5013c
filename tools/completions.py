"""Write completion scripts below a folder such as /usr/share: `tools/completions.py DIR [NAME...]`.

The names are those of the commands, unless others are given, such as the old ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP))

FOLDERS = {
    "bash": "bash-completion/completions",
    "zsh": "zsh/site-functions",
    "fish": "fish/vendor_completions.d",
}
"""Where each shell looks, below a folder of data such as /usr/share."""


def write(folder: Path, names: list[str]) -> None:
    """Write the scripts of these commands for each shell; folders are created if missing."""
    from virtprov.cli.shells.install import file_name
    from virtprov.cli.shells.scripts import script

    for shell, place in FOLDERS.items():
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / place / file_name(shell, name)).write_text(script(shell, name), encoding="utf-8")


if __name__ == "__main__":
    from virtprov.cli.compat import OLD_NAMES

    write(Path(sys.argv[1]), sys.argv[2:] or list(OLD_NAMES.values()))
