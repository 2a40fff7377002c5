"""The two kinds that are ours: endpoints of the settings, and the address that a request came with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from avgate_gateway import confidential
from avgate_gateway.notice import Event, Told
from avgate_gateway.request import SubjectRequest
from avgate_gateway.settings import ControllerSettings
from avgate_gateway.settings.webhook import SigningSecret, WebhookSettings
from avgate_gateway.store import requests
from avgate_gateway.store.database import Database
from avgate_gateway.store.deliveries import Delivery
from avgate_gateway.store.outbox import Described
from avgate_gateway.vault import SUBJECT_KEY, Vault, VaultError
from avgate_gateway.webhooks.address import host_of, is_among
from avgate_gateway.webhooks.form import Form, Letter, UnaddressedError
from avgate_gateway.webhooks.signing import public_keys, signed

WEBHOOK, CALLBACK = "webhook", "callback"
Controllers = Mapping[str, ControllerSettings]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The endpoints that the settings name; an outlet of one controller."""

    settings: Mapping[str, WebhookSettings]
    kind: str = WEBHOOK

    def endpoints(self, request: SubjectRequest, event: Event) -> Iterable[str]:  # noqa: ARG002 -- the protocol's
        return [n for n, one in self.settings.items() if not one.events or event in one.events]

    def described(self) -> Iterable[Described]:
        return [
            Described(
                name,
                self.kind,
                host_of(one.url) or "",
                one.events,
                can_be_tested=True,
                public_keys=public_keys(_plain((one.secret, *one.former_secrets))),
            )
            for name, one in self.settings.items()
        ]

    def body(self, request: SubjectRequest, told: Told) -> str:  # noqa: ARG002 -- likewise
        return told.body()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Whoever asked to be called about their own request."""

    hosts: frozenset[str]
    kind: str = CALLBACK
    secrets: tuple[SigningSecret, ...] = ()

    def endpoints(self, request: SubjectRequest, event: Event) -> Iterable[str]:  # noqa: ARG002 -- the protocol's
        return [] if request.callback_host is None else [f"{CALLBACK}:{request.callback_host}"]

    def described(self) -> Iterable[Described]:
        keys = public_keys(_plain(self.secrets))
        return [
            Described(f"{CALLBACK}:{host}", self.kind, host, public_keys=keys)
            for host in sorted(self.hosts)
        ]

    def body(self, request: SubjectRequest, told: Told) -> str:  # noqa: ARG002 -- likewise
        return told.body()


@dataclass(frozen=True, slots=True)
class WebhookForm:
    """As the settings say today: another address or secret holds from the next attempt on."""

    controllers: Controllers
    is_for_one_request: bool = False

    async def letter(self, one: Delivery, now: datetime) -> Letter:
        controller = self.controllers.get(one.controller)
        found = controller.webhooks.get(one.endpoint) if controller else None
        if found is None:
            raise UnaddressedError
        return _letter(
            one, now, found.url, (found.secret, *found.former_secrets), found.private_networks
        )


@dataclass(frozen=True, slots=True)
class CallbackForm:
    """To the address that is sealed with its request, as long as its key is there."""

    controllers: Controllers
    database: Database
    vault: Vault
    is_for_one_request: bool = True

    async def letter(self, one: Delivery, now: datetime) -> Letter:
        controller = self.controllers.get(one.controller)
        if controller is None or controller.callback_secret is None or one.request_id is None:
            raise UnaddressedError
        async with self.database.read() as db:
            sealed = await requests.sealed(db, one.request_id)
        if sealed.callback is None:
            raise UnaddressedError
        try:
            box = self.vault.box(sealed.subject_key, one.request_id, SUBJECT_KEY)
            address = box.open(sealed.callback, confidential.CALLBACK).decode()
        except VaultError:
            raise UnaddressedError from None
        if not is_among(address, controller.callback_hosts):
            raise UnaddressedError
        secrets = callback_secrets(controller)
        return _letter(one, now, address, secrets, controller.callback_private_networks)


def _letter(
    one: Delivery,
    now: datetime,
    url: str,
    secrets: Iterable[SigningSecret],
    private_networks: tuple[str, ...],
) -> Letter:
    headers = signed(_plain(secrets), one.id, now, one.body)
    return Letter(url, headers, one.body.encode(), private_networks)


def _plain(secrets: Iterable[SigningSecret]) -> list[str]:
    return [secret.get_secret_value() for secret in secrets]


def callback_secrets(controller: ControllerSettings) -> tuple[SigningSecret, ...]:
    """What is sent to the addresses of requests is signed with these."""
    own = controller.callback_secret
    return () if own is None else (own, *controller.callback_former_secrets)


def fill(database: Database, controllers: Controllers) -> None:
    """Has the outbox of a database told who wants to hear of what."""
    for name, controller in controllers.items():
        if controller.webhooks:
            database.outbox.add(name, Webhooks(controller.webhooks))
        if controller.callback_hosts:
            secrets = callback_secrets(controller)
            database.outbox.add(name, Callbacks(controller.callback_hosts, secrets=secrets))


def forms(database: Database, vault: Vault, controllers: Controllers) -> dict[str, Form]:
    """The form of each kind."""
    return {
        WEBHOOK: WebhookForm(controllers),
        CALLBACK: CallbackForm(controllers, database, vault),
    }
