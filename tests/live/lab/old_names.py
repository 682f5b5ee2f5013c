"""virtprov under the names of virt-install, virt-clone and virt-xml, and the clients that call it by them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lab.clients import Clients
from lab.host import CHECKOUT, Done, Host


class OldNames(NamedTuple):
    """A folder of links with the old names, which comes first in the PATH of the clients that run in the lab."""

    host: Host
    folder: Path
    clients: Clients

    def words(self, argv: Sequence[str | Path], **settings: str | Path) -> list[str]:
        """The words that run `argv` where the old names are virtprov's."""
        found = {"PATH": f"{self.folder}:{os.environ['PATH']}", **settings}
        return ["env", *(f"{name}={value}" for name, value in found.items()), *map(str, argv)]

    def run(self, argv: Sequence[str | Path]) -> Done:
        """Run any command there, such as virt-xml."""
        return self.host.execute(self.words(argv))

    def start(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start a client and return at once."""
        pipe = subprocess.PIPE
        argv = self.host.inside(words)
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    def ansible(self, module: str, facts: dict[str, Any], *flags: str) -> list[str]:
        """The words that have Ansible call a module of its collection for libvirt once."""
        program = str(Path(sys.executable).with_name("ansible"))
        call = [
            program,
            "localhost",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
        ]
        call += [*flags, "-m", f"community.libvirt.{module}", "-a", json.dumps(facts)]
        return self.words(call, ANSIBLE_COLLECTIONS_PATH=self.clients.collections, ANSIBLE_DEPRECATION_WARNINGS="0")

    def do(self, module: str, facts: dict[str, Any], *flags: str) -> dict[str, Any]:
        """Call a module of Ansible, and return its result."""
        done = self.host.execute(self.ansible(module, facts, *flags))
        return result_of(done.rc, done.out, done.err)

    def cockpit(self, facts: dict[str, Any]) -> list[str]:
        """The words with which Cockpit's page of machines calls its script."""
        return self.words([sys.executable, self.clients.cockpit, json.dumps({**self.form(), **facts})])

    def knows_keys(self) -> bool:
        """Return whether this Cockpit passes ssh keys on: that of Debian 12 does not."""
        return "sshKeys" in self.clients.cockpit.read_text()

    def form(self) -> dict[str, Any]:
        """The fields of Cockpit's dialogue as it fills them in for a guest with a new disk."""
        script = self.clients.cockpit.read_text()
        return {
            "connectionName": "system",
            "type": "create",
            "memorySize": 64,
            "os": "debian12",
            "profile": "",
            "source": "",
            "sourceType": "file",
            "startVm": True,
            "storagePool": "NewVolumeQCOW2" if "NewVolumeQCOW2" in script else "NewVolume",
            "storageSize": 1,
            "storageVolume": "",
            "unattended": False,
            "rootPassword": "",
            "userLogin": "",
            "userPassword": "",
            "sshKeys": [],
        }


def result_of(rc: int, out: str, err: str = "") -> dict[str, Any]:
    """What a module returned, from what Ansible prints."""
    where, arrow, text = out.partition(" => ")
    assert rc == 0 and arrow, f"ansible: exit code {rc}\n{out}{err}"
    found, _ = json.JSONDecoder().raw_decode(text)
    assert isinstance(found, dict), where
    return found


def make_links(host: Host) -> Path:
    """Have virtprov-install make the links in a new folder."""
    folder = host.state / "old-names"
    folder.mkdir()
    done = host.execute([sys.executable, CHECKOUT / "bin/virtprov-install", "--shims", folder])
    assert done.rc == 0, done.err
    return folder
