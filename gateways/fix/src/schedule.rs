//! When a session is open: hours of a time zone, every day or over a week.
//!
//! The session machine knows no hours: the link asks here and logs out, refuses logons and restarts
//! numbers.

use std::fmt;

use dcx_model::UnixNanos;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Days looked at around a moment: a window begins and ends within them.
const DAYS_AROUND: i64 = 9;

/// Seconds of a day.
const DAY_S: u32 = 86_400;

/// Why a schedule makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The time zone is not in the database.
    #[error("{0:?} is no time zone such as Europe/London")]
    Zone(String),
    /// A time of the day is a day or more.
    #[error("a time of the day is before 24:00")]
    Time,
    /// No day of the week to begin on.
    #[error("no day of the week to begin on")]
    Days,
}

/// The hours of a session, by the clocks of its time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Schedule {
    zone: TimeZone,
    name: String,
    /// The days of the week that a window begins on, Monday first.
    begins: [bool; 7],
    start_s: u32,
    end_s: u32,
    /// Days from the one that a window begins on to the one it ends on.
    days_long: u8,
}

/// The hours around a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Whether the session is open then.
    pub open: bool,
    /// When the window began, or the last one ended.
    pub since: UnixNanos,
    /// When that changes: what was asked for this moment need not be asked before.
    pub until: UnixNanos,
}

