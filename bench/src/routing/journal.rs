//! Decisions of a journal: what was chosen, with which probability, and what came of it.

use std::collections::BTreeMap;
use std::path::Path;

use dcx_engine::Trace;
use dcx_engine::route::{
    Ask, Choice, Chooser, Context, NOTHING_DISPLAYED, Policy, Reward, probabilities_of,
};
use dcx_model::{
    ChildId, Event, InstrumentId, RewardCause, RouteDecision, RouteReward, RoutingPolicy,
    Sequenced, VenueSet,
};
use dcx_pipeline::{Observer, replay};

use super::RoutingError;
use super::offpolicy::{Estimate, Model, Row, routing_of};

/// A choice and, once it is known, what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// The choice as the journal tells it.
    pub decision: RouteDecision,
    /// Its reward.
    pub reward: RouteReward,
}

/// Gathers choices and rewards while a journal is replayed, in the order in which rewards came.
#[derive(Debug, Default)]
struct Gatherer {
    open: BTreeMap<ChildId, RouteDecision>,
    logged: Vec<Logged>,
}

impl Trace for Gatherer {
    const ON: bool = false;
}

impl Observer for Gatherer {
    fn applied(&mut self, _sequenced: &Sequenced, events: &[Event]) {
        for event in events {
            if let Event::Routed(decision) = event {
                self.open.insert(decision.child, *decision);
            } else if let Event::Rewarded(reward) = event
                && let Some(decision) = self.open.remove(&reward.child)
                && reward.cause == RewardCause::Settled
            {
                self.logged.push(Logged {
                    decision,
                    reward: *reward,
                });
            }
        }
    }
}

/// The choices of a journal whose rewards are known.
///
/// # Errors
/// [`RoutingError`]: a journal that cannot be read, or holds no such choice.
pub fn logged(dir: &Path) -> Result<Vec<Logged>, RoutingError> {
    let mut gatherer = Gatherer::default();
    replay(dir, &mut gatherer)?;
    if gatherer.logged.is_empty() {
        return Err(RoutingError::NoChoices);
    }
    Ok(gatherer.logged)
}

/// Estimates what a policy would have cost on the decisions of a journal.
///
/// The other policy knows each reward when it came. Choices between venues alone count: where
/// there was one candidate, nothing was chosen.
///
/// # Errors
/// [`RoutingError`]: no decisions, or a policy that they say nothing about.
pub fn estimate(
    logged: &[Logged],
    policy: RoutingPolicy,
    seed: u64,
) -> Result<Estimate, RoutingError> {
    if policy == RoutingPolicy::BestDisplayed {
        return Err(RoutingError::NotFromJournal {
            policy: policy.name(),
        });
    }
    let routing = routing_of(policy);
    let mut targets: BTreeMap<InstrumentId, (Chooser, Model)> = BTreeMap::new();
    let mut rows = Vec::new();
    for Logged { decision, reward } in logged {
        let candidates = VenueSet::from_bits(u64::from(decision.candidates));
        let venue = usize::from(decision.venue.get());
        let own = probabilities_of(decision)[venue];
        if candidates.count() < 2 || own <= 0.0 {
            continue;
        }
        let fresh = || (Chooser::new(&routing), Model::default());
        let (chooser, model) = targets.entry(reward.instrument).or_insert_with(fresh);
        let context = Context::from_bits(decision.context);
        let ask = Ask {
            context,
            candidates,
            displayed: &NOTHING_DISPLAYED,
            // A record does not say it.
            touch_bps: 0.0,
        };
        let shares = chooser.probabilities(&ask, true);
        let bps = f64::from(reward.reward.value());
        let expected_target_bps = candidates
            .iter()
            .map(|venue| usize::from(venue.get()))
            .map(|venue| shares[venue] * model.expects(venue))
            .sum();
        rows.push(Row {
            cost_bps: -bps,
            logged: own,
            target: shares[venue],
            expected_bps: model.expects(venue),
            expected_target_bps,
        });
        model.take(venue, -bps);
        let choice = Choice {
            venue: decision.venue,
            number: chooser.note(decision.venue),
            context,
            share: super::table::single(own),
            explored: false,
            touch_bps: ask.touch_bps,
        };
        let told = Reward {
            filled: f64::from(reward.filled.value()),
            rejected: reward.rejected,
            ..Reward::of_bps(bps)
        };
        chooser.learn(&choice, &told);
    }
    Estimate::of(policy.name(), &rows, seed).ok_or(RoutingError::NoChoices)
}

