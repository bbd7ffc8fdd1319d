from validation.points import measure_images, measure_network


def test_points_of_white_noise_are_measured_at_their_bounds():
    found = measure_network(n_points=80, n_dates=20, storm=0.0, repeats=1, seed=1)
    assert found["share_used"] == 1.0
    # 80 errors: 8 % of scatter
    for name in ("velocity_error_over_bound", "height_error_over_bound", "velocity_standardised_rms"):
        assert 0.75 < found[name] < 1.25, name


def test_planted_scatterers_are_counted():
    found = measure_images(n_planted=40, n_dates=20, seed=2)
    assert found["planted"] > 30
    assert found["share_found"] > 0.9
    assert found["share_false"] < 0.05
