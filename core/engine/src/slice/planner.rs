//! The planner: which schedule costs least, by a model of impact and risk in whole numbers.
//!
//! A slice of n parts of the order costs `impact[k]` · n², and what is left after it, x parts,
//! costs `risk` · x² until the next. The sum is laminar convex, because what is left after one
//! slice contains what is left after the next. So adding one part after the other where it adds
//! least cost gives the cheapest of all schedules (Murota 2003, "Discrete convex analysis",
//! theorems 6.15 and 6.78); the test compares it with an enumeration of all of them.

use dcx_model::{Algo, PlanWhy};

/// Slices of a plan, at most.
pub(crate) const STEPS_MAX: usize = 16;

/// Parts that an order is planned in, at most: lots, where there are no more.
pub(super) const PARTS_MAX: u64 = 256;

/// Cost is counted in these parts of a millionth of what the order is worth.
pub(super) const SCALE: u128 = 1_000_000_000;

/// What schedules cost, and what none may exceed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) steps: usize,
    /// Parts of the whole order.
    pub(super) parts: u16,
    /// Cost of one part in a slice alone, by slice.
    pub(super) impact: [u64; STEPS_MAX],
    /// Cost of one part held from one slice to the next.
    pub(super) risk: u64,
    /// Parts that a slice may have.
    pub(super) cap: [u16; STEPS_MAX],
    /// What is expected to trade, by slice, in any unit; all zero where it is not known.
    pub(super) volume: [u64; STEPS_MAX],
}

/// Parts by slice.
pub(super) type Parts = [u16; STEPS_MAX];

/// The planner's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) parts: Parts,
    pub(super) algo: Algo,
    pub(super) why: PlanWhy,
    pub(super) cost: u128,
    /// Cost of all at once and of even slices, where they are allowed.
    pub(super) at_once: Option<u128>,
    pub(super) even: Option<u128>,
}

impl Model {
    /// What a schedule costs.
    pub(super) fn cost(&self, parts: &Parts) -> u128 {
        let mut left = u128::from(self.parts);
        let mut sum = 0_u128;
        for (slice, impact) in parts.iter().zip(&self.impact).take(self.steps) {
            let slice = u128::from(*slice);
            left = left.saturating_sub(slice);
            sum = sum
                .saturating_add(u128::from(*impact) * slice * slice)
                .saturating_add(u128::from(self.risk) * left * left);
        }
        sum
    }

    /// The cheapest schedule; none where the caps leave no room for all of the order.
    ///
    /// # Cost
    /// O(parts × steps).
    pub(super) fn cheapest(&self) -> Option<Parts> {
        let (mut parts, mut left) = ([0; STEPS_MAX], [0_u64; STEPS_MAX]);
        for _ in 0..self.parts {
            let best = self.next(&parts, &left)?;
            for before in left.iter_mut().take(best) {
                *before += 1;
            }
            if let Some(slice) = parts.get_mut(best) {
                *slice += 1;
            }
        }
        Some(parts)
    }

    /// The slice that one part more costs least in.
    fn next(&self, parts: &Parts, left: &[u64; STEPS_MAX]) -> Option<usize> {
        let mut best: Option<(u128, usize)> = None;
        // What one part costs for being held through all slices before.
        let mut held = 0_u128;
        let slices = parts
            .iter()
            .zip(left)
            .zip(self.impact.iter().zip(&self.cap));
        for (ix, ((slice, left), (impact, cap))) in slices.take(self.steps).enumerate() {
            let cost = u128::from(*impact) * (2 * u128::from(*slice) + 1) + held;
            if slice < cap && best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, ix));
            }
            held += u128::from(self.risk) * (2 * u128::from(*left) + 1);
        }
        best.map(|(_, ix)| ix)
    }

    /// Whether no slice has more than it may.
    fn allows(&self, parts: &Parts) -> bool {
        parts.iter().zip(&self.cap).all(|(slice, cap)| slice <= cap)
    }

    /// All parts in the first slice.
    fn at_once(&self) -> Parts {
        let mut parts = [0; STEPS_MAX];
        parts[0] = self.parts;
        parts
    }

    /// As even as parts allow, the rest on the earliest.
    fn even(&self) -> Parts {
        let (steps, mut parts) = (
            u16::try_from(self.steps).unwrap_or(1).max(1),
            [0; STEPS_MAX],
        );
        for (slice, ix) in parts.iter_mut().zip(0..steps) {
            *slice = self.parts / steps + u16::from(ix < self.parts % steps);
        }
        parts
    }

    /// In proportion to what is expected to trade; none where that is not known.
    fn by_volume(&self) -> Option<Parts> {
        let volumes = self.volume.iter().take(self.steps);
        let whole: u128 = volumes.clone().map(|volume| u128::from(*volume)).sum();
        if whole == 0 {
            return None;
        }
        let (mut parts, mut before, mut sum) = ([0; STEPS_MAX], 0_u16, 0_u128);
        for (slice, volume) in parts.iter_mut().zip(volumes) {
            sum += u128::from(*volume);
            let until = u128::from(self.parts) * sum / whole;
            let until = u16::try_from(until).unwrap_or(u16::MAX);
            *slice = until - before;
            before = until;
        }
        Some(parts)
    }

    /// The cheapest schedule, and the simplest name for it; none where the caps leave no room.
    pub(super) fn choose(&self) -> Option<Choice> {
        let parts = self.cheapest()?;
        let cost = self.cost(&parts);
        let priced = |parts: Parts| self.allows(&parts).then(|| self.cost(&parts));
        let (at_once, even) = (priced(self.at_once()), priced(self.even()));
        let volume = self.by_volume().and_then(priced);
        let binds = parts.iter().zip(&self.cap).take(self.steps);
        let binds = binds
            .into_iter()
            .any(|(slice, cap)| slice == cap && *cap < self.parts);
        let (algo, why) = if at_once == Some(cost) {
            (Algo::AtOnce, PlanWhy::AtOnceCheapest)
        } else if even == Some(cost) {
            (Algo::Twap, PlanWhy::EvenCheapest)
        } else if volume == Some(cost) {
            (Algo::Vwap, PlanWhy::VolumeCheapest)
        } else if binds {
            (Algo::Shortfall, PlanWhy::CapBinds)
        } else {
            (Algo::Shortfall, PlanWhy::FrontLoadedCheapest)
        };
        Some(Choice {
            parts,
            algo,
            why,
            cost,
            at_once,
            even,
        })
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "small numbers are drawn, and the closed form is a real function"
)]
mod tests {
    use dcx_stats::{Draws, shortfall_left};

