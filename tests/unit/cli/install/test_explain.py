"""--explain: every element has its writer, every rule shows up, and what switches it off does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from virtprov.cli.install import command, explain, flags
from virtprov.guest.defaults import RULES
from virtprov.guest.rules.ledger import STEPS, Fact
from virtprov.host.connection import connect
from virtprov.options.catalogue import GROUPS, table
from virtprov.xml import tree

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
HYPERV = ",".join(f"hyperv.{name}.state=off" for name in ("relaxed", "vapic", "spinlocks", "vpindex", "runtime",
    "synic", "stimer", "frequencies", "tlbflush", "ipi", "evmcs", "avic"))  # fmt: skip

# rule -> options that make it write, options that do without it
TABLE = {
    "filesystems": ("--filesystem /srv,share", "--filesystem /srv,share,type=mount,accessmode=mapped"),
    "private-network": ("--filesystem /srv,/", "--filesystem /srv,/ --features privnet=off"),
    "init": ("", "--boot init=/bin/mine"),
    "security-label": ("--seclabel type=dynamic", "--seclabel type=dynamic,model=selinux"),
    "firmware-features": ("--boot firmware.secure-boot=yes", "--boot firmware=efi,firmware.secure-boot=yes"),
    "uefi": ("--osinfo win11", "--osinfo win11 --boot uefi=off"),
    "secure-boot": ("--boot secure-boot=yes", ""),
    "features": ("", "--features acpi=off,apic=off,pae=off"),
    "hyperv": ("--osinfo win11", f"--osinfo win11 --features {HYPERV}"),
    "clock": ("", "--clock offset=utc"),
    "timers": ("", "--clock hpet_present=no"),
    "host-cpu-model": ("--cpu host-copy", "--cpu host-model"),
    "cpu-model": ("--cpu xpath.set=./model=EPYC", "--cpu EPYC,secure=no"),
    "cpu": ("", "--cpu none"),
    "disk-bus": ("--disk size=1", "--disk size=1,bus=sata,device=disk"),
    "disk-target": ("--disk size=1", "--disk size=1,target.dev=vda"),
    "network": ("", "--network none"),
    "network-source": ("", "--network user"),
    "network-model": ("", "--network user,model=virtio"),
    "mac": ("", "--network user,mac=52:54:00:12:34:56"),
    "usb": ("", "--controller usb,model=none"),
    "scsi-controller": ("--disk size=1,bus=scsi", "--disk size=1,bus=scsi --controller scsi,model=lsilogic"),
    "pcie-root-ports": ("", "--controller num_pcie_root_ports=0"),
    "graphics": ("", "--graphics none"),
    "graphics-details": ("", "--graphics none"),
    "console": ("", "--console none"),
    "guest-agent-channel": ("", "--channel none"),
    "rng": ("", "--rng none"),
    "balloon": ("", "--memballoon none"),
    "device-details": ("--watchdog default --redirdev none", "--watchdog i6300esb,action=reset --redirdev none"),
    "video": ("", "--video model.type=none"),
    "input": ("", "--input none"),
    "spice-channel": ("", "--channel none"),
    "spice-sound": ("", "--sound none"),
    "sound-model": ("", "--sound ac97"),
    "spice-usb": ("", "--redirdev none"),
    "tpm": ("--boot uefi", "--boot uefi --tpm none"),
    "tpm-model": ("--boot uefi", "--boot uefi --tpm model=tpm-tis,backend.type=emulator"),
    "launch-security": (
        "--machine q35 --boot uefi --launchSecurity sev",
        "--machine q35 --boot uefi --launchSecurity sev,policy=0x03",
    ),
    "power-management": ("", "--pm suspend_to_mem.enabled=yes,suspend_to_disk.enabled=yes"),
    "vmport": ("", "--features vmport.state=on"),
}
IN_CONTAINERS = ("private-network", "init")

SPREAD = [
    ("kvm", ""),
    ("kvm", "--osinfo win11 --disk size=3,bus=scsi --disk size=2 --cdrom {iso} --boot uefi"),
    ("kvm", "--arch aarch64 --vcpus sockets=2 --memory 512,maxmemory=1024 --network user --sound --xml ./genid=1"),
    ("kvm", "--cloud-init root-password-generate=yes,keep=yes --disk size=1 --vcpus 4,cores=2"),
    ("kvm", "--pxe --machine pc --graphics vnc,password=hidden --sysinfo bios.vendor=me --qemu-commandline='-x y'"),
    ("kvm", "--import --hvm --virt-type qemu --disk size=1 --cputune vcpupin0.vcpu=0,vcpupin0.cpuset=1 --tpm default"),
    ("lxc", "--filesystem /srv,/ --memory 64"),
    ("lxc", ""),
]


def facts(
    capsys: pytest.CaptureFixture[str], host: str, words: str, *more: str, name: str = "new"
) -> list[dict[str, str]]:
    """What --explain says in JSON."""
    shown = json.loads(run(capsys, host, words, "--explain", "--output", "json", *more))
    assert shown["name"] == name
    found: list[dict[str, str]] = shown["facts"]
    return found


def run(capsys: pytest.CaptureFixture[str], host: str, words: str, *more: str) -> str:
    import shlex

    argv = ["--connect", f"recorded://{HOSTS / host}", "--name", "new"]
    for flag, value in (("--osinfo", "debian12"), ("--memory", "1024"), ("--disk", "none")):
        argv += [] if flag in words or host == "lxc" else [flag, value]
    assert command.main([*argv, *shlex.split(words), *more]) == 0
    return capsys.readouterr().out


def test_the_table_has_every_rule() -> None:
    assert set(TABLE) == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_shows_up_and_can_be_switched_off(rule: Any, capsys: pytest.CaptureFixture[str]) -> None:
    host = "lxc" if rule.name in IN_CONTAINERS else "kvm"
    on, off = TABLE[rule.name]
    written = [fact for fact in facts(capsys, host, on) if fact["rule"] == rule.name]
    assert written, "it has written nothing"
    assert {(fact["by"], fact["why"], fact["off"]) for fact in written} == {("rule", rule.why, rule.off)}
    assert [fact for fact in facts(capsys, host, off) if fact["rule"] == rule.name] == []


def test_what_switches_off_is_an_option() -> None:
    known = flags.install_parser()._option_string_actions
    for name, off in [(rule.name, rule.off) for rule in RULES] + [(name, off) for name, (_, off) in STEPS.items()]:
        assert off or name == "details", name
        for group, text in re.findall(r"--([\w-]+)((?: [^-\s]\S*)?)", off):
            assert f"--{group}" in known, off
            keys = re.findall(r"([\w.-]+)=", text.replace(".NAME", ".relaxed")) if group in GROUPS else []
            assert [key for key in keys if key != "NAME" and table(group).find(key) is None] == [], off


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_reason_is_half_a_sentence(rule: Any) -> None:
    assert 10 < len(rule.why) < 130
    assert not rule.why.endswith(".") and "raises" not in rule.why


def places(node: tree.Element, above: str = "") -> list[str]:
    """Every element below the node and every attribute, by tags alone."""
    found = [f"{above}@{name}" for name in node.attrib]
    for kid in tree.children(node):
        found += [above + tree.local_name(kid), *places(kid, above + tree.local_name(kid) + "/")]
    return found


@pytest.mark.parametrize(("host", "words"), SPREAD)
def test_all_of_the_xml_is_explained(host: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    iso = tmp_path / "a.iso"
    iso.write_bytes(b"")
    words = words.format(iso=iso)
    document = tree.parse(run(capsys, host, words, "--print-xml").split("</domain>")[-2] + "</domain>")
    said = facts(capsys, host, words)
    spelled = [re.sub(r"\[\d+\]|\w+:", "", fact["path"]) for fact in said]
    assert sorted(spelled) == sorted(places(document))
    for fact in said:
        assert fact["rule"] != "details", fact
        assert fact["why"] and fact["off"], fact
        assert fact["by"] == ("rule" if fact["rule"] else "option"), fact
        assert "hidden" not in str(fact), "a password is shown"


def test_options_are_named_as_they_were_typed(capsys: pytest.CaptureFixture[str]) -> None:
    said = {
        fact["path"]: fact["why"]
        for fact in facts(capsys, "kvm", "--machine pc --disk size=1,bus=sata --rng=/dev/random --boot hd")
        if fact["by"] == "option"
    }
    assert said["name"] == "--name new"
    assert said["os/type/@machine"] == "--machine pc"
    assert said["devices/disk/source/@file"] == said["devices/disk/target/@bus"] == "--disk size=1,bus=sata"
    assert said["devices/rng"] == "--rng /dev/random"
    assert said["os/boot"] == "--boot hd"
    assert said["metadata"] == "--osinfo debian12"


def test_values_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = {fact["path"]: fact["value"] for fact in facts(capsys, "kvm", "")}
    assert said["memory"] == "1048576"
    assert said["devices/rng/backend"] == "/dev/urandom"
    assert said["devices/controller[2]/@model"] == "pcie-root"


def test_nothing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    with connect("test:///default") as host:
        words = "--name new --osinfo debian12 --disk /default-pool/new.img,size=1 --import --autostart --explain"
        assert command.main(["--connect", "test:///default", *words.split()]) == 0
        assert host.guests.find("new") is None
        assert host.storage.volume("default-pool", "new.img") is None
    assert "devices/disk" in capsys.readouterr().out


def test_lines_fit_and_fold(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "kvm", "--boot uefi --disk size=1", "--explain").splitlines()
    assert max(map(len, text)) <= explain.WIDTH
    found = [re.sub("  +", "  ", line) for line in text]
    assert "devices/tpm  rule 'tpm': an emulated TPM with UEFI  off: --tpm none" in found
    assert "devices/redirdev[1-2]  rule 'spice-usb': two USB redirectors  off: --redirdev none" in found
    assert "memory = 1048576  --memory 1024" in found
    assert not any(line.startswith(("devices ", "devices/tpm/backend", "pm/")) for line in text)


def test_a_reason_is_said_once() -> None:
    one = Fact("a", "1", "rule", "r", "because", "--no")
    assert explain.lines([one, one._replace(path="b")], 100) == [
        f"{'a = 1':<34}  rule 'r': because   off: --no",
        f"{'b = 1':<34}  rule 'r'   off: --no",
    ]


def test_long_options_are_cut_and_passwords_masked() -> None:
    parser = flags.install_parser()
    args = parser.parse_args(["--graphics", "vnc,password=abc", "--name", "a b"])
    assert explain._flag("graphics", args.graphics[0]) == "--graphics vnc,password=********"
    assert explain._flag("name", args.name) == "--name 'a b'"
    line = explain.lines([Fact("x", "", "option", "", "--disk " + "p" * 200, "")], 100)[0]
    assert len(line) <= explain.WIDTH and line.endswith("...")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_entries_fit_the_terminal(width: int) -> None:
    reason = "an emulated TPM with UEFI, if the host has one and the system wants it"
    facts = [Fact("devices/tpm", "", "rule", "tpm", reason, "--tpm none")]
    entry = "\n".join(explain.lines(facts, width))
    assert max(len(line) for line in entry.splitlines()) <= width
    assert " ".join(entry.split()) == f"devices/tpm rule 'tpm': {reason} off: --tpm none"
    assert explain.HEADING.index("WRITTEN") == entry.splitlines()[0].index("rule")
