"""Forms that cannot be carried out now, though our own page made them: they are kept, and sent again.

What was typed is personal data, so it goes into no address and is not kept here: it stands in the
page that the browser gets back, hidden, until whoever typed it presses the button.
"""

from __future__ import annotations

from starlette.responses import Response

from avgate_gateway.console import forms
from avgate_gateway.console.drawing import Sheet
from avgate_gateway.console.forms import Form


def signed_out(sheet: Sheet, form: Form) -> Response:
    """Nobody is signed in any more."""
    return _page(sheet, form, "signed_out", 401)


def another_session(sheet: Sheet, form: Form) -> Response:
    """Somebody signed in again since the form was made; raises ProblemError, 403, for a foreign one.

    Without the value that only our pages know, only the browser's own word counts that the form is ours;
    and even then nothing is done with it before a button of this session was pressed.
    """
    if not forms.is_certainly_ours(sheet.http):
        raise forms.foreign()
    return _page(sheet, form, "other_session", 403)


def not_fresh(sheet: Sheet, form: Form, *, has_own_links: bool) -> Response:
    """It takes a proof of who somebody is, that is new."""
    path = sheet.http.url.path
    is_form = sheet.http.method == "POST"
    return _page(
        sheet, form, "not_fresh", 403, is_form=is_form, has_own_links=has_own_links,
        back="/console" if is_form else path,
    )  # fmt: skip


def _page(
    sheet: Sheet, form: Form, why: str, status: int, *, is_form: bool = True, **more: object
) -> Response:
    kept = [(name, one) for name, all_ in form.fields.items() if name != forms.CSRF for one in all_]
    context = {"why": why, "is_form": is_form, "kept": kept, "back": "/console", **more}
    return sheet.page("again.html", {"has_own_links": False, **context}, status=status)
