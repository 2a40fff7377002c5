"""Retention packs as they lie in files: read, checked, and turned into values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

from avgate_contracts.vocabulary import Category, Product
from avgate_gateway.retention.ground import GROUNDS, Ground, GroundCode
from avgate_gateway.retention.rule import KeptWhile, Pack, Policy, Purpose, Rule, Source
from avgate_gateway.retention.term import Term


class PackError(ValueError):
    """A retention pack cannot be used; the message says which, where in it, and what is wrong."""


def load_pack(name: str) -> Pack:
    """The pack of that name that ships with the gateway; raises PackError."""
    packs = {_name(file): file for file in _files()}
    if name not in packs:
        known = ", ".join(sorted(packs))
        raise PackError(f"there is no retention pack of that name; there are: {known}")
    return read_pack(name, packs[name].read_text(encoding="utf-8"))


def read_pack(name: str, text: str) -> Pack:
    """A pack from its TOML text, under that name; raises PackError naming every fault at once."""
    try:
        return _PackFile.model_validate(tomllib.loads(text)).pack(name)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"retention pack {name}: {error}") from None
    except ValidationError as error:
        raise PackError(f"retention pack {name}: {_faults(error)}") from None


def _files() -> list[Traversable]:
    folder = resources.files("avgate_gateway.retention") / "packs"
    return [file for file in folder.iterdir() if file.name.endswith(".toml")]


def _name(file: Traversable) -> str:
    return file.name.removesuffix(".toml")


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'pack'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    )


def _readable_term(text: str) -> str:
    Term.of(text)
    return text


_Text = Annotated[str, Field(min_length=1)]
_TermText = Annotated[str, AfterValidator(_readable_term)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Label(_Part):
    en: _Text
    nl: _Text


class _SourceFile(_Part):
    title: _Text
    version: _Text


class _PolicyFile(_Part):
    """What a pack says of a purpose; what it does not say stays as it is by default."""

    withholds: StrictBool
    article: _Text | None = None
    sentence: _Label | None = None

    def policy(self, purpose: Purpose) -> Policy:
        usual = GROUNDS[GroundCode(purpose)]
        said = self.sentence or _Label(en=usual.sentence, nl=usual.sentence_nl)
        ground = Ground(usual.code, self.article or usual.article, said.en, said.nl)
        return Policy(self.withholds, ground)


class _RuleFile(_Part):
    product: Product
    category: Category
    label: _Label
    source: _Text
    where: _Text
    terms: Mapping[Purpose, _TermText] = {}
    kept_while: KeptWhile | None = None
    managed_by_end_user: StrictBool = False
    examples: tuple[_Text, ...] = ()
    note: _Text | None = None
    where_nl: _Text | None = None
    note_nl: _Text | None = None

    @model_validator(mode="after")
    def _end_users_manage_alone(self) -> Self:
        if self.managed_by_end_user and (self.terms or self.kept_while):
            raise ValueError("what the end user manages has no terms, and is not kept_while")
        return self

    def rule(self, sources: Mapping[str, _SourceFile]) -> Rule:
        source = sources[self.source]
        return Rule(
            product=self.product,
            category=self.category,
            label=self.label.en,
            label_nl=self.label.nl,
            source=Source(source.title, source.version),
            where=self.where,
            terms=MappingProxyType({p: Term.of(text) for p, text in self.terms.items()}),
            kept_while=self.kept_while,
            managed_by_end_user=self.managed_by_end_user,
            examples=self.examples,
            note=self.note,
            where_nl=self.where_nl or self.where,
            note_nl=self.note_nl or self.note,
        )


class _PackFile(_Part):
    title: _Text
    version: _Text
    sources: Mapping[str, _SourceFile]
    policy: Mapping[Purpose, _PolicyFile] = {}
    rules: tuple[_RuleFile, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        faults = [*self._missing(), *self._doubled(), *self._unsourced()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _missing(self) -> list[str]:
        products = set(Product) - {rule.product for rule in self.rules}
        categories = set(Category) - {rule.category for rule in self.rules}
        return [f"no rule for product {product}" for product in sorted(products)] + [
            f"no rule for category {category}" for category in sorted(categories)
        ]

    def _doubled(self) -> list[str]:
        keys = [(rule.product, rule.category) for rule in self.rules]
        return [f"two rules for {p}.{c}" for p, c in sorted(set(keys)) if keys.count((p, c)) > 1]

    def _unsourced(self) -> list[str]:
        unknown = {rule.source for rule in self.rules} - set(self.sources)
        return [f"no such source: {name}" for name in sorted(unknown)]

    def pack(self, name: str) -> Pack:
        rules = [rule.rule(self.sources) for rule in self.rules]
        said = {purpose: part.policy(purpose) for purpose, part in self.policy.items()}
        return Pack(
            name=name,
            version=self.version,
            title=self.title,
            policy=MappingProxyType(_USUAL_POLICY | said),
            rules=MappingProxyType({(rule.product, rule.category): rule for rule in rules}),
        )


_WITHHOLDING = {Purpose.LEGAL_DUTY, Purpose.DISPUTES, Purpose.BILLING}
_USUAL_POLICY = {
    purpose: Policy(purpose in _WITHHOLDING, GROUNDS[GroundCode(purpose)]) for purpose in Purpose
}
