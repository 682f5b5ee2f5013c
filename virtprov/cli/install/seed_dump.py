"""`--seed-dump`: print the cloud-init seed of a guest, or the answers for its installer; nothing is created."""

from __future__ import annotations

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.cli.printing.output import Output
    from virtprov.host.connection import Host


def main(request: InstallRequest, host: Host, output: Output) -> int:
    """Print every document of the seed, or the answers for an installer, with secrets masked.

    Returns the exit status. Raises ProvError.
    """
    from virtprov.cloudinit.seed_dump import dump
    from virtprov.library.installing import Installation

    made = Installation(host, request._replace(dry=True), output).made
    if made.answers is not None:
        from virtprov.unattended.dump import dump as dump_answers

        return _print(made.plan.name, dump_answers(made.answers.files, made.answers.secrets), output)
    seed = made.seed
    if seed is None:
        raise UsageError(
            "--seed-dump: this guest gets no cloud-init seed",
            hint="add --cloud-init, --unattended, or an option for what goes into a cloud image, such as --ssh-key",
        )
    return _print(seed.request.guest_name, dump(seed.request), output)


def _print(name: str, documents: dict[str, str], output: Output) -> int:
    output.result("\n".join(f"--- {name}\n{text}" for name, text in documents.items()))
    output.object("seed-dump", {"name": name, "documents": documents})
    return 0
