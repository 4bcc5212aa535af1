"""`python -m experiments` is `augury`."""

from experiments.cli import main

main()
