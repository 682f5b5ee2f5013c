"""Ask ssh-agent for the public keys that it holds."""

from __future__ import annotations

import os

from virtprov.support.errors import CommandError, InputError

SECONDS = 5.0
"""How long it may take to list its keys; one that is forwarded may be on a machine that does not answer."""


def list_keys() -> str:
    """Return the public keys of ssh-agent, one on each line. Raises InputError if it has none, or cannot be asked."""
    from virtprov.support import programs

    hint = "start it and add your key with `ssh-add`, or give a file such as ~/.ssh/id_ed25519.pub"
    if not os.environ.get("SSH_AUTH_SOCK"):
        raise InputError("ssh-agent is not running: SSH_AUTH_SOCK is not set", hint=hint)
    try:
        return programs.run(["ssh-add", "-L"], timeout=SECONDS)
    except CommandError as problem:
        why = problem.hint or problem.message  # the hint is what the program wrote
        raise InputError(f"ssh-agent cannot list its keys: {why}", hint=hint) from None
