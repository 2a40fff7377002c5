"""The suite that an author inherits: every law, level by level."""

from __future__ import annotations

from typing import Any

from avgate_contracts.kit.contract_behaviour import BehaviourLaws
from avgate_contracts.kit.contract_cancellation import CancellationLaws
from avgate_contracts.kit.contract_care import CareLaws
from avgate_contracts.kit.contract_content import ContentLaws
from avgate_contracts.kit.contract_credentials import CredentialLaws
from avgate_contracts.kit.contract_erasure import ErasureLaws
from avgate_contracts.kit.contract_fresh import FreshLaws
from avgate_contracts.kit.contract_looking import LookingLaws
from avgate_contracts.kit.contract_outcome import OutcomeLaws
from avgate_contracts.kit.contract_paging import PagingLaws
from avgate_contracts.kit.contract_privacy import PrivacyLaws
from avgate_contracts.kit.contract_rectification import RectificationLaws
from avgate_contracts.kit.contract_resilience import ResilienceLaws
from avgate_contracts.kit.contract_schema import SchemaLaws
from avgate_contracts.kit.contract_shape import ShapeLaws
from avgate_contracts.kit.contract_writes import WriteLaws
from avgate_contracts.kit.evidence import about


class ConnectorContract(  # pytest begins with the tests of the last
    FreshLaws,
    PrivacyLaws,
    CancellationLaws,
    OutcomeLaws,
    LookingLaws,
    WriteLaws,
    SchemaLaws,
    CredentialLaws,
    ResilienceLaws,
    ContentLaws,
    CareLaws,
    RectificationLaws,
    ErasureLaws,
    PagingLaws,
    BehaviourLaws,
    ShapeLaws,
):
    """Tests for one connector, from recordings of its happy paths.

    A class derived from it names `connector`, `settings`, `subject` and `stranger`; see `Declared`
    for the rest. What was earned stands at the end of pytest's report.
    """

    __test__ = False

    @classmethod
    def avgate_about(cls) -> dict[str, Any]:
        """What the plugin writes into the evidence, apart from the results."""
        return about(cls)
