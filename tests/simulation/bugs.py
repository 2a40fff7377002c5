"""Faults of ours that can be planted in the model: each must be found, or the model checks nothing."""

from __future__ import annotations

from enum import StrEnum


class Bug(StrEnum):
    """What a programmer might get wrong; the value is what `--plant` takes."""

    STALE_WRITES = "stale-writes"  # a write does not look whether the fence is still ours
    SHARED_CLAIM = "shared-claim"  # a request is claimed without looking at its lease
    LEASE_FOR_EVER = "lease-for-ever"  # what a dead worker held is never taken over
    SENDS_LATE = "sends-late"  # a worker that was frozen sends though its lease has run out
    EFFECT_FIRST = "effect-first"  # the upstream hears of it before the intention is on disk
    INTENTION_FORGOTTEN = "intention-forgotten"  # after a crash a begun batch is not taken up
    KEY_BY_ATTEMPT = "key-by-attempt"  # every attempt calls the same batch by another name
    BLIND_RESEND = "blind-resend"  # a lost answer is not read back: it is sent again, renamed
    LOST_COMMIT_FAILED = "lost-commit-failed"  # a commit whose answer was lost is taken as undone
    UNBOUND_APPROVAL = "unbound-approval"  # whatever plan there is now is what was approved
    LATECOMERS = "latecomers"  # what no plan covers is released with what was approved
    LAPSED_PLAN = "lapsed-plan"  # a plan is approved after its time
    CANCEL_IGNORED = "cancel-ignored"  # a worker under way plans a request that was withdrawn
    NO_IDENTITY = "no-identity"  # a request is carried out before its identity is verified
    SWEEP_OFF = "sweep-off"  # nobody looks for requests that are due
    WAKE_BY_MESSAGE = "wake-by-message"  # an approval wakes by a message alone, which may be lost
    UNBOUNDED = "unbounded"  # it is tried again for ever
    NOT_FOUND_IS_DONE = "not-found-is-done"  # 404 on the first delete is our success
    UNVERIFIED = "unverified"  # nobody looks again after the upstream said that it is done
    NOBODY_ASKED = "nobody-asked"  # what no program can settle is not given to a person
    KEPT_FOR_EVER = "kept-for-ever"  # nobody looks at a retained item when its term ends
    DEADLINE_BY_CLOCK = "deadline-by-clock"  # the promised day is counted anew from the clock
    KEY_AFTER_LOOK = "key-after-look"  # still there after a lost answer: sent under a new key
    APPROVED_GOES_ON = "approved-goes-on"  # an approved part goes on although two people fit
    DOUBT_FORGOTTEN = "doubt-forgotten"  # asked again, who said two counts no more
    HALF_DONE = "half-done"  # what a person sees to by hand leaves its earlier finds lying
