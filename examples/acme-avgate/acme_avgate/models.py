"""What Acme sends, and how it reads to a gateway."""

import avgate_contracts as sdk
from pydantic import AwareDatetime, BaseModel

# What can be rectified, by its common name and by its name here.
FIELDS = {sdk.Field.ADDRESS_CITY: "city", sdk.Field.PHONE: "phone"}


class Account(BaseModel):
    """Whom Acme takes the caller for."""

    user: str


class Card(BaseModel):
    """What Acme knows of one customer; each label keeps a card of its own."""

    id: str
    label: str
    email: str
    name: str
    city: str
    phone: str
    customer_until: AwareDatetime | None

    @property
    def fields(self) -> dict[sdk.Field, str]:
        return {name: getattr(self, own) for name, own in FIELDS.items()}

    def item(self) -> sdk.ItemRef:
        """Its retention term runs from the end of the contract."""
        return sdk.ItemRef(
            ref=self.id,
            category=sdk.Category.CRM_DATA,
            product=sdk.Product.CONTACT_CONNECT,
            term_starts=self.customer_until,
            service_runs=self.customer_until is None,
        )

    def record(self) -> sdk.Record:
        return sdk.Record(
            item=self.item(),
            identifiers=(sdk.Identifier.of(sdk.IdentifierKind.EMAIL, self.email),),
            data=self.model_dump(mode="json", exclude={"id"}),
            fields={name: (value,) for name, value in self.fields.items()},
        )


class Page(BaseModel):
    """Some of the cards that were asked for; `next` leads to more of them."""

    items: list[Card]
    next: str | None
