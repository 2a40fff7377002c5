"""The register of processors: who stands behind the service, and what changed when.

Values in, values out: nothing here knows a database, a clock or a network.
"""

from avgate_gateway.register.changes import ChangeKind, RegisterChange, changed_since, merge
from avgate_gateway.register.entry import RegisterEntry, Role
from avgate_gateway.register.rendering import as_csv, as_json
from avgate_gateway.register.seed import seeded

__all__ = [
    "ChangeKind",
    "RegisterChange",
    "RegisterEntry",
    "Role",
    "as_csv",
    "as_json",
    "changed_since",
    "merge",
    "seeded",
]
