"""Money: an exact amount and its currency, which travel together and never mix."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Any, final

import attrs

from oppcore.errors import CurrencyMismatch

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["CURRENCIES", "Money", "decimal_text", "minor_units", "sum_by_currency", "sum_exactly"]

_NO_MINOR = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD "
    "HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP "
    "MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR "
    "SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED "
    "VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
)
CURRENCIES: dict[str, int] = {
    code: digits for codes, digits in ((_NO_MINOR, 0), (_TWO, 2), (_THREE, 3), (_FOUR, 4)) for code in codes.split()
}
"""ISO 4217 codes (current, and withdrawn ones still met in histories) with the digits of their minor unit.

Source: ISO 4217 list one, as maintained by SIX.
"""

_LARGEST_EXPONENT = 40
_SMALLEST_EXPONENT = -40
# Every sum and product here is exact or raises `decimal.Inexact`, whatever the host's own decimal context says.
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=120, rounding=ROUND_HALF_EVEN)


def decimal_text(number: Decimal) -> str:
    """Write a finite decimal in its one canonical form: no exponent, no zeros at the end; `12.50` gives `12.5`."""
    return format(number.normalize(_ROUNDING), "f") if number else "0"


def minor_units(currency: str) -> int:
    """Give the number of decimal places of a currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD."""
    return CURRENCIES[currency]


def _to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        message = f"an amount is a Decimal, an int or a decimal text, not {type(value).__name__}: floats are not exact"
        raise TypeError(message)
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        message = f"not an amount: {value!r}"
        raise ValueError(message) from None
    if not number.is_finite():
        message = f"an amount is finite, not {number}"
        raise ValueError(message)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and (number.adjusted() > _LARGEST_EXPONENT or exponent < _SMALLEST_EXPONENT):
        message = f"an amount lies within 10^{_LARGEST_EXPONENT} with at most {-_SMALLEST_EXPONENT} decimals"
        raise ValueError(message)
    return number if number else Decimal(0)


def _known_currency(_instance: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, str):
        message = f"a currency is an ISO 4217 code such as 'EUR', not {type(value).__name__}"
        raise TypeError(message)
    if value not in CURRENCIES:
        message = f"not an ISO 4217 currency code: {value!r} (three capital letters, such as 'EUR')"
        raise ValueError(message)


@final
@attrs.frozen(order=False)
class Money:
    """An exact, finite amount in one currency; `Money("12.50", "EUR")`.

    Amounts are compared by value (`12.5` equals `12.50`); floats are refused because they are not exact.
    Adding or comparing unlike currencies raises `CurrencyMismatch`.

    >>> Money("12.50", "EUR") + Money("0.10", "EUR")
    Money('12.60', 'EUR')
    >>> (Money("100", "USD") * Decimal("0.333")).rounded()
    Money('33.30', 'USD')
    """

    amount: Decimal = attrs.field(converter=_to_decimal)
    currency: str = attrs.field(validator=_known_currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Give no money at all in a currency."""
        return cls(Decimal(0), currency)

    @classmethod
    def nearest(cls, number: Fraction, currency: str) -> Money:
        """Give the amount nearest to an exact number, in whole minor units; ties to the even one.

        >>> from fractions import Fraction
        >>> Money.nearest(Fraction(200, 3), "EUR")
        Money('66.67', 'EUR')
        """
        units = minor_units(currency)
        return cls(_EXACT.scaleb(Decimal(round(number * 10**units)), -units), currency)

    def _same(self, other: object) -> Decimal:
        if not isinstance(other, Money):
            message = f"money is added to and compared with money, not {type(other).__name__}"
            raise TypeError(message)
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(_EXACT.minus(self.amount), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(_EXACT.multiply(self.amount, _to_decimal(factor)), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        message = "money has no truth value; compare it: money.amount != 0"
        raise TypeError(message)

    def __repr__(self) -> str:
        return f"Money({str(self.amount)!r}, {self.currency!r})"

    def __str__(self) -> str:
        decimals = max(minor_units(self.currency), -int(self.amount.normalize(_ROUNDING).as_tuple().exponent))
        return f"{format(self.amount, f',.{decimals}f')} {self.currency}"

    def rounded(self) -> Money:
        """Round to the currency's minor unit, ties to the even digit: done once, at the end of a calculation."""
        places = Decimal(1).scaleb(-minor_units(self.currency))
        return Money(self.amount.quantize(places, context=_ROUNDING), self.currency)


def sum_exactly(numbers: Iterable[Decimal]) -> Decimal:
    """Add decimals up without rounding, whatever the host's own decimal context says."""
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, number)
    return total


def sum_by_currency(amounts: Iterable[Money]) -> dict[str, Money]:
    """Add amounts up per currency, exactly; currencies come in alphabetical order.

    >>> sum_by_currency([Money("1", "USD"), Money("2", "EUR"), Money("0.5", "USD")])
    {'EUR': Money('2', 'EUR'), 'USD': Money('1.5', 'USD')}
    """
    totals: dict[str, Money] = {}
    for money in amounts:
        seen = totals.get(money.currency)
        totals[money.currency] = money if seen is None else seen + money
    return dict(sorted(totals.items()))
