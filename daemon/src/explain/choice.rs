//! The choice of a venue in sentences that a trader would say.

use dcx_engine::route::{Context, Rule, rule_of};
use dcx_engine::{NotEligible, VenueReason};
use dcx_model::{Fitness, RewardCause, RouteReward, RoutingPolicy, Side, VenueFitness};
use serde_json::{Value, json};

use super::steps::Routed;
use crate::records::Names;
use crate::text::{span, utc};

/// The choice, then each venue.
pub(super) fn routed(route: &Routed, names: &Names) -> Vec<String> {
    let Some(chosen) = route.chosen else {
        return vec![format!("route {}: no venue can take it", route.qty)];
    };
    let mut lines = vec![format!(
        "route {} to {}: child {}, {}",
        route.qty,
        names.venue(chosen),
        route.child,
        why(route)
    )];
    if let Some(context) = route.context {
        lines.push(format!("  the order is {}", surroundings(context)));
    }
    lines.extend(route.venues.iter().map(|venue| {
        let name = names.venue(venue.venue);
        match venue.not_eligible {
            Some(why) => format!("  {name}: not eligible, {}", not_eligible(why)),
            None => {
                let chosen = if route.chosen == Some(venue.venue) {
                    ": chosen"
                } else {
                    ""
                };
                format!(
                    "  {name}: {}, {:.1} % likely to be chosen{chosen}",
                    believed(route.policy, venue),
                    venue.probability * 100.0
                )
            }
        }
    }));
    lines
}

/// The choice for machines.
pub(super) fn json(route: &Routed, names: &Names) -> Value {
    let venues: Vec<Value> = route
        .venues
        .iter()
        .map(|venue| {
            json!({
                "venue": names.venue(venue.venue),
                "not_eligible": venue.not_eligible.map(not_eligible),
                "score": finite(f64::from(venue.score)),
                "spread": finite(f64::from(venue.spread)),
                "drawn": finite(venue.drawn),
                "probability": venue.probability,
            })
        })
        .collect();
    json!({
        "order": route.order.get(),
        "child": route.child.get(),
        "qty": route.qty.to_string(),
        "chosen": route.chosen.map(|venue| names.venue(venue)),
        "policy": route.policy.name(),
        "context": route.context.map(surroundings),
        "explored": route.explored,
        "held_to_best": route.held_to_best,
        "venues": venues,
    })
}

/// JSON has no infinity, which is how a venue stands that was never tried.
fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// Why it went there, in half a sentence.
fn why(route: &Routed) -> String {
    let able = route
        .venues
        .iter()
        .filter(|venue| venue.not_eligible.is_none());
    if able.count() < 2 {
        return "the only venue that can take it".to_owned();
    }
    let policy = policy(route.policy);
    if route.held_to_best {
        format!("believed best ({policy}; the budget for exploring allows no other)")
    } else if route.explored {
        format!("to learn about it, although another is believed better ({policy})")
    } else {
        match route.policy {
            RoutingPolicy::BestDisplayed => "it shows the best price".to_owned(),
            RoutingPolicy::RoundRobin => "it is its turn".to_owned(),
            RoutingPolicy::BestStatic => "it is the configured venue".to_owned(),
            RoutingPolicy::Split => "the likeliest to have that much".to_owned(),
            RoutingPolicy::Thompson
            | RoutingPolicy::BetaThompson
            | RoutingPolicy::Ucb1
            | RoutingPolicy::SlidingUcb
            | RoutingPolicy::DiscountedUcb
            | RoutingPolicy::Exp3
            | RoutingPolicy::LinUcb
            | RoutingPolicy::LinThompson
            | RoutingPolicy::EpsilonGreedy => format!("believed best ({policy})"),
        }
    }
}

