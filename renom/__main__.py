"""``python -m renom``."""

from __future__ import annotations

from renom.commands.main import run_cli

if __name__ == "__main__":
    run_cli()
