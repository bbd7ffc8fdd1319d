"""The door: bytes to model and back, and no science."""
