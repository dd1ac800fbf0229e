"""Runners in Python, one module each: `python -m lstm_ref.conformance.runners.NAME`. Each is a forward function and a name."""
