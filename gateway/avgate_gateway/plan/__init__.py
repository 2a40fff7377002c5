"""What a request would do to each item, for a person to see and approve before it is done."""

from avgate_gateway.plan.erasure import (
    Bucket,
    ErasurePlan,
    Group,
    Located,
    PlanBuilder,
)
from avgate_gateway.plan.rectification import (
    FieldFit,
    Fit,
    ItemRectification,
    LocatedFields,
    RectificationPlan,
    WantedChange,
    plan_rectification,
)

__all__ = [
    "Bucket",
    "ErasurePlan",
    "FieldFit",
    "Fit",
    "Group",
    "ItemRectification",
    "Located",
    "LocatedFields",
    "PlanBuilder",
    "RectificationPlan",
    "WantedChange",
    "plan_rectification",
]
