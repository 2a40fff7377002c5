"""Bugs of the sort that the table is for, planted one by one: each has to be found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

import avgate_contracts as sdk
from avgate_directory import DirectoryConnector
from avgate_directory.client import DirectoryClient
from avgate_operator import OperatorConnector
from avgate_operator.client import Deletion, OperatorClient
from avgate_xelion import XelionConnector
from avgate_xelion.client import XelionClient

from .cases import Bench
from .conftest import Benches
from .operations import OPERATIONS
from .ruled import RuledLoop
from .stage import Stage
from .test_table import troubles, turn


class _GoneAtOnce(OperatorClient):
    """Takes a 404 on a first delete for success."""

    async def delete(self, shelf: Any, resource_id: str, key: str) -> Deletion:
        try:
            made = await super().delete(shelf, resource_id, key)
        except sdk.ContractBrokenError:
            return Deletion(204, "", after_unknown=False)
        return made._replace(status=204) if made.status == 404 else made


class _CutShort(OperatorClient):
    """Takes a page that cannot be read for the end of a list."""

    async def rows(self, shelf: Any, filters: Mapping[str, str]) -> AsyncIterator[Any]:
        try:
            async for row in super().rows(shelf, filters):
                yield row
        except (sdk.UnavailableError, sdk.ContractBrokenError):
            return


class _AnyPage(OperatorClient):
    """Counts rows and never looks whether it has had them before."""

    async def rows(self, shelf: Any, filters: Mapping[str, str]) -> AsyncIterator[Any]:
        offset, length = 0, 1
        while offset < length:
            place = {"offset": str(offset), "limit": "250"}
            answer = await self._answer(shelf.path, params={**filters, **place})
            page = answer.parse(shelf.many)
            length = int(answer.headers["x-total-count"])
            offset += len(page) or length
            for row in page:
                yield row


class _NoKeys(DirectoryClient):
    """Orders again, as something new, when an answer got lost."""

    async def _place(self, own_id: str, number: str, content: Any) -> Any:
        try:
            return await self._ordered(own_id, number, content)
        except sdk.ConnectorError:
            return await self._ordered(f"{own_id}-again", number, content)

    async def _ordered(self, own_id: str, number: str, content: Any) -> Any:
        return await super()._place(own_id, number, content)


class _Believes404(DirectoryClient):
    """Takes any 404 for the directory's word."""

    async def present(self, listing_id: str) -> Any:
        try:
            return await super().present(listing_id)
        except sdk.ContractBrokenError:
            return None


class _NeverLost(XelionClient):
    """Says that a write was answered, whatever came."""

    async def remove_addressable(self, oid: str, key: str) -> bool | None:
        try:
            return await super().remove_addressable(oid, key)
        except sdk.ConnectorError:
            return True

    async def addressable(self, oid: str) -> Any:
        try:
            return await super().addressable(oid)
        except sdk.ConnectorError:
            return None


class _Lets(OperatorClient):
    """Lets out an error that is nobody's to expect."""

    async def one(self, shelf: Any, resource_id: str) -> Any:
        try:
            return await super().one(shelf, resource_id)
        except sdk.ContractBrokenError as error:
            raise ValueError("no JSON") from error


def _with(kind: Any, client: Any) -> Any:
    class Planted(kind):  # type: ignore[misc]  # a class that is handed in
        def __init__(self, settings: Any, http: Any) -> None:
            super().__init__(settings, http)
            more = (settings.account_id,) if kind is DirectoryConnector else ()
            self._client = client(http, *more)

    return Planted


class _Blind(OperatorConnector):
    """Whoever cannot look says that there is nothing."""

    async def still_held(self, items: Sequence[sdk.ItemRef]) -> Sequence[sdk.ItemRef]:
        try:
            return await super().still_held(items)
        except sdk.ConnectorError:
            return []


BUGS = {
    "404 is success": (_with(OperatorConnector, _GoneAtOnce), "operator/erase", "not there, own"),
    "a foreign 404 is success": (_with(OperatorConnector, _GoneAtOnce), "operator/erase", "not there"),
    "a cut page is the end": (_with(OperatorConnector, _CutShort), "operator/access", "cut"),
    "a page twice": (_with(OperatorConnector, _AnyPage), "operator/access", "page again"),
    "ordered twice": (_with(DirectoryConnector, _NoKeys), "directory/erase", "lost after"),
    "a stranger's 404": (_with(DirectoryConnector, _Believes404), "directory/still_held", "not there"),
    "done, it says": (_with(XelionConnector, _NeverLost), "xelion/erase", "broken before"),
    "raises what it likes": (_with(OperatorConnector, _Lets), "operator/still_held", "mangled"),
    "blind is empty": (_Blind, "operator/still_held", "lost before"),
}  # fmt: skip


def found(kind: Any, name: str, family: str) -> list[str]:
    """What the table has to say of a connector, of one operation and family."""
    connector, _, operation = name.partition("/")
    with asyncio.Runner(loop_factory=RuledLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, RuledLoop)
        bench = Bench(Stage(connector, loop, kind), OPERATIONS[connector][operation])
        runner.run(bench.set_up())
        benches = Benches({name: (runner, bench)})
        try:
            cases = [case for case in bench.cases() if case.fault.family == family]
            # Shuffled: those that show a bug are neighbours, and may be the last of hundreds.
            for case in sorted(cases, key=lambda case: turn(name, str(case))):
                wrong = list(troubles(name, case, benches.ended(name, case), benches))
                if wrong:
                    return wrong
            return []
        finally:
            runner.run(bench.stage.exits.aclose())


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    assert found(*BUGS[bug])
