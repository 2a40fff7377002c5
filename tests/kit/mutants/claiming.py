"""Connectors whose manifest, class line or recordings say what is not so."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import avgate_contracts as sdk

from .linden import Card, LindenConnector, LindenSettings
from .registry import mutant

CLAIMED, UNCLAIMED, SOUND = (
    "test_every_capability_claimed_has_its_methods",
    "test_every_method_of_a_capability_is_claimed",
    "test_the_manifest_is_sound",
)


@mutant("claims a capability that it lacks", CLAIMED)
class Boasts(LindenConnector, sdk.SupportsRegister):
    pass


@mutant("has a capability that it does not claim", UNCLAIMED)
class Modest(LindenConnector):
    async def published(self, known: object) -> list[sdk.PublishedList]:  # noqa: ARG002 -- the protocol has it
        return []


@mutant("erases and manifests nothing that it erases", SOUND)
class ErasesInSilence(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(LindenConnector.manifest, erases={})


@mutant(
    "yields a category that its manifest does not name",
    "test_every_item_is_named_once_and_is_of_a_kind_the_manifest_names",
)
class OtherCategory(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(
        LindenConnector.manifest,
        holds=frozenset({sdk.Category.CRM_DATA}),
        erases={sdk.Category.CRM_DATA: sdk.ErasureWay.DELETE},
    )


@mutant(
    "gives a bill the product of the shop that it is for",
    "test_every_item_is_named_once_and_is_of_a_kind_the_manifest_names",
)
class OtherProduct(LindenConnector):
    def _record(self, card: Card) -> sdk.Record:
        record = super()._record(card)
        item = replace(record.item, product=sdk.Product.CONTACT_CONNECT)
        return replace(record, item=item)


class LaxSettings(LindenSettings):
    model_config = {**LindenSettings.model_config, "extra": "ignore"}  # noqa: RUF012 -- as an author writes it


@mutant("takes settings that do not exist", "test_unknown_settings_are_refused")
class Lax(LindenConnector):
    settings_type = LaxSettings


@mutant(
    "is silent of a test that it leaves out",
    "test_the_class_says_what_is_tested",
    exempt={"test_of_nothing": "why"},
)
class ExemptsNothing(LindenConnector):
    pass


@mutant("finds nobody by anything", SOUND)
class FindsNobody(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(LindenConnector.manifest, finds_by=frozenset())


@mutant("is of a protocol that is still to come", SOUND)
class OfTomorrow(LindenConnector):
    manifest: ClassVar[sdk.Manifest] = replace(LindenConnector.manifest, protocol="1.7")
