"""The closed list of problem types: what each means, and what the caller does next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BASE = "https://avgate.example/problems/"
"""Types are names, not pages: `.example` is reserved (RFC 2606), so no reader ever fetches one."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem; `title` never varies, `next_step` is what the caller does about it."""

    slug: str
    status: int
    title: str
    next_step: str

    @property
    def uri(self) -> str:
        """The absolute URI that stands in `type`."""
        return BASE + self.slug


MALFORMED_REQUEST = ProblemType(
    "malformed-request",
    400,
    "The HTTP request cannot be read",
    "Correct the request line, the headers or the framing, and send it again.",
)
AMBIGUOUS_REQUEST = ProblemType(
    "ambiguous-request",
    400,
    "Something that may come once came twice",
    "Send each header and each parameter once.",
)
MALFORMED_JSON = ProblemType(
    "malformed-json",
    400,
    "The body is not JSON as we read it",
    "Send one UTF-8 JSON value with every name once, ordinary numbers and moderate nesting.",
)
IDEMPOTENCY_KEY_REQUIRED = ProblemType(
    "idempotency-key-required",
    400,
    "An Idempotency-Key is required",
    "Make a new UUID for this intention, send it as Idempotency-Key, and keep it for every retry.",
)
IDEMPOTENCY_KEY_MALFORMED = ProblemType(
    "idempotency-key-malformed",
    400,
    "The Idempotency-Key cannot be read",
    "Send 1 to 255 printable ASCII characters, such as a UUID.",
)
DUPLICATE_REQUEST = ProblemType(
    "duplicate-request",
    400,
    "This subject_request_id was used for a different request",
    "Make a new UUID for a new request; repeat an old one unchanged.",
)
CREDENTIALS_REQUIRED = ProblemType(
    "credentials-required",
    401,
    "An access token is required",
    "Send Authorization: Bearer with an access token.",
)
INVALID_TOKEN = ProblemType(
    "invalid-token",
    401,
    "The access token is not accepted",
    "Obtain a new access token from the configured issuer, and send the request again.",
)
INSUFFICIENT_AUTHENTICATION = ProblemType(
    "insufficient-authentication",
    401,
    "The token tells of no sign-in that is enough for this",
    "Have the person sign in again as WWW-Authenticate says (RFC 9470), and send the request with the new token.",
)
INSUFFICIENT_SCOPE = ProblemType(
    "insufficient-scope",
    403,
    "The access token lacks a scope",
    "Ask the administrator of your client for the scope that is named.",
)
SECOND_PERSON_REQUIRED = ProblemType(
    "second-person-required",
    403,
    "Somebody else has to decide",
    "Have a colleague approve: nobody approves a request they submitted.",
)
ACCESS_REFUSED = ProblemType(
    "access-refused",
    403,
    "This is not for this caller",
    "Use the client that this was made for.",
)
NOT_FOUND = ProblemType(
    "not-found",
    404,
    "There is no such thing",
    "Check the address: what belongs to another controller is not found either.",
)
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed",
    405,
    "The method does not exist here",
    "Use one of the methods named in the Allow header.",
)
NOT_ACCEPTABLE = ProblemType(
    "not-acceptable",
    406,
    "None of the accepted media types can be produced",
    "Accept one of the media types that the API description names.",
)
HEAD_TIMEOUT = ProblemType(
    "head-timeout",
    408,
    "Request line and headers did not arrive in time",
    "Send them at once, on a new connection.",
)
BODY_TIMEOUT = ProblemType(
    "body-timeout",
    408,
    "The body did not arrive in time",
    "Send the whole body at once, on a new connection.",
)
IDEMPOTENCY_KEY_IN_USE = ProblemType(
    "idempotency-key-in-use",
    409,
    "The first request with this key is still being accepted",
    "Wait as long as Retry-After says, then send the same request with the same key.",
)
PLAN_CHANGED = ProblemType(
    "plan-changed",
    409,
    "The plan is no longer the one that was seen",
    "Read the plan again, and decide with its new digest.",
)
WRONG_STATE = ProblemType(
    "wrong-state",
    409,
    "The request is in a state that does not allow this",
    "Read the request again, and see what its state allows.",
)
ERASURES_HELD = ProblemType(
    "erasures-held",
    409,
    "More erasures than usual were begun within the hour",
    "See whether they are meant; then have somebody approve who has the scope admin, or wait as Retry-After says.",
)
NOT_READY = ProblemType(
    "not-ready",
    409,
    "This does not exist yet",
    "Wait until the request has got that far; Retry-After says when to look again.",
)
GONE = ProblemType(
    "gone",
    410,
    "This has been destroyed, as promised",
    "Nothing: the personal data is no longer here. The evidence remains.",
)
PRECONDITION_FAILED = ProblemType(
    "precondition-failed",
    412,
    "It changed since it was read",
    "Read it again, and repeat with its new ETag.",
)
BODY_TOO_LARGE = ProblemType(
    "body-too-large",
    413,
    "The body is too large",
    "Send a smaller body.",
)
URI_TOO_LONG = ProblemType(
    "uri-too-long",
    414,
    "The address is too long",
    "Use fewer or shorter parameters.",
)
UNSUPPORTED_CONTENT = ProblemType(
    "unsupported-content",
    415,
    "The body is of a kind that is not read here",
    "Send application/json in UTF-8, without Content-Encoding.",
)
INVALID_CONTENT = ProblemType(
    "invalid-content",
    422,
    "The body holds something that cannot be accepted",
    "Correct what errors names, and send it again.",
)
INVALID_PARAMETER = ProblemType(
    "invalid-parameter",
    422,
    "A parameter cannot be accepted",
    "Correct what errors names, and send it again.",
)
IDEMPOTENCY_KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    "This key was used for a different request",
    "Use a new Idempotency-Key for a new intention; repeat an old one unchanged.",
)
TOO_MANY_REQUESTS = ProblemType(
    "too-many-requests",
    429,
    "Too many requests",
    "Wait as long as Retry-After says.",
)
HEADERS_TOO_LARGE = ProblemType(
    "headers-too-large",
    431,
    "The headers are too many or too large",
    "Send fewer and smaller headers.",
)
INTERNAL_ERROR = ProblemType(
    "internal-error",
    500,
    "The gateway made a mistake",
    "Repeat the request with the same Idempotency-Key; if it persists, tell the operator when.",
)
UNREADABLE = ProblemType(
    "stored-data-unreadable",
    503,
    "What is stored of this cannot be opened",
    "Tell the operator, with the request's id: it was altered in the database, or a master key is missing.",
)
UNAVAILABLE = ProblemType(
    "unavailable",
    503,
    "The gateway cannot answer now",
    "Repeat the request with the same Idempotency-Key, no sooner than Retry-After says.",
)

TYPES: tuple[ProblemType, ...] = tuple(
    value for value in tuple(globals().values()) if isinstance(value, ProblemType)
)


def table() -> Iterator[str]:
    """The catalogue as the lines of a Markdown table, for the documentation."""
    yield "| type | status | means | what to do |"
    yield "|---|---|---|---|"
    for kind in TYPES:
        yield f"| `{kind.slug}` | {kind.status} | {kind.title} | {kind.next_step} |"