#[cfg(test)]
mod tests {
    use dcx_model::{RouteFlags, Score, VENUES_MAX, VenueId};
    use dcx_stats::Draws;

    use super::*;

    /// Choices between a venue that costs 1 and one that costs 2, the first of which was believed
    /// best and four in ten of which went anywhere: it was chosen with probability 0.8.
    fn log(count: u64) -> Vec<Logged> {
        let mut draws = Draws::new(3);
        let mut scores = [Score::default(); VENUES_MAX];
        (scores[0], scores[1]) = (Score::of(-1.0), Score::of(-2.0));
        (1..=count)
            .map(|number| {
                let venue = u8::from(draws.uniform() >= 0.8);
                let cost = f64::from(venue) + 1.0 + 0.3 * draws.normal();
                let number = u32::try_from(number).unwrap();
                let decision = RouteDecision {
                    child: ChildId::new(u64::from(number)),
                    number,
                    candidates: 0b11,
                    context: Context::PLAIN.bits(),
                    policy: RoutingPolicy::EpsilonGreedy,
                    venue: VenueId::new(venue),
                    flags: RouteFlags::NONE,
                    explore_ppm: 400_000,
                    scores,
                    spreads: [Score::default(); VENUES_MAX],
                };
                let reward = RouteReward {
                    child: decision.child,
                    instrument: InstrumentId::new(0),
                    venue: decision.venue,
                    number,
                    cause: RewardCause::Settled,
                    reward: Score::of(crate::routing::table::single(-cost)),
                    filled: Score::of(1.0),
                    slippage: None,
                    markout: None,
                    fee: Score::of(0.0),
                    ack: None,
                    rejected: false,
                };
                Logged { decision, reward }
            })
            .collect()
    }

    #[test]
    fn a_policy_is_estimated_at_what_its_own_choices_would_have_cost() {
        let log = log(4_000);
        let fixed = estimate(&log, RoutingPolicy::BestStatic, 1).unwrap();
        assert_eq!(fixed.decisions, 4_000);
        assert!((fixed.logged_cost_bps - 1.2).abs() < 0.03, "{fixed:?}");
        // The first venue alone costs 1.
        assert!((fixed.ips_bps - 1.0).abs() < 0.05, "{fixed:?}");
        assert!((fixed.doubly_robust_bps - 1.0).abs() < 0.05, "{fixed:?}");
        let learnt = estimate(&log, RoutingPolicy::Thompson, 1).unwrap();
        let cost = learnt.doubly_robust_bps;
        assert!((0.95..1.15).contains(&cost), "{learnt:?}");
    }

    #[test]
    fn what_a_journal_cannot_say_is_refused() {
        let error = estimate(&log(10), RoutingPolicy::BestDisplayed, 1).unwrap_err();
        assert!(error.to_string().contains("displayed prices"), "{error}");
        let mut alone = log(10);
        for logged in &mut alone {
            logged.decision.candidates = 1 << logged.decision.venue.get();
        }
        assert!(matches!(
            estimate(&alone, RoutingPolicy::Thompson, 1),
            Err(RoutingError::NoChoices)
        ));
        let vector = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/journal/v2");
        assert!(matches!(logged(&vector), Err(RoutingError::NoChoices)));
    }
}
