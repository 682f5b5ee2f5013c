"""What changes when a command is called by its old name, because programs rely on it.

Programs such as Ansible's and Cockpit's call virt-install, virt-clone and virt-xml without knowing that virtprov
answers, so they cannot ask for the old behaviour with a flag. The name decides, or VIRTPROV_COMPAT=1. `Contract` lists
every difference; docs/migration.md explains them. The facts were found by running virt-install 4.1.
"""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

OLD_NAMES = {"virt-install": "virtprov-install", "virt-clone": "virtprov-clone", "virt-xml": "virtprov-xml"}
"""The old name of each command."""
VARIABLE = "VIRTPROV_COMPAT"


class Contract(Record):
    """The behaviour of a run; the defaults are those of the virtprov commands.

    version              what --version prints; "": virtprov's own version
    two_codes            a failure exits with 1, a command line that cannot be parsed with 2
    plain_lists          `--osinfo list` prints names only, also on a terminal
    old_sentences        standard output ends with the sentences of virt-install, virt-clone and virt-xml
    separate_documents   `--print-xml` prints an empty line after each document
    print_xml_creates    `--print-xml` creates the pools and volumes of the disks
    directory_pools      the directory of a disk outside every pool becomes a pool
    waits_until_off      `--wait` waits until the guest is off or reboots, also with `--cloud-init`
    identity             --identity of a clone, unless it is given; "": new if the guest is known to have cloud-init
    libvirt_decides      XML is not checked against libvirt's schema, which is stricter than libvirt, as with
                         `--no-schema-check`: Cockpit gives every new network a mode that libvirt ignores
    removes_nothing      --remove and its options are unknown, as they are to virt-install
    colorless            there are no colours unless --color asks for them, also on a terminal
    """

    version: str = ""
    two_codes: bool = False
    plain_lists: bool = False
    old_sentences: bool = False
    separate_documents: bool = False
    print_xml_creates: bool = False
    directory_pools: bool = False
    waits_until_off: bool = False
    identity: str = ""
    libvirt_decides: bool = False
    removes_nothing: bool = False
    colorless: bool = False

    @property
    def color(self) -> str:
        """When there are colours, unless --color is given."""
        return "never" if self.colorless else "auto"

    def exit_code(self, code: int, *, misused: bool = False) -> int:
        """Return the exit code for one of virtprov's; `misused`: the command line could not be parsed."""
        if not self.two_codes or code == 0:
            return code
        return 2 if misused else 1


OURS = Contract()
OLD = Contract(
    version="5.1.0",
    two_codes=True,
    plain_lists=True,
    old_sentences=True,
    separate_documents=True,
    print_xml_creates=True,
    directory_pools=True,
    waits_until_off=True,
    identity="keep",
    libvirt_decides=True,
    removes_nothing=True,
    colorless=True,
)

held = OURS
"""The contract of this run; `app` sets it before anything else."""


def choose(program: str, environment: Mapping[str, str]) -> Contract:
    """Return the contract for the name that a command was called by, which may be a path."""
    is_old = program.rpartition("/")[2] in OLD_NAMES or environment.get(VARIABLE, "0") not in ("", "0")
    return OLD if is_old else OURS
