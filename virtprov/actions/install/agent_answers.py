"""Read the result of cloud-init through the guest agent. The guest is not trusted: invalid answers are ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.visible import one_line

if TYPE_CHECKING:
    from virtprov.host.connection import Host

RESULT = "/run/cloud-init/result.json"
"""Written by cloud-init at the end of its last stage (its documentation on status and result files)."""
BLOCK = 65536
LONGEST = 300
"""The length to which an error message is cut."""


class CloudInitResult(Record):
    """The result of cloud-init: its errors, each on one line, and the name of its datasource."""

    errors: tuple[str, ...]
    datasource: str


def cloud_init_result(host: Host, name: str) -> CloudInitResult | None:
    """Read cloud-init's result file through the agent; None if there is none or it is invalid."""
    import json

    try:
        found = json.loads(_read_file(host, name, RESULT))["v1"]
        errors, datasource = found.get("errors") or [], found.get("datasource") or ""
    except (HostError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None
    if not isinstance(errors, list) or not all(isinstance(error, str) for error in errors):
        return None
    if not isinstance(datasource, str):
        return None
    return CloudInitResult(tuple(one_line(error[:LONGEST]) for error in errors), datasource)


def answers(host: Host, name: str) -> bool:
    """Return whether the agent answers at all."""
    try:
        host.running.agent(name, '{"execute": "guest-ping"}')
    except HostError:
        return False
    return True


def _read_file(host: Host, name: str, where: str) -> str:
    """Read a small file in the guest with the agent's file commands; invalid answers raise their usual errors."""
    import base64
    import json

    def ask(command: str, **arguments: object) -> Any:
        answer = host.running.agent(name, json.dumps({"execute": command, "arguments": arguments}))
        return json.loads(answer)["return"]

    handle = ask("guest-file-open", path=where, mode="r")
    try:
        data = ask("guest-file-read", handle=handle, count=BLOCK)
    finally:
        ask("guest-file-close", handle=handle)
    return base64.b64decode(data.get("buf-b64", ""), validate=True).decode(errors="replace")
