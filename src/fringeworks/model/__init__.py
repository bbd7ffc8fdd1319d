"""The nouns of the house: facts and shapes, with no computation beyond index arithmetic."""
