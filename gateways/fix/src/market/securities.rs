//! What clients are told of the instruments themselves: SecurityList (y), SecurityDefinition (d),
//! SecurityStatus (f).

use std::borrow::Cow;

use dcx_model::{InstrumentId, Text, UnixNanos};

use super::options::{MarketOptions, Security};
use crate::orders::{Directory, value};
use crate::{AppReject, Body, Message, Outgoing, SessionIx, Version};

/// Instruments in one SecurityList (y).
const FRAGMENT: usize = 50;

/// `SecurityReqID` (320) and `SecurityStatusReqID` (324).
pub(super) type ReqId = Text<32>;

/// How trading in an instrument stands, `SecurityTradingStatus` (326).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    /// A venue that lists it is logged on and trades it.
    Ready,
    /// Trading is halted: at every venue that is logged on, or by dcx for the firm.
    Halted,
    /// No venue that lists it is logged on.
    #[default]
    Unavailable,
}

impl Status {
    const fn wire(self) -> u64 {
        match self {
            Self::Ready => 17,
            Self::Halted => 2,
            Self::Unavailable => 18,
        }
    }

    /// `SecurityStatus` (965): active or not.
    const fn active(self) -> u64 {
        match self {
            Self::Ready => 1,
            Self::Halted | Self::Unavailable => 2,
        }
    }
}

/// Where an instrument is described: not every field has a place everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// SecurityDefinition (d) of 4.2.
    Of42,
    /// SecurityDefinition (d) and SecurityList (y) of 4.4.
    Of44,
    /// SecurityList (y) of 5.0 SP2.
    List50,
    /// SecurityDefinition (d) of 5.0 SP2.
    Definition50,
}

/// A SecurityStatusRequest (e) with updates.
#[derive(Clone, Copy, Debug)]
struct Watch {
    session: SessionIx,
    id: ReqId,
    instrument: InstrumentId,
}

/// The instruments, and who wants to know how trading in them stands.
#[derive(Debug)]
pub(super) struct Securities {
    /// By instrument.
    known: Vec<Option<Security>>,
    /// By instrument, as it was told last.
    told: Vec<Status>,
    watches: Vec<Watch>,
    /// Those of the clients' sessions that are not FIX 4.4.
    versions: Vec<(SessionIx, Version)>,
}

impl Securities {
    pub(super) fn new(instruments: usize, options: &MarketOptions) -> Self {
        let mut known = vec![None; instruments];
        for security in &options.securities {
            if let Some(place) = known.get_mut(security.instrument.get() as usize) {
                *place = Some(*security);
            }
        }
        Self {
            known,
            told: vec![Status::default(); instruments],
            watches: Vec::new(),
            versions: options.versions.clone(),
        }
    }

    pub(super) fn get(&self, instrument: InstrumentId) -> Option<&Security> {
        self.known.get(instrument.get() as usize)?.as_ref()
    }

    /// A session is gone, and its questions with it.
    pub(super) fn leave(&mut self, session: SessionIx) {
        self.watches.retain(|watch| watch.session != session);
    }

    /// Takes how trading in an instrument stands, and tells it to those who asked if it is new.
    pub(super) fn set_status(
        &mut self,
        instrument: InstrumentId,
        status: Status,
        (directory, at): (&Directory, UnixNanos),
        out: &mut Outgoing<'_>,
    ) -> usize {
        let Some(told) = self.told.get_mut(instrument.get() as usize) else {
            return 0;
        };
        if *told == status {
            return 0;
        }
        *told = status;
        let mut sent = 0;
        for watch in self.watches.iter().filter(|it| it.instrument == instrument) {
            out.send(watch.session, b"f", |body| {
                write_status(body, watch.id, (instrument, status), directory, at);
            });
            sent += 1;
        }
        sent
    }

