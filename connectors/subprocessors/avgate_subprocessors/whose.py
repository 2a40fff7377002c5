"""Whose it is, as the processors themselves say."""

from __future__ import annotations

from collections.abc import Iterable

import avgate_contracts as sdk

_NUMBER = sdk.IdentifierKind.CUSTOMER_ID


def refuse_anothers(findings: Iterable[sdk.Finding], subject: sdk.DataSubject) -> None:
    """Raises AmbiguousSubjectError where what was found is several customers', or not this one's.

    Two customers may have one address or number, so by that alone another's is found.
    """
    records = [finding for finding in findings if isinstance(finding, sdk.Record)]
    found = {i.value for record in records for i in record.identifiers if i.kind == _NUMBER}
    own = {i.value for i in subject.of_kind(_NUMBER)}
    if found - own and (own or len(found) > 1):
        raise sdk.AmbiguousSubjectError("another customer fits; ask by the customer_id alone")
