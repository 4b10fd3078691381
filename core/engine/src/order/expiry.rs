//! When orders end by the clock, and when those at the opening and at the close begin.

use dcx_model::{Event, InstrumentId, Nanos, TimeInForce, TradingHours, UnixNanos};

use crate::digest::Words;
use crate::risk::{Hours, Terms};
use crate::slice::Schedule;
use crate::{Cx, Engine, Trace};

const DAY: u64 = 86_400;

/// An instrument's hours, and how long before the close orders at the close are sent.
#[derive(Clone, Copy, Debug)]
struct Opening {
    hours: Hours,
    close_lead: Nanos,
    close: Close,
}

/// The close that was looked for last, and the moments of which it is the next. It follows from
/// the hours alone, and most orders of a day have the same.
#[derive(Clone, Copy, Debug)]
struct Close {
    from: UnixNanos,
    until: UnixNanos,
    at: Option<UnixNanos>,
}

impl Close {
    /// Of no moment.
    const UNKNOWN: Self = Self {
        from: UnixNanos::ZERO,
        until: UnixNanos::ZERO,
        at: None,
    };
}

impl Opening {
    /// [`Hours::next_close`], looked for once for all moments that have the same.
    fn next_close(&mut self, now: UnixNanos) -> Option<UnixNanos> {
        if now < self.close.from || now >= self.close.until {
            let at = self.hours.next_close(now);
            self.close = Close {
                from: now,
                until: at.unwrap_or(UnixNanos::new(u64::MAX)),
                at,
            };
        }
        self.close.at
    }
}

/// Trading hours by instrument, and when the day begins where there are none.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    rows: Vec<Option<Opening>>,
    day_start_s: u64,
}

impl Expiry {
    /// Makes room for `instruments`. Allocates.
    pub(crate) fn grow(&mut self, instruments: usize, day_start_s: u32) {
        if self.rows.len() < instruments {
            self.rows.resize(instruments, None);
        }
        self.day_start_s = u64::from(day_start_s) % DAY;
    }

    /// The hours of an instrument that has any.
    pub(crate) fn hours(&self, instrument: InstrumentId) -> Option<&Hours> {
        self.row(instrument).map(|row| &row.hours)
    }

    /// When an order that is accepted now ends; zero for never.
    pub(crate) fn ends_at(&mut self, now: UnixNanos, terms: &Terms) -> UnixNanos {
        let next_day = self.next_day(now);
        let row = self.rows.get_mut(terms.instrument.get() as usize);
        let opening = row.and_then(Option::as_mut);
        let hours = opening.as_ref().map(|opening| opening.hours);
        let end = match terms.time_in_force {
            TimeInForce::Day => match opening {
                Some(opening) => opening.next_close(now),
                None => Some(next_day),
            },
            TimeInForce::Gtd => Some(terms.expire),
            // What could not be sent in its session has missed it.
            TimeInForce::AtTheClose => hours.and_then(|hours| hours.next_close(now)),
            TimeInForce::AtTheOpening => {
                hours.and_then(|hours| hours.next_close(hours.next_open(now)?))
            }
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        };
        end.unwrap_or(UnixNanos::ZERO)
    }

    /// When an order at the opening or at the close is to be sent; none if never.
    pub(crate) fn due(&self, now: UnixNanos, terms: &Terms) -> Option<UnixNanos> {
        let row = self.row(terms.instrument)?;
        let open = row.hours.is_open(now);
        match terms.time_in_force {
            TimeInForce::AtTheOpening if open => Some(now),
            TimeInForce::AtTheOpening => row.hours.next_open(now),
            TimeInForce::AtTheClose => {
                let close = row.hours.next_close(now)?;
                let lead = close.get().saturating_sub(row.close_lead.get());
                let due = UnixNanos::new(lead);
                // A lead that reaches before the opening begins with it.
                if due <= now && !open {
                    row.hours.next_open(now)
                } else {
                    Some(due)
                }
            }
            TimeInForce::Day
            | TimeInForce::Gtc
            | TimeInForce::Ioc
            | TimeInForce::Fok
            | TimeInForce::Gtd => Some(now),
        }
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let rows = (0_u64..).zip(&self.rows);
        rows.filter_map(|(ix, row)| Some((ix, row.as_ref()?))).fold(
            self.day_start_s,
            |sum, (ix, row)| {
                let mut words = Words::new(salt);
                words.u64(ix);
                words.u64(row.hours.digest(salt));
                words.u64(row.close_lead.get());
                sum.wrapping_add(words.finish())
            },
        )
    }

    fn row(&self, instrument: InstrumentId) -> Option<&Opening> {
        self.rows.get(instrument.get() as usize)?.as_ref()
    }

    /// The next beginning of a day after `now`.
    const fn next_day(&self, now: UnixNanos) -> UnixNanos {
        let second = now.seconds();
        let today = second - second % DAY + self.day_start_s;
        UnixNanos::from_seconds(if today > second { today } else { today + DAY })
    }
}

impl Engine {
    /// Takes an instrument's hours. Orders that were accepted before end as they were to.
    pub(crate) fn define_hours<T: Trace>(&mut self, cx: &mut Cx<'_, T>, hours: &TradingHours) {
        let known = Hours::new(hours.open_s, hours.close_s, hours.weekdays);
        let row = self.expiry.rows.get_mut(hours.instrument.get() as usize);
        match (row, known) {
            (Some(row), Some(known)) => {
                *row = Some(Opening {
                    hours: known,
                    close_lead: hours.close_lead,
                    close: Close::UNKNOWN,
                });
            }
            _ => self.refuse_configuration(cx),
        }
    }

    /// The end of an order's time has come: what works is cancelled, what does not expires.
    pub(crate) fn is_over(&self, now: UnixNanos, ix: u32) -> bool {
        let over = |schedule: &Schedule| schedule.is_over(now);
        self.parents.at(ix).waits.is_over(now) || self.schedule(ix).is_some_and(over)
    }

    /// Sets an order's only timer to the first thing that is due of it.
    pub(crate) fn set_timer(&mut self, ix: u32) {
        let parent = self.parents.at(ix);
        // What is being ended has a timer of its own, for cancels that were refused.
        if matches!(
            parent.state,
            super::State::Done(_) | super::State::Winding(_)
        ) {
            return;
        }
        let at = |at: UnixNanos| Some(at).filter(|at| *at != UnixNanos::ZERO);
        let due = [
            self.schedule(ix).and_then(Schedule::next_at),
            at(parent.waits.ends_at),
            at(parent.waits.wake_at),
        ];
        match due.into_iter().flatten().min() {
            Some(due) => self.timers.set(ix, parent.id.get(), due),
            None => self.timers.cancel(ix),
        }
    }

    /// Says that an order's time ran out.
    pub(crate) fn expired<T: Trace>(&mut self, cx: &mut Cx<'_, T>, ix: u32) {
        let parent = self.parents.at_mut(ix);
        parent.state = super::State::Done(super::End::Expired);
        let view = parent.view(parent.cl_ord_id);
        cx.out.push(Event::Expired { view });
        self.finish(ix);
    }
}
