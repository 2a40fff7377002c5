"""Acme is a project of its own, as a partner's would be; here its modules are found too, and the mutants."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "acme"), str(HERE)]
