"""That identity was verified, as it is said on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from avgate_client import Identity
from avgate_gateway.cli.exits import CommandError

_MOMENTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]

Method = Annotated[
    str | None, typer.Option(help="How identity was verified; without it, it waits for that.")
]
VerifiedBy = Annotated[str | None, typer.Option(help="Who verified identity.")]
VerifiedAt = Annotated[
    datetime | None,
    typer.Option(
        help="When, in UTC; now, if left out. Needed with --key.", formats=_MOMENTS,
        metavar="YYYY-MM-DDTHH:MM:SS",
    ),
]  # fmt: skip


def identity(method: str, by: str, at: datetime | None) -> Identity:
    """That identity was verified then, or now: to the second, as a command line can say it again."""
    moment = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    return Identity(method, by, moment.replace(microsecond=0))


def identity_given(
    method: str | None, by: str | None, at: datetime | None, *, is_repeatable: bool
) -> Identity | None:
    """What the options say of it; raises CommandError where they do not fit together.

    `is_repeatable`: the same command has to say the same again, which "now" does not.
    """
    if (method is None) != (by is None):
        raise CommandError("--identity-method and --verified-by belong together")
    if method is None or by is None:
        if at is not None:
            raise CommandError("--verified-at needs --identity-method and --verified-by")
        return None
    if is_repeatable and at is None:
        now = datetime.now(UTC)
        raise CommandError(
            f"with --key, say when too, so that the same command is the same request: "
            f"--verified-at {now:%Y-%m-%dT%H:%M:%S}"
        )
    return identity(method, by, at)
