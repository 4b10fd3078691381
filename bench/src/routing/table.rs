//! What every choice would have cost: each decision with its outcome at each simulated venue.
//!
//! All chance is drawn from the decision's and the venue's number, so every policy meets the same
//! luck, and what a policy did not choose is known too: regret and the truth behind an estimate
//! can be computed. Policies see the outcome of their own choice only.

use dcx_engine::route::{Context, Displayed, NOTHING_DISPLAYED, Surroundings};
use dcx_model::{Qty, Side, UnixNanos};
use dcx_stats::{Draws, ln};

use super::profile::{GIVEN_UP_MS, Manner, NAMES, Profile, VENUES};
use super::tape::{DAY_NS, Joined};

/// How many decisions are spread over the time that the sources cover.
pub const DECISIONS: u64 = 20_000;

/// Decisions are no closer than this, in nanoseconds.
const STEP_NS_MIN: u64 = 100_000_000;

/// The part of the recorded days that policies are tuned on.
const TRAINED: f64 = 0.6;

/// What came of an order at one venue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What the whole order cost against the mid at the decision, fees and the rest that had to
    /// go elsewhere included, in basis points.
    pub cost_bps: f64,
    /// Part of it that the venue filled.
    pub filled: f64,
    /// Fee of the venue, in basis points.
    pub fee_bps: f64,
    /// Slippage of what the venue filled, in basis points.
    pub slippage_bps: f64,
    /// Whether the venue refused it, or never answered.
    pub rejected: bool,
    /// From the decision until everything was known, in nanoseconds.
    pub known_ns: u64,
}

/// One order that needs a venue.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// When.
    pub at: u64,
    /// Which side.
    pub side: Side,
    /// How many units: 1, 3 or 10.
    pub size: u64,
    /// What the order and the market are like.
    pub context: Context,
    /// What each venue displays, against the mid, in basis points.
    pub displayed: Displayed,
    /// What would have come of it at each venue.
    pub outcomes: [Outcome; VENUES],
}

/// Every decision of an instrument under one profile.
#[derive(Clone, Debug)]
pub struct Table {
    /// The decisions in order of time.
    pub decisions: Vec<Decision>,
    /// The first decision of the days that are kept for the test.
    pub test_from: usize,
    /// Moments that were passed over because a source was silent.
    pub skipped: u64,
    /// Decisions at which the sources' prices were crossed between them.
    pub crossed: u64,
    /// UTC days with decisions.
    pub days: usize,
}

/// A moment with everything that does not depend on the profile.
struct Moment {
    at: u64,
    side: Side,
    size: u64,
    context: Context,
    mid: f64,
    /// Where it is in the recorded part of its day, from 0 to 1.
    of_day: f64,
}

impl Table {
    /// The decisions of `joined` under `profile`; the same for the same seed.
    #[must_use]
    pub fn of(joined: &Joined, profile: &Profile, decisions: u64, seed: u64) -> Self {
        let mut table = Self {
            decisions: Vec::new(),
            test_from: 0,
            skipped: 0,
            crossed: 0,
            days: 0,
        };
        for (ix, moment) in (0..).zip(table.moments(joined, decisions, seed)) {
            let world = World {
                joined,
                profile,
                moment: &moment,
            };
            let chance = |venue: usize| {
                // Draws of one venue at one decision: fewer than 16 are taken.
                let number = (ix * VENUES as u64 + venue as u64) * 16;
                Draws::at(seed ^ 0x0e71_d5a1_9c24_6b03, number)
            };
            let mut displayed = NOTHING_DISPLAYED;
            let mut outcomes = [Outcome::default(); VENUES];
            for venue in 0..VENUES {
                displayed[venue] = single(world.displayed(venue, moment.at));
                outcomes[venue] = world.outcome(venue, &mut chance(venue));
            }
            table.decisions.push(Decision {
                at: moment.at,
                side: moment.side,
                size: moment.size,
                context: moment.context,
                displayed,
                outcomes,
            });
        }
        table.split();
        table
    }

    /// Its decisions with the venues' labels shuffled anew at each: no venue is better than
    /// another, and there is nothing to learn.
    #[must_use]
    pub fn shuffled(&self, seed: u64) -> Self {
        let mut shuffled = self.clone();
        let mut draws = Draws::new(seed);
        for decision in &mut shuffled.decisions {
            for last in (1..VENUES).rev() {
                let other = super::stats::floor(draws.uniform() * (last + 1) as f64).min(last);
                decision.outcomes.swap(last, other);
                decision.displayed.swap(last, other);
            }
        }
        shuffled
    }

