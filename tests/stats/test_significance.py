import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import adjust_benjamini_hochberg, adjust_holm

lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(lists)
def test_holm_is_what_its_definition_gives(p_values):
    ordered = sorted(p_values)
    number = len(ordered)
    steps = [min(1, (number - rank) * value) for rank, value in enumerate(ordered)]

    for value, found in zip(p_values, adjust_holm(p_values), strict=True):
        assert found == pytest.approx(max(steps[: ordered.index(value) + 1]), rel=1e-12)


@given(lists)
def test_benjamini_and_hochberg_agree_with_scipy(p_values):
    from scipy.stats import false_discovery_control

    assert adjust_benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values), rel=1e-9)


def test_it_gives_the_known_adjustments_of_the_published_25():
    # Benjamini and Hochberg's procedure on 25 p-values, as statsmodels gives it.
    p_values = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, *(0.074 + 0.04 * place for place in range(19))]

    assert adjust_benjamini_hochberg(p_values)[:6] == pytest.approx([0.025, 0.1, 0.21, 0.21, 0.21, 0.25])
    assert adjust_holm(p_values)[:4] == pytest.approx([0.025, 0.192, 0.897, 0.902])


@pytest.mark.parametrize("adjust", [adjust_holm, adjust_benjamini_hochberg])
@given(lists)
def test_adjusting_only_raises_and_keeps_who_is_before_whom(adjust, p_values):
    adjusted = adjust(p_values)

    assert all(value <= raised <= 1 for value, raised in zip(p_values, adjusted, strict=True))
    assert [raised for _, raised in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)


def test_one_test_needs_no_adjustment_and_none_gives_none():
    assert adjust_holm([0.04]) == adjust_benjamini_hochberg([0.04]) == (0.04,)
    assert adjust_holm([]) == adjust_benjamini_hochberg([]) == ()


def test_the_golden_representative_is_not_distinguishable_among_thirty():
    assert adjust_holm([0.0087902, *[0.5] * 29])[0] > 0.05


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused_with_its_place(wrong):
    with pytest.raises(ValueError, match=r"between 0 and 1, not .* \(position 1\)"):
        adjust_holm([0.5, wrong])
