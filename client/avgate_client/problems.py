"""Every problem type of the gateway as an exception; `python tests/client/problem_classes.py` writes this."""

from __future__ import annotations

from collections.abc import Mapping

from avgate_client.errors import ProblemError

BASE = "https://avgate.example/problems/"


class MalformedRequestError(ProblemError):
    """400: The HTTP request cannot be read. Correct the request line, the headers or the framing, and send it again."""


class AmbiguousRequestError(ProblemError):
    """400: Something that may come once came twice. Send each header and each parameter once."""


class MalformedJsonError(ProblemError):
    """400: The body is not JSON as we read it. Send one UTF-8 JSON value with every name once, ordinary numbers and moderate nesting."""


class IdempotencyKeyRequiredError(ProblemError):
    """400: An Idempotency-Key is required. Make a new UUID for this intention, send it as Idempotency-Key, and keep it for every retry."""


class IdempotencyKeyMalformedError(ProblemError):
    """400: The Idempotency-Key cannot be read. Send 1 to 255 printable ASCII characters, such as a UUID."""


class DuplicateRequestError(ProblemError):
    """400: This subject_request_id was used for a different request. Make a new UUID for a new request; repeat an old one unchanged."""


class CredentialsRequiredError(ProblemError):
    """401: An access token is required. Send Authorization: Bearer with an access token."""


class InvalidTokenError(ProblemError):
    """401: The access token is not accepted. Obtain a new access token from the configured issuer, and send the request again."""


class InsufficientAuthenticationError(ProblemError):
    """401: The token tells of no sign-in that is enough for this. Have the person sign in again as WWW-Authenticate says (RFC 9470), and send the request with the new token."""


class InsufficientScopeError(ProblemError):
    """403: The access token lacks a scope. Ask the administrator of your client for the scope that is named."""


class SecondPersonRequiredError(ProblemError):
    """403: Somebody else has to decide. Have a colleague approve: nobody approves a request they submitted."""


class AccessRefusedError(ProblemError):
    """403: This is not for this caller. Use the client that this was made for."""


class NotFoundError(ProblemError):
    """404: There is no such thing. Check the address: what belongs to another controller is not found either."""


class MethodNotAllowedError(ProblemError):
    """405: The method does not exist here. Use one of the methods named in the Allow header."""


class NotAcceptableError(ProblemError):
    """406: None of the accepted media types can be produced. Accept one of the media types that the API description names."""


class HeadTimeoutError(ProblemError):
    """408: Request line and headers did not arrive in time. Send them at once, on a new connection."""


class BodyTimeoutError(ProblemError):
    """408: The body did not arrive in time. Send the whole body at once, on a new connection."""


class IdempotencyKeyInUseError(ProblemError):
    """409: The first request with this key is still being accepted. Wait as long as Retry-After says, then send the same request with the same key."""


class PlanChangedError(ProblemError):
    """409: The plan is no longer the one that was seen. Read the plan again, and decide with its new digest."""


class WrongStateError(ProblemError):
    """409: The request is in a state that does not allow this. Read the request again, and see what its state allows."""


class ErasuresHeldError(ProblemError):
    """409: More erasures than usual were begun within the hour. See whether they are meant; then have somebody approve who has the scope admin, or wait as Retry-After says."""


class NotReadyError(ProblemError):
    """409: This does not exist yet. Wait until the request has got that far; Retry-After says when to look again."""


class GoneError(ProblemError):
    """410: This has been destroyed, as promised. Nothing: the personal data is no longer here. The evidence remains."""


class PreconditionFailedError(ProblemError):
    """412: It changed since it was read. Read it again, and repeat with its new ETag."""


class BodyTooLargeError(ProblemError):
    """413: The body is too large. Send a smaller body."""


class UriTooLongError(ProblemError):
    """414: The address is too long. Use fewer or shorter parameters."""


class UnsupportedContentError(ProblemError):
    """415: The body is of a kind that is not read here. Send application/json in UTF-8, without Content-Encoding."""


class InvalidContentError(ProblemError):
    """422: The body holds something that cannot be accepted. Correct what errors names, and send it again."""


class InvalidParameterError(ProblemError):
    """422: A parameter cannot be accepted. Correct what errors names, and send it again."""


class IdempotencyKeyReusedError(ProblemError):
    """422: This key was used for a different request. Use a new Idempotency-Key for a new intention; repeat an old one unchanged."""


class TooManyRequestsError(ProblemError):
    """429: Too many requests. Wait as long as Retry-After says."""


class HeadersTooLargeError(ProblemError):
    """431: The headers are too many or too large. Send fewer and smaller headers."""


class InternalError(ProblemError):
    """500: The gateway made a mistake. Repeat the request with the same Idempotency-Key; if it persists, tell the operator when."""


class StoredDataUnreadableError(ProblemError):
    """503: What is stored of this cannot be opened. Tell the operator, with the request's id: it was altered in the database, or a master key is missing."""


class UnavailableError(ProblemError):
    """503: The gateway cannot answer now. Repeat the request with the same Idempotency-Key, no sooner than Retry-After says."""


KINDS: Mapping[str, type[ProblemError]] = {
    BASE + "malformed-request": MalformedRequestError,
    BASE + "ambiguous-request": AmbiguousRequestError,
    BASE + "malformed-json": MalformedJsonError,
    BASE + "idempotency-key-required": IdempotencyKeyRequiredError,
    BASE + "idempotency-key-malformed": IdempotencyKeyMalformedError,
    BASE + "duplicate-request": DuplicateRequestError,
    BASE + "credentials-required": CredentialsRequiredError,
    BASE + "invalid-token": InvalidTokenError,
    BASE + "insufficient-authentication": InsufficientAuthenticationError,
    BASE + "insufficient-scope": InsufficientScopeError,
    BASE + "second-person-required": SecondPersonRequiredError,
    BASE + "access-refused": AccessRefusedError,
    BASE + "not-found": NotFoundError,
    BASE + "method-not-allowed": MethodNotAllowedError,
    BASE + "not-acceptable": NotAcceptableError,
    BASE + "head-timeout": HeadTimeoutError,
    BASE + "body-timeout": BodyTimeoutError,
    BASE + "idempotency-key-in-use": IdempotencyKeyInUseError,
    BASE + "plan-changed": PlanChangedError,
    BASE + "wrong-state": WrongStateError,
    BASE + "erasures-held": ErasuresHeldError,
    BASE + "not-ready": NotReadyError,
    BASE + "gone": GoneError,
    BASE + "precondition-failed": PreconditionFailedError,
    BASE + "body-too-large": BodyTooLargeError,
    BASE + "uri-too-long": UriTooLongError,
    BASE + "unsupported-content": UnsupportedContentError,
    BASE + "invalid-content": InvalidContentError,
    BASE + "invalid-parameter": InvalidParameterError,
    BASE + "idempotency-key-reused": IdempotencyKeyReusedError,
    BASE + "too-many-requests": TooManyRequestsError,
    BASE + "headers-too-large": HeadersTooLargeError,
    BASE + "internal-error": InternalError,
    BASE + "stored-data-unreadable": StoredDataUnreadableError,
    BASE + "unavailable": UnavailableError,
}
