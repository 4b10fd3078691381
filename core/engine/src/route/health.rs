//! Which venues are fit to get orders: those that refuse too many are left out for a while.
//!
//! ```text
//!          rejects within the window                   its time is over
//!  Fit ──────────────────────────────► Ejected ──────────────────────────► Probation
//!   ▲                                     ▲                                 │     │
//!   │                                     └───────── one reject ────────────┘     │
//!   └─────────────────── so many child orders end without one ────────────────────┘
//! ```

use dcx_model::{Fitness, RoutingRules, UnixNanos, VENUES_MAX, VenueFitness, VenueId, VenueSet};

use super::places;
use crate::digest::Words;

const REJECTS: usize = RoutingRules::EJECT_REJECTS_MAX as usize;

/// How one venue stands.
#[derive(Clone, Copy, Debug)]
struct Standing {
    fitness: Fitness,
    until: UnixNanos,
    /// When it last refused, latest first.
    rejects: [UnixNanos; REJECTS],
    /// Child orders that have yet to end well.
    trials: u8,
    /// Child orders at it now that count to these.
    out: u8,
}

const FIT: Standing = Standing {
    fitness: Fitness::Fit,
    until: UnixNanos::ZERO,
    rejects: [UnixNanos::ZERO; REJECTS],
    trials: 0,
    out: 0,
};

/// How the venues stand.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    venues: [Standing; VENUES_MAX],
    /// Those that get nothing now.
    masked: VenueSet,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            venues: [FIT; VENUES_MAX],
            masked: VenueSet::NONE,
        }
    }
}

impl Health {
    /// Venues that get nothing now: ejected, or on probation with all their trials under way.
    pub(crate) const fn masked(&self) -> VenueSet {
        self.masked
    }

    /// How a venue stands.
    pub(crate) fn fitness(&self, venue: VenueId) -> Fitness {
        let standing = self.venues.get(usize::from(venue.get()));
        standing.map_or(Fitness::Fit, |standing| standing.fitness)
    }

    /// When the first ejection is over.
    pub(crate) fn due(&self) -> Option<UnixNanos> {
        let ejected = |ix: usize| {
            self.venues
                .get(ix)
                .filter(|it| it.fitness == Fitness::Ejected)
        };
        let ejected = places(self.masked).filter_map(ejected);
        ejected.map(|standing| standing.until).min()
    }

    /// A child order went to the venue.
    pub(crate) fn sent(&mut self, venue: VenueId) {
        self.on(venue, |standing| {
            standing.out = standing.out.saturating_add(1);
            None
        });
    }

    /// A child order is over, or was waited for long enough, without a reject.
    pub(crate) fn well(&mut self, venue: VenueId) -> Option<VenueFitness> {
        self.on(venue, |standing| {
            standing.out = standing.out.saturating_sub(1);
            standing.trials = standing.trials.saturating_sub(1);
            if standing.trials > 0 {
                return None;
            }
            *standing = FIT;
            Some((Fitness::Fit, 0))
        })
    }

    /// The venue refused a child order.
    pub(crate) fn refused(
        &mut self,
        venue: VenueId,
        now: UnixNanos,
        rules: &RoutingRules,
    ) -> Option<VenueFitness> {
        let count = usize::from(rules.eject_rejects).min(REJECTS);
        let standing = self.venues.get_mut(usize::from(venue.get()))?;
        if count == 0 || standing.fitness == Fitness::Ejected {
            return None;
        }
        standing.rejects.rotate_right(1);
        if let Some(first) = standing.rejects.first_mut() {
            *first = now;
        }
        let oldest = standing.rejects.get(count - 1).copied().unwrap_or_default();
        let burst = oldest > UnixNanos::ZERO && now.since(oldest) <= rules.eject_window;
        let recent =
            |at: &&UnixNanos| **at > UnixNanos::ZERO && now.since(**at) <= rules.eject_window;
        let rejects = standing.rejects.iter().filter(recent).count();
        if standing.fitness == Fitness::Fit && !burst {
            return None;
        }
        *standing = Standing {
            fitness: Fitness::Ejected,
            until: now.plus(rules.eject_for),
            ..FIT
        };
        self.masked = self.masked.with(venue);
        let rejects = u8::try_from(rejects).unwrap_or(u8::MAX);
        Some(self.view(venue, rejects))
    }

    /// Lets the first venue whose time is over in again, on probation.
    pub(crate) fn readmit(&mut self, now: UnixNanos, rules: &RoutingRules) -> Option<VenueFitness> {
        let over = |ix: &usize| {
            let standing = self.venues.get(*ix);
            standing.is_some_and(|it| it.fitness == Fitness::Ejected && it.until <= now)
        };
        let ix = places(self.masked).find(over)?;
        let standing = self.venues.get_mut(ix)?;
        *standing = FIT;
        if rules.trial_children > 0 {
            standing.fitness = Fitness::Probation;
            standing.trials = rules.trial_children;
        }
        let venue = super::venue_at(ix);
        self.masked = self.masked.without(venue);
        Some(self.view(venue, 0))
    }

