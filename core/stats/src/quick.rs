//! Standard normal numbers by a table of the quantile: no logarithm, no root, no branch.
//!
//! 64 bits are a uniform number. The first is the side of the middle that it lies on; the other 63
//! say how far it is from that end. How many of them are zero at the front says how often the tail
//! is halved, the next five which of 32 cells of that half, and the rest where in the cell, by a
//! cubic through both ends with the slopes of the quantile there. The table is computed when the
//! crate is compiled.

use crate::normal::{normal_quantile, quantile_of_tail};

/// Halvings of the tail that have cells. What lies beyond is met once in 2³² draws and computed.
const OCTAVES: u32 = 32;

/// Cells of each halving, and the bits that choose one.
const CELLS: usize = 1 << CELL_BITS;
const CELL_BITS: u32 = 5;

/// The coefficients of a cell, lowest power first.
type Cubic = [f64; 4];

static TABLE: [Cubic; OCTAVES as usize * CELLS] = table();

/// The normal number that the uniform number of these bits is the probability of; within 10⁻⁸ of
/// the exact quantile.
#[inline]
pub(crate) fn normal_of(bits: u64) -> f64 {
    let tail = tail_of(bits);
    let halvings = tail.leading_zeros();
    let rest = (tail << halvings) << 1;
    let at = (halvings as usize) << CELL_BITS | (rest >> (u64::BITS - CELL_BITS)) as usize;
    let magnitude = match TABLE.get(at) {
        Some([a, b, c, d]) => {
            let t = unit(rest << CELL_BITS);
            a + t * (b + t * (c + t * d))
        }
        None => far_out(tail),
    };
    f64::from_bits(magnitude.to_bits() ^ (!bits & 1 << 63))
}

/// How far the number is from the end of its side.
#[inline]
const fn tail_of(bits: u64) -> u64 {
    let upper = (bits.cast_signed() >> 63).cast_unsigned();
    // The last bit is set so that there always is one; it is far below what a cell can tell.
    (bits ^ upper) << 1 | 1
}

/// The first 52 of these bits as a part of one.
#[inline]
const fn unit(bits: u64) -> f64 {
    const ONE: u64 = 0x3ff << 52;
    f64::from_bits(ONE | bits >> 12) - 1.0
}

/// What the table does not hold.
#[cold]
fn far_out(tail: u64) -> f64 {
    -normal_quantile(probability(tail))
}

/// The probability that these bits of the tail stand for: they are a fraction of one half.
#[expect(
    clippy::cast_precision_loss,
    reason = "a probability needs its first 53 bits"
)]
const fn probability(tail: u64) -> f64 {
    const PART: f64 = 0.5 / (1_u128 << 64) as f64;
    tail as f64 * PART
}

#[expect(
    clippy::indexing_slicing,
    reason = "computed by the compiler, which refuses an index outside"
)]
#[expect(
    clippy::cast_precision_loss,
    reason = "the counts are below a thousand"
)]
const fn table() -> [Cubic; OCTAVES as usize * CELLS] {
    let mut table = [[0.0; 4]; OCTAVES as usize * CELLS];
    let mut halved = 0.25;
    let mut at = 0;
    while at < table.len() {
        let cell = at % CELLS;
        let width = halved / CELLS as f64;
        let from = halved + cell as f64 * width;
        table[at] = cubic(end(from, width), end(from + width, width));
        if cell == CELLS - 1 {
            halved /= 2.0;
        }
        at += 1;
    }
    table
}

/// The cubic that has these values and slopes at 0 and 1 (Hermite).
const fn cubic(low: End, high: End) -> Cubic {
    let rise = high.value - low.value;
    [
        low.value,
        low.slope,
        3.0 * rise - 2.0 * low.slope - high.slope,
        low.slope + high.slope - 2.0 * rise,
    ]
}

/// An end of a cell.
struct End {
    value: f64,
    /// For the width of the cell.
    slope: f64,
}

/// How far out the tail of this probability begins, and how that changes over a cell.
const fn end(probability: f64, width: f64) -> End {
    const SQRT_TAU: f64 = 2.506_628_274_631_000_7;
    let value = quantile_of_tail(probability, sqrt(-ln(probability)));
    End {
        value,
        slope: -width * SQRT_TAU * exp(value * value / 2.0),
    }
}

/// The natural logarithm of a number above 0 and below 1, for the compiler.
const fn ln(mut x: f64) -> f64 {
    let mut halvings = 0.0;
    while x < 1.0 {
        x *= 2.0;
        halvings += 1.0;
    }
    // Twice the inverse hyperbolic tangent; the ratio is at most a third.
    let ratio = (x - 1.0) / (x + 1.0);
    let (mut power, mut sum, mut n) = (ratio, 0.0, 1.0);
    while n < 40.0 {
        sum += power / n;
        power *= ratio * ratio;
        n += 2.0;
    }
    2.0 * sum - halvings * std::f64::consts::LN_2
}