    /// Answers SecurityListRequest (x).
    pub(super) fn list(
        &self,
        session: SessionIx,
        message: &Message<'_>,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let id: ReqId = value::text(320, value::required(320, message.get(320))?)?;
        let kind = value::required(559, message.get(559))?;
        let updates = message.get(263).is_some_and(|kind| kind != b"0");
        let symbol = message.get(55);
        let answer = match (kind, symbol) {
            _ if updates => Err(b'5'),
            (b"4", _) => Ok(None),
            (b"0", Some(symbol)) => match directory.instrument(symbol) {
                Some(instrument) => Ok(Some(instrument)),
                None => Err(b'2'),
            },
            _ => Err(b'1'),
        };
        match answer {
            Ok(Some(instrument)) => {
                self.fragment(session, id, (&[instrument], 1, true), directory, out)
            }
            Ok(None) => self.all(session, id, directory, out),
            Err(result) => out.send(session, b"y", |body| {
                body.bytes(320, id.as_bytes());
                body.bytes(322, id.as_bytes());
                body.char(560, result);
            }),
        }
        Ok(())
    }

    /// Answers SecurityDefinitionRequest (c): about one instrument, or one message for each.
    pub(super) fn define(
        &self,
        session: SessionIx,
        message: &Message<'_>,
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let id: ReqId = value::text(320, value::required(320, message.get(320))?)?;
        let kind = value::required(321, message.get(321))?;
        let symbol = message.get(55);
        let found = symbol.and_then(|symbol| directory.instrument(symbol));
        match (kind, found) {
            (b"0" | b"1", Some(instrument)) => {
                self.definition(session, id, (instrument, 1), directory, out);
            }
            (b"3", _) if symbol.is_none() => {
                let total = self.instruments(directory).count();
                for instrument in self.instruments(directory) {
                    self.definition(session, id, (instrument, total), directory, out);
                }
            }
            _ => out.send(session, b"d", |body| {
                let version = self.version(session);
                body.bytes(320, id.as_bytes());
                body.bytes(322, id.as_bytes());
                // SecurityResponseType: reject, or nothing matches.
                body.char(323, if symbol.is_some() { b'6' } else { b'5' });
                if version == Version::Fix42 {
                    body.uint(393, 0);
                }
                if let Some(symbol) = symbol {
                    body.bytes(55, symbol);
                }
            }),
        }
        Ok(())
    }

