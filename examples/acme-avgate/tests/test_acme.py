"""What is promised of every connector, held against Acme."""

import acme_mock
from avgate_contracts.kit import ConnectorContract

from acme_avgate import AcmeConnector


class TestAcme(ConnectorContract):
    connector = AcmeConnector
    settings = acme_mock.SETTINGS
    subject = {"email": "fleur.bakker@example.org"}
    stranger = {"email": "nobody@example.org"}
    changes = {"address.city": "Hilversum"}
    upstream = staticmethod(acme_mock.serve)
