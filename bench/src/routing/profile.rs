//! What simulated venues do besides displaying a price: stated here, before any policy is run.
//!
//! Every profile has the same four venues over the recorded sources, taken in turn: A and C show
//! the first source, B and D the second where there is one. A profile says what each of them
//! charges, rejects, delays, hides and breaks, for the first and for the second half of a
//! recorded day. Numbers are in basis points and milliseconds, the same for every instrument, and
//! were not fitted to any result.

/// How many venues a profile has.
pub const VENUES: usize = 4;

/// Their names.
pub const NAMES: [&str; VENUES] = ["A", "B", "C", "D"];

/// What a venue does in one half of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// What it adds to half of the recorded spread, on both sides: part of what it displays.
    pub markup_bps: f64,
    /// What it charges for what it fills.
    pub fee_bps: f64,
    /// It looks at the price once more after this time, in milliseconds; zero: it does not.
    pub last_look_ms: f64,
    /// It rejects if the price has moved against it by more than this meanwhile.
    pub last_look_bps: f64,
    /// It rejects with this probability in any case.
    pub reject_rate: f64,
    /// Mean time from an order to its answer, in milliseconds, exponential.
    pub delay_ms: f64,
    /// Probability that an order meets liquidity at the middle of the venue's prices.
    pub hidden_rate: f64,
    /// Units that it fills at most; an order has 1, 3 or 10.
    pub depth: f64,
}

impl Manner {
    /// A venue that is as it looks.
    pub const PLAIN: Self = Self {
        markup_bps: 0.0,
        fee_bps: 0.0,
        last_look_ms: 0.0,
        last_look_bps: 0.0,
        reject_rate: 0.0,
        delay_ms: 0.0,
        hidden_rate: 0.0,
        depth: f64::INFINITY,
    };
}

/// A venue's whole day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Venue {
    /// In the first and the second half of the recorded part of each day.
    pub halves: [Manner; 2],
    /// The part of the recorded day, from 0 to 1, in which it answers nothing: an order there is
    /// given up after [`GIVEN_UP_MS`].
    pub outage: Option<(f64, f64)>,
}

/// How long an answer is waited for.
pub const GIVEN_UP_MS: f64 = 1_000.0;

impl Venue {
    const fn same(manner: Manner) -> Self {
        Self {
            halves: [manner, manner],
            outage: None,
        }
    }
}

/// Four venues and what they do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Profile {
    /// Its name in reports.
    pub name: &'static str,
    /// What it is about, in words.
    pub about: &'static str,
    /// The venues.
    pub venues: [Venue; VENUES],
}

const fn displayed(markup_bps: f64) -> Manner {
    Manner {
        markup_bps,
        ..Manner::PLAIN
    }
}

/// What the venues of every profile display.
const MARKUPS: [f64; VENUES] = [0.0, 0.05, 0.10, 0.02];

const PLAIN: [Venue; VENUES] = [
    Venue::same(displayed(MARKUPS[0])),
    Venue::same(displayed(MARKUPS[1])),
    Venue::same(displayed(MARKUPS[2])),
    Venue::same(displayed(MARKUPS[3])),
];

const FEES: [[f64; 2]; VENUES] = [[0.30, 0.30], [0.05, 0.05], [0.10, 0.25], [0.20, 0.02]];
const LAST_LOOK: [(f64, f64, f64); VENUES] = [
    (80.0, 0.02, 0.10),
    (0.0, 0.0, 0.0),
    (0.0, 0.0, 0.01),
    (20.0, 0.05, 0.02),
];
const LAST_LOOK_LATER: [(f64, f64, f64); VENUES] = [
    (80.0, 0.02, 0.35),
    (0.0, 0.0, 0.0),
    (0.0, 0.0, 0.01),
    (20.0, 0.05, 0.02),
];
const DELAYS: [f64; VENUES] = [5.0, 2.0, 20.0, 250.0];
const HIDDEN: [[f64; 2]; VENUES] = [[0.0, 0.0], [0.0, 0.0], [0.60, 0.10], [0.10, 0.30]];
const DEPTHS: [f64; VENUES] = [5.0, f64::INFINITY, 5.0, 2.0];
const OUTAGES: [Option<(f64, f64)>; VENUES] = [None, None, Some((0.70, 0.75)), Some((0.30, 0.40))];

