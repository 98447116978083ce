"""`python -m oppcore.cli` does what `oppcore` does."""

from oppcore.cli import main

main()
