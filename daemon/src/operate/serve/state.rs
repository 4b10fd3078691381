//! Halt, reduce, resume; and when a halt is acknowledged.
//!
//! An answer says that nothing more comes: the engine has applied the halt, the journal keeps it,
//! and every byte of an order that was sent before it is with the kernel. What works at venues is
//! another question: it is waited for a moment, and a venue that has not confirmed is named.

use std::time::{Duration, Instant};

use dcx_control::socket::{Caller, Refusal, exit};
use dcx_model::{Code, Command, Scope, StateChange, TradingState};
use serde_json::{Value, json};

use super::args::{Args, bad};
use super::{Answered, Service, orders_of, view};

/// How long venues have to confirm, unless the request says otherwise; and at most.
const CONFIRM: Duration = Duration::from_secs(2);
const CONFIRM_MAX: Duration = Duration::from_secs(60);

/// How long the link may take to hand over what was sent before the halt. It works in
/// microseconds, so this is for a machine that hangs.
const FLUSH: Duration = Duration::from_secs(2);

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What is still at venues some time after a halt.
#[derive(Clone, Debug, Default)]
struct Left {
    /// Orders of the scope that are not done.
    orders: Option<u32>,
    venues: Vec<Value>,
    confirmed: bool,
}

impl Service {
    pub(super) fn set_state(&self, verb: &str, caller: &Caller, mut args: Args<'_>) -> Answered {
        let by = args.by(caller)?;
        let scope = args.scope()?;
        let scope = scope.ok_or_else(|| bad("argument scope is missing".to_owned()))?;
        let confirm = args.number("wait_ms")?.map(Duration::from_millis);
        let confirm = confirm.unwrap_or(CONFIRM).min(CONFIRM_MAX);
        args.end()?;
        let state = match verb {
            "halt" => TradingState::Halted,
            "reduce" => TradingState::Reducing,
            _ => TradingState::Active,
        };
        let began = Instant::now();
        let heard = self.order(by, |request| {
            Command::SetState(StateChange {
                scope,
                state,
                request,
                by,
            })
        })?;
        self.wait_flushed(heard.position, verb)?;
        let acknowledged = began.elapsed();
        let left = match state {
            TradingState::Halted => self.wait_confirmed(scope, heard.position, confirm)?,
            TradingState::Reducing | TradingState::Active => Left {
                confirmed: true,
                ..Left::default()
            },
        };
        let mut results = vec![json!({ "state": {
            "scope": self.names.scope_name(scope),
            "state": state.name(),
            "by": by.author.as_str(),
            "reason": by.reason.as_str(),
            "command": heard.outbound.seq.get(),
            "orders": orders_of(&heard),
            "acknowledged_us": u64::try_from(acknowledged.as_micros()).unwrap_or(u64::MAX),
            "confirmed": left.confirmed,
            "orders_left": left.orders,
        }})];
        results.extend(left.venues);
        Ok(results)
    }

    /// Waits until everything that was caused before this place is with the kernel, or waits for
    /// a peer that does not read.
    fn wait_flushed(&self, position: u64, verb: &str) -> Result<(), Refusal> {
        let deadline = Instant::now() + FLUSH;
        while self.flushed.handed() < position {
            if Instant::now() >= deadline {
                let message = format!(
                    "{verb} is in force and kept, and the FIX link has not handed over what was \
                     sent before it: what left after it is unknown"
                );
                return Err(Refusal::new(Code::X015, exit::TRY_LATER, message));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    /// Waits until nothing of the scope works anywhere, for as long as is wished.
    fn wait_confirmed(
        &self,
        scope: Scope,
        position: u64,
        confirm: Duration,
    ) -> Result<Left, Refusal> {
        let deadline = Instant::now() + confirm;
        loop {
            let left = self.left(scope, position)?;
            if left.confirmed || Instant::now() >= deadline {
                return Ok(left);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn left(&self, scope: Scope, position: u64) -> Result<Left, Refusal> {
        let (orders, whole) =
            self.ask(move |engine| (view::open_in(engine, scope), view::whole(engine)))?;
        // A scope that is not counted is not known to be done.
        let done = orders == Some(0);
        let rows = whole.venues.iter().map(|row| {
            let name = self.venue_name(row.venue);
            let seat = self.venues.iter().find(|seat| seat.venue == row.venue);
            let waits = seat.is_some_and(|seat| self.flushed.is_behind(seat.session, position));
            // Of one scope the engine does not count venue by venue: what works there may be of
            // another one.
            let working = if scope != Scope::Firm && done {
                0
            } else {
                row.working
            };
            let confirmed = working == 0 && !waits;
            let row = json!({ "venue": {
                "name": name,
                "up": row.up,
                "confirmed": confirmed,
                "working": working,
                "unknown": row.unknown,
                "bytes_waiting": waits,
            }});
            (confirmed, row)
        });
        let (confirmed, venues): (Vec<bool>, Vec<Value>) = rows.unzip();
        Ok(Left {
            orders,
            venues,
            confirmed: done && confirmed.iter().all(|confirmed| *confirmed),
        })
    }
}