const fn with_fees(mut venues: [Venue; VENUES]) -> [Venue; VENUES] {
    let mut ix = 0;
    while ix < VENUES {
        venues[ix].halves[0].fee_bps = FEES[ix][0];
        venues[ix].halves[1].fee_bps = FEES[ix][1];
        ix += 1;
    }
    venues
}

const fn with_last_look(mut venues: [Venue; VENUES]) -> [Venue; VENUES] {
    let mut ix = 0;
    while ix < VENUES {
        let halves = [LAST_LOOK[ix], LAST_LOOK_LATER[ix]];
        let mut half = 0;
        while half < 2 {
            let (ms, bps, rate) = halves[half];
            venues[ix].halves[half].last_look_ms = ms;
            venues[ix].halves[half].last_look_bps = bps;
            venues[ix].halves[half].reject_rate = rate;
            half += 1;
        }
        ix += 1;
    }
    venues
}

const fn with_delays(mut venues: [Venue; VENUES]) -> [Venue; VENUES] {
    let mut ix = 0;
    while ix < VENUES {
        venues[ix].halves[0].delay_ms = DELAYS[ix];
        venues[ix].halves[1].delay_ms = DELAYS[ix];
        ix += 1;
    }
    venues
}

const fn with_hidden(mut venues: [Venue; VENUES]) -> [Venue; VENUES] {
    let mut ix = 0;
    while ix < VENUES {
        venues[ix].halves[0].hidden_rate = HIDDEN[ix][0];
        venues[ix].halves[1].hidden_rate = HIDDEN[ix][1];
        venues[ix].halves[0].depth = DEPTHS[ix];
        venues[ix].halves[1].depth = DEPTHS[ix];
        ix += 1;
    }
    venues
}

const fn with_outages(mut venues: [Venue; VENUES]) -> [Venue; VENUES] {
    let mut ix = 0;
    while ix < VENUES {
        venues[ix].outage = OUTAGES[ix];
        ix += 1;
    }
    venues
}

/// Every profile: nothing hidden, each hidden thing alone, and all of them together.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "displayed-only",
        about: "what is displayed is what is paid: the best displayed price cannot be beaten",
        venues: PLAIN,
    },
    Profile {
        name: "hidden-costs",
        about: "fees, last look, delays, hidden fills, little depth and outages together; fees, \
                rejects and hidden fills change in the middle of each day",
        venues: with_outages(with_hidden(with_delays(with_last_look(with_fees(PLAIN))))),
    },
    Profile {
        name: "fees",
        about: "fees alone; those of C and D change in the middle of each day",
        venues: with_fees(PLAIN),
    },
    Profile {
        name: "last-look",
        about: "last look and rejects alone; A rejects more from the middle of each day",
        venues: with_last_look(PLAIN),
    },
    Profile {
        name: "delay",
        about: "the time to an answer alone: the price moves meanwhile",
        venues: with_delays(PLAIN),
    },
    Profile {
        name: "hidden-fills",
        about: "liquidity inside the spread and little depth alone; C has less of the former, D \
                more, from the middle of each day",
        venues: with_hidden(PLAIN),
    },
    Profile {
        name: "outages",
        about: "C and D answer nothing for a part of each day, and nobody says so",
        venues: with_outages(PLAIN),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_one_hidden_thing_is_plain_but_for_it() {
        let find = |name| {
            PROFILES
                .iter()
                .find(|profile| profile.name == name)
                .unwrap()
        };
        assert_eq!(find("displayed-only").venues, PLAIN);
        for half in 0..2 {
            for (fees, plain) in find("fees").venues.iter().zip(&PLAIN) {
                let free = Manner {
                    fee_bps: 0.0,
                    ..fees.halves[half]
                };
                assert_eq!(free, plain.halves[half]);
            }
        }
        assert_ne!(
            find("hidden-costs").venues[0].halves[0],
            find("hidden-costs").venues[0].halves[1],
            "something changes in the middle of the day"
        );
        assert!(find("hidden-costs").venues[3].outage.is_some());
    }
}
