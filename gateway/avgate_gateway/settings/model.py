"""Every setting, its meaning, and what it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, model_validator

from avgate_gateway.mistake import WrongValueError
from avgate_gateway.settings.authentication import AuthenticationSettings
from avgate_gateway.settings.console import ConsoleSettings
from avgate_gateway.settings.controller import ControllerSettings
from avgate_gateway.settings.limits import LimitSettings
from avgate_gateway.settings.observability import LogSettings, TraceSettings
from avgate_gateway.settings.opendsr import OpenDsrSettings
from avgate_gateway.settings.origin import Origins
from avgate_gateway.settings.value import (
    Database,
    Days,
    File,
    Line,
    Name,
    Part,
    SafeAddress,
    readable,
)


class Settings(Part):
    """Everything that the operator decides."""

    database: Database = Field(
        "sqlite:///avgate.db", repr=False, description="Where rows are kept: SQLite or PostgreSQL."
    )
    master_key_file: File = Field(
        Path("avgate.key"),
        description="The key that all personal data is encrypted under; made on first start.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="The same in base64 instead of a file: `env:NAME`, or `file:PATH` of such a text.",
    )
    master_key_command: tuple[Line, ...] = Field(
        (),
        description="A program and its arguments that print it in base64, as a KMS's client does.",
    )
    master_keys_former: tuple[SecretStr, ...] = Field(
        (), description="Master keys that only open what is not yet under the new one; likewise."
    )
    token_key_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-token.jwk"),
        description="The key that signs tokens while no issuer is set; made on first start.",
    )
    evidence_key_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-evidence.pem"),
        description="The key that checkpoints of the evidence are signed with; made on first start.",
    )
    checkpoints_file: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-checkpoints.txt"),
        description="Where checkpoints are kept beside the database; ship it to another machine.",
    )
    handover_folder: File = Field(
        default_factory=lambda known: known["master_key_file"].with_name("avgate-handovers"),
        description="Where sealed copies lie until they are handed over; several machines share it.",
    )
    connectors_allowed: Annotated[tuple[Line, ...], AfterValidator(readable)] = Field(
        ("avgate",),
        description="The distributions whose connectors may be loaded, each with a version range "
        "if need be: `acme-avgate>=1,<2`.",
    )
    least_level: Annotated[int, Field(strict=True, ge=0, le=5)] = Field(
        0, description="The conformance level that a connector's evidence must claim at least."
    )
    public_url: SafeAddress | None = Field(
        None, description="Where upstreams can reach this gateway; unset, they are only asked."
    )
    vault_days: Days = Field(
        30, description="How many days personal data outlives the closing of its request."
    )
    plan_valid_days: Days = Field(
        7, description="How many days a plan may be approved after it was made."
    )
    authentication: AuthenticationSettings = Field(
        default_factory=AuthenticationSettings, description="Which access tokens are believed."
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="How much of anything is let in."
    )
    console: ConsoleSettings = Field(
        default_factory=ConsoleSettings, description="The pages for staff, at /console."
    )
    opendsr: OpenDsrSettings = Field(
        default_factory=OpenDsrSettings, description="Whether others may send requests by OpenDSR."
    )
    log: LogSettings = Field(
        default_factory=LogSettings, description="What is told on standard error, and how."
    )
    traces: TraceSettings = Field(
        default_factory=TraceSettings, description="Where OpenTelemetry's traces go."
    )
    controllers: dict[Name, ControllerSettings] = Field(
        min_length=1, description="The controllers that the gateway acts for."
    )

    @model_validator(mode="after")
    def _one_controller_each(self) -> Settings:
        named = [client for one in self.controllers.values() for client in one.clients]
        if len(named) > len(set(named)):
            raise WrongValueError("a client acts for one controller; take it out of the others")
        return self

    @model_validator(mode="after")
    def _one_master_key(self) -> Settings:
        given = {"master_key_file", "master_key", "master_key_command"} & self.model_fields_set
        if len(given) > 1:
            raise WrongValueError(
                "master_key_file, master_key and master_key_command exclude each other; keep one"
            )
        return self

    @model_validator(mode="after")
    def _staff_can_come_back(self) -> Settings:
        oidc = self.console.oidc
        if oidc is None:
            return self
        if self.console_url is None:
            raise WrongValueError(
                "console.oidc needs console.url: where the provider sends staff back"
            )
        if oidc.controller not in {None, *self.controllers}:
            raise WrongValueError("console.oidc.controller is no controller of controllers")
        return self

    @property
    def console_url(self) -> str | None:
        """Where staff reach this gateway, if that was said."""
        return self.console.url or self.public_url

    @property
    def is_https(self) -> bool:
        """Whether everybody comes over https, as far as it was said how anybody comes."""
        said = [one for one in (self.public_url, self.console.url, self.opendsr.url) if one]
        return bool(said) and all(urlsplit(one).scheme == "https" for one in said)

    @property
    def has_master_key_file(self) -> bool:
        """Whether the master key stands in a file of its own, for want of another source."""
        return self.master_key is None and not self.master_key_command

    @property
    def opendsr_files(self) -> tuple[tuple[str, Path], ...]:
        """The key and the certificate of a processor; none where nobody may send by OpenDSR."""
        if self.opendsr.url is None:
            return ()
        beside = self.master_key_file.with_name
        return (
            ("key_file", self.opendsr.key_file or beside("avgate-opendsr.pem")),
            ("certificate_file", self.opendsr.certificate_file or beside("avgate-opendsr.crt")),
        )

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Origins:
        """Where each value was found."""
        return self._origins
