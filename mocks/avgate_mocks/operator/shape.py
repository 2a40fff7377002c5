"""The small shapes that TM Forum's resources share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from avgate_mocks.people import Address, Period, midnight

Resource = dict[str, Any]

# TMF632: "If you define a start, you must also define an end". This is the end of what runs on.
FOREVER = "9999-12-31T00:00:00Z"
_VALUE_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    str: "string",
    list: "array",
    dict: "object",
}


def moment(at: datetime) -> str:
    return f"{at.isoformat()[:19]}Z"


def day(at: date) -> str:
    return moment(midnight(at))


def time_period(period: Period) -> Mapping[str, str]:
    end = FOREVER if period.end is None else day(period.end)
    return {"startDateTime": day(period.start), "endDateTime": end}


def characteristics(values: Mapping[str, object]) -> list[Resource]:
    """Name and value pairs; those without a value are left out."""
    return [
        {"name": name, "valueType": _VALUE_TYPES[type(value)], "value": value}
        for name, value in values.items()
        if value is not None
    ]


def named(resource: Mapping[str, Any], key: str, name: str) -> object:
    """The value of one characteristic, None if the resource has none of this name."""
    return next((c["value"] for c in resource.get(key) or () if c.get("name") == name), None)


def individual(party_id: str, href: str, role: str) -> Resource:
    return {"id": party_id, "href": href, "role": role, "@referredType": "Individual"}


def place(address: Address) -> Mapping[str, str]:
    return {
        "street1": address.street,
        "street2": address.number,
        "postCode": address.postcode,
        "city": address.city,
        "country": "NL",
    }
