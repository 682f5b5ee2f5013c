"""The sentences on standard output while a guest is created: virtprov's own, or those of virt-install.

Programs look for the latter, so they stay as virt-install 4.1 prints them.
"""

from __future__ import annotations

from virtprov.cli import compat
from virtprov.cli.printing import result_lines
from virtprov.support.text import shell_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.install.result import Result
    from virtprov.cli.printing.output import Output
    from virtprov.library.installing import Installation

_SENTENCES = {
    "created": "Guest '{name}' has been created and is running.",
    "installing": "Guest '{name}' is running its installer; the installation is complete when the guest powers off.",
    "ready": "Guest '{name}' is running and cloud-init is done.",
    "off": "Guest '{name}' is off.",
}


class Closing:
    """What virtprov-install says about a guest: one sentence at the end, and the password."""

    def __init__(self, work: Installation, output: Output) -> None:
        self.work, self.output = work, output
        self.result: Result | None = None

    @property
    def name(self) -> str:
        """Return the name of the guest."""
        return self.work.made.plan.name

    def begin(self) -> None:
        """Report that the guest is about to be created."""

    def password(self, password: str) -> None:
        """Print the generated password."""
        self.output.password(self.describe_password(password))

    def describe_password(self, password: str) -> str:
        """Return the sentence with the generated password of root, or of the account that an installer makes."""
        answers = self.work.made.answers
        if answers is not None:
            return f"Password of '{answers.account}': {password}"
        return f"Password for root's first login: {password}"

    def wait(self, minutes: float | None) -> None:
        """Report that the guest is about to be waited for; None: it is not."""

    def give_up(self) -> None:
        """Report that the time to wait is over."""

    def end(self, state: str) -> None:
        """Report the final state of the guest."""
        self.output.summary(self._sentence(state))
        if state != "ready":
            return
        self.result = result_lines.describe(self.work.host, self.name, self.output)
        for line in result_lines.lines(self.result):
            self.output.summary(line)

    def _sentence(self, state: str) -> str:
        wanted = self.work.made.wanted
        if state != "ready" or wanted is None:
            return _SENTENCES[state].format(name=self.name)
        left_out = f" ({'; '.join(wanted.not_asked)})" if wanted.not_asked else ""
        return f"Guest '{self.name}' is running and ready{left_out}."


class OldClosing(Closing):
    """The same in the sentences of virt-install."""

    def __init__(self, work: Installation, output: Output) -> None:
        super().__init__(work, output)
        self._waited = False

    def begin(self) -> None:
        self._print("", "Starting install...")

    def describe_password(self, password: str) -> str:
        if self.work.made.answers is not None:
            return super().describe_password(password)
        return f"Password for first root login is: {password}"

    def wait(self, minutes: float | None) -> None:
        installs = self.work.made.method.has_install_phase
        if not minutes and not installs:
            return
        self._print("", "Domain is still running. Installation may be in progress.")
        if not minutes:
            self._print("You can reconnect to the console to complete the installation process.")
            return
        self._waited = True
        wanted = self.work.made.wanted
        if wanted is not None:  # more time than the default, without hardware virtualization
            minutes = wanted.minutes
        limit = f"{minutes:g} minute{'' if minutes == 1 else 's'} " if minutes > 0 else ""
        self._print(f"Waiting {limit}for the installation to complete.")

    def give_up(self) -> None:
        self._print("Installation has exceeded specified time limit. Exiting application.")

    def end(self, state: str) -> None:
        if state == "installing":
            return
        request, installs = self.work.request, self.work.made.method.has_install_phase
        if self._waited:
            self._print("Domain has shutdown. Continuing.")
        self._print("Domain creation completed.")
        if state == "created" and installs:
            self._print("Restarting guest.")
        elif state == "off" and installs and not request.noreboot and not request.transient:
            self._print("User stopped the VM. Not rebooting.")
        elif state == "off":
            start = f"virsh --connect {shell_word(self.work.host.uri)} start {shell_word(self.name)}"
            self._print("You can restart your domain by running:", f"  {start}")

    def _print(self, *lines: str) -> None:
        for line in lines:
            self.output.summary(line)


def for_run(work: Installation, output: Output) -> Closing:
    """Return what this run says about the guest."""
    return (OldClosing if compat.held.old_sentences else Closing)(work, output)
