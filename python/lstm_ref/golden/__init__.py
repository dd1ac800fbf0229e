"""Golden vectors: the cases, their generator, comparison in bits and ulp, and the mutants they must catch."""
