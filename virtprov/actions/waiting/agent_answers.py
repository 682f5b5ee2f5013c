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


MOST_ADDRESSES = 32
"""How many addresses a guest can report; more are ignored."""


def addresses(host: Host, name: str) -> list[str]:
    """Return the addresses of the guest's interfaces as its agent reports them; [] if the answer is invalid."""
    import json
    from ipaddress import ip_address

    found = []
    try:
        answer = host.running.agent(name, '{"execute": "guest-network-get-interfaces"}')
        for interface in json.loads(answer)["return"]:
            for facts in interface.get("ip-addresses") or ():
                found.append(str(ip_address(str(facts["ip-address"]).partition("%")[0])))
    except (HostError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return found
    return found[:MOST_ADDRESSES]


class Running(Record):
    """A command that the agent runs: its number in the guest, and its result once it has ended.

    `status` is its exit status, None while it runs; `said` is the end of its output, on one line.
    """

    number: int
    status: int | None = None
    said: str = ""


def begin(host: Host, name: str, command: str, *, windows: bool) -> Running | str:
    """Have the agent run a command with the guest's shell; returns why it does not if it refuses, which may pass."""
    import json

    shell, flag = ("cmd.exe", "/c") if windows else ("/bin/sh", "-c")
    facts = {"path": shell, "arg": [flag, command], "capture-output": True}
    try:
        answer = host.running.agent(name, json.dumps({"execute": "guest-exec", "arguments": facts}))
        return Running(int(json.loads(answer)["return"]["pid"]))
    except HostError as problem:
        return one_line(problem.message[:LONGEST])
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return "the agent's answer is invalid"


def look_after(host: Host, name: str, running: Running) -> Running:
    """Return a command with its result, if it has ended; an invalid answer is none yet."""
    import json

    asked = json.dumps({"execute": "guest-exec-status", "arguments": {"pid": running.number}})
    try:
        facts = json.loads(host.running.agent(name, asked))["return"]
        if facts["exited"] is not True:
            return running
        status = int(facts.get("exitcode", facts.get("signal", 1) or 1))
        said = " ".join(_decode(facts.get(key)) for key in ("out-data", "err-data"))
    except (HostError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return running
    return running._replace(status=status, said=one_line(said)[-LONGEST:])


def _decode(data: object) -> str:
    import base64

    return base64.b64decode(str(data or "")[: 4 * BLOCK]).decode(errors="replace")


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
