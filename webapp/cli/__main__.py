"""`python -m webapp.cli`: the same as `truckroll`."""

from webapp.cli import main

main(prog_name="truckroll")
