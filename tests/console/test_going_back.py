"""Which addresses are gone back to after signing in."""

from __future__ import annotations

import pytest

from avgate_gateway.console.door import inside


@pytest.mark.parametrize("back", ["/console", "/console/people", "/console?pile=mine&after=a.b_c-1",
                                  "/console/requests/9f0c-1/approval", "/console/requests/new?right=erase", "/console/figures.csv?period=month"])  # fmt: skip
def test_a_page_of_ours_is_gone_back_to(back: str) -> None:
    assert inside(back) == back
