"""What the upstream holds of a party, item by item, and what an item is called by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import avgate_contracts as sdk
from avgate_contracts import Category, ItemRef, Record
from avgate_operator import models
from avgate_operator.models import Service, Usage
from avgate_operator.owner import Owner, version, whose


class Ref(NamedTuple):
    """What an item's `ref` says: enough to find it again without the subject."""

    kind: str
    id: str  # of the resource
    mark: str = ""  # of an entry in one of its lists

    def __str__(self) -> str:
        return "/".join(filter(None, self))


def parts(owner: Owner) -> Iterator[Record]:
    """What the end user keeps in a service."""
    for service in owner.services:
        line = {"phoneNumber": service.value("phoneNumber")}
        if reach := service.value(models.REACH):
            ref, sort = Ref("reach", service.id), (Category.REACH_CONFIGURATION, service.line)
            yield _of_service(ref, sort, service, owner, {**line, models.REACH: reach})
        for mark, entry in service.entries(models.CONTACTS).items():
            ref, sort = Ref("contact", service.id, mark), (Category.CONTACTS, service.line)
            yield _of_service(ref, sort, service, owner, {**line, "contact": entry})


def wholes(owner: Owner) -> Iterator[Record]:
    theirs, person = owner.identifiers, owner.individual
    for service in owner.services:
        data = service.readable(models.REACH, models.CONTACTS)
        is_part = service.runs and service.sort[0] is Category.CRM_DATA
        if is_part and not service.value(models.CRM):
            continue  # it was taken out
        ref = Ref("crm" if is_part else "product", service.id)
        yield _of_service(ref, service.sort, service, owner, data)
    if person is None:
        return
    if accounts := person.fields.get(sdk.Field.BANK_ACCOUNT, ()):
        ref, sort = Ref("bank_account", person.id), (Category.FINANCIAL, sdk.Product.GENERAL)
        shown = accounts[0] if len(accounts) == 1 else list(accounts)
        financial = item_record(ref, sort, owner, theirs, {models.BANK_ACCOUNT: shown})
        yield replace(_marked(financial, whose(person)), fields={sdk.Field.BANK_ACCOUNT: accounts})


def contact(owner: Owner) -> Iterator[Record]:
    """Who they are, by which all the rest is found."""
    person = owner.individual
    if person is None:
        return
    fields, data = person.fields, person.readable(models.BANK_ACCOUNT)
    fields.pop(sdk.Field.BANK_ACCOUNT, None)
    ref = Ref("individual", person.id)
    record = item_record(ref, models.LINE, owner, owner.identifiers, data)
    yield replace(_marked(record, whose(person)), fields=fields)


def usage_record(usage: Usage, party: str, theirs: tuple[sdk.Identifier, ...]) -> Record:
    """With whose it is: by the day on which a call is due, its id may have been given out anew."""
    ref = Ref("usage", usage.id)
    record = item_record(ref, usage.sort, usage, theirs, usage.readable())
    return _marked(record, version(usage, party))


def _marked(record: Record, known: str) -> Record:
    return replace(record, item=replace(record.item, version=known))


def _of_service(
    ref: Ref,
    sort: tuple[Category, sdk.Product],
    service: Service,
    owner: Owner,
    data: models.Raw,
) -> Record:
    """With whose it is: a line may be given to another customer before it is erased."""
    record = item_record(ref, sort, service, owner.identifiers, data)
    return _marked(record, version(service, owner.id))


def item_record(
    ref: Ref,
    sort: tuple[Category, sdk.Product],
    of: Usage | Service | Owner,
    theirs: tuple[sdk.Identifier, ...],
    data: models.Raw,
) -> Record:
    return Record(ItemRef(str(ref), *sort, of.ended_at, of.runs), theirs, data)
