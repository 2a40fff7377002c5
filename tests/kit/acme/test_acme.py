# ruff: noqa: RUF012 -- as short as a partner would write it
from acme_connector import AcmeConnector
from acme_mock import serve

from avgate_contracts.kit import ConnectorContract


class TestAcme(ConnectorContract):
    connector = AcmeConnector
    settings = {
        "base_url": "http://127.0.0.1:8790",
        "client_id": "avgate",
        "client_secret": "sandbox-secret",
    }
    subject = {"email": "fleur.bakker@example.org"}
    stranger = {"email": "nobody@example.org"}
    changes = {"address.city": "Hilversum"}
    upstream = serve
    patience = 0.0
    dated = True
