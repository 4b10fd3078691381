//! Division of money by powers of ten.
//!
//! A division of 128 bits is a call; what is divided here takes three of 64 bits by a constant,
//! which are products.

/// `value` ÷ `BY`, rounded away from zero.
pub(crate) fn away_from_zero<const BY: u128>(value: i128) -> i128 {
    let (whole, rest) = divided::<BY>(value.unsigned_abs());
    let whole = (whole + u128::from(rest)).cast_signed();
    if value < 0 { -whole } else { whole }
}

/// `value` ÷ `BY`, rounded down.
pub(crate) fn floor<const BY: u128>(value: i128) -> i128 {
    let (whole, rest) = divided::<BY>(value.unsigned_abs());
    if value < 0 {
        -(whole + u128::from(rest)).cast_signed()
    } else {
        whole.cast_signed()
    }
}

/// `size` ÷ `BY`, and whether something is left. `BY` is a power of two times less than 2³².
fn divided<const BY: u128>(size: u128) -> (u128, bool) {
    let shift = const { BY.trailing_zeros() };
    let odd = const { odd_part(BY) };
    let left = size >> shift;
    // Digits of 32 bits as by hand, the highest of 64: each with the rest before it fits 64 bits.
    let digit = |rest: u64, number| rest << 32 | u64::from(low_digit(number));
    let high = u64::try_from(left >> 64).expect("half of 128 bits is left");
    let middle = digit(high % odd, left >> 32);
    let low = digit(middle % odd, left);
    let whole = u128::from(high / odd) << 64 | u128::from(((middle / odd) << 32) | (low / odd));
    (whole, low % odd != 0 || left << shift != size)
}

/// What is left of a number without its powers of two.
const fn odd_part(by: u128) -> u64 {
    let odd = by >> by.trailing_zeros();
    assert!(odd < 1 << 32, "a rest of a division by it fits a digit");
    low_digit(odd) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest 32 bits are wanted"
)]
const fn low_digit(number: u128) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use dcx_stats::Draws;

    use super::*;

    const MILLION: i128 = 1_000_000;

    fn agrees<const BY: u128>(value: i128) {
        let by = i128::try_from(BY).unwrap();
        let away = value / by + (value % by).signum();
        assert_eq!(away_from_zero::<BY>(value), away, "{value}");
        assert_eq!(floor::<BY>(value), value.div_euclid(by), "{value}");
    }

    #[test]
    fn a_quotient_is_rounded_as_it_says_however_large() {
        let mut draws = Draws::new(5);
        for _ in 0..20_000 {
            let high = i128::from(draws.bits().cast_signed()) << (draws.bits() % 64);
            let any = high >> (draws.bits() % 64) | i128::from(draws.bits() >> 33);
            for value in [any, any - any % MILLION, any - any % (MILLION * MILLION)] {
                agrees::<1_000_000>(value);
                agrees::<1_000_000_000_000>(value);
            }
        }
        for value in [0, 1, -1, i128::MAX, -i128::MAX] {
            agrees::<1_000_000>(value);
        }
    }
}
