"""`python -m rolloutsim`."""

from rolloutsim.cli import main

main()
