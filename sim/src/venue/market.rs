//! Who is shown what of the market, and when.

use dcx_fix::{Outgoing, SessionIx};
use dcx_model::{MonoNanos, Nanos, Now, Symbol};

use super::book::External;
use super::exchange::{Exchange, Print};
use super::wire::{MarketDataRequest, MdReqId, SecurityStatusRequest, Subscription};
use super::write;
use crate::draws::Draws;

#[derive(Clone, Copy, Debug)]
struct Subscriber {
    session: u16,
    md_req_id: MdReqId,
    instrument: usize,
    /// Whether it is shown trades too.
    trades: bool,
    /// Whether it is told changes, by number.
    changes: bool,
}

/// Whether and when an instrument is to be shown to its subscribers.
#[derive(Clone, Copy, Debug, Default)]
struct Display {
    changed: bool,
    shown_at: MonoNanos,
    /// `RptSeq` (83) of the last showing, and what was shown: those who are told changes go from
    /// one showing to the next.
    rpt_seq: u64,
    shown: External,
}

/// The subscriptions to a venue's market data and to the states of its instruments.
#[derive(Debug)]
pub(super) struct Market {
    displays: Vec<Display>,
    subscribers: Vec<Subscriber>,
    /// Those who asked for states of instruments (e), not for market data.
    watchers: Vec<Subscriber>,
    /// Instruments whose state has changed and was not told yet.
    states: Vec<usize>,
    show_every: Nanos,
    requote_every: Nanos,
    /// What goes wrong with updates.
    loss: Loss,
}

/// Updates of market data that are never sent, drawn from the seed by instrument and number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loss {
    pub(super) seed: u64,
    pub(super) rate: f64,
}

impl Loss {
    fn takes(self, instrument: usize, rpt_seq: u64) -> bool {
        const UPDATES: u64 = 0x7570_6461_7465_7300;
        let stream = UPDATES + instrument as u64;
        self.rate > 0.0 && Draws::new(self.seed, stream ^ rpt_seq.rotate_left(20)).chance(self.rate)
    }
}

impl Market {
    pub(super) fn new(
        count: usize,
        (show_every, requote_every): (Nanos, Nanos),
        loss: Loss,
    ) -> Self {
        Self {
            displays: vec![Display::default(); count],
            subscribers: Vec::new(),
            watchers: Vec::new(),
            states: Vec::new(),
            show_every,
            requote_every,
            loss,
        }
    }

    /// The quantity shown has changed.
    pub(super) fn touch(&mut self, instrument: usize) {
        if let Some(display) = self.displays.get_mut(instrument) {
            display.changed = true;
        }
    }

    /// An instrument was halted or trades again.
    pub(super) fn state_changed(&mut self, instrument: usize) {
        self.states.push(instrument);
        self.touch(instrument);
    }

    /// FIX 4.4 vol. 3, "Market Data Request": a subscription lasts as long as its session.
    pub(super) fn leave(&mut self, session: u16) {
        self.subscribers.retain(|other| other.session != session);
        self.watchers.retain(|other| other.session != session);
    }

    /// Shows what has changed, and from time to time what has not. Returns how many messages.
    pub(super) fn show(
        &mut self,
        now: MonoNanos,
        exchange: &Exchange,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let mut shown = 0;
        for instrument in 0..self.displays.len() {
            let Some(display) = self.displays.get_mut(instrument) else {
                continue;
            };
            let since = now.since(display.shown_at);
            let again = self.requote_every > Nanos::ZERO && since >= self.requote_every;
            if !(display.changed && since >= self.show_every || again) {
                continue;
            }
            let before = display.shown;
            *display = Display {
                changed: false,
                shown_at: now,
                rpt_seq: display.rpt_seq + 1,
                shown: exchange.external(instrument).unwrap_or_default(),
            };
            let lost = self.loss.takes(instrument, display.rpt_seq);
            let of = |subscriber: &&Subscriber| subscriber.instrument == instrument;
            for subscriber in self.subscribers.iter().filter(of) {
                if subscriber.changes {
                    if lost {
                        continue;
                    }
                    let names = (subscriber.md_req_id, symbol_of(exchange, instrument));
                    let step = (&before, &display.shown);
                    out.send(SessionIx::new(subscriber.session), b"X", |body| {
                        write::update(body, names, step, display.rpt_seq);
                    });
                } else {
                    show_one(exchange, subscriber, None, out);
                }
                shown += 1;
            }
        }
        shown
    }

