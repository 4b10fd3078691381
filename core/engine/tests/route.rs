//! Goal: every policy believes, chooses and learns as its paper says, and the probability of a
//! choice is that with which it is made. Method: each against a slow twin in plain floats that
//! keeps every choice and reward there ever was; probabilities against many draws, and against a
//! finer integral; regret over seeds on venues that stay and venues that change.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::disallowed_methods,
    reason = "a panic is a failed test, counts are small, and a twin is right to many digits, not \
              to the bit"
)]

use dcx_engine::route::{
    Ask, Belief, Beliefs, Choice, Chooser, Context, NOTHING_DISPLAYED, Piece, Policy, Reward, Rule,
    Split, Surroundings, probabilities, probabilities_of, rule_of,
};
use dcx_model::*;
use dcx_stats::{Draws, normal_cdf, normal_density};
use proptest::prelude::*;

const ALL: VenueSet = VenueSet::from_bits(0xffff);

fn routing(policy: RoutingPolicy) -> Routing {
    Routing {
        policy,
        discount_ppm: 990_000,
        explore_ppm: 20_000,
        window: 50,
        ..Routing::DEFAULT
    }
}

/// A choice and, once it came, its reward.
#[derive(Clone, Copy, Debug)]
struct Pull {
    choice: Choice,
    reward: Option<Reward>,
}

