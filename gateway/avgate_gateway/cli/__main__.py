"""`python -m avgate_gateway.cli`: the command line, also where no script is installed."""

from __future__ import annotations

from avgate_gateway.cli import main

if __name__ == "__main__":
    main()
