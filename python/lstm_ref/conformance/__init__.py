"""The runner protocol (spec/runner.md) and what `lstm-ref verify` does with it."""
