"""How much of anything is let in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from avgate_gateway.settings.value import Bytes, Calls, Line, Network, Part


class LimitSettings(Part):
    """How much of anything is let in."""

    body_bytes: Bytes = Field(65_536, description="The largest body of an HTTP request, in bytes.")
    body_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        15.0, description="The longest that a body may take to arrive, in seconds."
    )
    header_bytes: Bytes = Field(16_384, description="All headers together, in bytes.")
    header_count: Annotated[int, Field(strict=True, ge=8, le=1000)] = Field(
        64, description="The most headers of one HTTP request."
    )
    at_once: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        1_000, description="The most calls that wait for an answer; 503 for what comes on top."
    )
    head_seconds: Annotated[float, Field(gt=0, le=300)] = Field(
        10.0,
        description="The longest that request line and headers may take to arrive, in seconds.",
    )
    stall_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        60.0, description="How long a caller may stop taking an answer, in seconds."
    )
    connections: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        5_000,
        description="The most connections; the one that is silent longest goes for a new one.",
    )
    connections_per_peer: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        2_500, description="The most connections from one address."
    )
    rate_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] = Field(
        60, description="The window that calls are counted in, in seconds."
    )
    calls_per_client: Calls = Field(
        60_000, description="The most calls of a client within the window; 429 on top. 0: no limit."
    )
    calls_per_controller: Calls = Field(
        120_000, description="The most calls of all clients of a controller together. 0: no limit."
    )
    refusals_per_peer: Calls = Field(
        300, description="The most 401 to one address within the window; 429 on top. 0: no limit."
    )
    callbacks_per_peer: Calls = Field(
        6_000, description="The most calls to `/v1/callbacks` from one address. 0: no limit."
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks of proxies that are believed about whom they speak for "
        "(`X-Forwarded-For`); none listed means that nobody is.",
    )
    hosts: frozenset[Line] = Field(
        frozenset(), description="The host names the gateway answers to; none listed means any."
    )
