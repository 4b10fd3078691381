//! Whole numbers of 256 bits: a variance in squared money does not fit into 128.

/// A signed whole number, in two's complement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wide {
    // Ordered as the number is: the upper half decides, signed, then the lower.
    high: i128,
    low: u128,
}

impl Wide {
    pub(super) const ZERO: Self = Self { high: 0, low: 0 };

    /// `a` × `b`, exact.
    pub(super) fn product(a: i128, b: i128) -> Self {
        let (high, low) = full_product(a.unsigned_abs(), b.unsigned_abs());
        // At most 2²⁵⁴, so the sign bit is free.
        let magnitude = Self {
            high: high.cast_signed(),
            low,
        };
        if (a < 0) == (b < 0) {
            magnitude
        } else {
            magnitude.negated()
        }
    }

    /// `root` × `root`, exact.
    ///
    /// # Panics
    /// If `root` is 2¹²⁷ or more: the square would need the sign bit.
    pub(super) fn square(root: u128) -> Self {
        let root = i128::try_from(root).expect("a root that is squared is below 2^127");
        Self::product(root, root)
    }

    /// The sum.
    ///
    /// # Panics
    /// On overflow: the bounds in `ewma` exclude it.
    pub(super) fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high + other.high + i128::from(carry);
        Self { high, low }
    }

    /// The number `factor` times.
    ///
    /// # Panics
    /// On overflow: the bounds in `ewma` exclude it.
    pub(super) fn times(self, factor: u64) -> Self {
        let (carry, low) = full_product(self.low, u128::from(factor));
        let carry = i128::try_from(carry).expect("a carry is below the factor of 64 bits");
        let high = self.high * i128::from(factor) + carry;
        Self { high, low }
    }

    /// The smallest whole number whose square is not below this one; zero for what is negative.
    ///
    /// # Panics
    /// Above 2²⁵²: the bounds in `ewma` exclude it.
    pub(super) fn root_rounded_up(self) -> u128 {
        let top = Self::square(1 << 126);
        assert!(self <= top, "a number whose root is taken is at most 2^252");
        let mut below = 0;
        // The largest number whose square is below this one, bit by bit from the highest.
        for bit in (0..126).rev() {
            let tried = below | (1_u128 << bit);
            if Self::square(tried) < self {
                below = tried;
            }
        }
        if self <= Self::ZERO { 0 } else { below + 1 }
    }

    /// A whole number whose square is not below this one, above the least such by less than one
    /// in 2⁶⁰ and two; zero for what is negative.
    ///
    /// # Panics
    /// At 2²⁵² or more: the bounds in `ewma` exclude it.
    pub(super) fn root_above(self) -> u128 {
        if self <= Self::ZERO {
            return 0;
        }
        let high = self.high.unsigned_abs();
        if high == 0 {
            return self.low.isqrt() + 1;
        }
        assert!(
            high < 1 << 124,
            "a number whose root is taken is below 2^252"
        );
        // All but the 124 highest bits or so are left out, an even number of them, rounded up.
        let bits = u128::BITS - high.leading_zeros();
        let shift = (bits + 4).next_multiple_of(2).min(126);
        let top = high << (u128::BITS - shift) | self.low >> shift;
        ((top + 1).isqrt() + 1) << (shift / 2)
    }

    const fn negated(self) -> Self {
        let (low, carry) = (!self.low).overflowing_add(1);
        let high = (!self.high).wrapping_add(carry as i128);
        Self { high, low }
    }
}

/// The upper and lower half of `a` × `b`, by the school method on halves of 64 bits.
const fn full_product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a_high, a_low) = (a >> 64, a & HALF);
    let (b_high, b_low) = (b >> 64, b & HALF);
    let low = a_low * b_low;
    let (cross, other) = (a_high * b_low, a_low * b_high);
    // Three numbers below 2⁶⁴.
    let middle = (low >> 64) + (cross & HALF) + (other & HALF);
    let high = a_high * b_high + (cross >> 64) + (other >> 64) + (middle >> 64);
    (high, (low & HALF) | (middle << 64))
}

#[cfg(test)]
mod tests {
    use dcx_stats::Draws;

    use super::*;

    fn draw(draws: &mut Draws) -> i128 {
        let bits = u128::from(draws.bits()) << 64 | u128::from(draws.bits());
        // All lengths, both signs.
        bits.cast_signed() >> (draws.bits() % 128)
    }

    fn of(value: i128) -> Wide {
        Wide::product(value, 1)
    }

    #[test]
    fn small_numbers_behave_as_those_of_128_bits() {
        let mut draws = Draws::new(1);
        for _ in 0..20_000 {
            let (a, b) = (draw(&mut draws) >> 66, draw(&mut draws) >> 66);
            assert_eq!(Wide::product(a, b), of(a * b));
            assert_eq!(of(a).plus(of(b)), of(a + b));
            assert_eq!(of(a).cmp(&of(b)), a.cmp(&b));
            let factor = draws.bits() >> 2;
            assert_eq!(of(a).times(factor), of(a * i128::from(factor)));
        }
    }

    #[test]
    fn large_products_distribute_and_agree_with_repeated_multiplication() {
        let mut draws = Draws::new(2);
        for _ in 0..20_000 {
            let (a, b, c) = (
                draw(&mut draws),
                draw(&mut draws) >> 1,
                draw(&mut draws) >> 1,
            );
            let (a, b, c) = (a >> 2, b >> 2, c >> 2);
            let apart = Wide::product(a, b).plus(Wide::product(a, c));
            assert_eq!(Wide::product(a, b + c), apart);
            let factor = draws.bits() >> 1;
            let small = c >> 64;
            let one_step = Wide::product(small * i128::from(factor), a >> 8);
            assert_eq!(Wide::product(small, a >> 8).times(factor), one_step);
        }
    }

    #[test]
    fn a_root_rounds_up_and_is_zero_for_nothing_and_less() {
        assert_eq!(of(0).root_rounded_up(), 0);
        assert_eq!(of(-4).root_rounded_up(), 0);
        for (value, root) in [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4)] {
            assert_eq!(of(value).root_rounded_up(), root);
        }
        let mut draws = Draws::new(3);
        for _ in 0..2_000 {
            let root = draw(&mut draws).unsigned_abs() >> 2;
            assert_eq!(Wide::square(root).root_rounded_up(), root);
            assert_eq!(Wide::square(root).plus(of(1)).root_rounded_up(), root + 1);
        }
    }

    #[test]
    fn a_root_from_above_is_never_below_and_hardly_above() {
        assert_eq!(of(0).root_above(), 0);
        assert_eq!(of(-4).root_above(), 0);
        let mut draws = Draws::new(4);
        for _ in 0..20_000 {
            let (a, b) = (draw(&mut draws) >> 3, draw(&mut draws) >> 3);
            let some = Wide::product(a.abs(), b.abs());
            let (above, exact) = (some.root_above(), some.root_rounded_up());
            assert!(above >= exact, "{some:?}: {above} < {exact}");
            let slack = (exact >> 60) + 2;
            assert!(above <= exact + slack, "{some:?}: {above} > {exact}");
        }
    }
}
