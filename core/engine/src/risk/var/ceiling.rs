//! What a value at risk is at most, though changes of exposures wait to be taken in.

/// A bound on the value at risk by one method.
///
/// From a portfolio that is taken in, let the exposure to each factor f change by `d` of f. Then
/// the value at risk is at most that before plus the sum of |d|·s over the factors, with a slope s
/// for each:
///
/// - Historical: s is the factor's largest return. No scenario's profit changes by more than the
///   sum of |d|·s, and a ranked value of a list changes by no more than the largest change of an
///   element: as many elements as before are at least as low as the old value plus that change,
///   and likewise from above.
/// - Parametric: s is the value at risk of an exposure of one to the factor alone. The root of
///   wᵀΣw is a seminorm, as Σ is positive semidefinite (`Ewma::observe`): that of a sum is at most
///   the sum of those.
///
/// So the bound is kept by adding, at each change, the difference that it makes to its |d| times
/// the slope: an exposure that moves to and fro does not raise it.
///
/// # Units
/// A fraction of a unit of value at risk, that of the method. Exposures change by at most 2⁵⁹ and
/// slopes are below 2⁴³, so that the sum over 64 factors stays below 2¹⁰⁸; values at risk before
/// are below 2¹⁰⁶.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ceiling {
    /// `None` where what is taken in was not worked out.
    most: Option<i128>,
}

impl Ceiling {
    /// Takes the value at risk of what is taken in; nothing waits.
    pub(super) const fn set(&mut self, now: Option<i128>) {
        self.most = now;
    }

    /// Follows a change that moves an exposure so much further from what is taken in.
    pub(super) fn raise(&mut self, further: i64, slope: u64) {
        if let Some(most) = &mut self.most {
            *most += rise(further, slope);
        }
    }

    /// Whether the bound is at most `limit` with such a change besides. If it is not, nothing is
    /// known.
    pub(super) fn passes(&self, further: i64, slope: u64, limit: i128) -> bool {
        self.most
            .is_some_and(|most| most + rise(further, slope) <= limit)
    }

    /// What the value at risk is at most.
    #[cfg(test)]
    pub(super) const fn most(&self) -> Option<i128> {
        self.most
    }
}

fn rise(further: i64, slope: u64) -> i128 {
    i128::from(further) * i128::from(slope)
}

/// A cap in the units of a method, of which one has `ONE`; above every value at risk if the cap is
/// 2⁹⁰ or more, which is above every value at risk.
///
/// `cap` is not negative.
pub(super) const fn fine<const ONE: i128>(cap: i128) -> i128 {
    const { assert!(ONE <= 1 << 32, "a cap below 2^90 fits 128 bits then") };
    if cap < 1 << 90 {
        // The product that is checked would be a call.
        cap.wrapping_mul(ONE)
    } else {
        i128::MAX
    }
}
