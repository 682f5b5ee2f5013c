"""Check whether user-data, vendor-data or meta-data can work, and read the YAML of all documents of a seed."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.cloudinit.checks.kinds import (
    CLOUD_CONFIG,
    JINJA,
    SCRIPT,
    TALOS,
    UPSTART,
    is_template_of_known_kind,
    kind_of,
    service_of,
)
from virtprov.cloudinit.checks.known_keys import META_KEYS, misspelt, resembling
from virtprov.support.errors import InputError
from virtprov.support.text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.cloudinit.value_sources import Source

PASS_ON = "add --check cloud_init=off to pass it on as it is"


class CheckedDocument(NamedTuple):
    """A document that can go into a seed.

    `kind` is one of `checks.kinds`, `mime` its MIME type as a part of a multi-part document, `text` the document as
    text (unpacked if it was gzipped; "" if it is not text), `tree` its mapping if it is cloud-config, `warnings` what
    is unusual but allowed.
    """

    kind: str
    mime: str
    text: str
    tree: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()


def check_user_data(source: Source, system: str = "") -> CheckedDocument:
    """Return which kind of user-data or vendor-data `source` is, for a guest whose system has the family `system`.

    `system` ("" if unknown) determines which service reads the seed, see `checks.kinds`. Raises InputError, with file
    and line, if it has no header known to this service, or is YAML or JSON that is invalid or not a mapping.
    """
    data = source.data
    if data.startswith(b"\x1f\x8b"):
        from virtprov.cloudinit.value_sources import Source as Made

        unpacked = check_user_data(Made(f"{source.name} (unpacked)", _gunzip(source)), system)
        return unpacked._replace(mime="application/gzip")
    text = _decode(source)
    if not text.strip():
        return CheckedDocument(CLOUD_CONFIG, "text/cloud-config", "", {}, (f"{source.name} is empty",))
    kind, mime = kind_of(text)
    if not kind:
        return _for_another(text, source.name, system)
    checked = _of_kind(kind, mime, text, source.name)
    return checked._replace(warnings=(*checked.warnings, *_for_freebsd(kind, source.name, system)))


def _of_kind(kind: str, mime: str, text: str, name: str) -> CheckedDocument:
    if kind == CLOUD_CONFIG:
        return _cloud_config(text, name)
    if kind == JINJA:
        return _template(text, name)
    if kind == "cloud-config-archive":
        _archive(text, name)
    if kind == "cloud-config-jsonp":
        _jsonp(text, name)
    warnings = []
    if kind == SCRIPT and text.lstrip().split("\n", 1)[0].endswith("\r"):
        warnings.append(f"{name}, line 1: the line ends with CR LF, so the guest will not find the interpreter")
    if kind == UPSTART:
        warnings.append(f"{name}: current versions of cloud-init ignore '#upstart-job': Upstart is gone")
    return CheckedDocument(kind, mime, text, None, tuple(warnings))


def _for_another(text: str, name: str, system: str) -> CheckedDocument:
    """Return a document that another service than cloud-init reads; InputError if the guest does not have it."""
    service = service_of(text)
    if service is None:
        raise _no_header(text, name)
    sentence = f"{name} is {service.what}, which {service.name} reads; cloud-init would ignore it"
    if system and system not in service.systems:
        raise InputError(sentence, hint=f"give the system of the guest with --osinfo, or {PASS_ON}")
    if service.kind == TALOS:
        load_documents(text, name)
    return CheckedDocument(service.kind, service.mime, text, None, (sentence,))


def _for_freebsd(kind: str, name: str, system: str) -> tuple[str, ...]:
    if system != "freebsd" or kind in (CLOUD_CONFIG, SCRIPT):
        return ()
    return (f"{name}: the images of FreeBSD run nuageinit, which only reads #cloud-config files and scripts",)


def _decode(source: Source) -> str:
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

    from virtprov.cloudinit.value_sources import LIMIT

    try:
        with gzip.open(io.BytesIO(source.data)) as handle:
            data = handle.read(LIMIT + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError(f"{source.name} looks like a gzip file but cannot be decompressed") from None
    if len(data) > LIMIT:
        raise InputError(f"{source.name} is larger than {LIMIT // 1024**2} MiB when decompressed")
    return data


def _loose_header(text: str, name: str) -> list[str]:
    """Warn of a header that cloud-init accepts but its own checker, or a reader, would not."""
    if not text.startswith("#cloud-config"):
        return [f"{name}: the first line should be '#cloud-config', in lower case"]
    following = text[len("#cloud-config") :][:1]
    if following.isalnum() or following in ("-", "_"):
        return [f"{name}: cloud-init reads '{_shown(text.split(chr(10), 1)[0])}' as '#cloud-config'"]
    return []


def _shown(line: str) -> str:
    """Return a line for a message, cut to 40 characters."""
    line = line.strip()
    return line if len(line) <= 40 else line[:37] + "..."


def _no_header(text: str, name: str) -> InputError:
    """Return the error for a document without a known header, with what was probably intended."""
    lines = text.split("\n")
    number = next(place for place, line in enumerate(lines, 1) if line.strip())
    first = lines[number - 1].strip()
    shown = _shown(first)
    squeezed = first.lower().replace(" ", "").replace("_", "-").lstrip("#")
    if squeezed in ("cloud-config", "cloudconfig"):
        return InputError(
            f"{name}, line {number}: '{shown}' is not '#cloud-config'", hint="write exactly '#cloud-config'"
        )
    if squeezed.startswith("template:jinja"):
        return InputError(
            f"{name}, line {number}: '{shown}' is not '## template: jinja'", hint="write exactly '## template: jinja'"
        )
    if first.startswith("{") and '"ignition"' in text:
        return InputError(
            f"{name}: cloud-init does not read Ignition configs, and would ignore the file",
            hint=f"use --sysinfo type=fwcfg,entry0.name=opt/com.coreos/config,entry0.file=PATH, or {PASS_ON}",
        )
    later = next((place for place, line in enumerate(lines, 1) if line.rstrip() == "#cloud-config"), 0)
    hint = "put '#cloud-config' alone on the first line" + (f" (it is on line {later})" if later else "")
    if first.startswith(("<", "-----", "ssh-")):
        hint = "check that this is the right file"
    return InputError(
        f"{name}, line {number}: cloud-init does not recognise the file type '{shown}', and would ignore the file",
        hint=f"{hint}, or {PASS_ON}",
    )


def _cloud_config(text: str, name: str) -> CheckedDocument:
    tree, warnings = load_mapping(text, name, "cloud-config")
    warnings += _loose_header(text, name)
    warnings += [f"{name}: {sentence}" for sentence in misspelt(tree)]
    return CheckedDocument(CLOUD_CONFIG, "text/cloud-config", text, tree, tuple(warnings))


def _template(text: str, name: str) -> CheckedDocument:
    """Return the result for a jinja template: a second header follows, and only cloud-init can render it."""
    rest = text.lstrip().partition("\n")[2]
    if not is_template_of_known_kind(rest):
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


def check_meta_data(source: Source) -> CheckedDocument:
    """Return the mapping in the meta-data of `source` and warnings about its keys; InputError if it has none."""
    text = decode(source.data, source.name)
    tree, warnings = load_mapping(text, source.name, "meta-data")
    hints = ((key, resembling(key, META_KEYS)) for key in tree)
    warnings += [f"{source.name}: the meta-data has no key '{key}': {hint}" for key, hint in hints if hint]
    return CheckedDocument("meta-data", "", text, tree, tuple(warnings))


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


def load_documents(text: str, name: str) -> None:
    """Read all YAML documents in `text`; raises InputError, with the line, when one of them does not parse."""
    _loaded(text, name, every=True)


def load(text: str, name: str) -> tuple[Any, list[str]]:
    """Return the contents of the YAML `text`, and a warning for each key that occurs twice in one mapping.

    Raises InputError, with the line, if it is invalid. Only plain values are created, as with safe loading.
    """
    return _loaded(text, name)


def _loaded(text: str, name: str, *, every: bool = False) -> tuple[Any, list[str]]:
    import yaml

    from virtprov.cloudinit.loading import PlainLoader, TooMany

    loader = None
    try:
        loader = PlainLoader(text)
        tree = None if every else loader.get_single_data()
        while every and loader.check_node():
            loader.get_node()
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
