"""Many dates: from interferograms or images to the motion of the ground in time."""
