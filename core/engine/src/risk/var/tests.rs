//! Both methods against slow twins: sums taken afresh, sorted losses, floating point.

#![expect(
    clippy::float_arithmetic,
    reason = "the twin of the covariances is in floating point"
)]

use dcx_stats::Draws;
use proptest::prelude::*;

use super::wide::Wide;
use super::*;

/// One unit of the base currency.
const ONE: i128 = 10_000;

fn factor(ix: u64) -> Factor {
    Factor::new(u8::try_from(ix).unwrap()).unwrap()
}

fn below(draws: &mut Draws, end: u64) -> u64 {
    draws.bits() % end
}

/// A whole number of random length, at most 2^`bits`, of either sign.
fn signed(draws: &mut Draws, bits: u64) -> i128 {
    let length = below(draws, bits + 1);
    let size = i128::from(draws.bits() >> 1) >> (63 - length.min(63));
    if below(draws, 2) == 0 { size } else { -size }
}

fn ret(draws: &mut Draws, size: f64) -> i32 {
    let scaled = (draws.normal() * size).round();
    format!("{scaled:.0}").parse().unwrap_or(0)
}

fn returns(draws: &mut Draws, factors: usize, size: f64) -> Returns {
    // A common part, so that there is something to hedge.
    let market = draws.normal() * size;
    let mut all = [None; FACTORS_MAX];
    for place in all.iter_mut().take(factors) {
        *place = Some(ret(draws, size / 4.0) + format!("{market:.0}").parse::<i32>().unwrap());
    }
    all
}

fn daily(scenarios: u16, observations_min: u32) -> Model {
    let model = Model::DAILY.scenarios(scenarios).unwrap();
    model.observations_min(observations_min).unwrap()
}

fn var(model: Model) -> Var {
    let mut var = Var::default();
    var.grow(model);
    var
}

/// The slow way of everything.
#[derive(Debug)]
struct Twin {
    exposures: [i128; FACTORS_MAX],
    returns: Vec<[i32; FACTORS_MAX]>,
}

impl Twin {
    fn new(scenarios: u16) -> Self {
        Self {
            exposures: [0; FACTORS_MAX],
            returns: vec![[0; FACTORS_MAX]; usize::from(scenarios)],
        }
    }

    /// Sorts all losses and counts down to the one that one in a hundred exceeds.
    fn loss_with(&self, factor: Factor, delta: i128) -> i128 {
        let mut exposures = self.exposures;
        exposures[factor.ix()] += delta;
        let loss = |returns: &[i32; FACTORS_MAX]| {
            let gains = exposures
                .iter()
                .zip(returns)
                .map(|(w, r)| w * i128::from(*r));
            -gains.sum::<i128>()
        };
        let mut losses: Vec<i128> = self.returns.iter().map(loss).collect();
        losses.sort_unstable();
        losses[losses.len() - losses.len().div_ceil(100)]
    }
}

fn exposures(var: &Var) -> [i128; FACTORS_MAX] {
    var.stands.map(|stand| stand.exact)
}

/// Asserts that gradient and variance are what Σ and the exposures give afresh.
fn assert_variance_is_fresh(var: &Var) {
    let (sigma, gradient, variance) = var.ewma.parts(var.waiting());
    let exposures = exposures(var);
    let mut fresh = Wide::ZERO;
    for i in 0..FACTORS_MAX {
        let mut sum = 0;
        for j in 0..FACTORS_MAX {
            assert_eq!(sigma[i * FACTORS_MAX + j], sigma[j * FACTORS_MAX + i]);
            sum += i128::from(sigma[i * FACTORS_MAX + j]) * exposures[j];
        }
        assert_eq!(gradient[i], sum, "gradient of factor {i}");
        fresh = fresh.plus(Wide::product(sum, exposures[i]));
    }
    assert_eq!(variance, fresh);
    assert!(variance >= Wide::ZERO, "a variance is never negative");
}

