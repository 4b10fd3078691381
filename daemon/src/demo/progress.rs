//! How a demo goes: a bar on a terminal, one line a second elsewhere.

use std::time::{Duration, Instant};

use dcx_sim::client::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::out::Out;
use crate::text::count;

/// Between two lines where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows progress.
#[derive(Debug)]
pub(super) struct Bar {
    out: Out,
    bar: ProgressBar,
    started: Instant,
    next_line: Instant,
    first_fill: Option<Duration>,
}

impl Bar {
    /// A bar of `seconds`.
    pub(super) fn start(seconds: u64, out: Out) -> Self {
        let target = if out.terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(seconds * 1_000), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        let started = Instant::now();
        Self {
            out,
            bar,
            started,
            next_line: started + LINE_EVERY,
            first_fill: None,
        }
    }

    /// Shows where it is now.
    pub(super) fn show(&mut self, progress: &Progress) {
        let passed = self.started.elapsed();
        if self.first_fill.is_none() && progress.trades > 0 {
            self.first_fill = Some(passed);
            let first = format!("first fill after {:.1} s", passed.as_secs_f64());
            self.bar.suspend(|| self.out.talk(first));
        }
        let text = format!(
            "{:>3} s: {} orders, {} accepted, {} refused, {} filled, {} wrong{}",
            passed.as_secs(),
            count(progress.sent),
            count(progress.accepted),
            count(progress.refused),
            count(progress.filled),
            progress.violations,
            if progress.ending { ", ending" } else { "" }
        );
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        self.bar.set_position(millis);
        if !self.out.terminal() && Instant::now() >= self.next_line {
            self.next_line += LINE_EVERY;
            self.out.talk(&text);
        }
        self.bar.set_message(text);
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}