/// e to the power of a number of 0 to 30, for the compiler.
const fn exp(x: f64) -> f64 {
    let x = x / 64.0;
    let (mut term, mut sum, mut n) = (1.0, 1.0, 1.0);
    while n < 20.0 {
        term *= x / n;
        sum += term;
        n += 1.0;
    }
    let mut doubled = 1;
    while doubled < 64 {
        sum *= sum;
        doubled *= 2;
    }
    sum
}

/// The root of a number of 0.5 to 30 by Newton's way, for the compiler.
const fn sqrt(x: f64) -> f64 {
    let mut root = (1.0 + x) / 2.0;
    let mut step = 0;
    while step < 9 {
        root = (root + x / root) / 2.0;
        step += 1;
    }
    root
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in small arrays"
)]
mod tests {
    use super::*;
    use crate::{Draws, normal_cdf};

    /// What the table stands for, by the exact quantile.
    fn twin(bits: u64) -> f64 {
        let below = normal_quantile(probability(tail_of(bits)));
        if bits >> 63 == 0 { below } else { -below }
    }

    /// Bits of every halving, also those beyond the table, many places in each.
    fn places() -> impl Iterator<Item = u64> {
        let mut draws = Draws::new(61);
        (0..63).flat_map(move |halvings| {
            let places: Vec<u64> = (0..2_000_u64)
                .map(|at| {
                    // The ends of every cell, and anything between.
                    let within = match at {
                        0..128 => (at / 4) << 58 | [0, 1, (1 << 58) - 1, 1 << 57][at as usize % 4],
                        _ => draws.bits(),
                    };
                    (1 << 63 | within >> 1) >> halvings >> 1
                })
                .collect();
            places
        })
    }

    #[test]
    fn the_table_is_the_quantile_to_eight_digits_however_far_out() {
        let mut worst = 0.0_f64;
        for bits in places() {
            let miss = (normal_of(bits) - twin(bits)).abs();
            assert!(
                miss < 1e-8,
                "{bits:x}: {} for {}",
                normal_of(bits),
                twin(bits)
            );
            worst = worst.max(miss);
        }
        assert!(worst > 1e-12, "it is a table that is looked at");
    }

    #[test]
    fn both_sides_of_the_middle_are_the_same() {
        for bits in places() {
            let (below, above) = (normal_of(bits), normal_of(!bits));
            assert_eq!(below, -above);
            assert!(below <= 0.0, "{bits:x}: {below}");
        }
    }

    #[test]
    fn further_into_the_tail_is_further_out() {
        let mut all: Vec<u64> = places().collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            let (far, near) = (normal_of(pair[0]), normal_of(pair[1]));
            // A cubic may miss by 10⁻⁸ on either side of an end.
            assert!(far < near + 2e-8, "{:x} {:x}", pair[0], pair[1]);
        }
    }

    #[test]
    fn as_many_draws_fall_into_each_hundredth_as_the_distribution_says() {
        let mut draws = Draws::new(62);
        let count = 1_000_000;
        let mut hits = [0_u32; 100];
        let (mut sum, mut worst) = ([0.0; 4], 0.0_f64);
        for _ in 0..count {
            let x = draws.normal();
            hits[(normal_cdf(x) * 100.0) as usize] += 1;
            for (power, sum) in (1..).zip(&mut sum) {
                *sum += x.powi(power) / f64::from(count);
            }
        }
        let expected = f64::from(count) / 100.0;
        let (mut chi, mut below) = (0.0, 0.0);
        for (hundredth, hits) in (1..).zip(hits) {
            chi += (f64::from(hits) - expected).powi(2) / expected;
            below += f64::from(hits) / f64::from(count);
            worst = worst.max((below - f64::from(hundredth) / 100.0).abs());
        }
        // 99 degrees of freedom: above 149 once in a thousand seeds. Kolmogorov and Smirnov:
        // above 1.95 over the root of the count as seldom.
        assert!(chi < 149.0, "{chi}");
        assert!(worst < 1.95 / f64::from(count).sqrt(), "{worst}");
        for (got, (moment, wide)) in
            sum.iter()
                .zip([(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)])
        {
            // Four standard deviations of the moment of so many.
            let wide = 4.0 * f64::sqrt(wide / f64::from(count));
            assert!((got - moment).abs() < wide, "{sum:?}");
        }
    }

    #[test]
    fn what_is_rare_is_as_rare_as_it_should_be() {
        let mut draws = Draws::new(63);
        let count = 1_000_000;
        let (mut beyond_three, mut beyond_four) = (0, 0);
        for _ in 0..count {
            let x = draws.normal().abs();
            beyond_three += i32::from(x > 3.0);
            beyond_four += i32::from(x > 4.0);
        }
        assert!((beyond_three - 2_700).abs() < 210, "{beyond_three}");
        assert!((beyond_four - 63).abs() < 32, "{beyond_four}");
    }
}