#[test]
fn what_is_kept_equals_what_is_worked_out_afresh_over_a_long_run() {
    for (seed, scenarios) in [(1, 256), (2, 100), (3, 101), (4, 1)] {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(scenarios, 1));
        let mut twin = Twin::new(scenarios);
        for scenario in 0..scenarios {
            for ix in 0..FACTORS_MAX as u64 {
                let ret = ret(&mut draws, 10_000.0);
                twin.returns[usize::from(scenario)][factor(ix).ix()] = ret;
                assert!(var.set_return(scenario, factor(ix), ret));
            }
        }
        var.observe(&returns(&mut draws, FACTORS_MAX, 10_000.0));
        for step in 0..4_000 {
            let moved = factor(below(&mut draws, 64));
            match below(&mut draws, 20) {
                0..=9 => {
                    let delta = signed(&mut draws, 54);
                    var.exposure_changed(moved, delta);
                    twin.exposures[moved.ix()] += delta;
                }
                10..=17 => {
                    let scenario = u16::try_from(below(&mut draws, scenarios.into())).unwrap();
                    let ret = ret(&mut draws, 10_000.0);
                    assert!(var.set_return(scenario, moved, ret));
                    twin.returns[usize::from(scenario)][moved.ix()] = ret;
                }
                18 => var.settle(),
                _ => var.observe(&returns(&mut draws, FACTORS_MAX, 10_000.0)),
            }
            let (asked, delta) = (factor(below(&mut draws, 64)), signed(&mut draws, 54));
            assert_eq!(
                var.var99_with(asked, delta),
                Some(twin.loss_with(asked, delta)),
                "seed {seed}, step {step}"
            );
            let (most, now) = (var.loss.most(), twin.loss_with(asked, 0));
            assert!(most.is_none_or(|most| most >= now), "{most:?} < {now}");
            if let (Some(kept), 0) = (var.history.now(), var.waiting) {
                assert_eq!(kept, now);
            }
            if step % 10 == 0 {
                assert_variance_is_fresh(&var);
            }
        }
    }
}

#[test]
fn a_candidate_is_measured_as_if_it_had_happened() {
    let mut draws = Draws::new(5);
    let mut var = var(daily(256, 1));
    for scenario in 0..256 {
        for ix in 0..64 {
            var.set_return(scenario, factor(ix), ret(&mut draws, 8_000.0));
        }
    }
    for _ in 0..100 {
        var.observe(&returns(&mut draws, FACTORS_MAX, 8_000.0));
    }
    for _ in 0..1_000 {
        let (moved, delta) = (factor(below(&mut draws, 64)), signed(&mut draws, 55));
        let methods = [Method::Historical, Method::Ewma];
        let asked = methods.map(|method| var.value_with(method, moved, delta));
        var.exposure_changed(moved, delta);
        let happened = methods.map(|method| var.value_with(method, moved, 0));
        assert_eq!(asked, happened);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_value_is_the_smallest_cap_that_passes(
        seed: u64,
        scenarios in 1_u16..=256,
        factors in 1_usize..=64,
        bits in 1_u64..=54,
    ) {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(scenarios, 1));
        for scenario in 0..scenarios {
            for ix in 0..64 {
                var.set_return(scenario, factor(ix), ret(&mut draws, 9_000.0));
            }
        }
        for _ in 0..3 {
            var.observe(&returns(&mut draws, FACTORS_MAX, 9_000.0));
        }
        for ix in 0..factors as u64 {
            var.exposure_changed(factor(ix), signed(&mut draws, bits));
        }
        for method in [Method::Historical, Method::Ewma] {
            let (asked, delta) = (factor(below(&mut draws, 64)), signed(&mut draws, bits));
            let value = var.value_with(method, asked, delta).unwrap();
            let passes = |cap| var.passes(method, asked, delta, cap);
            prop_assert_eq!(passes(value.max(0)), Some(true));
            prop_assert_eq!(passes(value - 1), Some(false));
            prop_assert_eq!(passes(i128::MAX), Some(true));
            prop_assert_eq!(passes(-1), Some(false));
        }
    }

    #[test]
    fn the_bound_never_passes_what_the_scan_refuses(
        seed: u64,
        scenarios in 1_u16..=256,
        bits in 1_u64..=54,
    ) {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(scenarios, 1));
        let (mut by_bound, mut refused) = (0, 0);
        for scenario in 0..scenarios {
            for ix in 0..8 {
                var.set_return(scenario, factor(ix), ret(&mut draws, 9_000.0));
            }
        }
        for ix in 0..8 {
            var.exposure_changed(factor(ix), signed(&mut draws, bits));
        }
        for _ in 0..200 {
            if below(&mut draws, 10) == 0 {
                let scenario = u16::try_from(below(&mut draws, scenarios.into())).unwrap();
                var.set_return(scenario, factor(below(&mut draws, 8)), ret(&mut draws, 30_000.0));
                var.settle();
            }
            let (asked, delta) = (factor(below(&mut draws, 8)), signed(&mut draws, bits));
            let step = i64::try_from(delta).unwrap();
            let loss = var.history.loss_with(var.waiting(), asked, step);
            let stand = var.stand(asked);
            for limit in [loss - 1, loss, loss + signed(&mut draws, 60), loss * 2] {
                let further = stand.further(step);
                let bound = var.loss.passes(further, stand.steepest, limit);
                let scan = var.history.is_within(var.waiting(), asked, step, limit);
                prop_assert_eq!(scan, loss <= limit);
                prop_assert!(scan || !bound, "the bound passed what the scan refuses");
                by_bound += u32::from(bound);
                refused += u32::from(!scan);
            }
        }
        prop_assert!(by_bound > 0 && refused > 0, "both answers were met");
    }

    #[test]
    fn reducing_the_only_exposure_never_raises_the_historical_value(
        seed: u64,
        scenarios in 1_u16..=256,
        held in -(1_i128 << 54)..(1_i128 << 54),
        parts in prop::collection::vec(0_i128..=1_000, 20),
    ) {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(scenarios, 1));
        let drift = ret(&mut draws, 3_000.0);
        for scenario in 0..scenarios {
            var.set_return(scenario, factor(0), drift + ret(&mut draws, 9_000.0));
        }
        var.exposure_changed(factor(0), held);
        let mut before = var.var99_with(factor(0), 0).unwrap().max(0);
        let mut parts = parts;
        parts.sort_unstable();
        for part in parts {
            let delta = -held * part / 1_000;
            let after = var.var99_with(factor(0), delta).unwrap().max(0);
            prop_assert!(after <= before, "{} of a thousand: {} > {}", part, after, before);
            before = after;
        }
    }

    #[test]
    fn nothing_panics_and_nothing_passes_unmeasured_however_extreme(
        seed: u64,
        steps in prop::collection::vec((0_u64..64, any::<i128>(), any::<i32>()), 1..200),
    ) {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(256, 1).periods(PERIODS_MAX).unwrap());
        for scenario in 0..256 {
            for ix in 0..64 {
                let far = if below(&mut draws, 2) == 0 { i32::MIN } else { i32::MAX };
                var.set_return(scenario, factor(ix), far);
            }
        }
        for (ix, size, ret) in steps {
            let moved = factor(ix);
            let delta = size >> below(&mut draws, 128);
            match below(&mut draws, 4) {
                0 => var.observe(&[Some(ret); FACTORS_MAX]),
                1 => var.observe(&[Some(if ret < 0 { i32::MIN } else { i32::MAX }); FACTORS_MAX]),
                2 => var.exposure_changed(moved, delta),
                _ => var.exposure_changed(moved, delta.signum() * i128::from(EXPOSURE_MAX)),
            }
            for method in [Method::Historical, Method::Ewma] {
                for asked in [0, delta, size, i128::MAX, i128::MIN] {
                    let value = var.value_with(method, moved, asked);
                    let too_large = var.step(moved, asked) == Step::TooLarge;
                    prop_assert!(!too_large || value.is_none_or(|value| value == i128::MAX));
                    for cap in [i128::MIN, 0, size, i128::MAX] {
                        let passes = value.map(|value| !too_large && cap >= 0 && value <= cap);
                        prop_assert_eq!(var.passes(method, moved, asked, cap), passes);
                    }
                }
            }
        }
    }
}

