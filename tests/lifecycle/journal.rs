//! What the daemon's journal says it did: the engine is run over it and asked after each report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dcx_engine::{Engine, Outbox, VenueView};
use dcx_model::{
    AccountId, ChildId, ChildOrder, Command, Event, ExecType, InstrumentId, LimitPx, OrderId,
    OrderView, Price, Sequenced, Side, UnixNanos, VenueId, VenueReport,
};
use dcx_pipeline::{Entry, Reader};

/// The daemon's book.
#[derive(Debug)]
pub(crate) struct Book {
    /// The engine after the last command that was kept.
    pub(crate) engine: Engine,
    /// What went out, by number; each has been sent once.
    pub(crate) sent: BTreeMap<u64, ChildOrder>,
    /// What each of those changed positions by, in the direction of its side, in units of 10⁻⁸.
    pub(crate) filled: BTreeMap<u64, i128>,
    /// How often a report of a trade changed a position, by venue and `ExecID` (17).
    pub(crate) counted: BTreeMap<(String, String), u32>,
    /// What each of those was told by its venue, and by how much the position changed.
    pub(crate) reports: BTreeMap<u64, Vec<(VenueReport, i128)>>,
    /// Names of the venues.
    pub(crate) venues: BTreeMap<VenueId, String>,
    /// Names of the instruments.
    pub(crate) instruments: BTreeMap<InstrumentId, String>,
    /// Whose positions there are.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// The orders of clients, by each name that they had.
    pub(crate) orders: BTreeMap<String, OrderId>,
    /// Orders of clients with a child order that was said to have an unknown outcome.
    pub(crate) unknown: BTreeSet<OrderId>,
    /// Orders of clients that lost a trade after they were over: it may be made good.
    pub(crate) busted: BTreeSet<OrderId>,
    /// Orders of which a trade was taken back.
    pub(crate) taken_back: BTreeSet<OrderId>,
    /// Those of them with a later trade that is worse than their limit and not than that of the
    /// child order.
    pub(crate) overstepped: BTreeSet<OrderId>,
    /// Kinds of what happened, and how often.
    pub(crate) kinds: BTreeMap<&'static str, u32>,
    /// When a venue last told of a trade or of its end.
    pub(crate) last_report_at: UnixNanos,
    /// When the last command was sequenced.
    pub(crate) at: UnixNanos,
}

impl Book {
    /// Reads what is there, also while the daemon writes more.
    pub(crate) fn read(journal: &Path) -> Self {
        let mut book = Self {
            engine: Engine::new(),
            sent: BTreeMap::new(),
            filled: BTreeMap::new(),
            counted: BTreeMap::new(),
            reports: BTreeMap::new(),
            venues: BTreeMap::new(),
            instruments: BTreeMap::new(),
            accounts: BTreeSet::new(),
            orders: BTreeMap::new(),
            unknown: BTreeSet::new(),
            busted: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            overstepped: BTreeSet::new(),
            kinds: BTreeMap::new(),
            last_report_at: UnixNanos::ZERO,
            at: UnixNanos::ZERO,
        };
        let mut outbox = Outbox::new();
        let mut reader = Reader::open(journal).expect("the journal is there");
        while let Some(entry) = reader.read().expect("the journal is whole") {
            if let Entry::Command(sequenced) = entry {
                book.apply(&sequenced, &mut outbox);
            }
        }
        book
    }

    fn apply(&mut self, sequenced: &Sequenced, outbox: &mut Outbox) {
        let command = &sequenced.command;
        self.at = sequenced.at;
        self.learn(command);
        let report = if let Command::VenueReport(report) = command {
            Some(report)
        } else {
            None
        };
        let child = report.and_then(|report| self.sent.get(&report.child.get()).copied());
        let position = |book: &Self| child.map_or(0, |child| book.position(child.instrument));
        let before = position(self);
        outbox.clear();
        self.engine
            .apply(sequenced.at, sequenced.seq, command, outbox);
        let change = position(self) - before;
        if let (Some(report), Some(child)) = (report, child) {
            self.count(report, &child, change);
        }
        for event in outbox.events() {
            self.note(event);
        }
    }

    /// Names of what the journal defines, and who trades.
    fn learn(&mut self, command: &Command) {
        if let Command::DefineVenue(venue) = command {
            self.venues.insert(venue.id, venue.name.to_string());
        } else if let Command::DefineInstrument(instrument) = command {
            let name = instrument.symbol.to_string();
            self.instruments.insert(instrument.id, name);
        } else if let Command::NewOrder(order) = command {
            self.accounts.insert(order.account);
        }
    }

