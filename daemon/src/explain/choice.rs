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
        "a {} {side}, the spread {}, the market {}, between {from:02}:00 and {:02}:00 UTC",
        one_of(context.size(), ["small", "usual", "large"]),
        one_of(context.spread(), ["tight", "usual", "wide"]),
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
