//! What was done since the trading day began, and when the market is open.

use dcx_model::{Notional, Qty, UnixNanos};

use crate::digest::Words;

/// Seconds in a day of UTC, which has no leap seconds here.
pub(crate) const SECONDS_PER_DAY: u32 = 86_400;

/// The trading day of a moment: days since 1970-01-01, each of which begins `roll_offset_s`
/// before midnight UTC.
///
/// An offset of 7,200 makes 22:00 UTC the first moment of the next day.
#[expect(
    clippy::cast_possible_truncation,
    reason = "64 bits of nanoseconds are 213,503 days, and a u32 of seconds 49,710"
)]
pub(crate) fn day_number(at: UnixNanos, roll_offset_s: u32) -> u32 {
    ((at.seconds() + u64::from(roll_offset_s)) / u64::from(SECONDS_PER_DAY)) as u32
}

/// What was done on one trading day, for the limits on accumulated quantity and value.
///
/// A later day begins with nothing. An earlier one, which can only come of a roll that was moved,
/// keeps the sums: moving it is no way around a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Day {
    number: u32,
    /// In units of 10⁻⁸.
    qty: u128,
    notional: Notional,
}

impl Day {
    /// Adds to the sums of a day.
    pub(crate) fn add(&mut self, number: u32, qty: Qty, notional: Notional) {
        (self.qty, self.notional) = self.would_be(number, qty, notional);
        self.number = number;
    }

    /// The sums of a day with this much more, in units of 10⁻⁸ and as a value. A negative price
    /// counts as its opposite: value that was traded is never given back. Saturates.
    pub(crate) fn would_be(&self, number: u32, qty: Qty, notional: Notional) -> (u128, Notional) {
        let (before, value) = if number > self.number {
            (0, Notional::ZERO)
        } else {
            (self.qty, self.notional)
        };
        let value = value.units().saturating_add(notional.abs().units());
        (
            before.saturating_add(u128::from(qty.units())),
            Notional::from_units(value),
        )
    }

    /// Whether the value of a day with this much more is so far below a limit that nothing is to be
    /// said: both below a quarter of it, told without a sum that could overflow.
    pub(crate) const fn is_far(&self, number: u32, notional: Notional, max: Notional) -> bool {
        let quarter = max.units() >> 2;
        let value = notional.units();
        number <= self.number && 0 <= value && value < quarter && self.notional.units() < quarter
    }

    /// The same of the quantity.
    pub(crate) fn is_far_in_qty(&self, number: u32, qty: Qty, max: Qty) -> bool {
        let quarter = max.units() >> 2;
        number <= self.number && qty.units() < quarter && self.qty < u128::from(quarter)
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        if *self == Self::default() {
            return 0;
        }
        let mut words = Words::new(salt);
        words.u64(u64::from(self.number));
        words.bytes(&self.qty.to_le_bytes());
        words.i128(self.notional.units());
        words.finish()
    }
}

/// When a market is open: at most one session for each day of the week, all of the same hours.
///
/// The session of a day opens `open_s` seconds after midnight UTC and closes at `close_s`, of the
/// next day if that is not later. The opening second is open, the closing second is not. Sessions
/// of 24 hours on days in a row are one: between them the market neither closes nor opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    open_s: u32,
    close_s: u32,
    weekdays: u8,
}

impl Hours {
    /// Open all the time.
    #[cfg(test)]
    pub(crate) const ALWAYS: Self = Self {
        open_s: 0,
        close_s: SECONDS_PER_DAY,
        weekdays: 0b111_1111,
    };

    /// The hours from `open_s` to `close_s` on `weekdays`: a bit for each day on which a session
    /// opens, bit 0 for Monday.
    ///
    /// `None` unless `open_s` is below 86,400, `close_s` at most that, and `weekdays` below 128.
    pub(crate) fn new(open_s: u32, close_s: u32, weekdays: u8) -> Option<Self> {
        let hours = Self {
            open_s,
            close_s,
            weekdays,
        };
        let valid = open_s < SECONDS_PER_DAY && close_s <= SECONDS_PER_DAY && weekdays < 1 << 7;
        valid.then_some(hours)
    }