    /// The mean cost of always the same venue, over a part of the decisions.
    #[must_use]
    pub fn static_costs(&self, decisions: &[Decision]) -> [f64; VENUES] {
        let count = decisions.len().max(1) as f64;
        std::array::from_fn(|venue| {
            let costs = decisions.iter().map(|d| d.outcomes[venue].cost_bps);
            costs.sum::<f64>() / count
        })
    }

    /// The decisions that policies are tuned on.
    #[must_use]
    pub fn train(&self) -> &[Decision] {
        &self.decisions[..self.test_from]
    }

    /// The decisions that are looked at once.
    #[must_use]
    pub fn test(&self) -> &[Decision] {
        &self.decisions[self.test_from..]
    }

    /// Leaves whole days for the test; where there is one day only, its later part.
    fn split(&mut self) {
        let mut days: Vec<u64> = self.decisions.iter().map(|d| d.at / DAY_NS).collect();
        days.dedup();
        self.days = days.len();
        let count = self.decisions.len();
        let by_count = super::stats::floor(count as f64 * TRAINED);
        self.test_from = if days.len() < 2 {
            by_count
        } else {
            let first = super::stats::floor((days.len() as f64 * TRAINED).round());
            let first = days[first.clamp(1, days.len() - 1)];
            self.decisions.partition_point(|d| d.at / DAY_NS < first)
        };
    }

    fn moments(&mut self, joined: &Joined, decisions: u64, seed: u64) -> Vec<Moment> {
        let (from, to) = joined.span();
        // The last orders must have time to end.
        let to = to.saturating_sub(2_000_000_000);
        let source = &joined.sources[0];
        let covered: u64 = (from / DAY_NS..=to / DAY_NS)
            .filter_map(|day| source.span_of(day))
            .map(|(first, last)| last - first)
            .sum();
        let step = (covered / decisions.max(1)).max(STEP_NS_MIN);
        let mut draws = Draws::new(seed);
        let mut around = Around::new(joined);
        let mut moments = Vec::new();
        let mut next = from;
        while next < to {
            let part = draws.uniform();
            let side = if draws.uniform() < 0.5 {
                Side::Buy
            } else {
                Side::Sell
            };
            let size = match draws.uniform() {
                u if u < 0.6 => 1,
                u if u < 0.9 => 3,
                _ => 10,
            };
            let at = next + super::stats::floor(part * step as f64) as u64;
            next += step;
            let (Some((bid, ask)), Some(of_day)) = (joined.best(at), of_day(joined, at)) else {
                self.skipped += 1;
                // Nights and weekends are passed over at once.
                next = next.max(source.next_after(at).unwrap_or(to));
                continue;
            };
            self.crossed += u64::from(bid > ask);
            moments.push(Moment {
                at,
                side,
                size,
                context: around.context(side, size, at),
                mid: (bid as f64 + ask as f64) / 2.0,
                of_day,
            });
        }
        moments
    }
}

/// What is usual, taken along with the quotes.
struct Around<'a> {
    joined: &'a Joined,
    quotes: Box<dyn Iterator<Item = (u64, (i64, i64))> + 'a>,
    ahead: Option<u64>,
    surroundings: Surroundings,
}

impl<'a> Around<'a> {
    fn new(joined: &'a Joined) -> Self {
        let mut quotes: Box<dyn Iterator<Item = _>> = Box::new(joined.sources[0].quotes());
        let ahead = quotes.next().map(|(at, _)| at);
        Self {
            joined,
            quotes,
            ahead,
            surroundings: Surroundings::default(),
        }
    }

    fn context(&mut self, side: Side, size: u64, at: u64) -> Context {
        while let Some(quoted) = self.ahead.filter(|quoted| *quoted <= at) {
            if let Some((bid, ask)) = self.joined.best(quoted) {
                self.surroundings.quote(bid, ask);
            }
            self.ahead = self.quotes.next().map(|(at, _)| at);
        }
        let qty = Qty::whole(size);
        self.surroundings.context(side, qty, UnixNanos::new(at))
    }
}

