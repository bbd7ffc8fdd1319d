"""Where things are: ellipsoid, orbit, range and Doppler, look directions, baselines."""