const fn policy(policy: RoutingPolicy) -> &'static str {
    match policy {
        RoutingPolicy::Thompson => "discounted Thompson sampling",
        RoutingPolicy::BetaThompson => "Thompson sampling of fills",
        RoutingPolicy::Ucb1 => "UCB1",
        RoutingPolicy::SlidingUcb => "sliding-window UCB",
        RoutingPolicy::DiscountedUcb => "discounted UCB",
        RoutingPolicy::Exp3 => "EXP3.S",
        RoutingPolicy::LinUcb => "linear UCB",
        RoutingPolicy::LinThompson => "linear Thompson sampling",
        RoutingPolicy::EpsilonGreedy => "epsilon-greedy",
        RoutingPolicy::BestDisplayed => "best displayed price",
        RoutingPolicy::RoundRobin => "round robin",
        RoutingPolicy::BestStatic => "best static venue",
        RoutingPolicy::Split => "split by fills",
    }
}

/// What is believed of a venue.
fn believed(policy: RoutingPolicy, venue: &VenueReason) -> String {
    let (score, spread, drawn) = (venue.score, venue.spread, venue.drawn);
    match (rule_of(policy), policy) {
        (Rule::Normal, _) => {
            format!("expected {score:+.3} bps, give or take {spread:.3}, drew {drawn:+.3}")
        }
        (Rule::Beta, _) => format!(
            "fills {:.1} % of an order (as if {:.1} were seen), drew {:.1} %",
            100.0 * score / (score + spread),
            score + spread - 2.0,
            100.0 * drawn
        ),
        (Rule::Shares, _) => format!("weight {score:.4}"),
        (Rule::Highest, RoutingPolicy::BestDisplayed) if score.is_finite() => {
            format!("its price is {:+.3} bps from the mid", -score)
        }
        (Rule::Highest, RoutingPolicy::BestDisplayed) => "shows no fresh price".to_owned(),
        (Rule::Highest, RoutingPolicy::RoundRobin | RoutingPolicy::BestStatic) => "able".to_owned(),
        (Rule::Highest, RoutingPolicy::Split) => {
            format!("{:.1} % likely to have any", 100.0 * score)
        }
        (Rule::Highest, _) if spread.is_infinite() => "never tried".to_owned(),
        (Rule::Highest, _) => {
            format!("expected {score:+.3} bps, at best {:+.3}", score + spread)
        }
    }
}

fn surroundings(context: Context) -> String {
    let side = match context.side() {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    let one_of = |class: u16, words: [&'static str; 3]| {
        words.get(usize::from(class)).copied().unwrap_or_default()
    };
    let from = 4 * context.time();
    format!(
        "a {side} of {} size; the spread is {}, the market {}; between {from:02}:00 and {:02}:00 UTC",
        one_of(context.size(), ["small", "usual", "large"]),
        one_of(context.spread(), ["tight", "as usual", "wide"]),
        one_of(context.volatility(), ["calm", "as usual", "wild"]),
        from + 4
    )
}

const fn not_eligible(why: NotEligible) -> &'static str {
    match why {
        NotEligible::NotListed => "it does not list the instrument",
        NotEligible::Down => "its session is down",
        NotEligible::Unable => "it cannot do what the order asks for",
        NotEligible::Tried => "it was tried for this quantity already",
        NotEligible::FeedGap => "its feed lost something, so its prices are not known",
        NotEligible::Ejected => "it refused too many orders lately",
    }
}

