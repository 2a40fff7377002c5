"""The http client that connectors are given; nothing else reaches an upstream."""

from avgate_contracts.http.answer import Response, Streamed
from avgate_contracts.http.client import HttpClient
from avgate_contracts.http.library import Upload
from avgate_contracts.http.opening import open_client
from avgate_contracts.http.runtime import Runtime

__all__ = ["HttpClient", "Response", "Runtime", "Streamed", "Upload", "open_client"]