/// Plays `rounds` with rewards that come late, in any order, or never, and shows every state to
/// `check` before the choice: the policy, the choices so far, and the question.
fn play(policy: RoutingPolicy, rounds: usize, mut check: impl FnMut(&Chooser, &[Pull], &Ask<'_>)) {
    let mut chooser = Chooser::new(&routing(policy));
    let (mut draws, mut world) = (Draws::new(5), Draws::new(6));
    let mut beliefs = Beliefs::default();
    let mut pulls: Vec<Pull> = Vec::new();
    for _ in 0..rounds {
        let context = Context::from_bits((world.bits() % 1_024) as u16);
        let candidates = VenueSet::from_bits(world.bits() & 0x3f | 1);
        let ask = Ask {
            context,
            candidates,
            displayed: &NOTHING_DISPLAYED,
            touch_bps: 0.0,
        };
        check(&chooser, &pulls, &ask);
        let choice = chooser
            .choose(&ask, true, &mut draws, &mut beliefs)
            .unwrap();
        assert!(candidates.contains(choice.venue));
        assert_eq!(choice.number, pulls.len() as u64 + 1);
        pulls.push(Pull {
            choice,
            reward: None,
        });
        // One of the last twenty, or nobody.
        let late = (world.bits() % 25) as usize;
        if let Some(pull) = pulls.len().checked_sub(late + 1).map(|at| &mut pulls[at])
            && pull.reward.is_none()
        {
            let filled = (world.bits() % 5) as f64 / 4.0;
            let reward = Reward {
                filled,
                ..Reward::of_bps(-3.0 * world.uniform() - f64::from(pull.choice.venue.get()))
            };
            chooser.learn(&pull.choice, &reward);
            pull.reward = Some(reward);
        }
    }
}

/// Number and sum of what was seen of a venue, forgotten by `discount` with each choice.
fn seen(pulls: &[Pull], venue: VenueId, discount: f64, of: impl Fn(&Reward) -> f64) -> (f64, f64) {
    let now = pulls.len() as f64;
    let own = pulls.iter().filter(|pull| pull.choice.venue == venue);
    let rewarded = own.filter_map(|pull| Some((pull.choice.number, pull.reward?)));
    rewarded.fold((0.0, 0.0), |(count, sum), (number, reward)| {
        let weight = discount.powf(now - number as f64);
        (count + weight, sum + weight * of(&reward))
    })
}

/// Holds each candidate's belief against what the twin makes of the same choices.
fn holds(policy: RoutingPolicy, twin: impl Fn(&[Pull], VenueId, Context) -> (f64, f64)) {
    play(policy, 600, |chooser, pulls, ask| {
        let mut beliefs = Beliefs::default();
        chooser.assess(ask, &mut beliefs);
        for venue in ask.candidates.iter() {
            let Belief { score, spread, .. } = beliefs.of(venue);
            let (expected, wide) = twin(pulls, venue, ask.context);
            let near = |got: f32, expected: f64| {
                f64::from(got) == expected
                    || (f64::from(got) - expected).abs() < 2e-6 * (1.0 + expected.abs())
            };
            assert!(near(score, expected), "{venue}: {score} for {expected}");
            assert!(near(spread, wide), "{venue}: {spread} for {wide}");
        }
    });
}

#[test]
fn thompson_believes_the_discounted_posterior() {
    holds(RoutingPolicy::Thompson, |pulls, venue, _| {
        let (count, sum) = seen(pulls, venue, 0.99, |reward| reward.bps);
        (sum / (1.0 + count), 2.0 / (1.0 + count).sqrt())
    });
}

#[test]
fn beta_thompson_counts_what_was_filled_and_what_was_not() {
    holds(RoutingPolicy::BetaThompson, |pulls, venue, _| {
        let (count, sum) = seen(pulls, venue, 0.99, |reward| reward.filled);
        (1.0 + sum, 1.0 + count - sum)
    });
}

#[test]
fn ucb1_forgets_nothing() {
    holds(RoutingPolicy::Ucb1, |pulls, venue, _| {
        let (count, sum) = seen(pulls, venue, 1.0, |reward| reward.bps);
        if count == 0.0 {
            return (0.0, f64::INFINITY);
        }
        let log = (pulls.len() as f64).ln();
        (sum / count, 20.0 * (2.0 * log / count).sqrt())
    });
}

#[test]
fn discounted_ucb_is_bounded_by_what_it_has_not_forgotten() {
    holds(RoutingPolicy::DiscountedUcb, |pulls, venue, _| {
        let own = seen(pulls, venue, 0.99, |reward| reward.bps);
        let all: f64 = (0..16)
            .map(|ix| seen(pulls, VenueId::new(ix), 0.99, |_| 0.0).0)
            .sum();
        if own.0 == 0.0 {
            return (0.0, f64::INFINITY);
        }
        let log = all.max(1.0).ln();
        (own.1 / own.0, 20.0 * (2.0 * log / own.0).sqrt())
    });
}

#[test]
fn sliding_ucb_knows_the_choices_of_its_window_only() {
    holds(RoutingPolicy::SlidingUcb, |pulls, venue, _| {
        let window = &pulls[pulls.len().saturating_sub(50)..];
        let own = window.iter().filter(|pull| pull.choice.venue == venue);
        let rewards: Vec<f64> = own.filter_map(|pull| Some(pull.reward?.bps)).collect();
        let count = rewards.len() as f64;
        if count == 0.0 {
            return (0.0, f64::INFINITY);
        }
        let log = (pulls.len().clamp(1, 50) as f64).ln();
        let mean = rewards.iter().sum::<f64>() / count;
        (mean, 20.0 * (2.0 * log / count).sqrt())
    });
}

#[test]
fn epsilon_greedy_believes_the_mean() {
    holds(RoutingPolicy::EpsilonGreedy, |pulls, venue, _| {
        let (count, sum) = seen(pulls, venue, 0.99, |reward| reward.bps);
        (if count > 0.0 { sum / count } else { 0.0 }, 0.0)
    });
}

#[test]
fn what_is_known_is_the_plain_mean_of_what_was_seen_and_no_hope_is_in_it() {
    for (policy, discount) in [
        (RoutingPolicy::Thompson, 0.99),
        (RoutingPolicy::BetaThompson, 0.99),
        (RoutingPolicy::Ucb1, 1.0),
        (RoutingPolicy::DiscountedUcb, 0.99),
        (RoutingPolicy::EpsilonGreedy, 0.99),
        (RoutingPolicy::Exp3, 0.99),
    ] {
        let (mut unknown, mut compared) = (0, 0);
        play(policy, 300, |chooser, pulls, ask| {
            let mut beliefs = Beliefs::default();
            chooser.assess(ask, &mut beliefs);
            for venue in ask.candidates.iter() {
                let known = f64::from(beliefs.of(venue).known);
                let (count, sum) = seen(pulls, venue, discount, |reward| match policy {
                    RoutingPolicy::BetaThompson => reward.filled,
                    _ => reward.bps,
                });
                if count < 0.249_999 {
                    assert_eq!(known, f64::NEG_INFINITY, "{policy:?} {venue}: {count}");
                    unknown += 1;
                } else if count > 0.250_001 {
                    let miss = (known - sum / count).abs();
                    assert!(
                        miss < 1e-5 * (1.0 + known.abs()),
                        "{policy:?} {venue}: {known}"
                    );
                    compared += 1;
                }
            }
        });
        assert!(
            unknown > 3 && compared > 300,
            "{policy:?}: {unknown}, {compared}"
        );
    }
}

#[test]
fn to_try_a_venue_of_which_little_is_known_is_to_explore() {
    for policy in RoutingPolicy::ALL.iter().filter(|it| learns(**it)) {
        let mut chooser = Chooser::new(&routing(*policy));
        let (mut draws, mut beliefs) = (Draws::new(4), Beliefs::default());
        // Both that are known are bad; the third was never tried, so anything is hoped of it.
        for round in 0..60 {
            let only = Ask::of(VenueSet::from_bits(1 << (round % 2)));
            let choice = chooser
                .choose(&only, true, &mut draws, &mut beliefs)
                .unwrap();
            let bad = f64::from(choice.venue.get());
            let mut reward = Reward::of_bps(-8.0 + bad);
            reward.filled = 0.2 + 0.2 * bad;
            reward.order_qty = Qty::whole(10);
            reward.cum_qty = Qty::whole(u64::from(choice.venue.get()));
            chooser.learn(&choice, &reward);
        }
        let all = Ask::of(VenueSet::from_bits(0b111));
        let held = chooser
            .clone()
            .choose(&all, false, &mut draws, &mut beliefs);
        assert_eq!(held.unwrap().venue, VenueId::new(1), "{policy:?}");
        let mut tried = 0;
        for seed in 0..400 {
            let mut draws = Draws::new(seed);
            let mut again = chooser.clone();
            let choice = again.choose(&all, true, &mut draws, &mut beliefs).unwrap();
            tried += u32::from(choice.venue == VenueId::new(2));
            assert_eq!(
                choice.explored,
                choice.venue != VenueId::new(1),
                "{policy:?}"
            );
        }
        assert!(tried > 0, "{policy:?} tries it all the same");
    }
}

const fn learns(policy: RoutingPolicy) -> bool {
    !matches!(
        policy,
        RoutingPolicy::BestDisplayed | RoutingPolicy::RoundRobin | RoutingPolicy::BestStatic
    )
}

/// Share of the last half of choices that took the cheapest of four venues, between which there is
/// a twentieth of a basis point each, in a market whose spread changes by a hundred times that.
/// Where `told`, the policy is told what the touch cost.
fn right_in_a_wide_market(policy: RoutingPolicy, told: bool) -> f64 {
    const ROUNDS: u32 = 4_000;
    let mut chooser = Chooser::new(&Routing {
        explore_ppm: 10_000,
        prior_sd_centi_bps: 10,
        width_milli: 10,
        window: 1_000,
        discount_ppm: 999_000,
        ..routing(policy)
    });
    let (mut draws, mut world) = (Draws::new(5), Draws::new(6));
    let (mut beliefs, mut right) = (Beliefs::default(), 0);
    for round in 0..ROUNDS {
        let touch = 5.0 * world.uniform();
        let ask = Ask {
            touch_bps: if told { touch as f32 } else { 0.0 },
            ..Ask::of(VenueSet::from_bits(0b1111))
        };
        let choice = chooser
            .choose(&ask, true, &mut draws, &mut beliefs)
            .unwrap();
        let dearer = 0.05 * f64::from((choice.venue.get() + 1) % 4);
        chooser.learn(&choice, &Reward::of_bps(-touch - dearer));
        right += u32::from(choice.venue.get() == 3 && round >= ROUNDS / 2);
    }
    f64::from(right) / f64::from(ROUNDS / 2)
}

#[test]
fn what_every_venue_costs_alike_does_not_hide_what_they_cost_apart() {
    for policy in [
        RoutingPolicy::Thompson,
        RoutingPolicy::SlidingUcb,
        RoutingPolicy::DiscountedUcb,
        RoutingPolicy::LinUcb,
        RoutingPolicy::LinThompson,
        RoutingPolicy::EpsilonGreedy,
    ] {
        let (told, untold) = (
            right_in_a_wide_market(policy, true),
            right_in_a_wide_market(policy, false),
        );
        assert!(told > 0.7, "{policy:?}: {told}");
        assert!(told > untold + 0.1, "{policy:?}: {told}, untold {untold}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever venues cost and orders are worth: what goes to another venue than the one of which
    /// the best was seen stays within its share of what was sent, and one order. What was seen is
    /// counted here, reward by reward.
    #[test]
    fn no_policy_explores_with_more_than_its_budget(
        policy in prop::sample::select(RoutingPolicy::ALL),
        share_ppm in prop::sample::select(vec![0_u64, 10_000, 50_000, 300_000]),
        seed in any::<u64>(),
    ) {
        let mut chooser = Chooser::new(&Routing { discount_ppm: 1_000_000, ..routing(policy) });
        let (mut draws, mut world) = (Draws::new(seed), Draws::new(seed ^ 1));
        let mut beliefs = Beliefs::default();
        let costs: [f64; 4] = std::array::from_fn(|_| 5.0 * world.uniform());
        let (mut sent, mut explored, mut largest) = (0, 0, 0);
        let mut means = [(0.0, 0.0); 4];
        for _ in 0..500 {
            let worth = 1 + world.bits() % 1_000;
            let ask = Ask::of(VenueSet::from_bits(1 + world.bits() % 15));
            let may = (explored + worth) * 1_000_000 <= (sent + worth) * share_ppm;
            let choice = chooser.choose(&ask, may, &mut draws, &mut beliefs).unwrap();
            let venue = usize::from(choice.venue.get());
            let mean = |ix: usize| {
                let (count, sum): (f64, f64) = means[ix];
                if count > 0.0 { sum / count } else { f64::NEG_INFINITY }
            };
            let best = ask.candidates.iter().map(|it| mean(usize::from(it.get())));
            let best = best.fold(f64::NEG_INFINITY, f64::max);
            sent += worth;
            largest = largest.max(worth);
            // By means of 32 bits some are equal that are not. These keep means of rewards.
            let by_mean = matches!(
                policy,
                RoutingPolicy::Thompson
                    | RoutingPolicy::Ucb1
                    | RoutingPolicy::DiscountedUcb
                    | RoutingPolicy::EpsilonGreedy
                    | RoutingPolicy::Exp3
            );
            let elsewhere = if by_mean {
                mean(venue) < best - 1e-5
            } else {
                choice.explored
            };
            if elsewhere {
                explored += worth;
                prop_assert!(choice.explored, "{:?}", policy);
            }
            prop_assert!(explored * 1_000_000 <= sent * share_ppm + largest * 1_000_000);
            let cost = costs[venue] + world.uniform();
            let mut reward = Reward::of_bps(-cost);
            reward.filled = 1.0 - cost / 10.0;
            chooser.learn(&choice, &reward);
            means[venue] = (means[venue].0 + 1.0, means[venue].1 - cost);
        }
    }
}

#[test]
fn exp3_weighs_rewards_by_how_unlikely_they_were() {
    let mut weights = [1.0_f64 / 16.0; 16];
    let (mut learnt, mut known) = (vec![false; 600], VenueSet::NONE);
    play(RoutingPolicy::Exp3, 600, |chooser, pulls, ask| {
        known = pulls
            .iter()
            .fold(known, |known, pull| known.with(pull.choice.venue));
        for (pull, learnt) in pulls.iter().zip(&mut learnt) {
            let Some(reward) = pull.reward.filter(|_| !*learnt) else {
                continue;
            };
            *learnt = true;
            let count = f64::from(known.count().max(2));
            let unit = (1.0 + reward.bps / 20.0).clamp(0.0, 1.0);
            let gain = 0.02 * unit / f64::from(pull.choice.share) / count;
            weights[usize::from(pull.choice.venue.get())] *= gain.min(1.0).exp();
            let whole: f64 = weights.iter().sum();
            let spread = std::f64::consts::E * 0.001 * whole / 16.0;
            weights.iter_mut().for_each(|weight| *weight += spread);
        }
        let candidates: f64 = ask
            .candidates
            .iter()
            .map(|v| weights[usize::from(v.get())])
            .sum();
        let found = chooser.probabilities(ask, true);
        let count = f64::from(ask.candidates.count());
        for venue in ask.candidates.iter() {
            let ix = usize::from(venue.get());
            let expected = if count > 1.0 {
                0.98 * weights[ix] / candidates + 0.02 / count
            } else {
                1.0
            };
            assert!(
                (found[ix] - expected).abs() < 1e-6,
                "{} for {expected}",
                found[ix]
            );
        }
    });
}

/// The posterior of a ridge regression by Gauss's elimination of the whole matrix.
fn ridge(pulls: &[Pull], venue: VenueId, context: Context) -> (f64, f64) {
    const N: usize = 8;
    let x = context.features().map(f64::from);
    // The matrix, then the right-hand sides: what was gained, and the context itself.
    let mut rows = [[0.0_f64; N + 2]; N];
    for (i, row) in rows.iter_mut().enumerate() {
        row[i] = 1.0;
        row[N + 1] = x[i];
    }
    let now = pulls.len() as f64;
    for pull in pulls.iter().filter(|pull| pull.choice.venue == venue) {
        let Some(reward) = pull.reward else { continue };
        let weight = 0.99_f64.powf(now - pull.choice.number as f64);
        let seen = pull.choice.context.features().map(f64::from);
        for i in 0..N {
            for j in 0..N {
                rows[i][j] += weight * seen[i] * seen[j];
            }
            rows[i][N] += weight * seen[i] * reward.bps;
        }
    }
    for i in 0..N {
        for other in 0..N {
            if other == i {
                continue;
            }
            let times = rows[other][i] / rows[i][i];
            let own = rows[i];
            for (value, own) in rows[other].iter_mut().zip(own) {
                *value -= times * own;
            }
        }
    }
    let solved = |column: usize| (0..N).map(move |i| rows[i][column] / rows[i][i]);
    let mean = solved(N).zip(x).map(|(worth, x)| worth * x).sum();
    let variance: f64 = solved(N + 1).zip(x).map(|(y, x)| y * x).sum();
    (mean, variance.sqrt())
}

#[test]
fn a_linear_model_is_the_ridge_regression_of_what_was_seen() {
    for policy in [RoutingPolicy::LinThompson, RoutingPolicy::LinUcb] {
        let mut exact = 0;
        play(policy, 400, |chooser, pulls, ask| {
            let mut beliefs = Beliefs::default();
            chooser.assess(ask, &mut beliefs);
            for venue in ask.candidates.iter() {
                let Belief { score, spread, .. } = beliefs.of(venue);
                let (mean, sd) = ridge(pulls, venue, ask.context);
                // A model may be sixteen rewards behind in what it forgets, no more.
                let miss = (f64::from(score) - mean).abs();
                assert!(
                    miss < 0.35 * (1.0 + mean.abs()),
                    "{venue}: {score} for {mean}"
                );
                let wide = (f64::from(spread) / (2.0 * sd) - 1.0).abs();
                assert!(wide < 0.15, "{venue}: {spread} for {}", 2.0 * sd);
                exact += u32::from(miss < 1e-4 && wide < 1e-4);
            }
        });
        assert!(
            exact > 50,
            "what was just brought up to date is exact: {exact}"
        );
    }
}

#[test]
fn the_probabilities_are_those_with_which_choices_are_made() {
    let mut world = Draws::new(21);
    for policy in RoutingPolicy::ALL {
        let mut chooser = Chooser::new(&Routing {
            explore_ppm: 50_000,
            ..routing(*policy)
        });
        let (mut draws, mut beliefs) = (Draws::new(22), Beliefs::default());
        let ask = Ask::of(VenueSet::from_bits(0b1011_0101));
        for _ in 0..60 {
            let choice = chooser
                .choose(&ask, true, &mut draws, &mut beliefs)
                .unwrap();
            let mut reward = Reward::of_bps(-2.0 * world.uniform());
            reward.filled = world.uniform();
            chooser.learn(&choice, &reward);
        }
        let expected = chooser.probabilities(&ask, true);
        let sum: f64 = expected.iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{policy:?}: {sum}");
        let (mut counts, rounds) = ([0_u32; 16], 40_000);
        for _ in 0..rounds {
            let again = &mut chooser.clone();
            let choice = again.choose(&ask, true, &mut draws, &mut beliefs).unwrap();
            counts[usize::from(choice.venue.get())] += 1;
        }
        for (ix, (count, expected)) in counts.iter().zip(expected).enumerate() {
            let share = f64::from(*count) / f64::from(rounds);
            // Five standard deviations of a share of so many draws.
            let wide = 5.0 * (expected * (1.0 - expected) / f64::from(rounds)).sqrt() + 1e-4;
            assert!(
                (share - expected).abs() < wide,
                "{policy:?} {ix}: {share} for {expected}"
            );
            let candidate = ask.candidates.contains(VenueId::new(ix as u8));
            assert_eq!(expected > 0.0, candidate, "{policy:?} {ix}");
        }
    }
}

#[test]
fn competing_normal_draws_have_the_integral_to_nine_digits() {
    let mut world = Draws::new(31);
    for round in 0..40 {
        let mut beliefs = Beliefs::default();
        for (score, spread) in beliefs.scores.iter_mut().zip(&mut beliefs.spreads) {
            // From beliefs that are all alike to some a hundred times as wide as others.
            *score = (3.0 * world.normal()) as f32;
            *spread = (0.01 + world.uniform().powi(6) * 4.0) as f32;
        }
        let candidates = if round % 2 == 0 {
            VenueSet::from_bits(0b10011)
        } else {
            ALL
        };
        let found = probabilities(Rule::Normal, 0, candidates, true, &beliefs);
        for venue in candidates.iter() {
            let own = beliefs.of(venue);
            // Two hundred thousand equal steps over ten standard deviations to either side.
            let step = 1e-4;
            let sum: f64 = (-100_000..100_000)
                .map(|at| {
                    let z = (f64::from(at) + 0.5) * step;
                    let x = f64::from(own.score) + f64::from(own.spread) * z;
                    let others = candidates.iter().filter(|other| *other != venue);
                    let below = others.map(|other| {
                        let other = beliefs.of(other);
                        normal_cdf((x - f64::from(other.score)) / f64::from(other.spread))
                    });
                    normal_density(z) * step * below.product::<f64>()
                })
                .sum();
            let got = found[usize::from(venue.get())];
            assert!(
                (got - sum).abs() < 1e-9,
                "round {round}, {venue}: {got} for {sum}"
            );
        }
        if round == 3 {
            break;
        }
    }
}

#[test]
fn a_recorded_choice_gives_the_probabilities_to_the_bit() {
    for policy in RoutingPolicy::ALL {
        play(*policy, 40, |chooser, pulls, ask| {
            if pulls.len() % 13 != 0 {
                return;
            }
            let mut beliefs = Beliefs::default();
            chooser.assess(ask, &mut beliefs);
            assert_eq!(rule_of(*policy), chooser.rule());
            let decision = RouteDecision {
                child: ChildId::new(1),
                number: 1,
                candidates: ask.candidates.bits() as u16,
                context: ask.context.bits(),
                policy: *policy,
                venue: VenueId::new(0),
                flags: RouteFlags::NONE,
                explore_ppm: chooser.explore_ppm(),
                scores: beliefs.scores.map(Score::of),
                spreads: beliefs.spreads.map(Score::of),
            };
            let record = Record::of_event(&Event::Routed(decision));
            let Ok(Event::Routed(read)) = Record::event(record.kind(), record.body()) else {
                panic!("a record reads as it was written");
            };
            let direct = chooser.probabilities(ask, true);
            assert_eq!(probabilities_of(&read), direct, "{policy:?}");
        });
    }
}

#[test]
fn no_probability_is_below_its_part_of_the_uniform_share() {
    for policy in RoutingPolicy::ALL {
        play(*policy, 100, |chooser, _, ask| {
            let found = chooser.probabilities(ask, true);
            let least = 0.02 / f64::from(ask.candidates.count());
            for venue in ask.candidates.iter() {
                assert!(
                    found[usize::from(venue.get())] > least - 1e-12,
                    "{policy:?}"
                );
            }
        });
    }
}

#[test]
fn without_leave_to_explore_the_choice_is_the_one_believed_best() {
    for policy in RoutingPolicy::ALL {
        let mut draws = Draws::new(1);
        play(*policy, 100, |chooser, _, ask| {
            let mut beliefs = Beliefs::default();
            let before = draws.taken();
            let own = &mut chooser.clone();
            let choice = own.choose(ask, false, &mut draws, &mut beliefs).unwrap();
            assert!(!choice.explored);
            assert_eq!(draws.taken(), before, "{policy:?}: no chance is needed");
            let found = chooser.probabilities(ask, false);
            assert_eq!(found[usize::from(choice.venue.get())], 1.0, "{policy:?}");
        });
    }
}

#[test]
fn nobody_is_chosen_of_none() {
    for policy in RoutingPolicy::ALL {
        let mut chooser = Chooser::new(&routing(*policy));
        let (mut draws, mut beliefs) = (Draws::new(1), Beliefs::default());
        let ask = Ask::of(VenueSet::NONE);
        assert_eq!(chooser.choose(&ask, true, &mut draws, &mut beliefs), None);
        assert_eq!(chooser.probabilities(&ask, true), [0.0; 16]);
        assert_eq!(draws.taken(), 0);
        // Venues that there are none of are in no set of ours.
        let ask = Ask::of(VenueSet::from_bits(1 << 40));
        assert_eq!(chooser.choose(&ask, true, &mut draws, &mut beliefs), None);
    }
}

#[test]
fn a_reward_without_its_choice_or_seen_twice_breaks_nothing() {
    for policy in RoutingPolicy::ALL {
        let mut chooser = Chooser::new(&routing(*policy));
        let (mut draws, mut beliefs) = (Draws::new(1), Beliefs::default());
        let ask = Ask::of(VenueSet::from_bits(0b111));
        let first = chooser
            .choose(&ask, true, &mut draws, &mut beliefs)
            .unwrap();
        for number in [0, 1, 1, 99, u64::MAX] {
            let choice = Choice { number, ..first };
            for bps in [-1.0, -1e300, f64::NAN, f64::INFINITY] {
                chooser.learn(&choice, &Reward::of_bps(bps));
            }
        }
        for _ in 0..2_000 {
            chooser
                .choose(&ask, true, &mut draws, &mut beliefs)
                .unwrap();
            for venue in ask.candidates.iter() {
                let belief = beliefs.of(venue);
                let numbers = [belief.score, belief.spread, belief.known];
                assert!(!numbers.iter().any(|it| it.is_nan()), "{policy:?}");
            }
        }
        let sum: f64 = chooser.probabilities(&ask, true).iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{policy:?}");
    }
}

/// Mean cost above that of the best venue in the last half of `rounds`, over seeds. The best
/// venue changes in the middle where it `changes`.
fn regret(policy: RoutingPolicy, changes: bool) -> f64 {
    let (rounds, seeds) = (3_000, 8);
    let mut sum = 0.0;
    for seed in 0..seeds {
        let mut chooser = Chooser::new(&Routing {
            window: 300,
            width_milli: 100,
            discount_ppm: 995_000,
            ..routing(policy)
        });
        let (mut draws, mut world) = (Draws::new(seed), Draws::new(100 + seed));
        let mut beliefs = Beliefs::default();
        for round in 0..rounds {
            let ask = Ask::of(VenueSet::from_bits(0b1111));
            let choice = chooser
                .choose(&ask, true, &mut draws, &mut beliefs)
                .unwrap();
            let mut costs = [4.0, 1.0, 3.0, 6.0];
            if changes && round >= rounds / 3 {
                costs = [4.0, 6.0, 1.0, 3.0];
            }
            let cost = costs[usize::from(choice.venue.get())];
            let mut reward = Reward::of_bps(-cost + world.normal());
            reward.filled = 1.0 - cost / 8.0;
            chooser.learn(&choice, &reward);
            if round >= rounds / 2 {
                sum += cost - 1.0;
            }
        }
    }
    sum / f64::from(rounds / 2) / seeds as f64
}

#[test]
fn policies_that_learn_come_near_the_best_venue() {
    // Any at random costs 2.5 too much.
    for policy in [
        RoutingPolicy::Thompson,
        RoutingPolicy::BetaThompson,
        RoutingPolicy::Ucb1,
        RoutingPolicy::SlidingUcb,
        RoutingPolicy::DiscountedUcb,
        RoutingPolicy::LinUcb,
        RoutingPolicy::LinThompson,
        RoutingPolicy::EpsilonGreedy,
    ] {
        let regret = regret(policy, false);
        assert!(regret < 0.6, "{policy:?}: {regret}");
    }
    let slow = regret(RoutingPolicy::Exp3, false);
    assert!(slow < 2.0, "EXP3 is for the worst case: {slow}");
    let blind = regret(RoutingPolicy::RoundRobin, false);
    assert!((blind - 2.5).abs() < 0.1, "{blind}");
}

#[test]
fn policies_that_forget_follow_a_change() {
    for policy in [
        RoutingPolicy::Thompson,
        RoutingPolicy::BetaThompson,
        RoutingPolicy::SlidingUcb,
        RoutingPolicy::DiscountedUcb,
        RoutingPolicy::LinThompson,
        RoutingPolicy::EpsilonGreedy,
    ] {
        let regret = regret(policy, true);
        assert!(regret < 0.8, "{policy:?}: {regret}");
    }
}

#[test]
fn a_linear_policy_learns_what_is_best_for_which_side() {
    let mut chooser = Chooser::new(&routing(RoutingPolicy::LinThompson));
    let (mut draws, mut beliefs) = (Draws::new(3), Beliefs::default());
    let mut right = 0;
    for round in 0..2_000_u32 {
        let side = if round % 2 == 0 {
            Side::Buy
        } else {
            Side::Sell
        };
        let ask = Ask {
            context: Context::new(side, 1, 1, 1, 0),
            ..Ask::of(VenueSet::from_bits(0b11))
        };
        let choice = chooser
            .choose(&ask, true, &mut draws, &mut beliefs)
            .unwrap();
        let good = (side == Side::Buy) == (choice.venue.get() == 0);
        chooser.learn(&choice, &Reward::of_bps(if good { -1.0 } else { -4.0 }));
        right += u32::from(good && round >= 1_000);
    }
    assert!(right > 930, "{right}");
}

#[test]
fn baselines_do_what_they_are_named_for() {
    let (mut draws, mut beliefs) = (Draws::new(3), Beliefs::default());
    let plain = |policy| Routing {
        policy,
        venue: VenueId::new(2),
        ..Routing::DEFAULT
    };
    let mut choose = |chooser: &mut Chooser, ask: &Ask<'_>| {
        let choice = chooser.choose(ask, true, &mut draws, &mut beliefs);
        choice.unwrap().venue.get()
    };
    let mut robin = Chooser::new(&plain(RoutingPolicy::RoundRobin));
    let some = Ask::of(VenueSet::from_bits(0b1101));
    let turns: Vec<u8> = (0..7).map(|_| choose(&mut robin, &some)).collect();
    assert_eq!(turns, [0, 2, 3, 0, 2, 3, 0]);
    let mut fixed = Chooser::new(&plain(RoutingPolicy::BestStatic));
    assert_eq!(choose(&mut fixed, &some), 2);
    assert_eq!(choose(&mut fixed, &Ask::of(VenueSet::from_bits(0b1010))), 1);
    let mut priced = Chooser::new(&plain(RoutingPolicy::BestDisplayed));
    let mut displayed = NOTHING_DISPLAYED;
    displayed[2] = 0.7;
    displayed[3] = 0.2;
    let ask = Ask {
        displayed: &displayed,
        ..some
    };
    assert_eq!(choose(&mut priced, &ask), 3);
    assert_eq!(choose(&mut priced, &some), 0, "nobody shows a price");
}

#[test]
fn a_context_says_what_is_unusual() {
    let mut around = Surroundings::default();
    let at = UnixNanos::from_seconds(13 * 3_600);
    let plain = around.context(Side::Buy, Qty::whole(100), at);
    assert_eq!(
        (
            plain.size(),
            plain.spread(),
            plain.volatility(),
            plain.time()
        ),
        (1, 1, 1, 3)
    );
    let mut draws = Draws::new(1);
    for _ in 0..5_000 {
        let mid = 100_000_000 + (draws.bits() % 10_000) as i64;
        around.quote(mid - 500, mid + 500);
        around.context(Side::Buy, Qty::whole(100), at);
    }
    let usual = around.context(Side::Sell, Qty::whole(110), at);
    assert_eq!(
        (usual.side(), usual.size(), usual.spread()),
        (Side::Sell, 1, 1)
    );
    assert_eq!(around.context(Side::Buy, Qty::whole(10), at).size(), 0);
    assert_eq!(around.context(Side::Buy, Qty::whole(900), at).size(), 2);
    around.quote(100_000_000 - 3_000, 100_000_000 + 3_000);
    assert_eq!(around.context(Side::Buy, Qty::whole(100), at).spread(), 2);
    for turn in 0..64 {
        let mid = 100_000_000 + 100_000 * (turn % 2);
        around.quote(mid - 500, mid + 500);
    }
    assert_eq!(
        around.context(Side::Buy, Qty::whole(100), at).volatility(),
        2
    );
    // Quotes that cannot be: nothing breaks.
    around.quote(-5, 3);
    around.quote(i64::MAX, i64::MAX);
    around.quote(200, 100);
    let numbers = around
        .context(Side::Buy, Qty::from_units(u64::MAX), at)
        .features();
    assert!(numbers.iter().all(|number| number.is_finite()));
}

/// A market whose mid takes even steps of about so many units, from its first quote; the share of
/// its moments that are called wild.
fn wild_share(seed: u64, quotes: u32, half_spread: i64, step: f64) -> f64 {
    let (mut around, mut draws) = (Surroundings::default(), Draws::new(seed));
    let (mut mid, mut wild) = (108_500_000_i64, 0);
    for quote in 0..quotes {
        mid += (step * draws.normal()) as i64;
        around.quote(mid - half_spread, mid + half_spread);
        let at = UnixNanos::from_seconds(u64::from(quote / 4));
        let context = around.context(Side::Buy, Qty::whole(1), at);
        wild += u32::from(context.volatility() == 2);
    }
    f64::from(wild) / f64::from(quotes)
}

#[test]
fn a_market_that_moves_evenly_is_not_called_wild_not_even_at_its_beginning() {
    for seed in 0..20 {
        for quotes in [5, 50, 500, 5_000] {
            for step in [1.0, 100.0, 2_000.0, 50_000.0] {
                let share = wild_share(seed, quotes, 500, step);
                assert!(share < 0.01, "{seed}: {share} of {quotes}, steps of {step}");
            }
        }
    }
}

#[test]
fn a_market_is_measured_by_its_own_history_and_spread() {
    let at = UnixNanos::from_seconds(1);
    for scale in [1, 10, 1_000] {
        let (mut around, mut draws) = (Surroundings::default(), Draws::new(7));
        let mut mid = 100_000_000_000_i64;
        let mut quotes = |around: &mut Surroundings, count: u32, step: f64| {
            for _ in 0..count {
                mid += (step * scale as f64 * draws.normal()) as i64;
                around.quote(mid - 500 * scale, mid + 500 * scale);
            }
            around.context(Side::Buy, Qty::whole(1), at).volatility()
        };
        assert_eq!(quotes(&mut around, 2_000, 200.0), 1, "as usual");
        assert_eq!(quotes(&mut around, 100, 1_000.0), 2, "five times as far");
        assert_eq!(quotes(&mut around, 6_000, 200.0), 1, "as usual again");
        assert_eq!(quotes(&mut around, 200, 20.0), 0, "a tenth as far");
    }
    // Ten times as far as it was, and still far inside the spread.
    let mut around = Surroundings::default();
    for quote in 0..2_000_i64 {
        let step = if quote < 1_900 { 1 } else { 10 };
        let mid = 100_000_000 + quote % 2 * step;
        around.quote(mid - 500, mid + 500);
    }
    assert_eq!(around.context(Side::Buy, Qty::whole(1), at).volatility(), 1);
}

/// What is expected to be filled of an allocation, and the best of all allocations by trying
/// each.
fn best_by_trying(chances: &[Vec<f64>], units: usize) -> f64 {
    fn rest(chances: &[Vec<f64>], units: usize) -> f64 {
        let Some((first, others)) = chances.split_first() else {
            return 0.0;
        };
        let filled = |taken: usize| first[..taken].iter().sum::<f64>();
        let all =
            (0..=units.min(first.len())).map(|taken| filled(taken) + rest(others, units - taken));
        all.fold(0.0, f64::max)
    }
    rest(chances, units)
}

#[test]
fn a_split_fills_as_much_as_the_best_of_all_splits() {
    let mut split = Split::new(&Routing {
        policy: RoutingPolicy::Split,
        discount_ppm: 1_000_000,
        split_unit: Qty::whole(1),
        ..Routing::DEFAULT
    });
    let mut world = Draws::new(9);
    let venues = VenueSet::from_bits(0b111);
    for number in 1..400 {
        let venue = VenueId::new((world.bits() % 3) as u8);
        let there = world.bits() % [3, 6, 12][usize::from(venue.get())];
        let asked = 1 + world.bits() % 10;
        let choice = Choice {
            venue,
            number,
            context: Context::PLAIN,
            share: 0.0,
            explored: false,
            touch_bps: 0.0,
        };
        let mut reward = Reward::of_bps(0.0);
        reward.order_qty = Qty::whole(asked);
        reward.cum_qty = Qty::whole(asked.min(there));
        split.learn(&choice, &reward);
    }
    for units in 1..12_usize {
        let mut pieces = [Piece::default(); 8];
        let qty = Qty::whole(units as u64);
        let len = split.allocate(venues, qty, Qty::whole(1), &mut pieces);
        let chances = |venue: u8| -> Vec<f64> {
            let chance = |units| split.chance(VenueId::new(venue), units);
            (1..=units).map(chance).collect()
        };
        let all: Vec<Vec<f64>> = (0..3).map(chances).collect();
        let got: f64 = pieces[..len]
            .iter()
            .map(|piece| {
                let taken = (piece.qty.units() / Qty::whole(1).units()) as usize;
                all[usize::from(piece.venue.get())][..taken]
                    .iter()
                    .sum::<f64>()
            })
            .sum();
        let best = best_by_trying(&all, units);
        assert!((got - best).abs() < 1e-9, "{units}: {got} for {best}");
    }
    assert!(split.chance(VenueId::new(0), 3) < 0.1, "it never has three");
    assert!(
        split.chance(VenueId::new(2), 3) > 0.6,
        "it mostly has three"
    );
}

#[test]
fn a_full_fill_says_no_more_than_that_there_was_as_much() {
    let mut split = Split::new(&Routing {
        split_unit: Qty::whole(10),
        ..routing(RoutingPolicy::Split)
    });
    let choice = Choice {
        venue: VenueId::new(1),
        number: 1,
        context: Context::PLAIN,
        share: 0.0,
        explored: false,
        touch_bps: 0.0,
    };
    let mut reward = Reward::of_bps(0.0);
    (reward.order_qty, reward.cum_qty) = (Qty::whole(30), Qty::whole(30));
    split.learn(&choice, &reward);
    assert_eq!(split.chance(choice.venue, 8), 1.0);
    reward.cum_qty = Qty::whole(10);
    reward.cancelled_by_us = true;
    split.learn(&choice, &reward);
    assert_eq!(split.chance(choice.venue, 8), 1.0, "we cancelled the rest");
    reward.cancelled_by_us = false;
    split.learn(&choice, &reward);
    assert_eq!(split.chance(choice.venue, 1), 1.0);
    assert!(split.chance(choice.venue, 2) < 1.0);
}

#[test]
fn a_split_loses_nothing_and_stays_within_its_places() {
    let mut world = Draws::new(17);
    for _ in 0..2_000 {
        let mut split = Split::new(&Routing {
            split_unit: Qty::from_units(world.bits() % 5_000),
            ..routing(RoutingPolicy::Split)
        });
        let lot = 1 + world.bits() % 100;
        let qty = 1 + world.bits() % 1_000_000;
        let candidates = VenueSet::from_bits(world.bits() & 0xffff);
        let mut pieces = [Piece::default(); 8];
        let room = 1 + (world.bits() % 8) as usize;
        let len = split.allocate(
            candidates,
            Qty::from_units(qty),
            Qty::from_units(lot),
            &mut pieces[..room],
        );
        let pieces = &pieces[..len];
        assert_eq!(len == 0, candidates.is_empty());
        let sum: u64 = pieces.iter().map(|piece| piece.qty.units()).sum();
        assert!(len == 0 || sum == qty, "{sum} of {qty}");
        assert!(pieces.iter().all(|piece| !piece.qty.is_zero()));
        assert!(pieces.iter().all(|piece| candidates.contains(piece.venue)));
        // All but what is left over at the end is in whole lots.
        let odd = pieces
            .iter()
            .filter(|piece| !piece.qty.units().is_multiple_of(lot));
        assert!(odd.count() <= 1, "{pieces:?}");
    }
}
