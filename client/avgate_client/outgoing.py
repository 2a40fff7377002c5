"""One call as it is asked for, before it has an address and headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from avgate_client.errors import InvalidCallError
from avgate_contracts.errors import InvalidIdentifierError
from avgate_contracts.http.address import Addresses
from avgate_contracts.http.body import UNSET, Unset, encoded
from avgate_contracts.http.call import READS, Call
from avgate_contracts.http.header import headers
from avgate_contracts.http.path import Params
from avgate_contracts.record import Json


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A call; `path` is a template whose places `ids` fill.

    `key` is sent as Idempotency-Key, the same with every try. `repeatable`: the API says that made
    twice it is done once; a read is, and whatever has a key.
    """

    method: str
    path: str
    ids: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Params | None = field(default=None, repr=False)
    json: Json | Unset = field(default=UNSET, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    accept: str = "application/json"
    key: str | None = None
    repeatable: bool = False

    @property
    def may_be_repeated(self) -> bool:
        return self.repeatable or self.key is not None or self.method in READS

    def written(self, addresses: Addresses) -> Call:
        """As it goes out; raises InvalidCallError."""
        has_body = self.json is not UNSET
        try:
            return Call(
                method=self.method,
                label=self.path,
                url=addresses.url(self.path, self.ids, self.params),
                headers=headers(
                    self.headers,
                    accept=f"{self.accept}, application/problem+json",
                    content_type="application/json" if has_body else None,
                    key=self.key,
                ),
                content=b"" if self.json is UNSET else encoded(self.json),
                accept=(),
                repeatable=self.may_be_repeated,
                write=self.method not in READS,
            )
        except InvalidIdentifierError as error:
            raise InvalidCallError(str(error)) from None
