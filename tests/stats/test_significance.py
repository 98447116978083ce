import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import adjust_benjamini_hochberg, adjust_holm

ADJUSTMENTS = [(adjust_holm, "holm"), (adjust_benjamini_hochberg, "fdr_bh")]
lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@pytest.mark.parametrize(("adjust", "theirs"), ADJUSTMENTS)
def test_adjusted_p_values_agree_with_statsmodels(adjust, theirs):
    from statsmodels.stats.multitest import multipletests

    for number in range(1, 30):
        p_values = np.random.default_rng(number).random(number) ** 4
        assert adjust(p_values) == pytest.approx(multipletests(p_values, method=theirs)[1], rel=1e-9)


@pytest.mark.parametrize("adjust", [adjust for adjust, _ in ADJUSTMENTS])
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
