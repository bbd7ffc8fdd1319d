"""What is predicted from elsewhere and subtracted: delays of the atmosphere, tides, ramps."""
