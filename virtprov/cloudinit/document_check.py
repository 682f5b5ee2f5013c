"""Find out which kind of user-data, vendor-data, meta-data or network-config a document is, and whether it can work.

Sources: cloud-init's page "User-data formats" for the formats, its module reference for the top-level keys, its pages
"Networking config Version 1" and "Version 2" for network-config.
"""

from __future__ import annotations

from typing import NamedTuple

from virtprov.support.errors import InputError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.cloudinit.sources import Source

CLOUD_CONFIG = "cloud-config"
MULTIPART = "multipart"
JINJA = "jinja2"

# first words of a document -> (kind, MIME type of such a part)
HEADERS = (
    ("#cloud-config-archive", "cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("#cloud-config", CLOUD_CONFIG, "text/cloud-config"),
    ("#cloud-boothook", "boothook", "text/cloud-boothook"),
    ("#include-once", "include", "text/x-include-once-url"),
    ("#include", "include", "text/x-include-url"),
    ("#part-handler", "part-handler", "text/part-handler"),
    ("#upstart-job", "upstart-job", "text/upstart-job"),
    ("## template: jinja", JINJA, "text/jinja2"),
    ("#!", "script", "text/x-shellscript"),
)

TOP_KEYS = frozenset(
    """
    allow_public_ssh_keys allow_userdata ansible apk_repos apt apt_get_command apt_get_upgrade_subcommand
    apt_get_wrapper apt_pipelining apt_reboot_if_required apt_update apt_upgrade authkey_hash autoinstall
    bootcmd byobu_by_default ca-certs ca_certs chef chpasswd cloud_config_modules cloud_final_modules
    cloud_init_modules config coreos create_hostname_file datasource datasource_list debug def_log_file
    device_aliases disable_ec2_metadata disable_root disable_root_opts disk_setup drivers fan final_message
    fqdn fs_setup groups growpart grub-dpkg grub_dpkg hostname keyboard landscape launch-index locale
    locale_configfile log_cfgs lxd manage_etc_hosts manage_resolv_conf mcollective merge_how merge_type
    migrate mount_default_fields mounts network no_ssh_fingerprints ntp output package_reboot_if_required
    package_update package_upgrade packages password phone_home power_state prefer_fqdn_over_hostname
    preserve_hostname puppet random_seed reporting resize_rootfs resolv_conf rh_subscription rpi rsyslog
    runcmd salt_minion snap spacewalk ssh ssh_authorized_keys ssh_deletekeys ssh_fp_console_blacklist
    ssh_genkeytypes ssh_import_id ssh_key_console_blacklist ssh_keys ssh_publish_hostkeys ssh_pwauth
    ssh_quiet_keygen ssh_redirect_user ssh_svcname swap syslog_fix_perms system_info timezone
    ubuntu_advantage ubuntu_pro unverified_modules updates user users vendor_data vendor_data2 version
    wireguard write_files yum_repo_dir yum_repos zypper
    """.split()
)
NETWORK_V2_KEYS = frozenset(
    """version renderer ethernets wifis bonds bridges vlans tunnels vrfs modems dummy-devices
    nm-devices openvswitch virtual-ethernets""".split()
)


class CheckedDocument(NamedTuple):
    """A document that can go into a seed.

    `kind` is one of `HEADERS` or MULTIPART, `mime` its MIME type as a part of a multi-part document, `text` the
    document as text (unpacked if it was gzipped; "" if it is not text), `tree` its mapping if it is cloud-config,
    `warnings` what is unusual but allowed.
    """

    kind: str
    mime: str
    text: str
    tree: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()


def check_user_data(source: Source) -> CheckedDocument:
    """Return which kind of user-data or vendor-data `source` is.

    Raises InputError, with file and line, if it is empty, has no header known to cloud-init, or is YAML or JSON that is
    invalid or not a mapping.
    """
    data = source.data
    if data.startswith(b"\x1f\x8b"):
        from virtprov.cloudinit.sources import Source as Made

        unpacked = check_user_data(Made(f"{source.name} (unpacked)", _gunzip(source)))
        return unpacked._replace(mime="application/gzip")
    text = _decode(source)
    if not text.strip():
        raise InputError(f"{source.name} is empty", hint="omit the sub-option, or start the file with #cloud-config")
    kind, mime = _kind(text)
    if not kind:
        raise _no_header(text, source.name)
    if kind == CLOUD_CONFIG:
        return _cloud_config(text, source.name)
    if kind == JINJA:
        return _template(text, source.name)
    if kind == "cloud-config-archive":
        _archive(text, source.name)
    if kind == "cloud-config-jsonp":
        _jsonp(text, source.name)
    warnings = []
    if kind == "script" and text.lstrip().split("\n", 1)[0].endswith("\r"):
        warnings.append(f"{source.name}, line 1: the line ends with CR LF, so the guest will not find the interpreter")
    return CheckedDocument(kind, mime, text, None, tuple(warnings))


def _decode(source: Source) -> str:
    from virtprov.support.text import decode

    if source.data.startswith(b"\xef\xbb\xbf"):
        raise InputError(
            f"{source.name}, line 1: starts with a byte order mark",
            hint="save the file as UTF-8 without a byte order mark",
        )
    return decode(source.data, source.name)


def _gunzip(source: Source) -> bytes:
    import gzip
    import io
    import zlib

    from virtprov.cloudinit.sources import LIMIT

    try:
        with gzip.open(io.BytesIO(source.data)) as handle:
            data = handle.read(LIMIT + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError(f"{source.name} looks like a gzip file but cannot be decompressed") from None
    if len(data) > LIMIT:
        raise InputError(f"{source.name} is larger than {LIMIT // 1024**2} MiB when decompressed")
    return data


def _kind(text: str) -> tuple[str, str]:
    """Return kind and MIME type, or two empty texts if cloud-init does not know the beginning.

    Like cloud-init, it accepts empty lines before the header, and upper case (seen with 20.4 and 25.1).
    """
    first = text.lstrip().split("\n", 1)[0].rstrip().lower()
    for header, kind, mime in HEADERS:
        if first.startswith(header) and (kind in (JINJA, "script") or first[len(header) :][:1] in ("", " ")):
            return kind, mime
    if _is_mime(text):
        return MULTIPART, "multipart/mixed"
    return "", ""


def _is_mime(text: str) -> bool:
    """Return whether the text begins with the head of a mail that declares its content type."""
    head = text.lstrip().split("\n\n", 1)[0].replace("\r", "").lower().split("\n")
    named = [line.split(":", 1)[0] for line in head if not line.startswith((" ", "\t", "from "))]
    return bool({"mime-version", "content-type"} & set(named)) and all(
        name.replace("-", "").isalnum() for name in named
    )


def _loose_header(text: str, name: str) -> list[str]:
    """Warn of a header that cloud-init accepts but its own checker does not."""
    if text.startswith("#cloud-config"):
        return []
    return [f"{name}: the first line should be '#cloud-config', in lower case"]


def _no_header(text: str, name: str) -> InputError:
    """Return the error for a document without a known header, with what was probably intended."""
    lines = text.split("\n")
    number = next(place for place, line in enumerate(lines, 1) if line.strip())
    first = lines[number - 1].strip()
    shown = first if len(first) <= 40 else first[:37] + "..."
    squeezed = first.lower().replace(" ", "").replace("_", "-").lstrip("#")
    if squeezed in ("cloud-config", "cloudconfig"):
        return InputError(
            f"{name}, line {number}: '{shown}' is not '#cloud-config'", hint="write exactly '#cloud-config'"
        )
    later = next((place for place, line in enumerate(lines, 1) if line.rstrip() == "#cloud-config"), 0)
    hint = "put '#cloud-config' alone on the first line" + (f" (it is on line {later})" if later else "")
    return InputError(
        f"{name}, line {number}: cloud-init does not recognise the file type '{shown}', and would ignore the file",
        hint=hint if not first.startswith(("<", "-----", "ssh-")) else "check that this is the right file",
    )


def _cloud_config(text: str, name: str) -> CheckedDocument:
    tree, warnings = load_mapping(text, name, "cloud-config")
    warnings += _loose_header(text, name)
    for key in tree:
        near = _near_key(key)
        if near:
            warnings.append(f"{name}: cloud-init has no key '{key}': {near}")
    return CheckedDocument(CLOUD_CONFIG, "text/cloud-config", text, tree, tuple(warnings))


def _near_key(key: object) -> str:
    """Return a hint if `key` looks like a misspelt key of cloud-config.

    An unknown key can belong to an additional module.
    """
    if not isinstance(key, str) or key in TOP_KEYS:
        return ""
    import difflib

    folded = key.lower().replace("-", "_")
    same = [known for known in TOP_KEYS if known.replace("-", "_") == folded]
    close = same or difflib.get_close_matches(key, sorted(TOP_KEYS), n=1, cutoff=0.8)
    return nearest(close[0], TOP_KEYS, most=1) if close else ""


def _template(text: str, name: str) -> CheckedDocument:
    """Return the result for a jinja template: a second header follows, and only cloud-init can render it."""
    rest = text.lstrip().partition("\n")[2]
    if not _kind(rest)[0]:
        raise InputError(
            f"{name}, line 2: a '## template: jinja' document needs a second header, such as '#cloud-config'"
        )
    return CheckedDocument(JINJA, "text/jinja2", text)


def _archive(text: str, name: str) -> None:
    tree, _ = load(text, name)
    if not isinstance(tree, list):
        raise InputError(f"{name}: a cloud-config-archive must be a list of parts")


def _jsonp(text: str, name: str) -> None:
    import json

    try:
        json.loads(text.split("\n", 1)[1] if "\n" in text else "")
    except ValueError as error:
        line = getattr(error, "lineno", 0) + 1
        raise InputError(f"{name}, line {line}: invalid JSON") from None


def load_mapping(text: str, name: str, what: str) -> tuple[dict[str, Any], list[str]]:
    """Return the mapping in the YAML `text` (empty for an empty text) and warnings about it.

    Raises InputError, with the line, if it is invalid or not a mapping.
    """
    tree, warnings = load(text, name)
    if tree is None:
        return {}, warnings
    if not isinstance(tree, dict):
        word = "a list" if isinstance(tree, list) else "plain text" if isinstance(tree, str) else "a single value"
        hint = "write 'key: value' lines" + (": missing space after a colon?" if word == "plain text" else "")
        line = next((at for at, row in enumerate(text.split("\n"), 1) if row.strip() and not row.startswith("#")), 1)
        raise InputError(f"{name}, line {line}: the {what} is {word}, not a mapping", hint=hint)
    return tree, warnings


def load(text: str, name: str) -> tuple[Any, list[str]]:
    """Return the contents of the YAML `text`, and a warning for each key that occurs twice in one mapping.

    Raises InputError, with the line, if it is invalid. Only plain values are created, as with safe loading.
    """
    import yaml

    from virtprov.cloudinit.loading import PlainLoader, TooMany

    loader = None
    try:
        loader = PlainLoader(text)
        tree = loader.get_single_data()
    except yaml.YAMLError as error:
        raise _bad_yaml(error, text, name) from None
    except RecursionError:
        raise InputError(f"{name}: the YAML is nested too deeply") from None
    except TooMany as error:
        raise InputError(f"{name}: the YAML is too large: {error}", hint="check that this is the right file") from None
    except (ValueError, TypeError, AttributeError) as error:
        # values that do not fit their tag, which PyYAML does not check: 2024-13-45, !!timestamp x
        raise InputError(f"{name}: invalid value in the YAML: {error}") from None
    finally:
        if loader is not None:
            loader.dispose()
    return tree, [f"{name}, line {line}: duplicate key '{key}'" for key, line in loader.doubles]


def _bad_yaml(error: Exception, text: str, name: str) -> InputError:
    """Return the error for invalid YAML, with its line and the reason."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "invalid YAML")
    if mark is None:
        at = getattr(error, "position", 0)
        return InputError(f"{name}, line {text.count(chr(10), 0, at) + 1}: invalid YAML: {problem}")
    line = mark.line + 1
    rows = text.split("\n")
    row = rows[mark.line] if mark.line < len(rows) else ""
    hint = "check brackets, quotes, colons and indentation there"
    if "\t" in row[: len(row) - len(row.lstrip())]:
        hint = "indent with spaces: YAML does not allow tabs there"
    elif "{{" in row or "{%" in row:
        hint = "a template must have '## template: jinja' as its first line"
    elif "mapping values are not allowed" in problem:
        hint = "check the indentation, and quote text that contains ': '"
    elif "expected <block end>" in problem or "could not find expected ':'" in problem:
        hint = "check the indentation of this line and the one before"
    return InputError(f"{name}, line {line}: invalid YAML: {problem}", hint=hint)


def check_network_config(source: Source) -> CheckedDocument:
    """Return the network-config in `source`: version 1 or 2, with or without the outer key `network`.

    Raises InputError if it is neither.
    """
    text = _decode(source)
    tree, warnings = load_mapping(text, source.name, "network-config")
    inner = tree
    if "network" in tree:
        if len(tree) > 1:
            other = next(key for key in tree if key != "network")
            raise InputError(
                f"{source.name}: the key '{other}' is outside of 'network'", hint="move it below 'network'"
            )
        inner = tree["network"] if isinstance(tree["network"], dict) else {}
    if inner.get("config") == "disabled":
        return CheckedDocument("network-config", "", text, tree, tuple(warnings))
    version = inner.get("version")
    if version == 1 and isinstance(inner.get("config"), list):
        return CheckedDocument("network-config", "", text, tree, tuple(warnings))
    if version == 2:
        for key in inner:
            hint = "" if key in NETWORK_V2_KEYS else nearest(str(key), NETWORK_V2_KEYS, most=1)
            if hint:
                warnings.append(f"{source.name}: network-config version 2 has no key '{key}': {hint}")
        return CheckedDocument("network-config", "", text, tree, tuple(warnings))
    raise _no_network(source.name, inner)


def _no_network(name: str, inner: dict[str, Any]) -> InputError:
    version = inner.get("version")
    if version == 1:
        return InputError(f"{name}: network-config version 1 requires a list 'config'")
    if version is None:
        missing = "'version: 1' or 'version: 2'" if inner else "anything"
        return InputError(f"{name}: the network-config does not contain {missing}", hint="add 'version: 2'")
    return InputError(f"{name}: unknown network-config version '{version}'", hint="write version: 1 or 2")
