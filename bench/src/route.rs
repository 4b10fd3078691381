//! One choice of a venue, apart from everything else: sixteen venues about which much was seen,
//! with a context that is another each time.

use std::hint::black_box;
use std::time::Instant;

use dcx_engine::route::{
    Ask, Beliefs, Choice, Chooser, Displayed, NOTHING_DISPLAYED, Policy, Reward, Surroundings,
};
use dcx_model::{Qty, Routing, RoutingPolicy, Side, UnixNanos, VENUES_MAX, VenueSet};
use dcx_stats::Draws;
use hdrhistogram::Histogram;

use crate::report::{Latency, Row};

/// Choices before anything is measured.
const SEEN: u32 = 4_000;

/// Choices that are measured for each policy.
const MEASURED: u32 = 200_000;

/// A row for each policy whose name is wanted.
pub(crate) fn rows(wanted: impl Fn(&str) -> bool) -> Vec<Row> {
    let all = RoutingPolicy::ALL.iter();
    let named = all.map(|policy| (*policy, format!("choice of a venue, {}", policy.name())));
    named
        .filter(|(_, case)| wanted(case))
        .map(|(policy, case)| Row {
            case,
            load: format!("{VENUES_MAX} venues, context read, {MEASURED} timed"),
            latency: Some(Latency::of(&Desk::new(policy).measure())),
            ..Row::default()
        })
        .collect()
}

/// A policy with its world.
#[derive(Debug)]
pub struct Desk {
    /// The policy.
    pub chooser: Chooser,
    around: Surroundings,
    displayed: Displayed,
    draws: Draws,
    world: Draws,
    beliefs: Beliefs,
    at: UnixNanos,
}

impl Desk {
    /// A desk that has made and learnt from thousands of choices.
    #[must_use]
    pub fn new(policy: RoutingPolicy) -> Self {
        let mut desk = Self {
            chooser: Chooser::new(&Routing {
                policy,
                explore_ppm: 10_000,
                ..Routing::DEFAULT
            }),
            around: Surroundings::default(),
            displayed: NOTHING_DISPLAYED,
            draws: Draws::new(1),
            world: Draws::new(2),
            beliefs: Beliefs::default(),
            at: UnixNanos::from_seconds(1_760_000_000),
        };
        for (at, cost) in (0_u8..).zip(&mut desk.displayed) {
            *cost = f32::from(at % 5);
        }
        for _ in 0..SEEN {
            let choice = desk.choose();
            desk.learn(&choice);
        }
        desk
    }

    /// The question that the next choice answers, in a plain context.
    #[must_use]
    pub fn ask(&self) -> Ask<'_> {
        Ask {
            displayed: &self.displayed,
            ..Ask::of(VenueSet::from_bits((1 << VENUES_MAX) - 1))
        }
    }

    /// Finds the context of an order and chooses one of sixteen venues for it.
    ///
    /// # Panics
    /// Never: there are venues.
    pub fn choose(&mut self) -> Choice {
        let bits = self.world.bits();
        let side = if bits & 1 == 0 { Side::Buy } else { Side::Sell };
        let qty = Qty::from_units(1_000 + (bits >> 48));
        let context = self.around.context(side, qty, self.at);
        let ask = Ask {
            context,
            candidates: VenueSet::from_bits((1 << VENUES_MAX) - 1),
            displayed: &self.displayed,
            touch_bps: 0.5,
        };
        let choice = self
            .chooser
            .choose(&ask, true, &mut self.draws, &mut self.beliefs);
        choice.expect("there are candidates")
    }

    /// Learns from a reward of a few basis points.
    pub fn learn(&mut self, choice: &Choice) {
        let bps = -2.0 * self.world.uniform() - f64::from(choice.venue.get() % 4);
        let mut reward = Reward::of_bps(bps);
        reward.filled = self.world.uniform();
        self.chooser.learn(choice, &reward);
    }

    /// Measures choices one by one, each with a reading of the clock around it, learning from
    /// every fourth outside the measured time.
    ///
    /// # Panics
    /// Never: a histogram of this range takes any span of a run.
    #[must_use]
    pub fn measure(&mut self) -> Histogram<u64> {
        let mut latency = Histogram::new_with_bounds(1, 1_000_000_000, 3)
            .expect("the bounds of the histogram are legal");
        for round in 0..MEASURED {
            let start = Instant::now();
            let choice = black_box(self.choose());
            let took = start.elapsed().as_nanos();
            latency.saturating_record(u64::try_from(took).unwrap_or(u64::MAX));
            if round % 4 == 0 {
                self.learn(&choice);
            }
        }
        latency
    }
}
