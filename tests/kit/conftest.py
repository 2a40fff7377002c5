"""Acme is a project of its own, as a partner's would be; here its modules are found too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "acme"))
