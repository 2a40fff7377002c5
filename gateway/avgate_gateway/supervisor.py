"""The Autoriteit Persoonsgegevens, where a person may complain (GDPR Art. 77)."""

from __future__ import annotations

from typing import Final

COMPLAINT_ADDRESS: Final = (
    "https://autoriteitpersoonsgegevens.nl/een-tip-of-klacht-indienen-bij-de-ap"
)
