"""Processors and subprocessors, as the lists that providers publish name them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedProcessor:
    """One line of a published list."""

    name: str
    purpose: str = ""
    country: str = ""
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedList:
    """One provider's list as it stood when it was fetched; `etag` tells whether it changed."""

    provider: str
    processors: tuple[PublishedProcessor, ...]
    etag: str | None = None
