//! An average that forgets.

/// Exponentially weighted moving average: each value counts `1 − weight` times as much after the
/// next one. The first value is taken whole, so that no start value leaks in.
///
/// ```
/// use dcx_stats::Ewma;
/// let mut mean = Ewma::new(0.5);
/// mean.take(4.0);
/// mean.take(8.0);
/// assert_eq!(mean.value(), 6.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ewma {
    weight: f64,
    value: f64,
    taken: u64,
}

impl Ewma {
    /// An average of nothing in which a new value weighs `weight`, held between 0 and 1.
    #[must_use]
    pub const fn new(weight: f64) -> Self {
        Self {
            weight: weight.clamp(0.0, 1.0),
            value: 0.0,
            taken: 0,
        }
    }

    /// Takes in a value. One that is not finite is left out.
    pub fn take(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.value = if self.taken == 0 {
            value
        } else {
            self.value + self.weight * (value - self.value)
        };
        self.taken += 1;
    }

    /// The average; zero before the first value.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// How many values were taken in.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_is_taken_whole_and_the_rest_by_weight() {
        let mut mean = Ewma::new(0.25);
        assert_eq!((mean.value(), mean.taken()), (0.0, 0));
        mean.take(8.0);
        assert_eq!(mean.value(), 8.0);
        mean.take(0.0);
        assert_eq!((mean.value(), mean.taken()), (6.0, 2));
    }

    #[test]
    fn a_value_that_is_no_number_is_left_out() {
        let mut mean = Ewma::new(0.25);
        mean.take(f64::NAN);
        mean.take(2.0);
        mean.take(f64::INFINITY);
        assert_eq!((mean.value(), mean.taken()), (2.0, 1));
    }
}
