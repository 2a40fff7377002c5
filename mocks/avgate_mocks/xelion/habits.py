"""Where Xelion's documentation contradicts itself or gives no number: what this mock does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """One installation's way of doing things.

    `concurrency` is per session; documented is only that there is a maximum (429/10400). The page
    on log-in calls "second factor needed" 10012, the table of errors 10013.
    """

    concurrency: int = 4
    session_seconds: int = 3600
    iso_moments: bool = False  # `validUntil` as 2025-07-30T21:54:44.000Z, as some servers write it
    second_factor: bool = False
    second_factor_code: int = 10013
    largest_page: int = 100
