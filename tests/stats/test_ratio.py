from fractions import Fraction

from oppcore.stats import make_ratio, wilson


def test_a_share_has_an_exact_value_and_an_interval():
    ratio = make_ratio(1, 3)

    assert ratio.value == Fraction(1, 3)
    assert (ratio.low, ratio.high) == wilson(1, 3)
    assert str(ratio) == "33.3% (6.1% to 79.2%)"


def test_nothing_to_divide_by_gives_no_value():
    ratio = make_ratio(0, 0)

    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)
    assert str(ratio) == "–"
    assert make_ratio(2, 0, nested=False).value is None


def test_what_is_no_share_has_no_interval_and_may_exceed_1():
    ratio = make_ratio(5, 2, nested=False)

    assert (ratio.value, ratio.low, ratio.high) == (Fraction(5, 2), None, None)
    assert str(ratio) == "250.0% (not nested)"


def test_it_is_plain_for_json():
    assert make_ratio(1, 2, nested=False).detail() == {
        "numerator": 1,
        "denominator": 2,
        "value": 0.5,
        "low": None,
        "high": None,
        "nested": False,
    }
    assert make_ratio(0, 0).detail()["value"] is None
