"""The matrix in force, for people and programs that ask on what grounds data is kept."""

from __future__ import annotations

from avgate_contracts.record import Json
from avgate_gateway.retention.rule import Pack, Purpose, Rule


def describe(pack: Pack) -> list[dict[str, Json]]:
    """Every rule as JSON: its terms, whether each withstands an erasure, and where it comes from."""
    return [_rule(rule, pack) for rule in pack.rules.values()]


def _rule(rule: Rule, pack: Pack) -> dict[str, Json]:
    return {
        "rule": rule.id,
        "pack": pack.name,
        "version": pack.version,
        "product": rule.product.value,
        "category": rule.category.value,
        "label": {"en": rule.label, "nl": rule.label_nl},
        "terms": [_term(purpose, rule, pack) for purpose in Purpose if purpose in rule.terms],
        "kept_while": rule.kept_while.value if rule.kept_while else None,
        "managed_by_end_user": rule.managed_by_end_user,
        "examples": list(rule.examples),
        "source": {
            "title": rule.source.title,
            "version": rule.source.version,
            "where": rule.where,
        },
        "note": rule.note,
    }


def _term(purpose: Purpose, rule: Rule, pack: Pack) -> dict[str, Json]:
    policy, term = pack.policy[purpose], rule.terms[purpose]
    return {
        "purpose": purpose.value,
        "term": term.text,
        "months": term.months,
        "withholds_erasure": policy.withholds,
        "article": policy.ground.article,
        "sentence": policy.ground.sentence,
    }
