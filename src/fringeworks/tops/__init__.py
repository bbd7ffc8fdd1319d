"""What is special about Sentinel-1 bursts."""
