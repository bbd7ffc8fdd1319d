"""Tasks: one burst, one date or one pair each, at home in any process; each reads, calls one room, and writes."""
