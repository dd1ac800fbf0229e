"""How fast: every contender in a process of its own, verified before it is timed (bench/README.md)."""
