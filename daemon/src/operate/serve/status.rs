//! How the whole stands, for whoever has to decide something.

use dcx_fix::{LinkState, SessionIx};
use dcx_model::{Limit, Scope, StateCause, UnixNanos};
use dcx_pipeline::JournalMode;
use serde_json::{Value, json};

use super::args::Args;
use super::{Answered, Service, view};
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
        let labels = (0..).zip(&self.labels);
        let rows = labels.filter_map(|(ix, label)| {
            let stats = self.board.session(SessionIx::new(ix))?;
            let up = stats.state == LinkState::Up;
            Some(json!({ "session": {
                "kind": label.kind,
                "name": label.name,
                "state": stats.state.name(),
                "since": (stats.since != UnixNanos::ZERO).then(|| utc(stats.since)),
                "why": stats.reason.filter(|_| !up).map(|code| code.to_string()),
                "next_in": stats.counts.next_in,
                "next_out": stats.counts.next_out,
            }}))
        });
        rows.collect()
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