    /// Whether the market is open.
    pub(crate) fn is_open(&self, at: UnixNanos) -> bool {
        let day = utc_day(at);
        let second = at.seconds().cast_signed() - self.opens(day);
        let length = self.length();
        let today = self.has(day) && (0..length).contains(&second);
        // A session is no longer than a day: only today's and yesterday's can be running.
        let since_yesterday = second + i64::from(SECONDS_PER_DAY);
        today || self.has(day - 1) && since_yesterday < length
    }

    /// The first moment after `at` at which the market opens, having been closed; `None` if it
    /// never does.
    pub(crate) fn next_open(&self, at: UnixNanos) -> Option<UnixNanos> {
        self.days_from(at)
            .filter(|day| self.has(*day) && !(self.is_all_day() && self.has(day - 1)))
            .find_map(|day| moment_after(at, self.opens(day)))
    }

    /// The first moment after `at` at which the market closes, having been open; `None` if it
    /// never does.
    pub(crate) fn next_close(&self, at: UnixNanos) -> Option<UnixNanos> {
        self.days_from(at)
            .filter(|day| self.has(*day) && !(self.is_all_day() && self.has(day + 1)))
            .find_map(|day| moment_after(at, self.opens(day) + self.length()))
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(u64::from(self.open_s) << 32 | u64::from(self.close_s));
        words.u64(u64::from(self.weekdays));
        words.finish()
    }

    /// Yesterday, whose session may still run, and the days until every weekday came once after.
    fn days_from(&self, at: UnixNanos) -> impl Iterator<Item = i64> + use<> {
        let day = utc_day(at);
        day - 1..=day + 7
    }

    /// Whether a session opens on a day. 1970-01-01 was a Thursday.
    const fn has(&self, day: i64) -> bool {
        self.weekdays >> (day + 3).rem_euclid(7) & 1 == 1
    }

    fn opens(&self, day: i64) -> i64 {
        day * i64::from(SECONDS_PER_DAY) + i64::from(self.open_s)
    }

    /// Seconds from the opening to the close.
    fn length(&self) -> i64 {
        let passes_midnight = self.close_s <= self.open_s;
        let next_day = if passes_midnight { SECONDS_PER_DAY } else { 0 };
        i64::from(self.close_s + next_day - self.open_s)
    }

    fn is_all_day(&self) -> bool {
        self.length() == i64::from(SECONDS_PER_DAY)
    }
}

/// Days since 1970-01-01.
const fn utc_day(at: UnixNanos) -> i64 {
    (at.seconds() / SECONDS_PER_DAY as u64).cast_signed()
}

/// This second, if it is after `at` and 64 bits of nanoseconds can tell it.
fn moment_after(at: UnixNanos, second: i64) -> Option<UnixNanos> {
    let nanos = u64::try_from(second)
        .ok()?
        .checked_mul(dcx_model::NANOS_PER_S)?;
    Some(UnixNanos::new(nanos)).filter(|moment| *moment > at)
}

#[cfg(test)]
mod tests {
    use dcx_model::{NANOS_PER_S, Price};
    use dcx_stats::Draws;

    use super::*;

    /// Monday, 2024-01-01T00:00:00Z.
    const MONDAY: u64 = 1_704_067_200;
    const WEEK_MINUTES: u64 = 7 * 1_440;
    const EVERY_DAY: u8 = 127;

    fn second(seconds: u64) -> UnixNanos {
        UnixNanos::from_seconds(seconds)
    }

    fn qty(units: u64) -> Qty {
        Qty::from_units(units)
    }

    #[test]
    fn a_day_rolls_at_its_offset_to_the_nanosecond() {
        let roll = MONDAY + 22 * 3_600;
        let monday = day_number(second(MONDAY), 7_200);
        assert_eq!(
            day_number(UnixNanos::new(roll * NANOS_PER_S - 1), 7_200),
            monday
        );
        assert_eq!(day_number(second(roll), 7_200), monday + 1);
        assert_eq!(day_number(second(roll), 0), monday);
        assert_eq!(u64::from(day_number(second(MONDAY), 0)), MONDAY / 86_400);
        assert_eq!(day_number(UnixNanos::ZERO, 86_399), 0);
        assert_eq!(
            day_number(UnixNanos::new(u64::MAX), u32::MAX),
            213_503 + 49_711
        );
    }

