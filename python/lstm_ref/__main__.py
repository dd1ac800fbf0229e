"""`python -m lstm_ref` is `lstm-ref`."""

from .cli import main

main()
