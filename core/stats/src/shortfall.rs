//! The trajectory that trades impact against risk.

/// The share of an order that is still held when `elapsed` of its time is over, from 0 to 1.
///
/// `kappa_t` is the trajectory's rate times the whole time: 0 is even, 3 has sold nine tenths
/// by two thirds of the time. Computed from falling exponentials only, so that no rate overflows.
///
/// # Source
/// Almgren & Chriss (2000), "Optimal execution of portfolio transactions", equation 18:
/// x(t) = X · sinh(κ(T − t)) / sinh(κT).
///
/// ```
/// use dcx_stats::shortfall_left;
/// assert_eq!(shortfall_left(0.0, 0.25), 0.75);
/// assert!(shortfall_left(3.0, 0.5) < 0.22);
/// ```
#[must_use]
pub fn shortfall_left(kappa_t: f64, elapsed: f64) -> f64 {
    let elapsed = elapsed.clamp(0.0, 1.0);
    // Below this the curve is a straight line to the last bit that a lot could show.
    if kappa_t < 1e-6 {
        return 1.0 - elapsed;
    }
    let falls = libm::exp(-kappa_t * elapsed);
    let left = libm::expm1(-2.0 * kappa_t * (1.0 - elapsed));
    let whole = libm::expm1(-2.0 * kappa_t);
    falls * left / whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_obeys_the_difference_equation_of_the_paper() {
        // x(k-1) - 2 x(k) + x(k+1) = (2 cosh(κτ) - 2) x(k), equation 14.
        for kappa_t in [0.01, 0.5, 1.0, 3.0, 12.0] {
            let slices = 20.0;
            let at = |k: f64| shortfall_left(kappa_t, k / slices);
            let tau = kappa_t / slices;
            let factor = libm::exp(tau) + libm::exp(-tau) - 2.0;
            for k in 1..20 {
                let k = f64::from(k);
                let second = at(k - 1.0) - 2.0 * at(k) + at(k + 1.0);
                assert!((second - factor * at(k)).abs() < 1e-12, "{kappa_t} {k}");
            }
        }
    }

    #[test]
    fn it_begins_with_all_ends_with_nothing_and_never_rises() {
        for kappa_t in [0.0, 1e-7, 1e-5, 0.3, 5.0, 655.35] {
            assert_eq!(shortfall_left(kappa_t, 0.0), 1.0);
            assert_eq!(shortfall_left(kappa_t, 1.0), 0.0);
            let mut before = 1.0;
            for k in 1..=1_000 {
                let left = shortfall_left(kappa_t, f64::from(k) / 1_000.0);
                assert!((0.0..=before).contains(&left), "{kappa_t} {k}");
                before = left;
            }
        }
    }

    #[test]
    fn it_has_golden_bits() {
        let bits = [(0.5, 0.25), (3.0, 0.5), (20.0, 0.1)]
            .map(|(kappa_t, elapsed)| shortfall_left(kappa_t, elapsed).to_bits());
        assert_eq!(bits, GOLDEN);
    }

    const GOLDEN: [u64; 3] = [
        0x3fe7_926b_8700_b820,
        0x3fcb_34c5_ffef_20a6,
        0x3fc1_52aa_a3bf_81cb,
    ];
}