impl Schedule {
    /// Hours of every one of these days (Monday first): from `start_s` to `end_s`, in seconds of
    /// the day; where the end is not behind the start, to the next day.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn daily(
        zone: &str,
        begins: [bool; 7],
        (start_s, end_s): (u32, u32),
    ) -> Result<Self, ScheduleError> {
        let days_long = u8::from(end_s <= start_s);
        Self::checked(zone, begins, (start_s, end_s), days_long)
    }

    /// One window a week: from a day (Monday is 0) and second of that day to another.
    ///
    /// # Errors
    /// [`ScheduleError`].
    pub fn weekly(
        zone: &str,
        (start_day, start_s): (u8, u32),
        (end_day, end_s): (u8, u32),
    ) -> Result<Self, ScheduleError> {
        let mut begins = [false; 7];
        let start = begins.get_mut(usize::from(start_day));
        *start.ok_or(ScheduleError::Days)? = true;
        if end_day > 6 {
            return Err(ScheduleError::Days);
        }
        let days_long = match (end_day + 7 - start_day) % 7 {
            0 if end_s <= start_s => 7,
            days => days,
        };
        Self::checked(zone, begins, (start_s, end_s), days_long)
    }

    fn checked(
        zone: &str,
        begins: [bool; 7],
        (start_s, end_s): (u32, u32),
        days_long: u8,
    ) -> Result<Self, ScheduleError> {
        if start_s >= DAY_S || end_s >= DAY_S {
            return Err(ScheduleError::Time);
        }
        if begins == [false; 7] {
            return Err(ScheduleError::Days);
        }
        let found = TimeZone::get(zone).map_err(|_| ScheduleError::Zone(zone.to_owned()))?;
        Ok(Self {
            zone: found,
            name: zone.to_owned(),
            begins,
            start_s,
            end_s,
            days_long,
        })
    }

    /// The hours around this moment.
    ///
    /// A time that the clocks skip in spring counts as the moment they skip to, one that comes
    /// twice in autumn as the first.
    ///
    /// # Cost
    /// Allocates nothing; some microseconds. Ask again when [`Window::until`] has come.
    #[must_use]
    pub fn window(&self, at: UnixNanos) -> Window {
        let mut around = Window {
            open: false,
            since: UnixNanos::new(0),
            until: UnixNanos::new(u64::MAX),
        };
        let Some(today) = self.date(at) else {
            return around;
        };
        for day in -DAYS_AROUND..=DAYS_AROUND {
            let Some((start, end)) = self.window_of(today, day) else {
                continue;
            };
            if start <= at && at < end {
                return Window {
                    open: true,
                    since: start,
                    until: end,
                };
            }
            if end <= at {
                around.since = around.since.max(end);
            } else {
                around.until = around.until.min(start);
            }
        }
        around
    }

    fn date(&self, at: UnixNanos) -> Option<Date> {
        let seconds = i64::try_from(at.get() / 1_000_000_000).ok()?;
        let moment = Timestamp::from_second(seconds).ok()?;
        Some(self.zone.to_datetime(moment).date())
    }

    /// The window that begins so many days from `today`, if one does.
    fn window_of(&self, today: Date, days: i64) -> Option<(UnixNanos, UnixNanos)> {
        let start = today.checked_add(days.days()).ok()?;
        let weekday = match start.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        self.begins.get(weekday).filter(|begins| **begins)?;
        let end = start.checked_add(i64::from(self.days_long).days()).ok()?;
        Some((
            self.moment(start, self.start_s)?,
            self.moment(end, self.end_s)?,
        ))
    }

    fn moment(&self, date: Date, second: u32) -> Option<UnixNanos> {
        let part = |number: u32| i8::try_from(number).ok();
        let (hour, minute) = (part(second / 3600)?, part(second / 60 % 60)?);
        let civil = date.at(hour, minute, part(second % 60)?, 0);
        let moment = self.zone.to_timestamp(civil).ok()?;
        let seconds = u64::try_from(moment.as_second()).ok()?;
        Some(UnixNanos::from_seconds(seconds))
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Schedule");
        shown.field("zone", &self.name);
        shown.field("begins", &self.begins);
        shown.field("hours_s", &(self.start_s, self.end_s));
        shown.field("days_long", &self.days_long).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; 7] = [true; 7];
    const WORK: [bool; 7] = [true, true, true, true, true, false, false];

    fn at(text: &str) -> UnixNanos {
        let moment: Timestamp = text.parse().unwrap();
        UnixNanos::from_seconds(u64::try_from(moment.as_second()).unwrap())
    }

    fn window(schedule: &Schedule, text: &str) -> (bool, UnixNanos, UnixNanos) {
        let window = schedule.window(at(text));
        (window.open, window.since, window.until)
    }

    const fn hm(hour: u32, minute: u32) -> u32 {
        hour * 3600 + minute * 60
    }

    #[test]
    fn a_day_is_open_from_its_start_up_to_its_end() {
        let day = Schedule::daily("UTC", WORK, (hm(8, 0), hm(17, 30))).unwrap();
        let (start, end) = (at("2026-11-23T08:00:00Z"), at("2026-11-23T17:30:00Z"));
        assert_eq!(window(&day, "2026-11-23T08:00:00Z"), (true, start, end));
        assert_eq!(window(&day, "2026-11-23T17:29:59Z"), (true, start, end));
        let next = at("2026-11-24T08:00:00Z");
        assert_eq!(window(&day, "2026-11-23T17:30:00Z"), (false, end, next));
    }

    #[test]
    fn over_the_weekend_it_is_closed_until_monday() {
        let day = Schedule::daily("UTC", WORK, (hm(8, 0), hm(17, 0))).unwrap();
        let (since, until) = (at("2026-11-27T17:00:00Z"), at("2026-11-30T08:00:00Z"));
        assert_eq!(window(&day, "2026-11-28T12:00:00Z"), (false, since, until));
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_they_begin_on() {
        let night = Schedule::daily("UTC", WORK, (hm(22, 0), hm(6, 0))).unwrap();
        let (start, end) = (at("2026-11-27T22:00:00Z"), at("2026-11-28T06:00:00Z"));
        let saturday = "2026-11-28T05:00:00Z";
        assert_eq!(
            window(&night, saturday),
            (true, start, end),
            "Friday's night"
        );
        assert!(
            !night.window(at("2026-11-29T05:00:00Z")).open,
            "no Saturday's night"
        );
    }

    #[test]
    fn a_session_of_a_whole_day_begins_anew_at_its_start() {
        let day = Schedule::daily("America/New_York", ALL, (hm(17, 0), hm(17, 0))).unwrap();
        let before = day.window(at("2026-11-23T21:59:59Z"));
        let after = day.window(at("2026-11-23T22:00:00Z"));
        assert!(before.open && after.open);
        assert_eq!(before.until, after.since);
    }

    #[test]
    fn a_week_is_one_window() {
        let week = Schedule::weekly("America/New_York", (6, hm(17, 0)), (4, hm(17, 0))).unwrap();
        let (start, end) = (at("2026-11-22T22:00:00Z"), at("2026-11-27T22:00:00Z"));
        assert_eq!(window(&week, "2026-11-25T03:00:00Z"), (true, start, end));
        let next = at("2026-11-29T22:00:00Z");
        assert_eq!(window(&week, "2026-11-28T03:00:00Z"), (false, end, next));
        let all_week = Schedule::weekly("UTC", (0, 0), (0, 0)).unwrap();
        assert_eq!(
            all_week.window(at("2026-11-29T03:00:00Z")).until,
            at("2026-11-30T00:00:00Z")
        );
    }

    #[test]
    fn hours_follow_the_clocks_of_their_zone_through_the_year() {
        let day = Schedule::daily("Europe/London", ALL, (hm(8, 0), hm(16, 30))).unwrap();
        assert!(!day.window(at("2026-01-15T07:30:00Z")).open, "winter");
        assert!(
            day.window(at("2026-07-15T07:30:00Z")).open,
            "summer, an hour earlier"
        );
        // 1:30 does not exist on the day the clocks go forward: 2:30 there, 1:30 UTC.
        let gap = Schedule::daily("Europe/London", ALL, (hm(1, 30), hm(5, 0))).unwrap();
        let sunday = gap.window(at("2026-03-29T02:00:00Z"));
        assert_eq!(
            (sunday.open, sunday.since),
            (true, at("2026-03-29T01:30:00Z"))
        );
        // It comes twice on the day they go back: the first counts.
        let sunday = gap.window(at("2026-10-25T02:00:00Z"));
        assert_eq!(
            (sunday.open, sunday.since),
            (true, at("2026-10-25T00:30:00Z"))
        );
    }

    #[test]
    fn every_moment_is_in_one_window_and_the_windows_join() {
        let schedules = [
            Schedule::daily("Europe/London", WORK, (hm(7, 0), hm(1, 30))).unwrap(),
            Schedule::daily("America/New_York", ALL, (hm(2, 30), hm(2, 30))).unwrap(),
            Schedule::weekly("Australia/Lord_Howe", (0, hm(2, 0)), (5, hm(1, 45))).unwrap(),
        ];
        for schedule in schedules {
            let mut moment = at("2026-01-01T00:00:00Z");
            let end = at("2027-01-15T00:00:00Z");
            while moment < end {
                let window = schedule.window(moment);
                assert!(
                    window.since <= moment && moment < window.until,
                    "{schedule:?}"
                );
                let last = UnixNanos::new(window.until.get() - 1_000_000_000);
                assert_eq!(schedule.window(last), window, "{schedule:?}");
                moment = window.until;
            }
        }
    }

    #[test]
    fn what_makes_no_schedule_is_refused() {
        let zone = Schedule::daily("Europe/Nowhere", ALL, (0, 1));
        assert_eq!(zone, Err(ScheduleError::Zone("Europe/Nowhere".to_owned())));
        let time = Schedule::daily("UTC", ALL, (0, DAY_S));
        assert_eq!(time, Err(ScheduleError::Time));
        assert_eq!(
            Schedule::daily("UTC", [false; 7], (0, 1)),
            Err(ScheduleError::Days)
        );
        assert_eq!(
            Schedule::weekly("UTC", (7, 0), (0, 1)),
            Err(ScheduleError::Days)
        );
    }
}