/// How a choice went.
pub(super) fn rewarded(reward: &RouteReward, names: &Names) -> String {
    let venue = names.venue(reward.venue);
    let what = match reward.cause {
        RewardCause::Settled => {
            format!(
                "the choice of {venue} earned {:+.3} bps",
                reward.reward.value()
            )
        }
        RewardCause::NoMarkout => {
            format!("no price came in time to judge the choice of {venue}: nothing is learnt")
        }
        RewardCause::TimedOut => {
            format!("the order works too long to judge the choice of {venue}: nothing is learnt")
        }
        RewardCause::OurCancel => {
            format!("we cancelled it: that says nothing about the choice of {venue}")
        }
        RewardCause::Displaced => {
            format!("younger orders took the place of the choice of {venue}: nothing is learnt")
        }
    };
    if reward.cause != RewardCause::Settled {
        return what;
    }
    let mut parts = vec![format!("{:.1} % filled", 100.0 * reward.filled.value())];
    if let Some(slippage) = reward.slippage {
        parts.push(format!("slippage {:+.3} bps", slippage.value()));
    }
    if let Some(markout) = reward.markout {
        parts.push(format!("markout {:+.3} bps", markout.value()));
    }
    parts.push(format!("fee {:+.3} bps", reward.fee.value()));
    if let Some(ack) = reward.ack {
        parts.push(format!("answered after {}", span(ack)));
    }
    if reward.rejected {
        parts.push("refused".to_owned());
    }
    format!("{what}: {}", parts.join(", "))
}

