"""What a guest's agent says: addresses, results of commands and of cloud-init.

The guest is not trusted: invalid answers are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.terminal.visible import one_line

if TYPE_CHECKING:
    from virtprov.host.connection import Host

RESULT = "/run/cloud-init/result.json"
"""Written by cloud-init at the end of its last stage (its documentation on status and result files)."""
BLOCK = 65536
LONGEST = 300
"""The length to which an error message is cut."""
MOST_ADDRESSES = 32
"""How many addresses a guest can report; more are ignored."""
_INVALID = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""The exceptions that an invalid answer of the agent raises."""


class CloudInitResult(Record):
    """The result of cloud-init: its errors, each on one line, and the name of its datasource."""

    errors: tuple[str, ...]
    datasource: str


def cloud_init_result(host: Host, name: str) -> CloudInitResult | None:
    """Read cloud-init's result file through the agent; None if there is none or it is invalid."""
    import json

    try:
        answer = json.loads(_read_file(host, name, RESULT))["v1"]
        errors, datasource = answer.get("errors") or [], answer.get("datasource") or ""
    except (HostError, *_INVALID):
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


def addresses(host: Host, name: str) -> list[str]:
    """Return the addresses of the guest's interfaces as its agent reports them, those before an invalid one."""
    from ipaddress import ip_address

    results = []
    try:
        for interface in _ask(host, name, "guest-network-get-interfaces"):
            for facts in interface.get("ip-addresses") or ():
                results.append(str(ip_address(str(facts["ip-address"]).partition("%")[0])))
    except (HostError, *_INVALID):
        pass
    return results[:MOST_ADDRESSES]


class Running(Record):
    """A command that the agent runs: its number in the guest, and its result once it has ended.

    `status` is its exit status, None while it runs; `said` is the end of its output, on one line.
    """

    number: int
    status: int | None = None
    said: str = ""


def begin(host: Host, name: str, command: str, *, windows: bool) -> Running | str:
    """Have the agent run a command with the guest's shell; if it refuses, which may pass, the reason is returned."""
    shell, flag = ("cmd.exe", "/c") if windows else ("/bin/sh", "-c")
    facts = {"path": shell, "arg": [flag, command], "capture-output": True}
    try:
        return Running(int(_ask(host, name, "guest-exec", facts)["pid"]))
    except HostError as problem:
        return one_line(problem.message[:LONGEST])
    except _INVALID:
        return "the agent's answer is invalid"


def look_after(host: Host, name: str, running: Running) -> Running:
    """Return a command with its result, if it has ended; an invalid answer counts as no result yet."""
    try:
        facts = _ask(host, name, "guest-exec-status", {"pid": running.number})
        if facts["exited"] is not True:
            return running
        status = int(facts.get("exitcode", facts.get("signal", 1) or 1))
        text = " ".join(_decode(facts.get(key)) for key in ("out-data", "err-data"))
    except (HostError, *_INVALID):
        return running
    return running._replace(status=status, said=one_line(text)[-LONGEST:])


def _decode(data: object) -> str:
    import base64

    return base64.b64decode(str(data or "")[: 4 * BLOCK]).decode(errors="replace")


def _read_file(host: Host, name: str, where: str) -> str:
    """Read a small file in the guest with the agent's file commands; invalid answers raise their usual errors."""
    import base64

    handle = _ask(host, name, "guest-file-open", {"path": where, "mode": "r"})
    try:
        data = _ask(host, name, "guest-file-read", {"handle": handle, "count": BLOCK})
    finally:
        _ask(host, name, "guest-file-close", {"handle": handle})
    return base64.b64decode(data.get("buf-b64", ""), validate=True).decode(errors="replace")


def _ask(host: Host, name: str, command: str, arguments: dict[str, object] | None = None) -> Any:
    """Return what the agent returns for a command. Raises HostError if it refuses, and _INVALID."""
    import json

    asked = {"execute": command} if arguments is None else {"execute": command, "arguments": arguments}
    return json.loads(host.running.agent(name, json.dumps(asked)))["return"]
