"""A guest for tests that wait: what happens to it is written down beforehand, and no time passes."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tests.standin import StandIn
from virtprov.host.daemon.events import GuestEvent
from virtprov.support.errors import HostError


class Scripted(StandIn):
    """A guest with an agent and a console, its host and a watch; `turns` is what each further look finds.

    `said` is what its console shows. `files` are those that its agent can read, `opened` those that it was asked for.
    """

    def __init__(self, *turns: Callable[[Any], object], agent: bool) -> None:
        self.turns = deque(turns)
        self.connected = agent
        self.said, self.silent = "", False
        self.files: dict[str, str] = {}
        self.opened: list[str] = []
        self.events: deque[GuestEvent] = deque()
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    # a watch

    def agent_connected(self) -> bool:
        return self.connected

    def wait_for(self, wanted: Callable[[GuestEvent], bool], timeout: float | None) -> GuestEvent | None:
        self.now += timeout or 0
        if self.turns:
            self.turns.popleft()(self)
        while self.events:
            event = self.events.popleft()
            if wanted(event):
                return event
        return None

    # a host

    @contextmanager
    def running_console(self, name: str) -> Iterator[Any]:
        def tail(lines: int) -> list[str]:
            return self.said.splitlines()[-lines:]

        def forget() -> None:
            self.said = ""

        yield SimpleNamespace(
            text=lambda: self.said, tail=tail, forget=forget, silent=self.silent, alert=lambda pattern, call: None
        )

    def running_agent(self, name: str, command: str) -> str:
        asked = json.loads(command)
        answer = getattr(self, "on_" + asked["execute"].replace("-", "_"))(asked.get("arguments", {}))
        return answer if isinstance(answer, str) else json.dumps({"return": answer})

    def on_guest_file_open(self, facts: Any) -> Any:
        if facts["path"] not in self.files:
            raise HostError("no such file")
        self.opened.append(facts["path"])
        return 7

    def on_guest_file_read(self, facts: Any) -> Any:
        return {"buf-b64": base64.b64encode(self.files[self.opened[-1]].encode()).decode(), "eof": True}

    def on_guest_file_close(self, facts: Any) -> Any:
        self.opened.append("guest-file-close")
        return {}
