"""Tables to take along."""

from __future__ import annotations

from starlette.responses import Response


def csv_file(name: str, text: str) -> Response:
    """A file for a spreadsheet; the mark at its beginning has it read as UTF-8."""
    headers = {
        "content-disposition": f'attachment; filename="{name}.csv"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)
