"""What we have: catalogues of products and inputs."""
