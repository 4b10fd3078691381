//! What dcx says happened: the commands in its journal, and the events that a replay gives.

use std::collections::BTreeMap;
use std::path::Path;

use dcx_engine::Trace;
use dcx_model::{
    CancelRejected, ChildId, Command, CxlRejReason, Event, ExecType, OrderView, Qty, Sequenced,
    VenueReport,
};
use dcx_pipeline::{Observer, replay};

/// What one ExecutionReport (8) says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    /// `ClOrdID` (11).
    pub(crate) cl_ord_id: String,
    /// `ExecType` (150).
    pub(crate) exec_type: char,
    /// `LastQty` (32); 0 if there is none.
    pub(crate) last_qty: u64,
    /// `CumQty` (14).
    pub(crate) cum_qty: u64,
}

/// dcx's account of all sessions.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// OrderQty (38) of each client's order by its ClOrdID (11).
    pub(crate) orders: BTreeMap<String, u64>,
    /// OrigClOrdID (41) of each client's cancel and replace by its ClOrdID.
    pub(crate) cancels: BTreeMap<String, String>,
    pub(crate) replaces: BTreeMap<String, String>,
    /// Reports to clients by their ExecID (17).
    pub(crate) told: BTreeMap<String, Reported>,
    /// OrigClOrdID of each client's request that was refused, by its ClOrdID.
    pub(crate) refused: BTreeMap<String, String>,
    /// Quantity of each child order by its ClOrdID.
    pub(crate) children: BTreeMap<String, u64>,
    /// OrigClOrdID of each cancel of a child order, by its ClOrdID.
    pub(crate) child_cancels: BTreeMap<String, String>,
    /// Venues' reports by their ExecID.
    pub(crate) venue_reports: BTreeMap<String, Reported>,
    /// Venues' refusals of cancels: OrigClOrdID by ClOrdID.
    pub(crate) cancel_rejects: BTreeMap<String, String>,
    /// Child orders that the edge refused in the place of a venue that was away.
    pub(crate) bounced: BTreeMap<String, ()>,
    /// Cancels likewise.
    pub(crate) bounced_cancels: BTreeMap<String, ()>,
    /// What was traded, as clients were told.
    pub(crate) traded: u64,
    /// Inputs that came twice.
    pub(crate) twice: Vec<String>,
    /// How many inputs changed nothing, by why.
    pub(crate) ignored: BTreeMap<String, u64>,
}

impl Facts {
    /// Replays the journal in `dir`.
    pub(crate) fn read(dir: &Path) -> Self {
        let mut facts = Self::default();
        let report = replay(dir, &mut facts).expect("the journal can be read");
        assert!(report.equal(), "the replay equals the run: {report:?}");
        facts
    }

    fn command(&mut self, command: &Command) {
        let twice = match command {
            Command::NewOrder(order) => {
                put(&mut self.orders, order.cl_ord_id, whole(order.order_qty))
            }
            Command::Cancel(cancel) => put(
                &mut self.cancels,
                cancel.cl_ord_id,
                cancel.orig_cl_ord_id.to_string(),
            ),
            Command::Replace(replace) => put(
                &mut self.replaces,
                replace.cl_ord_id,
                replace.orig_cl_ord_id.to_string(),
            ),
            Command::VenueReport(report) if is_bounced(report) => {
                put(&mut self.bounced, name_of(report.child), ())
            }
            Command::VenueReport(report) => put(
                &mut self.venue_reports,
                report.exec_id,
                Reported {
                    cl_ord_id: name_of(report.child),
                    exec_type: wire(report.exec_type),
                    last_qty: whole(report.last_qty),
                    cum_qty: whole(report.cum_qty),
                },
            ),
            Command::VenueCancelReject(reject) if reject.cxl_rej_reason == CxlRejReason::Other => {
                put(&mut self.bounced_cancels, name_of(reject.request), ())
            }
            Command::VenueCancelReject(reject) => put(
                &mut self.cancel_rejects,
                name_of(reject.request),
                name_of(reject.child),
            ),
            _ => None,
        };
        self.twice.extend(twice);
    }

    fn event(&mut self, exec_id: &str, event: &Event) {
        let told = |view: &OrderView, exec_type: ExecType, last_qty: Qty| Reported {
            cl_ord_id: view.cl_ord_id.to_string(),
            exec_type: wire(exec_type),
            last_qty: whole(last_qty),
            cum_qty: whole(view.cum_qty),
        };
        let report = match event {
            Event::Accepted { view, .. } => told(view, ExecType::New, Qty::ZERO),
            Event::Rejected { view, .. } => told(view, ExecType::Rejected, Qty::ZERO),
            Event::PendingCancel { view, .. } => told(view, ExecType::PendingCancel, Qty::ZERO),
            Event::Canceled { view, .. } => told(view, ExecType::Canceled, Qty::ZERO),
            Event::PendingReplace { view, .. } => told(view, ExecType::PendingReplace, Qty::ZERO),
            Event::Replaced { view, .. } => told(view, ExecType::Replaced, Qty::ZERO),
            Event::Expired { view } => told(view, ExecType::Expired, Qty::ZERO),
            Event::Restated { view, .. } => told(view, ExecType::Restated, Qty::ZERO),
            // An order that comes a second time is looked up first. That there is none is for the
            // edge only, which then enters it.
            Event::Status { view } if view.order.get() == 0 => return,
            Event::Status { view } => told(view, ExecType::OrderStatus, Qty::ZERO),
            Event::Trade { view, last_qty, .. } => {
                self.traded += whole(*last_qty);
                told(view, ExecType::Trade, *last_qty)
            }
            Event::CancelRejected(CancelRejected {
                cl_ord_id,
                orig_cl_ord_id,
                ..
            }) => {
                self.refused
                    .insert(cl_ord_id.to_string(), orig_cl_ord_id.to_string());
                return;
            }
            Event::ChildSent(child) => {
                let name = name_of(child.child);
                self.children.insert(name, whole(child.order_qty));
                return;
            }
            Event::ChildCancel(cancel) => {
                let (name, orig) = (name_of(cancel.request), name_of(cancel.child));
                self.child_cancels.insert(name, orig);
                return;
            }
            Event::Ignored { cause, .. } => {
                *self.ignored.entry(format!("{cause:?}")).or_default() += 1;
                return;
            }
            _ => return,
        };
        self.told.insert(exec_id.to_owned(), report);
    }
}

impl Trace for Facts {
    const ON: bool = false;
}

impl Observer for Facts {
    fn applied(&mut self, sequenced: &Sequenced, events: &[Event]) {
        self.command(&sequenced.command);
        for (ix, event) in events.iter().enumerate() {
            self.event(&format!("{}-{ix}", sequenced.seq.get()), event);
        }
    }
}

/// Says what was there before.
fn put<V>(map: &mut BTreeMap<String, V>, name: impl ToString, value: V) -> Option<String> {
    let name = name.to_string();
    map.insert(name.clone(), value).map(|_| name)
}

/// The edge refused it in the place of a venue that was away: no engine here refuses orders, and
/// the foreign one's ExecIDs begin so.
fn is_bounced(report: &VenueReport) -> bool {
    report.exec_type == ExecType::Rejected && !report.exec_id.as_str().starts_with('x')
}

fn name_of(child: ChildId) -> String {
    child.get().to_string()
}

fn wire(exec_type: ExecType) -> char {
    exec_type.wire().into()
}

fn whole(qty: Qty) -> u64 {
    let text = qty.to_string();
    text.parse().expect("quantities are whole here")
}