/// Where a moment is in the recorded part of its day.
fn of_day(joined: &Joined, at: u64) -> Option<f64> {
    let (from, to) = joined.sources.first()?.span_of(at / DAY_NS)?;
    Some(((at.saturating_sub(from)) as f64 / (to - from).max(1) as f64).clamp(0.0, 1.0))
}

/// The simulated venues at one decision.
struct World<'a> {
    joined: &'a Joined,
    profile: &'a Profile,
    moment: &'a Moment,
}

impl World<'_> {
    fn manner(&self, venue: usize) -> &Manner {
        let half = usize::from(self.moment.of_day >= 0.5);
        &self.profile.venues[venue].halves[half]
    }

    fn is_out(&self, venue: usize) -> bool {
        let of_day = self.moment.of_day;
        let outage = self.profile.venues[venue].outage;
        outage.is_some_and(|(from, to)| (from..to).contains(&of_day))
    }

    /// Bid and ask that a venue displays at a moment.
    fn prices(&self, venue: usize, at: u64) -> (f64, f64) {
        let source = venue % self.joined.sources.len();
        let (bid, ask) = self.joined.sources[source].shown(at);
        let markup = self.moment.mid * self.manner(venue).markup_bps / 1e4;
        (bid as f64 - markup, ask as f64 + markup)
    }

    /// What a price costs against the mid at the decision.
    fn cost_bps(&self, px: f64) -> f64 {
        let mid = self.moment.mid;
        match self.moment.side {
            Side::Buy => (px - mid) / mid * 1e4,
            Side::Sell => (mid - px) / mid * 1e4,
        }
    }

    /// What the displayed price of a venue costs at a moment.
    fn displayed(&self, venue: usize, at: u64) -> f64 {
        let (bid, ask) = self.prices(venue, at);
        self.cost_bps(match self.moment.side {
            Side::Buy => ask,
            Side::Sell => bid,
        })
    }

    /// What the middle of a venue's prices costs at a moment.
    fn middle(&self, venue: usize, at: u64) -> f64 {
        let (bid, ask) = self.prices(venue, at);
        self.cost_bps((bid + ask) / 2.0)
    }

    fn outcome(&self, venue: usize, draws: &mut Draws) -> Outcome {
        let manner = self.manner(venue);
        let waited_ms = -ln(draws.uniform()) * manner.delay_ms;
        let (refuses, hidden) = (draws.uniform(), draws.uniform());
        if self.is_out(venue) || waited_ms > GIVEN_UP_MS {
            let known_ns = nanos(GIVEN_UP_MS);
            return Outcome {
                cost_bps: self.elsewhere(venue, known_ns),
                rejected: true,
                known_ns,
                ..Outcome::default()
            };
        }
        let arrived = self.moment.at + nanos(waited_ms);
        let known_ns = nanos(waited_ms + manner.last_look_ms);
        let moved = self.middle(venue, self.moment.at + known_ns) - self.middle(venue, arrived);
        let looked = manner.last_look_ms > 0.0 && moved > manner.last_look_bps;
        if looked || refuses < manner.reject_rate {
            return Outcome {
                cost_bps: self.elsewhere(venue, known_ns),
                rejected: true,
                known_ns,
                ..Outcome::default()
            };
        }
        let slippage_bps = if hidden < manner.hidden_rate {
            self.middle(venue, arrived)
        } else {
            self.displayed(venue, arrived)
        };
        let filled = (manner.depth / self.moment.size as f64).min(1.0);
        let mut cost_bps = filled * (slippage_bps + manner.fee_bps);
        if filled < 1.0 {
            cost_bps += (1.0 - filled) * self.elsewhere(venue, known_ns);
        }
        Outcome {
            cost_bps,
            filled,
            fee_bps: manner.fee_bps,
            slippage_bps,
            rejected: false,
            known_ns,
        }
    }

    /// What the rest costs that a venue did not fill: it takes the best price that another
    /// displays by then and that does not break, and pays that venue's fee.
    fn elsewhere(&self, venue: usize, known_ns: u64) -> f64 {
        let at = self.moment.at + known_ns;
        (0..VENUES)
            .filter(|other| *other != venue && !self.is_out(*other))
            .map(|other| (self.displayed(other, at), self.manner(other).fee_bps))
            .min_by(|one, other| one.0.total_cmp(&other.0))
            .map_or(0.0, |(shown, fee)| shown + fee)
    }
}

