"""Answers from the install scripts of libosinfo's database: XSLT stylesheets, if a folder of profiles has them."""

from __future__ import annotations

from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.scripts import InstallScript
    from virtprov.unattended.answers import Answers
    from virtprov.unattended.variables import Facts


def find(facts: Facts, profile: str) -> InstallScript:
    """Return the script of the guest's system for a profile ("desktop", "jeos").

    Raises UsageError if the database has none with a stylesheet.
    """
    from virtprov.osinfo.scripts import find_script, template

    for identity in facts.profile.script_ids:
        script = find_script(identity)
        if script is not None and script.profile == profile and template(script):
            return script
    raise UsageError(
        f"--unattended script=osinfo: the database has no '{profile}' script for {facts.profile.name}",
        hint="install the package osinfo-db, or omit script= for virtprov's own answers",
    )


def render(answers: Answers, facts: Facts) -> str:
    """Return the answers of the script, which gets passwords as they were typed. Raises UsageError, XmlError."""
    from virtprov.osinfo.scripts import template
    from virtprov.xml.stylesheet import apply

    script = find(facts, answers.profile)
    return apply(template(script), _describe(answers, facts, script), script.id)


def _describe(answers: Answers, facts: Facts, script: InstallScript) -> dict[str, dict[str, str]]:
    """Return what the stylesheet reads, as libosinfo describes it: parts of a document, with their values."""
    profile = facts.profile
    return {
        "os": {
            "short-id": profile.short_id,
            "name": profile.name,
            "version": profile.version,
            "distro": profile.distro,
            "family": profile.family,
            "vendor": profile.vendor,
        },
        "script": {
            "profile": answers.profile,
            "expected-filename": script.expected_filename,
            "preferred-injection-method": "initrd",
            "installation-source": "network" if facts.source else "media",
        },
        "tree": {"url": facts.source},
        "config": _configure(answers, facts, script),
    }


def _configure(answers: Answers, facts: Facts, script: InstallScript) -> dict[str, str]:
    """Return the settings of a script, in the words that it knows."""
    from virtprov.osinfo.scripts import find_datamap

    config = {
        "admin-password": answers.admin_password,
        "user-login": answers.user,
        "user-realname": answers.user,
        "user-password": answers.user_password,
        "hostname": answers.hostname,
        "l10n-keyboard": answers.keyboard,
        "l10n-language": answers.locale.partition(".")[0],
        "l10n-timezone": answers.timezone,
        "target-disk": "C" if facts.profile.is_windows else facts.disk,
        "installation-url": facts.source,
        "reg-product-key": answers.product_key,
        "reg-login": answers.reg_login,
        "hardware-arch": facts.arch,
    }
    for param in script.params:
        known = find_datamap(param.datamap) if param.datamap else {}
        if config.get(param.name) in known:
            config[param.name] = known[config[param.name]]
    return {name: value for name, value in config.items() if value}
