"""The copy that a data subject gets: a ZIP that streams while it is made.

Values in, bytes out: nothing here knows a store, a clock or a network. A package holds, per
system, what was found as JSON and as CSV, the recordings and other files under names of ours, a
page that explains it in the person's language, and, last, `manifest.json`: every entry with its
size and SHA-256 digest and every system with its outcome, also the one that held nothing or failed.
"""

from avgate_gateway.package.content import (
    File,
    Language,
    LeftNote,
    PackageHead,
    Section,
    SystemNote,
    SystemOutcome,
    UnseenNote,
)
from avgate_gateway.package.flattening import COLUMN_LIMIT, OTHER_FIELDS, columns_of, flatten
from avgate_gateway.package.json_text import json_bytes
from avgate_gateway.package.sealing import RecipientError, canonical, sealed_for
from avgate_gateway.package.spreadsheet import DIALECTS, Rows
from avgate_gateway.package.streaming import stream_package

__all__ = [
    "COLUMN_LIMIT",
    "DIALECTS",
    "OTHER_FIELDS",
    "File",
    "Language",
    "LeftNote",
    "PackageHead",
    "RecipientError",
    "Rows",
    "Section",
    "SystemNote",
    "SystemOutcome",
    "UnseenNote",
    "canonical",
    "columns_of",
    "flatten",
    "json_bytes",
    "sealed_for",
    "stream_package",
]
