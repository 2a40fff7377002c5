"""What the gateway is as a processor, and what it says of itself and of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from avgate_gateway.opendsr import mapping
from avgate_gateway.opendsr.mapping import Status
from avgate_gateway.opendsr.naming import Naming
from avgate_gateway.opendsr.seal import Seal
from avgate_gateway.report import Report
from avgate_gateway.request import COPIES, SubjectRequest

Content = dict[str, object]


@dataclass(frozen=True, slots=True)
class Processor:
    """`url` is where senders reach us: no address is ever made of a header that somebody sent.

    `ids` is what senders call each controller.
    """

    url: str
    seal: Seal
    ids: Mapping[str, str] = field(default_factory=dict)

    def discovery(self, naming: Naming) -> Content:
        """What can be asked of us, by whom nothing has to be known."""
        extension = {"supported_identities": mapping.supported(mapping.EXTENDED_KINDS)}
        return {
            "api_version": naming.api_version,
            "supported_identities": mapping.supported(mapping.OWN_KINDS),
            "supported_subject_request_types": list(mapping.RequestType),
            "processor_certificate": f"{self.url}{naming.prefix}/certificate.pem",
            "extensions": {self.seal.domain: extension},
        }

    def standing(
        self, naming: Naming, request: SubjectRequest, sender_id: str, status: Status,
        report: Report,
    ) -> Content:  # fmt: skip
        """How a request stands, and once it is completed what became of it."""
        content: Content = {
            "controller_id": self.controller_id(request),
            "expected_completion_time": mapping.text(mapping.expected(request)),
            "subject_request_id": sender_id,
            "request_status": status.value,
            "api_version": naming.api_version,
        }
        if status is not Status.COMPLETED:
            return content
        fared = mapping.outcomes(report.lines)
        content["results_count"] = mapping.results_count(mapping.TYPES[request.operation], fared)
        if request.operation in COPIES:
            content["results_url"] = self._place(naming, sender_id, "results")
        content["extensions"] = {self.seal.domain: {"outcomes": fared}}
        return content

    def package_url(self, naming: Naming, sender_id: str) -> str:
        """Where a copy is with its files, as a ZIP."""
        return self._place(naming, sender_id, "package")

    def controller_id(self, request: SubjectRequest) -> str:
        """What senders call the controller."""
        return self.ids.get(request.controller, request.controller)

    def _place(self, naming: Naming, sender_id: str, part: str) -> str:
        return f"{self.url}{naming.collection}/{sender_id}/{part}"
