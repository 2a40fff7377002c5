"""The pages for staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from avgate_gateway.settings.value import Part


class ConsoleSettings(Part):
    """The pages for staff, at /console."""

    idle_minutes: Annotated[int, Field(strict=True, ge=1, le=1_440)] = Field(
        60, description="After how many minutes without a click staff have to sign in again."
    )
    session_hours: Annotated[int, Field(strict=True, ge=1, le=24)] = Field(
        10, description="After how many hours staff have to sign in again in any case."
    )
