"""What we sign: published rasters, their checks, and the report."""
