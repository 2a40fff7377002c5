"""Listening in on what is said to a real upstream, with vcrpy; nothing is written anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from vcr import VCR  # type: ignore[import-untyped]  # vcrpy ships no types
from vcr.persisters.filesystem import CassetteNotFoundError  # type: ignore[import-untyped]  # as above

from avgate_contracts.kit.tape import Interaction, Meta, Tape, interaction


class _Nowhere:
    """Where vcrpy keeps what it hears: real people's data, which must not reach a disk."""

    @staticmethod
    def load_cassette(_path: str, serializer: Any) -> NoReturn:  # noqa: ARG004 -- vcrpy names it
        raise CassetteNotFoundError

    @staticmethod
    def save_cassette(_path: str, _cassette: Any, serializer: Any) -> None:
        """Forgets it: the caller redacts it first, and as a whole."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was said so far, with its real values, in the order of the answers."""

    _cassette: Any

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Everything up to now."""
        return tuple(interaction(*pair) for pair in self._cassette.data)

    def tape(self, meta: Meta) -> Tape:
        """All of it; to be redacted before it goes anywhere."""
        return Tape(meta, self.interactions)


def _nothing(_: str) -> bool:
    return False


@contextmanager
def recording(leave_out: Callable[[str], bool] = _nothing) -> Iterator[Recording]:
    """Records every call that is made inside, on whatever transport of the HTTP library.

    `leave_out` says of a path that it is none of the upstream's: what a test tells a mock. One at
    a time: vcrpy puts itself in the place of the library's transports for the whole process.
    """
    recorder = VCR(
        record_mode="once",
        match_on=("method", "uri"),
        before_record_request=lambda request: None if leave_out(request.path) else request,
    )
    recorder.register_persister(_Nowhere)
    logger = logging.getLogger("vcr")
    level = logger.level
    logger.setLevel(logging.WARNING)  # it tells whole bodies at INFO
    try:
        with recorder.use_cassette("nowhere") as cassette:
            yield Recording(cassette)
    finally:
        logger.setLevel(level)