    use super::*;

    fn model(steps: usize, parts: u16, impact: u64, risk: u64) -> Model {
        Model {
            steps,
            parts,
            impact: [impact; STEPS_MAX],
            risk,
            cap: [parts; STEPS_MAX],
            volume: [1; STEPS_MAX],
        }
    }

    /// Every schedule there is, one after the other.
    fn every(
        model: &Model,
        step: usize,
        left: u16,
        parts: &mut Parts,
        seen: &mut dyn FnMut(&Parts),
    ) {
        if step + 1 == model.steps {
            if left <= model.cap[step] {
                parts[step] = left;
                seen(parts);
            }
            return;
        }
        for slice in 0..=left.min(model.cap[step]) {
            parts[step] = slice;
            every(model, step + 1, left - slice, parts, seen);
        }
    }

    fn cheapest_of_all(model: &Model) -> (Option<u128>, u64) {
        let (mut least, mut count) = (None, 0);
        every(model, 0, model.parts, &mut [0; STEPS_MAX], &mut |parts| {
            count += 1;
            let cost = model.cost(parts);
            least = Some(least.map_or(cost, |least: u128| least.min(cost)));
        });
        (least, count)
    }

    #[test]
    fn no_schedule_of_all_that_there_are_is_cheaper() {
        let mut draws = Draws::new(5);
        let (mut counted, mut infeasible) = (0, 0);
        for _ in 0..3_000 {
            let mut any = |below: u64| draws.bits() % below;
            let steps = 1 + any(5) as usize;
            let parts = 1 + any(9) as u16;
            let mut model = model(steps, parts, 0, any(200));
            for ix in 0..STEPS_MAX {
                model.impact[ix] = any(300);
                model.volume[ix] = any(50);
                if any(3) == 0 {
                    model.cap[ix] = any(6) as u16;
                }
            }
            let (least, count) = cheapest_of_all(&model);
            counted += count;
            let chosen = model.choose();
            assert_eq!(chosen.map(|choice| choice.cost), least, "{model:?}");
            match chosen {
                Some(choice) => {
                    assert_eq!(choice.parts.iter().sum::<u16>(), parts, "{model:?}");
                    assert!(model.allows(&choice.parts));
                }
                None => infeasible += 1,
            }
        }
        assert!(
            counted > 100_000 && infeasible > 20,
            "{counted} {infeasible}"
        );
    }

    #[test]
    fn each_goal_gets_the_algorithm_that_is_made_for_it() {
        let chosen = |model: &Model| model.choose().map(|choice| (choice.algo, choice.why));
        let patient = model(8, 64, 10, 0);
        assert_eq!(chosen(&patient), Some((Algo::Twap, PlanWhy::EvenCheapest)));
        let urgent = model(8, 64, 10, 1_000_000);
        assert_eq!(
            chosen(&urgent),
            Some((Algo::AtOnce, PlanWhy::AtOnceCheapest))
        );
        let between = model(8, 64, 10, 2);
        let some = Some((Algo::Shortfall, PlanWhy::FrontLoadedCheapest));
        assert_eq!(chosen(&between), some);
        let mut uneven = model(4, 40, 0, 0);
        uneven.volume = [1; STEPS_MAX];
        uneven.volume[1] = 7;
        for ix in 0..4 {
            uneven.impact[ix] = 7_000 / uneven.volume[ix];
        }
        let some = Some((Algo::Vwap, PlanWhy::VolumeCheapest));
        assert_eq!(chosen(&uneven), some);
        let mut capped = urgent;
        capped.cap = [20; STEPS_MAX];
        assert_eq!(chosen(&capped), Some((Algo::Shortfall, PlanWhy::CapBinds)));
        capped.cap = [7; STEPS_MAX];
        assert_eq!(chosen(&capped), None, "8 slices of 7 are not 64");
    }

    #[test]
    fn the_cheapest_schedule_is_the_closed_form_of_almgren_and_chriss() {
        for (impact, risk) in [(1_000, 10), (1_000, 100), (1_000, 700)] {
            let (steps, parts) = (STEPS_MAX, PARTS_MAX as u16);
            let found = model(steps, parts, impact, risk).cheapest().unwrap();
            // What is left after slice k is x(k+1); equation 14 with 2 cosh κτ - 2 = risk / impact.
            let half = 1.0 + risk as f64 / impact as f64 / 2.0;
            let kappa = dcx_stats::ln(half + (half * half - 1.0).sqrt());
            let mut left = f64::from(parts);
            for (k, slice) in found.iter().enumerate() {
                left -= f64::from(*slice);
                let elapsed = (k + 1) as f64 / steps as f64;
                let closed = shortfall_left(kappa * steps as f64, elapsed) * f64::from(parts);
                assert!((left - closed).abs() <= 1.0, "{risk} {k}: {left} {closed}");
            }
        }
    }
}
