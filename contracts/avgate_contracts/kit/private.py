"""What nobody may be told: values of the recordings that are a person's, and secrets."""

from __future__ import annotations

import logging
import re
import traceback
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import md5, sha1, sha256
from typing import Any

from pydantic import BaseModel, SecretStr

from avgate_contracts.kit.disguise import Disguise
from avgate_contracts.kit.pattern import TEXT
from avgate_contracts.kit.run import Run
from avgate_contracts.kit.shown import content
from avgate_contracts.kit.spelling import spellings
from avgate_contracts.record import Record
from avgate_contracts.subject import DataSubject

_SHORT = 6  # characters; what is shorter stands in any text by chance
_SAYS_SOMETHING = re.compile(r"[A-Za-z]{4}|\d{6}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_NOBODYS = {"moment", "media", "url"}
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_TAG = "k1t-s3cr3t"


def private_values(
    subjects: Collection[DataSubject],
    records: Collection[Record],
    changes: Iterable[str],
    salt: str,
) -> Mapping[str, str]:
    """Every value that must not be told, and what to call it.

    Of the records only what a recording would have changed: the rest are words out of lists.
    """
    found: dict[str, str] = {}
    for record in records:
        for value in content(record):
            if _is_somebodys(value, Disguise(salt)):
                found[value.casefold()] = f"a value of a {record.item.category.value} record"
    for value in changes:
        found[value.casefold()] = "a new value"
    for subject in subjects:
        for one in subject.identifiers:
            for spelling in spellings(one.value):
                found[spelling.casefold()] = f"the subject's {one.kind.value}"
    for one in {i for whose in (subjects, records) for each in whose for i in each.identifiers}:
        for told in _recognisable(one.value):
            found.setdefault(told.casefold(), f"what the subject's {one.kind.value} is told by")
    return {value: what for value, what in found.items() if len(value) >= _SHORT}


def _recognisable(value: str) -> Iterator[str]:
    """A digest without a key is found by trying, and a coded value is only decoded."""
    plain = value.encode()
    name = value.partition("@")[0]
    if not name.isalpha():  # else it may be a word: nobody@example.org
        yield name
    yield b64encode(plain).decode().rstrip("=")
    for digest in (sha256, sha1, md5):
        yield digest(plain, usedforsecurity=False).hexdigest()


def tagged(settings: Any) -> Any:
    """The settings with secrets that can be told from any other word."""
    secrets = {
        name: SecretStr(f"{_TAG}-{name}")
        for name in type(settings).model_fields
        if isinstance(getattr(settings, name), SecretStr)
    }
    return settings.model_copy(update=secrets) if isinstance(settings, BaseModel) else settings


def is_addressed(run: Run) -> bool:
    """Whether a secret stands in the path or query of a call."""
    return any(_TAG in asked.target for asked in run.asked)


def leaks(run: Run, private: Mapping[str, str]) -> list[str]:
    """What a playing has told, and where."""
    found = []
    told: dict[str, list[str]] = {}
    for where, text in _told(run):
        told.setdefault(where, []).append(text)
    for where, texts in told.items():
        folded = "\n".join(dict.fromkeys(texts)).casefold()
        what = {name for value, name in private.items() if value in folded}
        what |= {"a secret"} if _TAG in folded else set()
        found += [f"tells {each} in {where}" for each in sorted(what)]
    return list(dict.fromkeys(found))


def _told(run: Run) -> Iterator[tuple[str, str]]:
    for record in run.logged:
        extra = [str(value) for name, value in vars(record).items() if name not in _ORDINARY]
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        said = " ".join([record.getMessage(), trace, record.stack_info or "", *extra])
        yield f"the log {record.name!r}", said
    yield "what it prints", run.printed
    if run.error is not None:
        yield f"a {type(run.error).__name__}", "".join(traceback.format_exception(run.error))
        yield f"the members of a {type(run.error).__name__}", repr(vars(run.error))
    for step in run.play.steps:
        for outcome in step.by_ref.values():
            reason = f"{getattr(outcome, 'code', '')} {getattr(outcome, 'reason', '')}"
            yield f"the reason of a {type(outcome).__name__}", reason


def _is_somebodys(value: str, disguise: Disguise) -> bool:
    shape = TEXT.fullmatch(value)
    is_data = shape is None or shape.lastgroup not in _NOBODYS
    says = _SAYS_SOMETHING.search(value) and is_data and not _MEDIA_TYPE.fullmatch(value)
    return bool(says) and disguise.data(value) == value
