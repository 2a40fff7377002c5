"""Our words for pydantic's error types; the placeholders are limits that we set ourselves.

The types are listed at https://docs.pydantic.dev/latest/errors/validation_errors/.
"""

from __future__ import annotations

from collections.abc import Mapping

_OBJECT = "must be an object"
_TEXT = "must be text"
_WHOLE = "must be a whole number"
_NUMBER = "must be a number"
_BOOLEAN = "must be true or false"
_LIST = "must be a list"
_DATE = "must be a date, written as 2026-01-31"
_MOMENT = "must be a moment with its zone, written as 2026-01-31T12:00:00Z"

_PHRASES: Mapping[str, str] = {
    "missing": "is required",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "union_tag_invalid": "must name one of {expected_tags}",
    "union_tag_not_found": "must say of which sort it is, in {discriminator}",
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": "must be at least {min_length} characters long",
    "string_too_long": "must be at most {max_length} characters long",
    "string_pattern_mismatch": "must be written as {pattern}",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "path_type": "must be the path of a file",
    "none_required": "must be null",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": _MOMENT,
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "url_type": "must be an address (URL)",
    "url_parsing": "must be an address (URL)",
    "url_scheme": "must be an address that begins with {expected_schemes}",
}


def phrase(error_type: str, limits: Mapping[str, object]) -> str:
    """What is expected; `limits` is pydantic's context, of which only our own limits are used."""
    return _PHRASES.get(error_type, "is not valid").format_map(limits)