    /// Changes the standing of a venue on probation, and says what became of it.
    fn on(
        &mut self,
        venue: VenueId,
        change: impl FnOnce(&mut Standing) -> Option<(Fitness, u8)>,
    ) -> Option<VenueFitness> {
        let standing = self.venues.get_mut(usize::from(venue.get()))?;
        if standing.fitness != Fitness::Probation {
            return None;
        }
        let changed = change(standing);
        let full = standing.fitness == Fitness::Probation && standing.out >= standing.trials;
        self.masked = if full {
            self.masked.with(venue)
        } else {
            self.masked.without(venue)
        };
        changed.map(|(_, rejects)| self.view(venue, rejects))
    }

    fn view(&self, venue: VenueId, rejects: u8) -> VenueFitness {
        let standing = self.venues.get(usize::from(venue.get()));
        let standing = standing.copied().unwrap_or(FIT);
        VenueFitness {
            venue,
            fitness: standing.fitness,
            rejects,
            until: standing.until,
        }
    }

    pub(crate) fn digest(&self, words: &mut Words) {
        words.u64(self.masked.bits());
        for (ix, standing) in (0_u64..).zip(&self.venues) {
            let quiet = standing.rejects.iter().all(|at| *at == UnixNanos::ZERO);
            if standing.fitness == Fitness::Fit && quiet {
                continue;
            }
            words.u64(ix);
            words.bytes(&[standing.fitness as u8, standing.trials, standing.out]);
            words.u64(standing.until.get());
            standing.rejects.iter().for_each(|at| words.u64(at.get()));
        }
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::Nanos;

    use super::*;

    const RULES: RoutingRules = RoutingRules {
        eject_rejects: 3,
        eject_window: Nanos::from_seconds(10),
        eject_for: Nanos::from_seconds(60),
        trial_children: 2,
        ..RoutingRules::DEFAULT
    };
    const VENUE: VenueId = VenueId::new(5);

    const fn at(seconds: u64) -> UnixNanos {
        UnixNanos::from_seconds(1_000 + seconds)
    }

    fn ejected(health: &mut Health) {
        for second in 0..3 {
            health.refused(VENUE, at(second), &RULES);
        }
    }

    #[test]
    fn a_burst_of_rejects_ejects_and_slow_ones_do_not() {
        let mut health = Health::default();
        for second in 0..20 {
            assert_eq!(health.refused(VENUE, at(second * 6), &RULES), None);
        }
        let mut health = Health::default();
        assert_eq!(health.refused(VENUE, at(0), &RULES), None);
        assert_eq!(health.refused(VENUE, at(5), &RULES), None);
        let told = health.refused(VENUE, at(10), &RULES).unwrap();
        assert_eq!(
            (told.fitness, told.rejects, told.until),
            (Fitness::Ejected, 3, at(70))
        );
        assert!(health.masked().contains(VENUE));
        assert_eq!(health.due(), Some(at(70)));
    }

    #[test]
    fn a_venue_comes_back_by_a_few_trials_and_then_whole() {
        let mut health = Health::default();
        ejected(&mut health);
        assert_eq!(health.readmit(at(61), &RULES), None);
        let told = health.readmit(at(62), &RULES).unwrap();
        assert_eq!(told.fitness, Fitness::Probation);
        assert!(!health.masked().contains(VENUE));
        health.sent(VENUE);
        assert!(!health.masked().contains(VENUE));
        health.sent(VENUE);
        assert!(
            health.masked().contains(VENUE),
            "no more than two at a time"
        );
        assert_eq!(health.well(VENUE), None);
        assert!(
            health.masked().contains(VENUE),
            "one is left, and it is out"
        );
        let told = health.well(VENUE).unwrap();
        assert_eq!(told.fitness, Fitness::Fit);
        assert!(!health.masked().contains(VENUE));
    }

    #[test]
    fn one_reject_on_probation_ejects_again() {
        let mut health = Health::default();
        ejected(&mut health);
        health.readmit(at(62), &RULES);
        let told = health.refused(VENUE, at(63), &RULES).unwrap();
        assert_eq!((told.fitness, told.until), (Fitness::Ejected, at(123)));
    }

    #[test]
    fn without_a_count_nobody_is_ejected() {
        let mut health = Health::default();
        for _ in 0..100 {
            assert_eq!(health.refused(VENUE, at(0), &RoutingRules::DEFAULT), None);
        }
        assert_eq!(health.masked(), VenueSet::NONE);
    }
}
