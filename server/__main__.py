"""`python -m server` is `wonder`."""

from server.cli import main

main()