    #[test]
    fn a_day_counts_its_own_only() {
        let mut day = Day::default();
        let value = Price::from_units(10).times(qty(5));
        day.add(7, qty(5), value);
        assert_eq!(
            day.would_be(7, qty(3), value),
            (8, Notional::from_units(100))
        );
        assert_eq!(day.would_be(8, qty(3), value), (3, value));
        assert_eq!(
            day.would_be(7, qty(0), Notional::ZERO),
            (5, value),
            "asking adds nothing"
        );
        day.add(8, qty(1), value);
        assert_eq!(
            day.would_be(8, qty(1), value),
            (2, Notional::from_units(100))
        );
    }

    #[test]
    fn a_roll_that_is_moved_back_keeps_the_sums_until_the_next_day() {
        let mut day = Day::default();
        day.add(8, qty(5), Notional::ZERO);
        assert_eq!(day.would_be(7, qty(1), Notional::ZERO).0, 6);
        day.add(7, qty(1), Notional::ZERO);
        assert_eq!(day.would_be(7, qty(0), Notional::ZERO).0, 6);
        assert_eq!(day.would_be(8, qty(0), Notional::ZERO).0, 0);
    }

    #[test]
    fn a_value_below_zero_adds_and_nothing_overflows() {
        let mut day = Day::default();
        let value = Price::from_units(-10).times(qty(5));
        day.add(1, qty(u64::MAX), value);
        assert_eq!(
            day.would_be(1, qty(1), value),
            (1 << 64, Notional::from_units(100))
        );
        let largest = Notional::from_units(i128::MIN);
        day.add(1, qty(u64::MAX), largest);
        assert_eq!(
            day.would_be(1, qty(0), largest).1,
            Notional::from_units(i128::MAX)
        );
    }

    #[test]
    fn the_sums_agree_with_a_list_of_all_that_was_added() {
        let mut day = Day::default();
        let mut draws = Draws::new(1);
        let (mut at, mut all) = (MONDAY, Vec::new());
        for _ in 0..20_000 {
            at += draws.bits() % 4_000;
            let number = day_number(second(at), 3_600);
            let (px, units) = ((draws.bits() >> 40).cast_signed() - (1 << 23), draws.bits());
            let notional = Price::from_units(px).times(qty(units));
            all.retain(|(then, _, _)| (*then + 3_600) / 86_400 == (at + 3_600) / 86_400);
            all.push((at, u128::from(units), notional.units().abs()));
            let expected = (
                all.iter().map(|(_, units, _)| units).sum(),
                Notional::from_units(all.iter().map(|(_, _, value)| value).sum()),
            );
            assert_eq!(day.would_be(number, qty(units), notional), expected);
            day.add(number, qty(units), notional);
        }
    }

    /// Whether each minute of a week is open: every session written into it, minute by minute.
    fn minutes_open(open: u64, close: u64, weekdays: u8) -> Vec<bool> {
        let mut week = vec![false; usize::try_from(WEEK_MINUTES).unwrap()];
        for weekday in (0..7).filter(|weekday| weekdays >> weekday & 1 == 1) {
            let mut minute = weekday * 1_440 + open;
            loop {
                week[usize::try_from(minute % WEEK_MINUTES).unwrap()] = true;
                minute += 1;
                if minute % 1_440 == close % 1_440 {
                    break;
                }
            }
        }
        week
    }

    /// Walks week after week from `at` and gives the first minute that is as wanted while the one
    /// before it is not.
    fn scan(week: &[bool], at: u64, wanted: bool) -> Option<UnixNanos> {
        let state = |minute: u64| {
            let of_week = (minute + WEEK_MINUTES - MONDAY / 60 % WEEK_MINUTES) % WEEK_MINUTES;
            week[usize::try_from(of_week).unwrap()]
        };
        let first = at / NANOS_PER_S / 60 + 1;
        (first..first + 2 * WEEK_MINUTES)
            .find(|minute| state(*minute) == wanted && state(minute - 1) != wanted)
            .map(|minute| second(minute * 60))
    }

