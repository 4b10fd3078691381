//! Limits: what is set and used, changes, and a second person's word on them.

use dcx_control::socket::Caller;
use dcx_engine::ExposureView;
use dcx_model::{
    Command, Event, Limit, LimitChange, LimitDecision, LimitSource, LimitView, Operator, ProposalId,
};
use serde_json::{Value, json};

use super::args::{Args, bad};
use super::{Answered, Service, view};
use crate::operate::requests::Heard;
use crate::operate::value;
use crate::text::utc;

impl Service {
    /// Every limit that is set, of one scope if one is named, with what is used of it.
    pub(super) fn limits(&self, mut args: Args<'_>) -> Answered {
        let only = args.scope()?;
        args.end()?;
        let notes = self.requests.notes();
        let exposures = self.all(view::exposures)?;
        let noted = notes.limits();
        let wanted = noted.filter(|(scope, ..)| only.is_none_or(|only| only == *scope));
        let wanted: Vec<_> = wanted.collect();
        let mut counted = Vec::with_capacity(wanted.len());
        for page in wanted.chunks(view::PAGE) {
            let page: Vec<_> = page.iter().map(|it| (it.0, it.1)).collect();
            counted.extend(self.ask(move |engine| view::used(engine, &page))?);
        }
        let mut rows = Vec::new();
        for ((scope, limit, note), counted) in wanted.into_iter().zip(counted) {
            let exposure = exposures.iter().find(|exposure| exposure.scope == scope);
            let used = counted.or_else(|| used(limit, exposure?));
            rows.push(json!({ "limit": {
                "scope": self.names.scope_name(scope),
                "limit": limit.name(),
                "value": value::show(limit, Some(note.value)),
                "used": used.map(|used| value::show(limit, Some(used))),
                "by": author(note.by),
                "reason": note.by.map(|by| by.reason.as_str().to_owned()),
                "at": utc(note.at),
            }}));
        }
        Ok(rows)
    }

    /// Changes a limit, or proposes to.
    pub(super) fn set_limit(&self, caller: &Caller, mut args: Args<'_>) -> Answered {
        let by = args.by(caller)?;
        let scope = args.scope()?;
        let scope = scope.ok_or_else(|| bad("argument scope is missing".to_owned()))?;
        let limit = value::limit(&args.needed("limit")?).map_err(bad)?;
        let value = value::parse(limit, &args.needed("value")?).map_err(bad)?;
        args.end()?;
        let heard = self.order(by, |request| {
            Command::SetLimit(LimitChange {
                scope,
                limit,
                value,
                source: LimitSource::Operator,
                request,
                by,
            })
        })?;
        self.changed(&heard, &by)
    }

    /// Says yes or no to a proposed change.
    pub(super) fn decide_limit(
        &self,
        caller: &Caller,
        mut args: Args<'_>,
        approve: bool,
    ) -> Answered {
        let by = args.by(caller)?;
        let proposal = args.number("proposal")?;
        let proposal = proposal.ok_or_else(|| bad("argument proposal is missing".to_owned()))?;
        args.end()?;
        let heard = self.order(by, |request| {
            Command::DecideLimit(LimitDecision {
                proposal: ProposalId::new(proposal),
                approve,
                request,
                by,
            })
        })?;
        self.changed(&heard, &by)
    }

    /// Changes that wait for a second person.
    pub(super) fn proposals(&self, args: Args<'_>) -> Answered {
        args.end()?;
        let notes = self.requests.notes();
        let rows = notes.proposals().map(|(id, note)| {
            let mut row = self.change_row(&note.view);
            row["proposal"] = id.get().into();
            row["by"] = author(note.by).into();
            row["reason"] = note.by.map(|by| by.reason.as_str().to_owned()).into();
            row["at"] = utc(note.at).into();
            json!({ "proposal": row })
        });
        Ok(rows.collect())
    }

    /// What a change came to.
    fn changed(&self, heard: &Heard, by: &Operator) -> Answered {
        let (view, outcome) = match heard.outbound.event {
            Event::LimitSet(view) => (view, "set"),
            Event::LimitProposed(view) => (view, "proposed"),
            Event::LimitDropped(view) => (view, "rejected"),
            _ => return Ok(Vec::new()),
        };
        let mut row = self.change_row(&view);
        row["outcome"] = outcome.into();
        row["in_force"] = (outcome == "set").into();
        if view.proposal != ProposalId::new(0) {
            row["proposal"] = view.proposal.get().into();
        }
        row["by"] = by.author.as_str().into();
        row["reason"] = by.reason.as_str().into();
        row["command"] = heard.outbound.seq.get().into();
        Ok(vec![json!({ "change": row })])
    }

    fn change_row(&self, view: &LimitView) -> Value {
        json!({
            "scope": self.names.scope_name(view.scope),
            "limit": view.limit.name(),
            "before": value::show(view.limit, view.before),
            "after": value::show(view.limit, view.after),
        })
    }
}

/// Who said so: a person, or else the configuration.
fn author(by: Option<Operator>) -> String {
    by.map_or_else(
        || "configuration".to_owned(),
        |by| by.author.as_str().to_owned(),
    )
}

/// What is used of a limit by a holder of positions; none where that is not known here.
fn used(limit: Limit, exposure: &ExposureView) -> Option<i128> {
    match limit {
        Limit::GrossMax if exposure.scope.level() != dcx_model::Level::Instrument => {
            Some(exposure.gross)
        }
        Limit::NetMax => Some(exposure.net.abs()),
        Limit::CreditMax => Some(exposure.margin),
        Limit::LossReduceMax | Limit::LossHaltMax => Some((-exposure.result).max(0)),
        Limit::DrawdownMax => Some((exposure.best - exposure.result).max(0)),
        Limit::VarEwmaMax => exposure.var_ewma,
        Limit::VarHistoricalMax => exposure.var_historical,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::Scope;

    use super::*;

    #[test]
    fn a_loss_is_used_of_its_limit_and_a_gain_is_not() {
        let exposure = |result, best| ExposureView {
            scope: Scope::Firm,
            gross: 7,
            net: -3,
            working_buy: 0,
            working_sell: 0,
            margin: 2,
            result,
            best,
            unmarked: 0,
            var_ewma: None,
            var_historical: Some(1),
        };
        let lost = exposure(-5, 4);
        assert_eq!(used(Limit::LossHaltMax, &lost), Some(5));
        assert_eq!(used(Limit::DrawdownMax, &lost), Some(9));
        assert_eq!(used(Limit::NetMax, &lost), Some(3));
        assert_eq!(used(Limit::LossHaltMax, &exposure(6, 6)), Some(0));
        assert_eq!(used(Limit::VarEwmaMax, &lost), None, "a fact is missing");
    }
}
