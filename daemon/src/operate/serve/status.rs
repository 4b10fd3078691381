//! How the whole stands, for whoever has to decide something.

use dcx_fix::{LinkState, SessionIx, SessionStats};
use dcx_model::{Limit, Scope, StateCause, UnixNanos};
use dcx_pipeline::JournalMode;
use serde_json::{Value, json};

use super::args::Args;
use super::{Answered, Service, view};
use crate::log::now;
use crate::operate::notes::{Notes, StateNote};
use crate::operate::value;
use crate::text::utc;

impl Service {
    pub(super) fn status(&self, args: Args<'_>) -> Answered {
        args.end()?;
        let notes = self.requests.notes();
        let whole = self.ask(view::whole)?;
        let waiting = self.ask(view::waiting_count)?;
        let states: Vec<Value> = notes
            .states()
            .map(|(scope, note)| self.state_row(scope, &note))
            .collect();
        let firm = notes.states().find(|(scope, _)| *scope == Scope::Firm);
        let mut results = vec![json!({ "status": {
            "state": firm.map_or("active", |(_, note)| note.state.name()),
            "orders": {
                "open": whole.orders_open,
                "held": whole.orders_held,
                "waiting_for_approval": waiting,
            },
            "children_working": whole.children_working,
            "proposals": notes.proposals().count(),
            "journal": {
                "mode": self.journal.name(),
                "kept": (self.journal != JournalMode::Off).then(|| self.requests.kept().get()),
            },
            "orders_received": self.edge.counts().orders,
            "audit_lines_lost": self.audit.failed(),
        }})];
        results.extend(states.into_iter().map(|row| json!({ "state": row })));
        results.extend(whole.venues.iter().map(|row| {
            json!({ "venue": {
                "name": self.venue_name(row.venue),
                "up": row.up,
                "settling": row.settling,
                "working": row.working,
                "unknown": row.unknown,
                "unconfirmed": row.unconfirmed,
            }})
        }));
        results.extend(self.session_rows());
        results.extend(self.exposure_rows(&notes)?);
        Ok(results)
    }

    fn state_row(&self, scope: Scope, note: &StateNote) -> Value {
        json!({
            "scope": self.names.scope_name(scope),
            "state": note.state.name(),
            "cause": cause(note.cause),
            "by": note.by.map(|by| by.author.as_str().to_owned()),
            "reason": note.by.map(|by| by.reason.as_str().to_owned()),
            "since": utc(note.at),
        })
    }

    fn session_rows(&self) -> Vec<Value> {
        let rows = (0..).zip(&self.labels).filter_map(|(ix, _)| {
            let stats = self.board.session(SessionIx::new(ix))?;
            Some(json!({ "session": self.session_row(SessionIx::new(ix), &stats)? }))
        });
        rows.collect()
    }

    /// How a session stands.
    pub(super) fn session_row(&self, session: SessionIx, stats: &SessionStats) -> Option<Value> {
        let label = self.labels.get(session.as_usize())?;
        let up = stats.state == LinkState::Up;
        let counts = &stats.counts;
        let off = self.offs.get(&label.key());
        let hours = self.hours.get(session.as_usize()).and_then(Option::as_ref);
        let window = hours.map(|hours| hours.window(now()));
        let until = |open: bool| {
            let window = window.filter(|window| window.open == open);
            window.map(|window| utc(window.until))
        };
        let at = |ms: u64| (ms > 0).then(|| utc(UnixNanos::new(ms.saturating_mul(1_000_000))));
        Some(json!({
            "kind": label.kind,
            "name": label.name,
            "state": stats.state.name(),
            "since": (stats.since != UnixNanos::ZERO).then(|| utc(stats.since)),
            "why": stats.reason.filter(|_| !up).map(|code| code.to_string()),
            "disabled_by": off.as_ref().map(|off| off.by.clone()),
            "reason": off.as_ref().map(|off| off.reason.clone()),
            "disabled_at": off.map(|off| off.at),
            "next_in": counts.next_in,
            "next_out": counts.next_out,
            "messages_in": counts.messages_in,
            "messages_out": counts.messages_out,
            "gaps": counts.gaps,
            "resends": counts.resends,
            "resends_asked": counts.resends_asked,
            "rejects_sent": counts.rejects_sent,
            "rejects_received": counts.rejects_received,
            "queue_bytes": counts.queue_bytes,
            "round_trip_us": (counts.round_trip_us > 0).then_some(counts.round_trip_us),
            "last_in": at(counts.last_in_ms),
            "last_out": at(counts.last_out_ms),
            "closes": until(true),
            "opens": until(false),
        }))
    }

    /// What is at risk, with the limits on it.
    fn exposure_rows(&self, notes: &Notes) -> Answered {
        let worth = |units: i128| value::show(Limit::GrossMax, Some(units));
        let limit = |scope: Scope, limit: Limit| {
            let mut limits = notes.limits();
            let found = limits.find(|(of, which, _)| (*of, *which) == (scope, limit));
            found.map(|(_, _, note)| worth(note.value))
        };
        let rows = self.all(view::exposures)?.into_iter().map(|row| {
            let scope = row.scope;
            json!({ "exposure": {
                "scope": self.names.scope_name(scope),
                "gross": worth(row.gross),
                "gross_max": limit(scope, Limit::GrossMax),
                "net": worth(row.net),
                "net_max": limit(scope, Limit::NetMax),
                "working_buy": worth(row.working_buy),
                "working_sell": worth(row.working_sell),
                "margin": worth(row.margin),
                "credit_max": limit(scope, Limit::CreditMax),
                "result": worth(row.result),
                "loss_halt_max": limit(scope, Limit::LossHaltMax),
                "unmarked": row.unmarked,
                "var_ewma": row.var_ewma.map(worth),
                "var_historical": row.var_historical.map(worth),
            }})
        });
        Ok(rows.collect())
    }
}

/// Why a state changed, in words.
const fn cause(cause: StateCause) -> &'static str {
    match cause {
        StateCause::Operator => "operator",
        StateCause::Loss => "loss of the day",
        StateCause::Drawdown => "fall from the day's best result",
        StateCause::RepeatedExecutions => "too many executions",
        StateCause::OrdersOut => "more went out than came in",
    }
}