    /// Prints a trade for those who asked for trades. Returns how many messages.
    pub(super) fn print(
        &self,
        (instrument, px, qty): Print,
        exchange: &Exchange,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let of = |other: &&Subscriber| other.instrument == instrument && other.trades;
        let symbol = symbol_of(exchange, instrument);
        let mut shown = 0;
        for subscriber in self.subscribers.iter().filter(of) {
            let to = SessionIx::new(subscriber.session);
            out.send(to, b"X", |body| {
                write::print(body, subscriber.md_req_id, (symbol, px, qty));
            });
            shown += 1;
        }
        shown
    }

    /// Tells halts and resumptions: to those who asked for states, and once to each session that
    /// is shown the instrument. Returns how many messages.
    pub(super) fn tell_states(
        &mut self,
        now: Now,
        exchange: &Exchange,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let mut told = 0;
        for instrument in std::mem::take(&mut self.states) {
            let symbol = symbol_of(exchange, instrument);
            let state = (symbol, exchange.is_halted(instrument));
            let mut sessions: Vec<u16> = Vec::new();
            let all = self.watchers.iter().map(|watcher| (watcher, true));
            for (one, asked) in all.chain(self.subscribers.iter().map(|one| (one, false))) {
                if one.instrument != instrument || !asked && sessions.contains(&one.session) {
                    continue;
                }
                sessions.push(one.session);
                let id = asked.then_some(one.md_req_id);
                out.send(SessionIx::new(one.session), b"f", |body| {
                    write::security_status(body, id, state, now.unix);
                });
                told += 1;
            }
        }
        told
    }

    /// Answers a MarketDataRequest. Returns how many snapshots it sent.
    pub(super) fn request(
        &mut self,
        session: u16,
        request: &MarketDataRequest,
        exchange: &Exchange,
        out: &mut Outgoing<'_>,
    ) -> usize {
        let id = request.md_req_id;
        let is_same = |other: &Subscriber| other.session == session && other.md_req_id == id;
        if request.kind == Subscription::Cancel {
            self.subscribers.retain(|subscriber| !is_same(subscriber));
            return 0;
        }
        let refuse = |out: &mut Outgoing<'_>, reason, text| {
            out.send(SessionIx::new(session), b"Y", |body| {
                write::market_data_reject(body, id, reason, text);
            });
            0
        };
        if self.subscribers.iter().any(is_same) {
            return refuse(out, b'1', "MDReqID (262) is in use");
        }
        let found = request.symbols.iter().map(|symbol| exchange.find(symbol));
        let Some(instruments) = found.collect::<Option<Vec<usize>>>() else {
            return refuse(out, b'0', "unknown Symbol (55)");
        };
        let shown = instruments.len();
        for instrument in instruments {
            let subscriber = Subscriber {
                session,
                md_req_id: id,
                instrument,
                trades: request.trades,
                changes: request.incremental,
            };
            let numbered = self.displays.get(instrument);
            let numbered = numbered.filter(|_| request.incremental);
            show_one(exchange, &subscriber, numbered, out);
            if request.kind == Subscription::Updates {
                self.subscribers.push(subscriber);
            }
        }
        shown
    }

    /// Answers a SecurityStatusRequest; false where the symbol is unknown.
    pub(super) fn watch(
        &mut self,
        session: u16,
        request: &SecurityStatusRequest,
        (now, exchange): (Now, &Exchange),
        out: &mut Outgoing<'_>,
    ) -> bool {
        let Some(instrument) = exchange.find(&request.symbol) else {
            return false;
        };
        let id = request.id;
        self.watchers
            .retain(|other| other.session != session || other.md_req_id != id);
        if request.kind == Subscription::Cancel {
            return true;
        }
        let state = (
            symbol_of(exchange, instrument),
            exchange.is_halted(instrument),
        );
        out.send(SessionIx::new(session), b"f", |body| {
            write::security_status(body, Some(id), state, now.unix);
        });
        if request.kind == Subscription::Updates {
            self.watchers.push(Subscriber {
                session,
                md_req_id: id,
                instrument,
                trades: false,
                changes: false,
            });
        }
        true
    }
}

/// Shows a subscriber what there is, or what was shown last and its number.
fn show_one(
    exchange: &Exchange,
    subscriber: &Subscriber,
    numbered: Option<&Display>,
    out: &mut Outgoing<'_>,
) {
    let symbol = symbol_of(exchange, subscriber.instrument);
    let (external, rpt_seq) = match numbered {
        Some(display) => (display.shown, Some(display.rpt_seq)),
        None => {
            let external = exchange.external(subscriber.instrument);
            (external.unwrap_or_default(), None)
        }
    };
    out.send(SessionIx::new(subscriber.session), b"W", |body| {
        write::snapshot(body, subscriber.md_req_id, symbol, &external, rpt_seq);
    });
}

fn symbol_of(exchange: &Exchange, instrument: usize) -> Symbol {
    let listed = exchange.instruments().get(instrument);
    listed.map_or(Symbol::EMPTY, |listed| listed.symbol)
}
