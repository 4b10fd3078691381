//! Orders that a person cancels, approves or refuses.

use dcx_control::socket::{Caller, Refusal};
use dcx_model::{ClOrdId, Code, Command, OperatorCancel, OrderDecision, OrderId, OrderView, Scope};
use serde_json::json;

use super::args::{Args, NO_INPUT, bad};
use super::{Answered, Service, orders_of, view};

impl Service {
    /// Cancels an order, or all of a scope.
    pub(super) fn cancel(&self, caller: &Caller, mut args: Args<'_>) -> Answered {
        let by = args.by(caller)?;
        let named = args.text("order")?;
        let scope = args.scope()?;
        args.end()?;
        let (order, scope, what) = match (named, scope) {
            (Some(named), None) => {
                let found = self.find_order(&named)?;
                (found.order, Scope::Session(found.session), named)
            }
            (None, Some(scope)) => (OrderId::new(0), scope, self.names.scope_name(scope)),
            (Some(_), Some(_)) | (None, None) => {
                return Err(bad("either order or scope is to be said".to_owned()));
            }
        };
        let heard = self.order(by, |request| {
            Command::OperatorCancel(OperatorCancel {
                order,
                scope,
                request,
                by,
            })
        })?;
        Ok(vec![json!({ "cancel": {
            "what": what,
            "order": if order == OrderId::new(0) { None } else { Some(order.get()) },
            "orders": orders_of(&heard),
            "by": by.author.as_str(),
            "reason": by.reason.as_str(),
            "command": heard.outbound.seq.get(),
        }})])
    }

    /// Orders that wait for a person.
    pub(super) fn approvals(&self, args: Args<'_>) -> Answered {
        args.end()?;
        let waiting = self.all(view::waiting)?;
        let rows = waiting
            .iter()
            .map(|view| json!({ "approval": self.order_row(view) }));
        Ok(rows.collect())
    }

    /// Says yes or no to an order that waits for a person.
    pub(super) fn decide_order(
        &self,
        caller: &Caller,
        mut args: Args<'_>,
        approve: bool,
    ) -> Answered {
        let by = args.by(caller)?;
        let named = args.needed("order")?;
        args.end()?;
        let found = self.find_order(&named)?;
        let heard = self.order(by, |request| {
            Command::DecideOrder(OrderDecision {
                order: found.order,
                approve,
                request,
                by,
            })
        })?;
        Ok(vec![json!({ "decision": {
            "order": found.order.get(),
            "cl_ord_id": found.cl_ord_id.as_str(),
            "approved": approve,
            "by": by.author.as_str(),
            "reason": by.reason.as_str(),
            "command": heard.outbound.seq.get(),
        }})])
    }

    /// The one order that goes by this name: a ClOrdID or, where none is, an OrderID.
    fn find_order(&self, named: &str) -> Result<OrderView, Refusal> {
        let cl_ord_id: Option<ClOrdId> = named.parse().ok();
        let order = named.parse().ok().map(OrderId::new);
        let sessions: Vec<_> = self.names.session_ids().collect();
        let found = self.ask(move |engine| view::find(engine, &sessions, cl_ord_id, order))?;
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let message = format!("there is no order {named:?}");
                Err(Refusal::new(Code::X014, NO_INPUT, message)
                    .with_help("Name it by its ClOrdID (11) or OrderID (37)."))
            }
            several => {
                let ids: Vec<String> = several.iter().map(|it| it.order.to_string()).collect();
                let message = format!("{} sessions have an order {named:?}", several.len());
                let help = format!("Name it by its OrderID: {}.", ids.join(", "));
                Err(Refusal::new(Code::X014, NO_INPUT, message).with_help(help))
            }
        }
    }

    fn order_row(&self, view: &OrderView) -> serde_json::Value {
        let px = view.limit_px.price().map(|px| px.to_string());
        json!({
            "order": view.order.get(),
            "cl_ord_id": view.cl_ord_id.as_str(),
            "session": self.names.scope_name(Scope::Session(view.session)),
            "instrument": self.names.scope_name(Scope::Instrument(view.instrument)),
            "side": format!("{:?}", view.side).to_lowercase(),
            "order_qty": view.order_qty.to_string(),
            "price": px,
        })
    }
}
