"""What is believed of an answer: who it comes from, and what it can prove."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ValidationError

from avgate_contracts import ContractBrokenError


class BadSignatureError(ContractBrokenError):
    """An answer is not signed by the processor that it is said to come from."""


class _Error(BaseModel):
    code: Literal[404]


class _Answer(BaseModel):
    error: _Error


def says_not_found(body: bytes) -> bool:
    """Whether it is OpenDSR's own error with the code 404: errors are not signed.

    A 404 of somebody else's, a proxy between or another address, says nothing of a request.
    """
    try:
        _Answer.model_validate_json(body)
    except ValidationError:
        return False
    return True
