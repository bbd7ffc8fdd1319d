"""Speed against other programs on the same work: ``python -m benchmarks.NAME --json`` prints one JSON object.

Every program runs as a process of its own, in its own environment under ``.bench/`` (``make bench-env`` builds
them); runs are interleaved, so that a machine whose speed drifts is the same for all.
"""