/// Two portfolios that are told the same: one lets changes wait, the other never does.
#[derive(Debug)]
struct Pair {
    lazy: Var,
    eager: Var,
}

impl Pair {
    fn new(model: Model) -> Self {
        let (lazy, eager) = (var(model), var(model));
        Self { lazy, eager }
    }

    fn each(&mut self, mut change: impl FnMut(&mut Var)) {
        change(&mut self.lazy);
        self.eager.near.set(u32::MAX);
        change(&mut self.eager);
        assert_eq!(self.eager.waiting, 0, "the eager one never waits");
    }

    /// Compares what can be asked, with caps `near` the value or far above it, and counts
    /// verdicts: passed by the bound, passed and refused without it.
    fn compare(&self, draws: &mut Draws, bits: u64, near: bool, verdicts: &mut [u32; 3]) {
        let Self { lazy, eager } = self;
        if below(draws, 4) == 0 {
            assert_eq!(lazy.digest(7), eager.digest(7));
        }
        let (asked, delta) = (factor(below(draws, 64)), signed(draws, bits));
        assert_eq!(lazy.exact(asked), eager.exact(asked));
        assert_eq!(
            lazy.var99_with(asked, delta),
            eager.var99_with(asked, delta)
        );
        for method in [Method::Historical, Method::Ewma] {
            let value = lazy.value_with(method, asked, delta);
            assert_eq!(value, eager.value_with(method, asked, delta));
            let caps = match value {
                None | Some(i128::MAX) => vec![signed(draws, 60), i128::MAX],
                Some(value) if near => vec![value - 1, value, value + 1, signed(draws, 60)],
                Some(value) => vec![value.max(0).saturating_mul(1_000), i128::MAX],
            };
            for cap in caps {
                let kept = lazy.near.replace(0);
                let passed = lazy.passes(method, asked, delta, cap);
                let decided = lazy.near.get() == 0;
                lazy.near.set(lazy.near.get().max(kept));
                assert_eq!(passed, eager.passes(method, asked, delta, cap));
                let within = |value| cap >= 0 && value < i128::MAX && value <= cap;
                assert_eq!(passed, value.map(within));
                match (passed, decided) {
                    (Some(true), true) => verdicts[0] += 1,
                    (Some(true), false) => verdicts[1] += 1,
                    (Some(false), _) => verdicts[2] += 1,
                    (None, _) => {}
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn when_changes_are_taken_in_is_never_seen(
        seed: u64,
        scenarios in 1_u16..=256,
        bits in 10_u64..=62,
        factors in 1_u64..=64,
    ) {
        let mut draws = Draws::new(seed);
        let mut pair = Pair::new(daily(scenarios, 1).periods(1_440).unwrap());
        for ix in 0..64 {
            for scenario in 0..scenarios {
                let ret = ret(&mut draws, 9_000.0);
                pair.each(|var| assert!(var.set_return(scenario, factor(ix), ret)));
            }
        }
        let first = returns(&mut draws, FACTORS_MAX, 4_000.0);
        pair.each(|var| var.observe(&first));
        pair.each(Var::settle);
        let (mut verdicts, mut waited) = ([0; 3], 0);
        for turn in 0..300 {
            let moved = factor(below(&mut draws, factors));
            match below(&mut draws, 100) {
                0 => {
                    let returns = returns(&mut draws, FACTORS_MAX, 4_000.0);
                    pair.each(|var| var.observe(&returns));
                }
                1..=2 => {
                    let scenario = u16::try_from(below(&mut draws, scenarios.into())).unwrap();
                    let ret = ret(&mut draws, 9_000.0);
                    pair.each(|var| assert!(var.set_return(scenario, moved, ret)));
                }
                3 => pair.each(Var::settle),
                4 => {
                    // To nothing, which is back where a factor may have been taken in.
                    let all = pair.lazy.exact(moved);
                    pair.each(|var| var.exposure_changed(moved, -all));
                }
                5..=14 => pair.each(Var::refresh),
                _ => {
                    let delta = signed(&mut draws, bits);
                    pair.each(|var| var.exposure_changed(moved, delta));
                }
            }
            let near = (100..150).contains(&turn);
            pair.compare(&mut draws, bits, near, &mut verdicts);
            waited = waited.max(pair.lazy.waiting.count_ones());
        }
        // Larger ones may stay beyond what is measured.
        prop_assert!(bits > 48 || verdicts.iter().all(|count| *count > 0), "{:?}", verdicts);
        prop_assert!(waited > 0, "something waited");
    }

    #[test]
    fn the_bounds_are_never_below_the_value(
        seed: u64,
        scenarios in 1_u16..=256,
        bits in 1_u64..=60,
        size in 0_i32..=500_000,
    ) {
        let mut draws = Draws::new(seed);
        let mut var = var(daily(scenarios, 1).periods(PERIODS_MAX).unwrap());
        let size = f64::from(size);
        for ix in 0..64 {
            for scenario in 0..scenarios {
                var.set_return(scenario, factor(ix), ret(&mut draws, size));
            }
        }
        for _ in 0..below(&mut draws, 4) + 1 {
            var.observe(&returns(&mut draws, FACTORS_MAX, size));
        }
        var.settle();
        for _ in 0..200 {
            let moved = factor(below(&mut draws, 64));
            var.exposure_changed(moved, signed(&mut draws, bits));
            let Some(loss) = var.var99_with(moved, 0).filter(|loss| *loss < i128::MAX) else {
                continue;
            };
            prop_assert!(var.loss.most().unwrap() >= loss);
            // Compared in squares, as the verdict is: the root of z²·v·h is at most the bound.
            let most = var.deviation.most().unwrap().unsigned_abs();
            let exact = var.ewma.amount(var.waiting());
            let up = i128::try_from(most.div_ceil(ewma::ONE.unsigned_abs())).unwrap();
            prop_assert!(up >= exact, "{} < {}", up, exact);
            if below(&mut draws, 20) == 0 {
                var.settle();
                let exact = var.ewma.amount(var.waiting());
                let most = var.deviation.most().unwrap();
                prop_assert!(most <= (exact + 1) * ewma::ONE + (exact >> 20), "{most} is far");
            }
        }
        prop_assert_eq!(var.near.get(), 0, "no check was made");
    }
}

/// A portfolio of every factor, with all returns known and nothing waiting.
fn known(seed: u64) -> (Var, Draws) {
    let mut draws = Draws::new(seed);
    let mut var = var(daily(256, 1));
    for ix in 0..64 {
        for scenario in 0..256 {
            var.set_return(scenario, factor(ix), ret(&mut draws, 9_000.0));
        }
    }
    var.observe(&returns(&mut draws, FACTORS_MAX, 9_000.0));
    var.settle();
    (var, draws)
}

#[test]
fn far_from_the_cap_neither_a_change_nor_a_check_touches_scenarios_or_covariances() {
    let (mut var, mut draws) = known(21);
    let before = var.history.profits().to_vec();
    let gradient = var.ewma.parts(Pending::NONE).1;
    for _ in 0..5_000 {
        let moved = factor(below(&mut draws, 64));
        var.exposure_changed(moved, signed(&mut draws, 40));
        for method in [Method::Historical, Method::Ewma] {
            assert_eq!(var.passes(method, moved, ONE, 1 << 60), Some(true));
        }
        var.refresh();
    }
    assert_eq!(var.waiting, u64::MAX, "a change of each factor waits");
    assert_eq!(var.history.profits(), before);
    assert_eq!(var.ewma.parts(Pending::NONE).1, gradient);
}

#[test]
fn what_moves_to_and_fro_raises_no_bound() {
    let (mut var, mut draws) = known(22);
    let before = (var.loss.most(), var.deviation.most());
    for _ in 0..1_000 {
        let (moved, delta) = (factor(below(&mut draws, 64)), signed(&mut draws, 57));
        var.exposure_changed(moved, delta);
        assert!(var.loss.most() >= before.0 && var.deviation.most() >= before.1);
        var.exposure_changed(moved, -delta);
        assert_eq!((var.loss.most(), var.deviation.most()), before);
        assert_eq!(var.waiting, 0, "nothing is left to be taken in");
    }
}

#[test]
fn after_a_check_that_was_not_decided_nothing_waits_for_a_while() {
    let (mut var, mut draws) = known(23);
    for method in [Method::Historical, Method::Ewma] {
        for ix in 0..64 {
            var.exposure_changed(factor(ix), signed(&mut draws, 40));
        }
        assert_ne!(var.waiting, 0);
        var.refresh();
        assert_ne!(var.waiting, 0, "no check asks for it");
        let value = var.value_with(method, factor(0), 0).unwrap();
        assert_eq!(var.passes(method, factor(0), 0, value - 1), Some(false));
        var.refresh();
        assert_eq!(var.waiting, 0, "the next command takes it in");
        for change in 0..100 {
            let moved = factor(change % 64);
            var.exposure_changed(moved, 1 + signed(&mut draws, 40).abs());
            assert_eq!(var.waiting != 0, change >= u64::from(NEAR_CHANGES));
        }
    }
}

/// Covariances and value at risk in floating point, by the definition.
#[derive(Debug)]
struct FloatTwin {
    lambda: f64,
    sigma: Vec<[f64; FACTORS_MAX]>,
    seen: [bool; FACTORS_MAX],
}

impl FloatTwin {
    fn new(lambda: f64) -> Self {
        Self {
            lambda,
            sigma: vec![[0.0; FACTORS_MAX]; FACTORS_MAX],
            seen: [false; FACTORS_MAX],
        }
    }

    fn observe(&mut self, returns: &Returns) {
        let seen = self.seen;
        for i in 0..FACTORS_MAX {
            for j in 0..FACTORS_MAX {
                let old = self.sigma[i][j];
                let product =
                    f64::from(returns[i].unwrap_or(0)) * f64::from(returns[j].unwrap_or(0));
                self.sigma[i][j] = if i == j && returns[i].is_none() {
                    old
                } else if !seen[i] && !seen[j] {
                    product
                } else {
                    self.lambda * old + (1.0 - self.lambda) * product
                };
                if i == j && !seen[i] {
                    self.sigma[i][j] = product;
                }
            }
            self.seen[i] |= returns[i].is_some();
        }
    }

    fn value(&self, exposures: &[i128; FACTORS_MAX], periods: u32) -> f64 {
        let exposures = exposures.map(|w| w as f64);
        let rows = self.sigma.iter().zip(exposures);
        let variance: f64 = rows
            .map(|(row, w)| w * row.iter().zip(exposures).map(|(s, w)| s * w).sum::<f64>())
            .sum();
        2.326_348 * (variance.max(0.0) * f64::from(periods)).sqrt() / 1e6
    }
}

/// The fixed point may be above by the volatility that `observe` states and half a part in 10⁹ for
/// the twin's own rounding, and below by the latter only.
#[test]
fn the_parametric_value_is_that_of_floating_point_and_never_below_it() {
    for (seed, lambda_ppm, periods, size) in [
        (1, 940_000, 1, 10_000.0),
        (2, 970_000, 288, 500.0),
        (3, 990_000, 1_440, 5.0),
        (4, 0, 1, 10_000.0),
    ] {
        let model = daily(0, 1).lambda_ppm(lambda_ppm).unwrap();
        let mut var = var(model.periods(periods).unwrap());
        let lambda = f64::from(lambda_ppm) / 1e6;
        let mut twin = FloatTwin::new(lambda);
        let mut draws = Draws::new(seed);
        for step in 0..600 {
            let mut returns = returns(&mut draws, FACTORS_MAX, size);
            // Some factors begin later, some miss a period.
            for (ix, ret) in (0..).zip(&mut returns) {
                if ix % 7 == 3 && step < ix || below(&mut draws, 20) == 0 && step > 0 {
                    *ret = None;
                }
            }
            var.observe(&returns);
            twin.observe(&returns);
            let (moved, delta) = (factor(below(&mut draws, 64)), signed(&mut draws, 54));
            var.exposure_changed(moved, delta);
            if step < 64 {
                continue;
            }
            let value = var.value_with(Method::Ewma, moved, 0).unwrap() as f64;
            let expected = twin.value(&exposures(&var), periods);
            let norm = exposures(&var)
                .iter()
                .map(|w| (*w as f64).powi(2))
                .sum::<f64>()
                .sqrt();
            let missed = 32.0 * 600.0;
            let volatility = ((64.0 / (1.0 - lambda) + missed) / 16_777_216.0).sqrt();
            let extra = 2.326_348 * norm * volatility * f64::from(periods).sqrt() / 1e6;
            let own = expected * 5e-8 + 1.0;
            assert!(
                value >= expected - own,
                "case {seed}, step {step}: {value} < {expected}"
            );
            assert!(
                value <= expected + own + extra,
                "case {seed}: {value} > {expected} + {extra}"
            );
        }
    }
}

#[test]
fn a_hedge_that_cancels_to_nothing_has_no_negative_variance() {
    let mut var = var(daily(0, 1));
    let mut draws = Draws::new(8);
    for _ in 0..5_000 {
        // All factors move alike: the matrix has rank one, and rounding could break it.
        let same = ret(&mut draws, 40.0);
        var.observe(&[Some(same); FACTORS_MAX]);
    }
    for ix in 0..64 {
        let side = if ix % 2 == 0 { 1 } else { -1 };
        var.exposure_changed(factor(ix), side * (1 << 54));
    }
    assert_variance_is_fresh(&var);
    let hedged = var.value_with(Method::Ewma, factor(0), 0).unwrap();
    let alone = 2.326_348 * 40.0 * (1_u64 << 54) as f64 / 1e6;
    assert!((hedged as f64) < alone / 100.0, "{hedged} of {alone}");
}

#[test]
fn one_percent_on_a_million_is_as_worked_out_by_hand() {
    let mut var = var(daily(0, 1));
    let mut returns = [None; FACTORS_MAX];
    returns[5] = Some(10_000);
    var.observe(&returns);
    // 2.326348 · 1 % · 1,000,000, and one unit up for the rounding of the covariance.
    let value = var.value_with(Method::Ewma, factor(5), 1_000_000 * ONE);
    assert_eq!(value, Some(232_634_801));
    let half = var.value_with(Method::Ewma, factor(5), -500_000 * ONE);
    assert_eq!(half, Some(116_317_401));
    // A second day without a move: variance times 0.94.
    returns[5] = Some(0);
    var.observe(&returns);
    let value = var
        .value_with(Method::Ewma, factor(5), 1_000_000 * ONE)
        .unwrap();
    let expected = 232_634_800.0 * 0.94_f64.sqrt();
    assert!(
        (value as f64 - expected).abs() < 2.0,
        "{value} is not {expected}"
    );
}

#[test]
fn a_covariance_is_rounded_to_the_nearest_and_a_variance_raised_by_half_the_factors() {
    let mut var = var(daily(0, 1));
    let mut draws = Draws::new(11);
    let weight = i128::from(60_000_u64 * (1 << 32) / 1_000_000 + 1);
    var.observe(&returns(&mut draws, FACTORS_MAX, 10_000.0));
    let before = var.ewma.parts(Pending::NONE).0.to_vec();
    let new = returns(&mut draws, FACTORS_MAX, 10_000.0).map(Option::unwrap);
    var.observe(&new.map(Some));
    for (at, after) in var.ewma.parts(Pending::NONE).0.iter().enumerate() {
        let (i, j) = (at / FACTORS_MAX, at % FACTORS_MAX);
        let product = i128::from(new[i]) * i128::from(new[j]) * (1 << 24);
        let exact = i128::from(before[at]) * ((1 << 32) - weight) + product * weight;
        let raised = if i == j { 32 } else { 0 };
        let off = (i128::from(*after) - raised) * (1 << 32) - exact;
        assert!(off.abs() <= 1 << 31, "({i}, {j}) is off by {off}");
    }
}

#[test]
fn a_return_beyond_its_limit_counts_as_the_limit() {
    let digest = |ret: i32| {
        let mut var = var(daily(0, 1));
        let mut returns = [Some(-7); FACTORS_MAX];
        returns[0] = Some(ret);
        var.observe(&returns);
        var.observe(&returns);
        var.digest(1)
    };
    assert_eq!(digest(i32::MAX), digest(RETURN_PPM_MAX));
    assert_eq!(digest(i32::MIN), digest(-RETURN_PPM_MAX));
    assert_ne!(digest(RETURN_PPM_MAX), digest(RETURN_PPM_MAX - 1));
}

#[test]
fn the_smallest_loss_rounds_up_and_a_gain_towards_zero() {
    let mut var = var(daily(1, 1));
    var.set_return(0, factor(0), -1);
    let value = |delta| {
        var.value_with(Method::Historical, factor(0), delta)
            .unwrap()
    };
    assert_eq!(
        (value(0), value(1), value(PPM), value(PPM + 1)),
        (0, 1, 1, 2)
    );
    assert_eq!((value(-1), value(-PPM), value(-PPM - 1)), (0, -1, -1));
}

#[test]
fn sampled_mids_become_a_value() {
    let mut var = var(daily(0, 2));
    let mut sampler = Sampler::new();
    let mut value = Vec::new();
    for mid in [200_000, 202_000, 199_980] {
        let mut returns = [None; FACTORS_MAX];
        returns[4] = sampler.sample(factor(4), mid);
        var.observe(&returns);
        value.push(var.value_with(Method::Ewma, factor(4), 100 * ONE));
    }
    // Both returns are of 1 %: one does not count as enough, and none is not a return of zero.
    assert_eq!(value, [None, None, Some(23_264)]);
}

#[test]
fn a_day_of_four_periods_has_twice_the_value_of_one() {
    let mut returns = [None; FACTORS_MAX];
    returns[0] = Some(-2_000);
    let value = |periods| {
        let mut var = var(daily(0, 1).periods(periods).unwrap());
        var.observe(&returns);
        var.value_with(Method::Ewma, factor(0), 1_000 * ONE)
            .unwrap()
    };
    // 2.326348 · 0.2 % · 1,000 = 4.652696, rounded up; then twice that.
    assert_eq!((value(1), value(4)), (46_527, 93_054));
}

#[test]
fn the_rank_is_one_in_a_hundred_rounded_up() {
    for (scenarios, rank) in [
        (1, 1),
        (99, 1),
        (100, 1),
        (101, 2),
        (200, 2),
        (201, 3),
        (256, 3),
    ] {
        let mut var = var(daily(scenarios, 1));
        for scenario in 0..scenarios {
            // The worst is the last, at 100 parts per million for each.
            var.set_return(scenario, factor(2), -100 * i32::from(scenario + 1));
        }
        let worst = i128::from(scenarios + 1 - rank) * 100;
        let loss = var.var99_with(factor(2), 10_000 * ONE);
        assert_eq!(loss, Some(worst * 10_000 * ONE), "{scenarios} scenarios");
        let value = var.value_with(Method::Historical, factor(2), 10_000 * ONE);
        assert_eq!(value, Some(worst * 10_000 * ONE / PPM));
        let gain = var.var99_with(factor(2), -10_000 * ONE);
        assert_eq!(gain, Some(-i128::from(rank) * 100 * 10_000 * ONE));
    }
}

#[test]
fn a_fact_that_is_missing_gives_no_verdict() {
    let nothing = Var::default();
    let mut var = var(daily(3, 2));
    let both = [Method::Historical, Method::Ewma];
    let ask = |var: &Var, ix| both.map(|method| var.passes(method, factor(ix), 1, i128::MAX));
    assert_eq!(ask(&nothing, 0), [None, None]);
    assert_eq!(ask(&var, 0), [None, None]);
    let mut returns = [None; FACTORS_MAX];
    returns[0] = Some(100);
    for day in 0..3 {
        assert_eq!(
            ask(&var, 0),
            [None, if day < 2 { None } else { Some(true) }]
        );
        assert!(
            var.set_return(day, factor(0), 0),
            "a return of zero is a fact"
        );
        var.observe(&returns);
    }
    assert_eq!(ask(&var, 0), [Some(true); 2]);
    assert_eq!(ask(&var, 1), [None, None], "the candidate's own factor");
    assert!(
        !var.set_return(3, factor(1), 0),
        "there is no such scenario"
    );
    var.exposure_changed(factor(1), -1);
    assert_eq!(ask(&var, 0), [None, None], "a factor held");
    assert_eq!(var.value_with(Method::Ewma, factor(0), 1), None);
    assert_eq!(var.var99_with(factor(0), 1), None);
    var.exposure_changed(factor(1), 1);
    assert_eq!(ask(&var, 0), [Some(true); 2], "held no more");
}

#[test]
fn a_portfolio_too_large_refuses_until_it_is_back_within_bounds() {
    let mut var = var(daily(1, 1));
    for ix in 0..2 {
        var.set_return(0, factor(ix), -1);
    }
    let mut returns = [None; FACTORS_MAX];
    (returns[0], returns[1]) = (Some(1), Some(1));
    var.observe(&returns);
    let bound = i128::from(EXPOSURE_MAX);
    for method in [Method::Historical, Method::Ewma] {
        let passes = |var: &Var, ix, delta| var.passes(method, factor(ix), delta, i128::MAX);
        assert_eq!(passes(&var, 0, bound), Some(true));
        assert_eq!(passes(&var, 0, bound + 1), Some(false));
        assert_eq!(passes(&var, 0, -bound - 1), Some(false));
        let before = var.digest(1);
        let values = var.value_with(method, factor(1), 500 * PPM);
        var.exposure_changed(factor(0), bound * 7);
        assert_eq!(passes(&var, 1, 0), Some(false));
        assert_eq!(var.value_with(method, factor(1), 0), Some(i128::MAX));
        assert_eq!(
            passes(&var, 0, -bound * 6),
            Some(true),
            "the way back is open"
        );
        var.exposure_changed(factor(0), -bound * 7);
        assert_eq!(var.value_with(method, factor(1), 500 * PPM), values);
        assert_eq!(var.digest(1), before, "as if it had not happened");
    }
    var.exposure_changed(factor(0), i128::MAX);
    var.exposure_changed(factor(0), i128::MAX);
    var.exposure_changed(factor(0), i128::MIN);
    assert_eq!(
        var.passes(Method::Ewma, factor(0), 0, i128::MAX),
        Some(false),
        "it is lost"
    );
}

#[test]
fn a_factor_without_returns_keeps_its_variance_and_its_hedge_fades() {
    let mut var = var(daily(0, 1));
    let mut returns = [None; FACTORS_MAX];
    (returns[0], returns[1]) = (Some(10_000), Some(10_000));
    var.observe(&returns);
    let alone = var.value_with(Method::Ewma, factor(1), 1_000 * ONE);
    var.exposure_changed(factor(0), -1_000 * ONE);
    assert_eq!(
        var.value_with(Method::Ewma, factor(1), 1_000 * ONE),
        Some(1),
        "hedged"
    );
    returns[1] = None;
    for _ in 0..200 {
        var.observe(&returns);
    }
    let hedged = var
        .value_with(Method::Ewma, factor(1), 1_000 * ONE)
        .unwrap();
    var.exposure_changed(factor(0), 1_000 * ONE);
    assert_eq!(var.value_with(Method::Ewma, factor(1), 1_000 * ONE), alone);
    let apart = alone.unwrap() as f64 * 2_f64.sqrt();
    assert!(
        (hedged as f64 - apart).abs() < apart / 1_000.0,
        "{hedged} is not {apart}"
    );
}

#[test]
fn a_mapping_weighs_and_rounds_away_from_zero() {
    let mapping = |beta_ppm| Mapping {
        factor: factor(1),
        beta_ppm,
    };
    assert_eq!(mapping(1_000_000).exposure(-77), -77);
    assert_eq!(mapping(-500_000).exposure(1_000), -500);
    assert_eq!(mapping(333_333).exposure(10), 4);
    assert_eq!(mapping(333_333).exposure(-10), -4);
    assert_eq!(mapping(0).exposure(i128::MAX), 0);
    let far = mapping(i32::MIN).exposure(i128::MAX);
    assert!(far < -i128::from(EXPOSURE_MAX), "it cannot be measured");
    assert_eq!(Factor::new(64), None);
}

#[test]
fn parameters_out_of_bounds_are_no_model() {
    assert_eq!(Model::DAILY.scenarios(SCENARIOS_MAX + 1), None);
    assert_eq!(Model::DAILY.lambda_ppm(1_000_000), None);
    assert_eq!(Model::DAILY.periods(0), None);
    assert_eq!(Model::DAILY.periods(PERIODS_MAX + 1), None);
    assert_eq!(Model::DAILY.observations_min(0), None);
    assert_eq!(
        Model::DAILY.lambda_ppm(LAMBDA_DAILY_PPM),
        Some(Model::DAILY)
    );
}

#[test]
fn another_model_forgets_returns_and_keeps_exposures() {
    let mut var = var(daily(1, 1));
    var.set_return(0, factor(0), -10_000);
    var.exposure_changed(factor(0), 100 * ONE);
    let digest = var.digest(3);
    var.grow(daily(1, 1));
    assert_eq!(var.digest(3), digest, "the same model changes nothing");
    var.grow(daily(2, 1));
    assert_eq!(var.var99_with(factor(0), 0), None);
    assert_eq!(var.exact(factor(0)), 100 * ONE);
    var.set_return(0, factor(0), -10_000);
    var.set_return(1, factor(0), -20_000);
    assert_eq!(
        var.value_with(Method::Historical, factor(0), 0),
        Some(2 * ONE)
    );
    assert_ne!(var.digest(3), digest);
}

#[test]
fn the_digest_sees_every_kind_of_fact_and_the_salt() {
    let mut var = var(daily(2, 1));
    let mut digests = vec![var.digest(1), var.digest(2)];
    var.set_return(1, factor(63), 0);
    digests.push(var.digest(1));
    var.set_return(1, factor(63), 5);
    digests.push(var.digest(1));
    let mut returns = [None; FACTORS_MAX];
    returns[7] = Some(0);
    var.observe(&returns);
    digests.push(var.digest(1));
    returns[7] = Some(9);
    var.observe(&returns);
    digests.push(var.digest(1));
    var.exposure_changed(factor(9), 1);
    digests.push(var.digest(1));
    var.exposure_changed(factor(9), i128::MAX);
    digests.push(var.digest(1));
    let mut distinct = digests.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len());
}
