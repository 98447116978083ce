"""The `oppcore` command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of this process and leave with its exit code."""
    try:
        from oppcore.cli.command import run
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        print(f"The oppcore command needs {error.name}: install oppcore with its extra, oppcore[cli].", file=sys.stderr)
        sys.exit(2)
    sys.exit(run())