    fn count(&mut self, report: &VenueReport, child: &ChildOrder, change: i128) {
        if report.exec_type != ExecType::OrderStatus {
            self.last_report_at = self.at;
        }
        let change = if child.side == Side::Buy {
            change
        } else {
            -change
        };
        let told = self.reports.entry(child.child.get()).or_default();
        told.push((*report, change));
        if change == 0 {
            return;
        }
        *self.filled.entry(child.child.get()).or_default() += change;
        if report.exec_type == ExecType::Trade {
            let name = (self.venue(report.venue), report.exec_id.to_string());
            *self.counted.entry(name).or_default() += 1;
        }
    }

    fn note(&mut self, event: &Event) {
        if let Event::ChildSent(child) = event {
            let before = self.sent.insert(child.child.get(), *child);
            assert!(before.is_none(), "sent twice: {child:?}");
        } else if let Event::ChildUnknown { order, .. } = event {
            self.unknown.insert(*order);
        } else if let Event::Trade {
            view,
            child,
            last_px,
            ..
        } = event
        {
            self.trade(view, *child, *last_px);
        } else if let Event::TradeCanceled { view, .. } = event {
            self.taken_back.insert(view.order);
            if view.ord_status.is_terminal() {
                self.busted.insert(view.order);
            }
        } else if let Event::Accepted { view, .. } | Event::Replaced { view, .. } = event {
            let name = view.cl_ord_id.to_string();
            self.orders.insert(name, view.order);
        }
        let kind = match event {
            Event::ChildSent(_) => "child sent",
            Event::ChildQuery(_) => "child query",
            Event::ChildUnknown { .. } => "child unknown",
            Event::VenueReconciled { .. } => "venue reconciled",
            Event::Trade { .. } => "trade",
            Event::TradeCanceled { .. } => "trade canceled",
            Event::TradeCorrected { .. } => "trade corrected",
            Event::Triggered { .. } => "triggered",
            Event::Ignored { cause, .. } => return self.ignored(*cause),
            _ => "other",
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    fn trade(&mut self, view: &OrderView, child: ChildId, last_px: Price) {
        let worse = |limit: LimitPx| match (view.side, limit.price()) {
            (_, None) => false,
            (Side::Buy, Some(limit)) => last_px > limit,
            (Side::Sell, Some(limit)) => last_px < limit,
        };
        let sent = self.sent.get(&child.get()).map(|child| child.limit_px);
        let allowed = sent.is_some_and(|limit| !worse(limit));
        if self.taken_back.contains(&view.order) && allowed && worse(view.limit_px) {
            self.overstepped.insert(view.order);
        }
    }

    fn ignored(&mut self, cause: dcx_model::Ignored) {
        use dcx_model::Ignored;
        let kind = match cause {
            Ignored::DuplicateExecId => "ignored: duplicate",
            Ignored::UnknownChild => "ignored: unknown child",
            Ignored::ChildDone => "ignored: child done",
            Ignored::Overfill => "ignored: overfill",
            Ignored::UnknownQuote => "ignored: unknown quote",
            Ignored::BadConfiguration => "ignored: bad configuration",
            Ignored::BadReport => "ignored: bad report",
            Ignored::UnknownTrade => "ignored: unknown trade",
            Ignored::OrphanLeft => "ignored: orphan",
            Ignored::FillMissed => "ignored: fill missed",
            Ignored::FillPriceGuessed => "ignored: fill price guessed",
            Ignored::FillPriceUnknown => "ignored: fill price unknown",
            Ignored::Outdated => "ignored: outdated",
        };
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// The position of all accounts in an instrument, in units of 10⁻⁸.
    pub(crate) fn position(&self, instrument: InstrumentId) -> i128 {
        let accounts = self.accounts.iter();
        accounts
            .map(|account| self.engine.position(*account, instrument))
            .sum()
    }

    /// A venue's name.
    pub(crate) fn venue(&self, venue: VenueId) -> String {
        self.venues.get(&venue).cloned().unwrap_or_default()
    }

    /// How venues stand.
    pub(crate) fn venues_view(&self) -> Vec<VenueView> {
        self.engine.venues_view().collect()
    }
}