fn nanos(ms: f64) -> u64 {
    super::stats::floor(ms * 1e6) as u64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "policies are shown prices in single precision, as the engine shows them"
)]
pub(super) const fn single(value: f64) -> f32 {
    value as f32
}

/// The name of a simulated venue with its source.
#[must_use]
pub fn venue_name(joined: &Joined, venue: usize) -> String {
    let source = &joined.sources[venue % joined.sources.len()];
    format!("{} ({})", NAMES[venue], source.name)
}

#[cfg(test)]
mod tests {
    use super::super::profile::PROFILES;
    use super::*;

    fn profile(name: &str) -> &'static Profile {
        PROFILES
            .iter()
            .find(|profile| profile.name == name)
            .unwrap()
    }

    fn table(name: &str) -> Table {
        Table::of(&Joined::drawn(1), profile(name), 2_000, 5)
    }

    #[test]
    fn where_nothing_is_hidden_what_is_displayed_is_what_is_paid() {
        for decision in &table("displayed-only").decisions {
            for venue in 0..VENUES {
                let (outcome, shown) = (decision.outcomes[venue], decision.displayed[venue]);
                assert!((outcome.cost_bps - f64::from(shown)).abs() < 1e-5);
                assert!(!outcome.rejected && outcome.known_ns == 0);
                assert!((outcome.filled - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn fees_change_in_the_middle_of_the_day_by_what_the_profile_says() {
        let (plain, fees) = (table("displayed-only"), table("fees"));
        let mut seen = [[false; 2]; VENUES];
        for (free, charged) in plain.decisions.iter().zip(&fees.decisions) {
            for (venue, seen) in seen.iter_mut().enumerate() {
                let fee = charged.outcomes[venue].cost_bps - free.outcomes[venue].cost_bps;
                let halves = profile("fees").venues[venue].halves;
                let half = halves.iter().position(|h| (h.fee_bps - fee).abs() < 1e-9);
                seen[half.expect("a fee of the profile")] = true;
            }
        }
        assert_eq!(seen[2], [true, true], "C charges more in the second half");
    }

    #[test]
    fn rejects_come_as_often_as_the_profile_says_and_outages_only_when_it_says() {
        let table = table("hidden-costs");
        let rejected = |venue: usize, from: f64, to: f64| {
            let joined = Joined::drawn(1);
            let here = table.decisions.iter().filter(|d| {
                let part = of_day(&joined, d.at).unwrap();
                from <= part && part < to
            });
            let (mut count, mut of) = (0.0, 0.0);
            for decision in here {
                count += f64::from(u8::from(decision.outcomes[venue].rejected));
                of += 1.0;
            }
            count / of
        };
        assert!((rejected(3, 0.3, 0.4) - 1.0).abs() < 1e-12, "D is out");
        assert!(rejected(3, 0.0, 0.3) < 0.3);
        assert!(rejected(0, 0.5, 1.0) > rejected(0, 0.0, 0.5) + 0.1);
        assert!(rejected(1, 0.0, 1.0) < 1e-12, "B never refuses");
    }

    #[test]
    fn the_test_days_follow_the_training_days_and_share_none() {
        let table = table("displayed-only");
        let last = table.train().last().unwrap().at / DAY_NS;
        let first = table.test().first().unwrap().at / DAY_NS;
        assert_eq!((table.days, first - last), (5, 1));
        assert!(table.train().len() > table.test().len());
    }

    #[test]
    fn shuffled_labels_leave_the_costs_and_take_what_tells_venues_apart() {
        let table = table("fees");
        let shuffled = table.shuffled(9);
        for (one, other) in table.decisions.iter().zip(&shuffled.decisions) {
            let sum = |d: &Decision| d.outcomes.iter().map(|o| o.cost_bps).sum::<f64>();
            assert!((sum(one) - sum(other)).abs() < 1e-9);
        }
        let apart = |table: &Table| {
            let costs = table.static_costs(&table.decisions);
            costs.iter().copied().fold(f64::MIN, f64::max)
                - costs.iter().copied().fold(f64::MAX, f64::min)
        };
        assert!(apart(&shuffled) < 0.2 * apart(&table));
    }
}
