"""`--seed-dump`: print the cloud-init seed of a guest; nothing is created."""

from __future__ import annotations

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.cli.output import Output
    from virtprov.host.connection import Host


def main(request: InstallRequest, host: Host, output: Output) -> int:
    """Print every document of the seed, with secrets masked; returns the exit status. Raises ProvError."""
    from virtprov.cloudinit.seed_dump import dump
    from virtprov.library.installing import Installation

    seed = Installation(host, request._replace(dry=True), output).made.seed
    if seed is None:
        raise UsageError(
            "--seed-dump: this guest gets no cloud-init seed",
            hint="add --cloud-init, or an option for what goes into a cloud image, such as --ssh-key",
        )
    documents = dump(seed.request)
    output.result("\n".join(f"--- {name}\n{text}" for name, text in documents.items()))
    output.object({"name": seed.request.guest_name, "documents": documents})
    return 0
