"""The contenders in Python: ours over a binding, and the peers, one short file each, each called as fast as it can be."""
