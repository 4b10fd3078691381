//! The normal distribution's quantile, and uniform numbers to put into it.

/// The number in the middle of the one of 2⁵² equal parts of (0, 1) that `bits` choose.
///
/// Never 0 and never 1, so that a quantile of it is finite.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "52 bits and a half are held exactly by the 53 of an f64"
)]
pub fn open_unit(bits: u64) -> f64 {
    const PART: f64 = 1.0 / (1_u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * PART
}

/// The value that a standard normal number is below with probability `p`.
///
/// Infinite at 0 and 1, not a number outside them. Relative error about 10⁻¹⁶.
///
/// # Source
/// Wichura (1988), "Algorithm AS 241: The percentage points of the normal distribution", PPND16.
///
/// ```
/// use dcx_stats::normal_quantile;
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= CENTRAL {
        return central(q);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let x = outer((-libm::log(tail)).sqrt());
    if q < 0.0 { -x } else { x }
}

/// How far above zero the tail of this probability, at most one half, begins. `r` is the root of
/// minus its logarithm.
pub(crate) const fn quantile_of_tail(tail: f64, r: f64) -> f64 {
    let q = 0.5 - tail;
    if q <= CENTRAL { central(q) } else { outer(r) }
}

/// So far from one half the quantile is that of the centre.
const CENTRAL: f64 = 0.425;

const fn central(q: f64) -> f64 {
    let r = 0.180_625 - q * q;
    q * polynomial(&A, r) / polynomial(&B, r)
}

const fn outer(r: f64) -> f64 {
    if r <= 5.0 {
        let r = r - 1.6;
        polynomial(&C, r) / polynomial(&D, r)
    } else if r.is_finite() {
        let r = r - 5.0;
        polynomial(&E, r) / polynomial(&F, r)
    } else {
        r
    }
}

/// The probability that a standard normal number is below `x`. Relative error about 10⁻¹⁵ in
/// either tail.
///
/// ```
/// use dcx_stats::normal_cdf;
/// assert!((normal_cdf(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
/// ```
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The density of a standard normal number at `x`.
#[must_use]
pub fn normal_density(x: f64) -> f64 {
    const PER_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
    PER_SQRT_TAU * libm::exp(-0.5 * x * x)
}

/// The polynomial in `x` with these coefficients, lowest power first (Horner).
const fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    let [a, b, c, d, e, f, g, h] = *coefficients;
    ((((((h * x + g) * x + f) * x + e) * x + d) * x + c) * x + b) * x + a
}

const A: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const B: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_855,
];
const C: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    0.000_774_545_014_278_341_4,
];
const D: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    0.000_547_593_808_499_534_5,
    1.050_750_071_644_416_9e-9,
];
const E: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    0.000_027_115_555_687_434_876,
    2.010_334_399_292_288_1e-7,
];
const F: [f64; 8] = [
    1.0,
    0.599_832_206_555_887_9,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    0.000_786_869_131_145_613_2,
    0.000_018_463_183_175_100_548,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let table = [
            (0.5, 0.0),
            (0.75, 0.674_489_750_196_081_7),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813),
            (1e-10, -6.361_340_902_404_056),
            (1e-20, -9.262_340_089_798_408),
        ];
        for (p, x) in table {
            let got = normal_quantile(p);
            assert!((got - x).abs() <= 4e-15 * (1.0 + x.abs()), "{p}: {got}");
        }
    }

    #[test]
    fn the_quantile_is_odd_and_rises() {
        let mut before = f64::NEG_INFINITY;
        for part in 1..10_000 {
            let p = f64::from(part) / 10_000.0;
            let x = normal_quantile(p);
            assert!(x > before, "{p}");
            assert!((x + normal_quantile(1.0 - p)).abs() < 1e-11, "{p}");
            before = x;
        }
    }

    #[test]
    fn the_ends_are_infinite_and_the_outside_is_not_a_number() {
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(normal_quantile(-0.1).is_nan());
    }

    #[test]
    fn the_probability_below_a_quantile_is_what_it_is_a_quantile_of() {
        for part in 1..1_000 {
            let p = f64::from(part) / 1_000.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14, "{p}");
        }
        let tail = normal_cdf(-9.262_340_089_798_408);
        assert!((tail / 1e-20 - 1.0).abs() < 1e-12, "{tail}");
    }

    #[test]
    fn the_density_is_the_slope_of_the_probability() {
        for part in -40..40 {
            let x = f64::from(part) / 10.0;
            let slope = (normal_cdf(x + 1e-5) - normal_cdf(x - 1e-5)) / 2e-5;
            assert!((slope - normal_density(x)).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn a_unit_number_is_never_an_end() {
        assert!(open_unit(0) > 0.0);
        assert!(open_unit(u64::MAX) < 1.0);
    }
}
