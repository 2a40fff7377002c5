"""The bodies of `POST /_clock` and `POST /_faults`."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from avgate_mocks.fault import Fault, Mood, Rule


class ClockOrder(BaseModel):
    """Where to set the clock, or how far to move it."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    advance_seconds: float | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> ClockOrder:
        if (self.now is None) == (self.advance_seconds is None):
            raise ValueError("say either now or advance_seconds")
        return self


class RuleOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fault: Fault
    method: str | None = None
    path_contains: str = ""
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0)

    def rule(self) -> Rule:
        return Rule(**self.model_dump())


class FaultOrder(BaseModel):
    """A new mood, new rules in the place of the old, or both."""

    model_config = ConfigDict(extra="forbid")

    mood: Mood | None = None
    rules: list[RuleOrder] | None = None
