"""What a run of the suite proves of a connector, gathered report by report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from avgate_contracts.conformance import LEVELS
from avgate_contracts.kit.law import Law
from avgate_contracts.kit.level import Result, Standing, standing


@dataclass
class Findings:
    """What is known of one test class, gathered report by report; `about` came with the first."""

    about: Mapping[str, Any]
    results: dict[str, Result] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)  # of what was skipped, by variant

    @property
    def standing(self) -> Standing:
        """The level its tests have earned."""
        laws = [
            Law(each["name"], each["level"], (), tuple(each["cases"]))
            for each in self.about["laws"]
        ]
        taken = set(self.about["replaced"])
        results: dict[str, Result] = {
            variant: "replaced" if law.name in taken else self.results.get(variant, "missing")
            for law in laws
            for variant in law.variants()
        }
        return standing(laws, results, self.reasons)

    def told(self) -> dict[str, Any]:
        """The evidence: whose, of which recordings, every test, and the level."""
        earned = self.standing
        about = {name: value for name, value in self.about.items() if name != "laws"}
        return {
            **about,
            "level": earned.level,
            "level_name": LEVELS.get(earned.level),
            "obstacles": [asdict(each) for each in earned.obstacles],
            "tests": dict(sorted(self.results.items())),
        }

    def lines(self) -> list[str]:
        """For the terminal: the level and what stops the next, and what was exempt and why."""
        earned, name = self.standing, self.about["connector"] or self.about["test_class"]
        reached = f"L{earned.level} {LEVELS[earned.level]}" if earned.level else "no level"
        stops = [str(each) for each in earned.next_obstacles]
        more = f", and {len(stops) - 1} more" if len(stops) > 1 else ""
        until = (
            f"; L{earned.level + 1} {LEVELS[earned.level + 1]}: {stops[0]}{more}" if stops else ""
        )
        exempt = [f"    exempt {test}: {why}" for test, why in sorted(self.about["exempt"].items())]
        return [f"{name}: {reached}{until}", *exempt, *self._statements()]

    def _statements(self) -> list[str]:
        """What the author says of the upstream, and the suite takes their word for."""
        optional, volatile = self.about["optional"], self.about["volatile"]
        told = {
            f"    by its author's word, optional: {', '.join(optional)}": optional,
            f"    by its author's word, different each time: {', '.join(volatile)}": volatile,
            "    by its author's word, some items go only together": self.about["goes_together"],
        }
        return [line for line, is_said in told.items() if is_said]
