"""Level 1, shape: what a connector says of itself is true, and nothing in it tells a secret."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError

from avgate_contracts.connector import PROTOCOL, Connector, Limits, Manifest, SupportsErase
from avgate_contracts.kit import capability
from avgate_contracts.kit.bench import bench_of
from avgate_contracts.kit.declared import Declared, lacking
from avgate_contracts.kit.law import law, laws_of, replaced
from avgate_contracts.kit.secret import bare_secrets, secrets_of
from avgate_contracts.kit.verdict import broken, expect, some
from avgate_contracts.settings import ConnectorSettings


class ShapeLaws(Declared):
    """What can be seen without a call."""

    @law(1)
    def test_the_class_says_what_is_tested(self) -> None:
        suite = type(self)
        missing = lacking(suite)
        expect(
            not missing,
            "a test class names connector, settings, subject and stranger",
            f"its test class lacks {some(missing)}",
            "add them as class attributes",
        )
        known = {each.name for each in laws_of(suite)}
        unknown = set(suite.exempt) - known
        expect(
            not unknown,
            "exempt names tests of the suite that apply to this connector",
            f"its test class exempts {some(sorted(unknown))}",
            "correct the name or take it out",
        )
        own = replaced(suite)
        expect(
            not own,
            "the tests of the suite are run as they are",
            f"its test class has a {some(own)} of its own",
            "give your test another name; what cannot be kept goes into exempt, with its reason",
        )

    @law(1)
    def test_the_manifest_is_sound(self) -> None:
        kind = self.connector
        expect(
            Connector in getattr(kind, "__mro__", ()),
            "a class that names sdk.Connector in its class line",
            "is something else",
            "write `class Acme(sdk.Connector, sdk.SupportsAccess, ...)`",
        )
        manifest = getattr(kind, "manifest", None)
        if not isinstance(manifest, Manifest):
            broken("`manifest` is a sdk.Manifest", "has none", "add it as a class attribute")
        wrong = _wrong(manifest, kind)
        expect(not wrong, "a sound manifest", some(wrong), "correct the manifest")

    @law(1)
    def test_every_capability_claimed_has_its_methods(self) -> None:
        wrong = []
        for claim in (*capability.claimed(self.connector), Connector):
            for name, outline in capability.methods(claim).items():
                actual = capability.own(self.connector, name)
                if actual is None or actual is outline:
                    wrong.append(f"names {claim.__name__} and has no {name}()")
                elif why := capability.mismatch(outline, actual):
                    wrong.append(f"{name}() {why}")
        expect(
            not wrong,
            "every protocol in the class line has its methods, with its parameters",
            some(wrong),
            "write the method, or take the protocol out of the class line",
        )

    @law(1)
    def test_every_method_of_a_capability_is_claimed(self) -> None:
        wrong = [
            f"has {name}() and does not name {each.__name__}"
            for each in capability.CAPABILITIES
            if each not in self.connector.__mro__
            for name in capability.methods(each)
            if capability.own(self.connector, name) is not None
        ]
        expect(
            not wrong,
            "a method of a capability comes with its protocol in the class line",
            some(wrong),
            "name the protocol, or the gateway makes a task for a person of it",
        )

    @law(1)
    def test_secrets_in_the_settings_are_typed_as_secrets(self) -> None:
        kind = getattr(self.connector, "settings_type", None)
        if not (isinstance(kind, type) and issubclass(kind, ConnectorSettings)):
            broken(
                "`settings_type` is a class derived from sdk.ConnectorSettings",
                "has something else",
                "derive the settings from it: they are then frozen and silent",
            )
        bare = bare_secrets(kind)
        expect(
            not bare,
            "a setting that is a secret has the type pydantic.SecretStr",
            f"types {some(bare)} as plain text",
            "type it as SecretStr; if it is no secret, give it a name that does not say so",
        )

    @law(1)
    def test_unknown_settings_are_refused(self) -> None:
        kind = self.connector.settings_type
        secret = "s3cr3t-of-the-suite"  # noqa: S105 -- a stand-in, to be looked for in the message
        try:
            kind(**{**self.settings, "no_such_setting": secret})
        except ValidationError as error:
            told = str(error)
        else:
            broken(
                "a setting that does not exist is refused: it is a typing error",
                "takes it without a word",
                'keep model_config of sdk.ConnectorSettings (extra="forbid")',
            )
        expect(
            secret not in told,
            "an error about the settings does not repeat what was given",
            "repeats it",
            "keep model_config of sdk.ConnectorSettings (hide_input_in_errors=True)",
        )

    @law(1)
    def test_no_secret_shows_in_the_settings(self) -> None:
        settings = self.connector.settings_type(**self.settings)
        record = logging.LogRecord("avgate", logging.INFO, "", 0, "%s %r", (settings,) * 2, None)
        told = f"{record.getMessage()} {settings.model_dump_json()} {settings.credentials()!r}"
        shown = [name for name, value in secrets_of(settings).items() if value in told]
        expect(
            not shown,
            "settings and credentials show no secret, whoever prints or logs them",
            f"shows {some(shown)}",
            "type it as SecretStr and hand that on as it is",
        )

    @law(1)
    def test_only_named_hosts_may_be_called(self) -> None:
        settings = bench_of(type(self)).cast.settings
        hosts = settings.hosts()
        odd = [host for host in hosts if not host or any(sign in host for sign in "*/@ ")]
        expect(
            bool(hosts) and not odd,
            "hosts() names each host in full, as host or host:port",
            "names none, or has a pattern or an address among them",
            "take them from the settings: urlsplit(self.base_url).netloc",
        )

    @law(1)
    async def test_making_it_calls_nobody(self) -> None:
        asked = await bench_of(type(self)).made()
        expect(
            asked == 0,
            "__init__(settings, http) only keeps what it is given",
            f"makes {asked} calls",
            "make them in the methods: the gateway constructs a connector when it starts",
        )


def _wrong(manifest: Manifest, kind: Any) -> list[str]:
    """What is not right about a manifest."""
    major, _, minor = manifest.protocol.partition(".")
    our_major, _, our_minor = PROTOCOL.partition(".")
    operations = capability.OPERATIONS.items()
    erases = SupportsErase in kind.__mro__
    said = {
        "its name is empty or not a plain word": not _is_plain(manifest.name),
        "its title is empty": not manifest.title.strip(),
        "its processor is empty": not manifest.processor.strip(),
        "it finds nobody (finds_by is empty)": not manifest.finds_by,
        "it holds nothing (holds is empty)": not manifest.holds,
        "it erases a category that it does not hold": bool(set(manifest.erases) - manifest.holds),
        "erases is empty, and the class claims SupportsErase": erases and not manifest.erases,
        "it erases, and the class does not claim SupportsErase": bool(
            manifest.erases and not erases
        ),
        f"its protocol is not one that this kit knows ({PROTOCOL})": major != our_major
        or not (minor.isascii() and minor.isdigit())
        or int(minor) > int(our_minor),
        "not_relevant names an operation that the class supports": any(
            operation in manifest.not_relevant and each in kind.__mro__
            for operation, each in operations
        ),
        "not_relevant gives no reason": not all(r.strip() for r in manifest.not_relevant.values()),
        "its limits leave no room for a call": not _is_possible(manifest.limits),
    }
    return [what for what, is_so in said.items() if is_so]


def _is_plain(name: str) -> bool:
    return bool(name) and name.replace("_", "").replace("-", "").isalnum() and name == name.lower()


def _is_possible(limits: Limits) -> bool:
    sizes = (limits.concurrency, limits.attempts, limits.max_response_bytes)
    return min(sizes) >= 1 and 0 < limits.timeout <= limits.deadline and limits.longest_wait >= 0
