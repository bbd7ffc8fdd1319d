"""Remote archives: finding scenes, orbits and elevation tiles, and fetching them whole, once, and without leaks."""
