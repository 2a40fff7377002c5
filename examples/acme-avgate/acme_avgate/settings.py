"""What the operator of a gateway configures for Acme."""

import avgate_contracts as sdk
from pydantic import SecretStr


class Settings(sdk.ConnectorSettings):
    """`base_url`, and what proves to Acme who calls."""

    client_id: str
    client_secret: SecretStr

    def credentials(self) -> sdk.Credentials:
        return sdk.ClientCredentials(
            token_url=f"{self.base_url}/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
        )
