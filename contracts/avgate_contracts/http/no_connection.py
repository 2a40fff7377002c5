"""Why there is no connection, in words of our own: whoever is woken by it looks elsewhere for each."""

from __future__ import annotations

import socket
import ssl

from avgate_contracts.http.library import ConnectError

# By OpenSSL's numbers (X509_V_ERR_…): its own words quote what the other side sent.
_CERTIFICATE = {
    9: "it is not valid yet",
    10: "it has ended",
    18: "it is signed by itself",
    19: "it is signed by an authority that is not known here",
    20: "it is signed by an authority that is not known here",
    21: "it is signed by an authority that is not known here",
    62: "it is another host's",
    64: "it is another address's",
}


class NoConnectionError(ConnectError):
    """Nothing of the call has left us; the message is ours, and names nobody."""


def why_none(error: OSError) -> str:
    """What a failure to connect is, and with a certificate what is wrong with it."""
    match error:
        case ssl.SSLCertVerificationError():
            why = _CERTIFICATE.get(error.verify_code, f"OpenSSL's error {error.verify_code}")
            return f"its certificate is not accepted: {why}"
        case ssl.SSLError():
            return "it speaks no TLS that is known here"
        case socket.gaierror():
            return "its name cannot be resolved"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return f"no connection: {type(error).__name__}"
