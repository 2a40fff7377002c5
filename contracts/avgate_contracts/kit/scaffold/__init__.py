"""The first files of a partner's connector: a project of its own, whose tests are green at once."""

from avgate_contracts.kit.scaffold.choice import Auth, Choice, ScaffoldError
from avgate_contracts.kit.scaffold.project import write_project

__all__ = ["Auth", "Choice", "ScaffoldError", "write_project"]