    /// Answers SecurityStatusRequest (e).
    pub(super) fn status(
        &mut self,
        (session, watches_max): (SessionIx, usize),
        message: &Message<'_>,
        (directory, at): (&Directory, UnixNanos),
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let id: ReqId = value::text(324, value::required(324, message.get(324))?)?;
        let symbol = value::required(55, message.get(55))?;
        let kind = value::char(263, value::required(263, message.get(263))?)?;
        let refuse = |reason, text: &'static str| {
            Err(AppReject::Business {
                reason,
                ref_id: Some(id.as_bytes().to_vec()),
                text: Cow::Borrowed(text),
            })
        };
        let Some(instrument) = directory.instrument(symbol) else {
            return refuse(2, "Symbol (55) is not known");
        };
        let is_same = |watch: &Watch| watch.session == session && watch.id == id;
        match kind {
            b'2' => {
                self.watches.retain(|watch| !is_same(watch));
                return Ok(());
            }
            b'0' => {}
            b'1' => {
                let own = self.watches.iter().filter(|it| it.session == session);
                if self.watches.iter().any(is_same) {
                    return refuse(0, "SecurityStatusReqID (324) is in use");
                }
                if own.count() >= watches_max {
                    return refuse(0, "more instruments than this session may subscribe to");
                }
                self.watches.push(Watch {
                    session,
                    id,
                    instrument,
                });
            }
            _ => return refuse(0, "SubscriptionRequestType (263) is none of 0, 1, 2"),
        }
        let status = self.status_of(instrument);
        out.send(session, b"f", |body| {
            write_status(body, id, (instrument, status), directory, at);
        });
        Ok(())
    }

    fn all(&self, session: SessionIx, id: ReqId, directory: &Directory, out: &mut Outgoing<'_>) {
        let all: Vec<InstrumentId> = self.instruments(directory).collect();
        let fragments = all.chunks(FRAGMENT);
        let last = fragments.len();
        for (number, fragment) in (1..).zip(fragments) {
            let place = (fragment, all.len(), number == last);
            self.fragment(session, id, place, directory, out);
        }
        if all.is_empty() {
            self.fragment(session, id, (&[], 0, true), directory, out);
        }
    }

    fn fragment(
        &self,
        session: SessionIx,
        id: ReqId,
        (instruments, total, last): (&[InstrumentId], usize, bool),
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) {
        let version = self.version(session);
        out.send(session, b"y", |body| {
            body.bytes(320, id.as_bytes());
            body.bytes(322, id.as_bytes());
            body.char(560, b'0');
            body.uint(393, total as u64);
            body.bool(893, last);
            body.uint(146, instruments.len() as u64);
            for instrument in instruments {
                let place = match version {
                    Version::Fix50Sp2 => Place::List50,
                    Version::Fix42 | Version::Fix44 => Place::Of44,
                };
                self.facts(body, (*instrument, place), directory);
            }
        });
    }

    fn definition(
        &self,
        session: SessionIx,
        id: ReqId,
        (instrument, total): (InstrumentId, usize),
        directory: &Directory,
        out: &mut Outgoing<'_>,
    ) {
        let place = match self.version(session) {
            Version::Fix42 => Place::Of42,
            Version::Fix44 => Place::Of44,
            Version::Fix50Sp2 => Place::Definition50,
        };
        out.send(session, b"d", |body| {
            body.bytes(320, id.as_bytes());
            body.bytes(322, id.as_bytes());
            // SecurityResponseType: as it is asked for, or in 4.2 one of a list.
            let listed = place == Place::Of42 && total > 1;
            body.char(323, if listed { b'4' } else { b'1' });
            if place == Place::Of42 {
                body.uint(393, total as u64);
            }
            self.facts(body, (instrument, place), directory);
        });
    }

    /// An instrument, its symbol first. What a version has no field for stands in `Text` (58).
    fn facts(
        &self,
        body: &mut Body<'_>,
        (instrument, place): (InstrumentId, Place),
        directory: &Directory,
    ) {
        body.bytes(55, directory.symbol(instrument).as_bytes());
        let is_50 = matches!(place, Place::List50 | Place::Definition50);
        if is_50 {
            body.uint(965, self.status_of(instrument).active());
        }
        let Some(security) = self.get(instrument) else {
            return;
        };
        body.price(231, security.multiplier);
        if is_50 {
            body.price(969, security.tick);
        }
        if !security.currency.is_empty() {
            body.bytes(15, security.currency.as_bytes());
        }
        if matches!(place, Place::Of44 | Place::List50) {
            body.qty(561, security.lot);
            body.qty(562, security.lot);
        }
        let (tick, lot) = (security.tick, security.lot);
        match place {
            Place::Of42 => body.str(58, &format!("MinPriceIncrement {tick}, RoundLot {lot}")),
            Place::Of44 => body.str(58, &format!("MinPriceIncrement {tick}")),
            Place::Definition50 => body.str(58, &format!("RoundLot {lot}")),
            Place::List50 => {}
        }
    }

    fn version(&self, session: SessionIx) -> Version {
        let known = self.versions.iter().find(|(other, _)| *other == session);
        known.map_or(Version::Fix44, |(_, version)| *version)
    }

    fn status_of(&self, instrument: InstrumentId) -> Status {
        let told = self.told.get(instrument.get() as usize);
        told.copied().unwrap_or_default()
    }

    /// Those that have a name: a number may be of one that is no longer configured.
    fn instruments(&self, directory: &Directory) -> impl Iterator<Item = InstrumentId> {
        let end = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let all = (0..end).map(InstrumentId::new);
        all.filter(|instrument| !directory.symbol(*instrument).is_empty())
    }
}

fn write_status(
    body: &mut Body<'_>,
    id: ReqId,
    (instrument, status): (InstrumentId, Status),
    directory: &Directory,
    at: UnixNanos,
) {
    body.bytes(324, id.as_bytes());
    body.bytes(55, directory.symbol(instrument).as_bytes());
    body.uint(326, status.wire());
    body.time(60, at);
}