    #[test]
    fn hours_agree_with_a_scan_of_every_minute() {
        let mut draws = Draws::new(2);
        let mut never = 0;
        for turn in 0..400_u32 {
            let (open, mut close) = (draws.bits() % 1_440, draws.bits() % 1_441);
            if turn % 4 == 0 {
                close = open;
            }
            let weekdays = match turn % 9 {
                0 => EVERY_DAY,
                1 => 0,
                _ => (draws.bits() >> 57) as u8,
            };
            let [open_s, close_s] = [open, close].map(|minute| u32::try_from(minute * 60).unwrap());
            let hours = Hours::new(open_s, close_s, weekdays).unwrap();
            let week = minutes_open(open, close, weekdays);
            // From the first day of time, and from a day of today.
            let from = [0, MONDAY + draws.bits() % 864_000_000][(turn % 2) as usize];
            for _ in 0..40 {
                let any = (from + draws.bits() % 864_000) * NANOS_PER_S;
                let edge = any / (60 * NANOS_PER_S) * 60 * NANOS_PER_S;
                for at in [any, edge, (edge + 60 * NANOS_PER_S) - 1] {
                    let of_week = (at / NANOS_PER_S / 60 + 3 * 1_440) % WEEK_MINUTES;
                    let open = week[usize::try_from(of_week).unwrap()];
                    let moment = UnixNanos::new(at);
                    assert_eq!(hours.is_open(moment), open, "{hours:?} {at}");
                    let (opens, closes) = (hours.next_open(moment), hours.next_close(moment));
                    assert_eq!(opens, scan(&week, at, true), "{hours:?} {at}");
                    assert_eq!(closes, scan(&week, at, false), "{hours:?} {at}");
                    never += u32::from(closes.is_none());
                }
            }
        }
        assert!(never > 1_000, "{never}");
    }

    #[test]
    fn a_session_that_passes_midnight_belongs_to_the_day_it_opens_on() {
        // Sunday to Thursday, 22:00:30 to 21:00:15 of the next day.
        let hours = Hours::new(79_230, 75_615, 0b100_1111).unwrap();
        let sunday = MONDAY - 86_400;
        let friday = MONDAY + 4 * 86_400;
        let cases = [
            (sunday + 79_229, false),
            (sunday + 79_230, true),
            (friday + 75_614, true),
            (friday + 75_615, false),
            (friday + 79_230, false),
        ];
        for (at, open) in cases {
            assert_eq!(hours.is_open(second(at)), open, "{at}");
        }
        let weekend = second(friday + 75_615);
        assert_eq!(hours.next_close(second(friday)), Some(weekend));
        let opens = second(sunday + 7 * 86_400 + 79_230);
        assert_eq!(hours.next_open(weekend), Some(opens));
    }

    #[test]
    fn a_market_that_is_always_open_never_opens_and_one_that_never_is_never_closes() {
        let at = second(MONDAY);
        assert!(Hours::ALWAYS.is_open(at));
        let never = Hours::new(3_600, 7_200, 0).unwrap();
        assert!(!never.is_open(at));
        for hours in [Hours::ALWAYS, never] {
            assert_eq!((hours.next_open(at), hours.next_close(at)), (None, None));
        }
    }

    #[test]
    fn hours_that_no_clock_shows_are_none() {
        assert_eq!(Hours::new(86_400, 0, 1), None);
        assert_eq!(Hours::new(0, 86_401, 1), None);
        assert_eq!(Hours::new(0, 1, 128), None);
        assert_eq!(Hours::new(0, 86_400, EVERY_DAY), Some(Hours::ALWAYS));
    }

    #[test]
    fn at_the_end_of_time_nothing_opens_any_more() {
        let hours = Hours::new(0, 60, EVERY_DAY).unwrap();
        let last = UnixNanos::new(u64::MAX);
        assert_eq!(
            (hours.next_open(last), hours.next_close(last)),
            (None, None)
        );
        assert!(!hours.is_open(last));
    }

    #[test]
    fn a_digest_tells_days_and_hours_apart() {
        let of = |number, units| {
            let mut day = Day::default();
            day.add(number, qty(units), Notional::from_units(1));
            day.digest(1)
        };
        assert_eq!(Day::default().digest(1), 0);
        assert_ne!(of(1, 2), of(2, 2));
        assert_ne!(of(1, 2), of(1, 3));
        let digest = |open_s, close_s, days| Hours::new(open_s, close_s, days).unwrap().digest(1);
        assert_ne!(digest(1, 2, 3), digest(2, 1, 3));
        assert_ne!(digest(1, 2, 3), digest(1, 2, 4));
    }
}
