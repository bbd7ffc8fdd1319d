"""Mathematics that would make sense to someone who never heard of radar."""