/// A change of a venue's fitness.
pub(super) fn fitness(change: &VenueFitness, names: &Names) -> String {
    let venue = names.venue(change.venue);
    match change.fitness {
        Fitness::Fit => format!("{venue} gets all orders again"),
        Fitness::Ejected => format!(
            "{venue} gets no orders until {}: it refused {}",
            utc(change.until),
            change.rejects
        ),
        Fitness::Probation => format!("{venue} gets a few orders, to see"),
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::{ChildId, Command, Nanos, OrderId, Qty, Score, Venue, VenueFeatures, VenueId};

    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        for (id, name) in (0..).zip(["SIMA", "SIMB", "SIMC"]) {
            names.learn(&Command::DefineVenue(Venue {
                id: VenueId::new(id),
                name: name.parse().expect("a short name"),
                fee_centi_bps: 0,
                features: VenueFeatures::NONE,
            }));
        }
        names
    }

    fn venue(id: u8, numbers: (f32, f32, f64), probability: f64) -> VenueReason {
        VenueReason {
            venue: VenueId::new(id),
            not_eligible: None,
            score: numbers.0,
            spread: numbers.1,
            drawn: numbers.2,
            probability,
        }
    }

    /// A choice between two venues, the third being down.
    fn choice(policy: RoutingPolicy, numbers: [(f32, f32, f64); 2]) -> Routed {
        Routed {
            order: OrderId::new(3),
            child: ChildId::new(7),
            qty: Qty::whole(1_000),
            chosen: Some(VenueId::new(0)),
            policy,
            context: None,
            explored: false,
            held_to_best: false,
            venues: vec![
                venue(0, numbers[0], 0.75),
                venue(1, numbers[1], 0.25),
                VenueReason {
                    not_eligible: Some(NotEligible::Down),
                    ..venue(2, (0.0, 0.0, 0.0), 0.0)
                },
            ],
        }
    }

    #[test]
    fn a_choice_by_draws_is_told_with_what_was_expected_drawn_and_likely() {
        let route = Routed {
            context: Some(Context::new(Side::Buy, 1, 0, 0, 3)),
            ..choice(
                RoutingPolicy::Thompson,
                [(-0.12, 0.3, 0.21), (-0.5, 0.3, -0.4)],
            )
        };
        assert_eq!(
            routed(&route, &names()),
            [
                "route 1000 to SIMA: child 7, believed best (discounted Thompson sampling)",
                "  the order is a buy of usual size; the spread is tight, the market calm; between \
                 12:00 and 16:00 UTC",
                "  SIMA: expected -0.120 bps, give or take 0.300, drew +0.210, 75.0 % likely to be \
                 chosen: chosen",
                "  SIMB: expected -0.500 bps, give or take 0.300, drew -0.400, 25.0 % likely to be \
                 chosen",
                "  SIMC: not eligible, its session is down",
            ]
        );
    }

    #[test]
    fn each_policy_says_in_its_own_words_what_it_believes_and_why_it_chose() {
        let told = |policy, numbers| {
            let lines = routed(&choice(policy, numbers), &names());
            let why = lines[0].strip_prefix("route 1000 to SIMA: child 7, ");
            (why.unwrap().to_owned(), lines[1].clone())
        };
        let (why, belief) = told(
            RoutingPolicy::BetaThompson,
            [(9.0, 1.0, 0.95), (5.0, 5.0, 0.4)],
        );
        assert_eq!(why, "believed best (Thompson sampling of fills)");
        assert_eq!(
            belief,
            "  SIMA: fills 90.0 % of an order (as if 8.0 were seen), drew 95.0 %, 75.0 % likely to \
             be chosen: chosen"
        );
        let (why, belief) = told(RoutingPolicy::LinUcb, [(-0.2, 0.5, 0.3), (-0.4, 0.1, -0.3)]);
        assert_eq!(why, "believed best (linear UCB)");
        assert_eq!(
            belief,
            "  SIMA: expected -0.200 bps, at best +0.300, 75.0 % likely to be chosen: chosen"
        );
        let never = told(
            RoutingPolicy::Ucb1,
            [(0.0, f32::INFINITY, 0.0), (0.0, 0.0, 0.0)],
        );
        assert!(never.1.starts_with("  SIMA: never tried, "), "{}", never.1);
        let (why, belief) = told(
            RoutingPolicy::BestDisplayed,
            [(-0.3, 0.0, 0.0), (-0.6, 0.0, 0.0)],
        );
        assert_eq!(why, "it shows the best price");
        assert!(
            belief.starts_with("  SIMA: its price is +0.300 bps from the mid, "),
            "{belief}"
        );
    }

    #[test]
    fn exploring_and_being_held_from_it_are_told_apart() {
        let plain = choice(
            RoutingPolicy::Thompson,
            [(-0.5, 0.3, 0.2), (-0.1, 0.3, 0.0)],
        );
        let first = |route: &Routed| routed(route, &names())[0].clone();
        let explored = Routed {
            explored: true,
            ..plain.clone()
        };
        assert_eq!(
            first(&explored),
            "route 1000 to SIMA: child 7, to learn about it, although another is believed better \
             (discounted Thompson sampling)"
        );
        let held = Routed {
            held_to_best: true,
            ..plain.clone()
        };
        assert_eq!(
            first(&held),
            "route 1000 to SIMA: child 7, believed best (discounted Thompson sampling; the budget \
             for exploring allows no other)"
        );
        let mut alone = plain.clone();
        alone.venues[1].not_eligible = Some(NotEligible::Ejected);
        assert_eq!(
            first(&alone),
            "route 1000 to SIMA: child 7, the only venue that can take it"
        );
        let nobody = Routed {
            chosen: None,
            ..plain
        };
        assert_eq!(
            routed(&nobody, &names()),
            ["route 1000: no venue can take it"]
        );
    }

    #[test]
    fn how_a_choice_went_is_told_with_every_part_of_its_reward() {
        let score = Score::of;
        let mut reward = RouteReward {
            child: ChildId::new(7),
            instrument: dcx_model::InstrumentId::new(0),
            venue: VenueId::new(1),
            number: 1,
            cause: RewardCause::Settled,
            reward: score(-0.75),
            filled: score(1.0),
            slippage: Some(score(0.25)),
            markout: Some(score(-0.5)),
            fee: score(0.1),
            ack: Some(Nanos::from_millis(2)),
            rejected: false,
        };
        assert_eq!(
            rewarded(&reward, &names()),
            "the choice of SIMB earned -0.750 bps: 100.0 % filled, slippage +0.250 bps, markout \
             -0.500 bps, fee +0.100 bps, answered after 2.0 ms"
        );
        reward.cause = RewardCause::TimedOut;
        assert_eq!(
            rewarded(&reward, &names()),
            "the order works too long to judge the choice of SIMB: nothing is learnt"
        );
    }
}
