"""From and to the conventions of others, one file each. What they cannot say is refused, never dropped."""
