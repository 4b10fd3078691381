//! The beta distribution: what is believed about a share after shares were seen.

/// Steps of the continued fraction; it converges in O(√(a + b)) of them.
const STEPS_MAX: u32 = 10_000;

/// The logarithm of the beta function: what a beta density is divided by.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The density of the beta distribution at `x`, given [`ln_beta`] of its shapes. Zero outside
/// 0 to 1.
#[must_use]
pub fn beta_density(a: f64, b: f64, ln_beta: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    libm::exp((a - 1.0) * libm::log(x) + (b - 1.0) * libm::log1p(-x) - ln_beta)
}

/// The probability that a number of the beta distribution is below `x`: the regularized
/// incomplete beta function.
///
/// # Source
/// Press et al., "Numerical Recipes", section 6.4: the continued fraction, by Lentz's method.
///
/// ```
/// use dcx_stats::beta_cdf;
/// assert!((beta_cdf(1.0, 1.0, 0.3) - 0.3).abs() < 1e-14);
/// ```
#[must_use]
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = a * libm::log(x) + b * libm::log1p(-x) - ln_beta(a, b);
    let front = libm::exp(front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for step in 1..=STEPS_MAX {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        product *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_shapes_give_the_binomial_sums() {
        // Beta(a, b) below x is at least a of a + b - 1 tosses of a coin that shows x.
        let coin = |a: i32, b: i32, x: f64| {
            let n = a + b - 1;
            let mut choose = 1.0;
            let mut sum = 0.0;
            for j in 0..=n {
                if j >= a {
                    sum += choose * x.powi(j) * (1.0 - x).powi(n - j);
                }
                choose = choose * f64::from(n - j) / f64::from(j + 1);
            }
            sum
        };
        for (a, b) in [(1, 1), (1, 9), (4, 2), (12, 20)] {
            for part in 1..20 {
                let x = f64::from(part) / 20.0;
                let got = beta_cdf(f64::from(a), f64::from(b), x);
                assert!((got - coin(a, b, x)).abs() < 1e-12, "{a} {b} {x}: {got}");
            }
        }
    }

    #[test]
    fn the_density_is_the_slope_of_the_probability() {
        for (a, b) in [(1.5, 3.25), (200.0, 31.0)] {
            let whole = ln_beta(a, b);
            for part in 1..40 {
                let x = f64::from(part) / 40.0;
                let slope = (beta_cdf(a, b, x + 1e-6) - beta_cdf(a, b, x - 1e-6)) / 2e-6;
                let got = beta_density(a, b, whole, x);
                assert!((slope - got).abs() < 1e-6 * (1.0 + got), "{a} {b} {x}");
            }
        }
    }

    #[test]
    fn outside_of_its_range_all_is_below_or_above() {
        assert_eq!(beta_cdf(2.0, 3.0, -0.5), 0.0);
        assert_eq!(beta_cdf(2.0, 3.0, 1.5), 1.0);
        assert_eq!(beta_density(2.0, 3.0, ln_beta(2.0, 3.0), 1.0), 0.0);
    }
}
