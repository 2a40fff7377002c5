"""The way to a destination, from its settings; the libraries of two of them are an extra."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import assert_never, cast

from avgate_contracts.http import Runtime
from avgate_gateway.handover.delivery import Way
from avgate_gateway.handover.https import Https
from avgate_gateway.settings.destination import (
    Destination,
    HttpsDestination,
    S3Destination,
    SftpDestination,
)


def way_to(destination: Destination, runtime: Runtime) -> Way:
    """How a destination is reached."""
    match destination:
        case HttpsDestination():
            return Https(destination, runtime)
        case SftpDestination():
            return cast("Way", import_module("avgate_gateway.handover.sftp").Sftp(destination))
        case S3Destination():
            return cast("Way", import_module("avgate_gateway.handover.s3").S3(destination))
        case _:
            assert_never(destination)


def missing_library(destination: Destination) -> str | None:
    """The library that a destination needs and that is not installed, if there is one."""
    needed = {"sftp": "asyncssh", "s3": "obstore"}.get(destination.kind)
    return needed if needed and find_spec(needed) is None else None
