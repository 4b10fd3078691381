//! Who is who on the wire: symbols, accounts, client sessions and venues, given by configuration.

use dcx_model::{AccountId, InstrumentId, SessionId, StrategyId, Symbol, Text, VenueId, VenueName};

use super::news::NewsFor;
use crate::SessionIx;

/// An account's name on the wire, `Account` (1).
pub type AccountName = Text<16>;

/// A strategy's name on the wire, tag 20002 (ours).
pub type StrategyName = Text<16>;

/// What is at the other end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client: sends orders, gets reports.
    Client(Client),
    /// A venue: gets child orders, sends reports and quotes.
    Venue(VenuePeer),
    /// Somebody who gets copies of what clients are told, and may order nothing.
    DropCopy(DropCopy),
}

/// A session for copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropCopy {
    /// Its name inside.
    pub session: SessionId,
    /// Whose reports it gets.
    pub watches: Watched,
}

/// Sessions of clients, watched by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All, also those that no session of the link has: orders of the house, of clients that are
    /// gone.
    All,
    /// These.
    Sessions(Vec<SessionId>),
}

impl Watched {
    /// Whether this session is among them.
    #[must_use]
    pub fn has(&self, session: SessionId) -> bool {
        match self {
            Self::All => true,
            Self::Sessions(sessions) => sessions.contains(&session),
        }
    }
}

/// A client's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name inside.
    pub session: SessionId,
    /// The account of an order that names none.
    pub default_account: AccountId,
    /// The accounts that it may name.
    pub accounts: Vec<AccountId>,
    /// The strategy of an order that names none.
    pub default_strategy: StrategyId,
}

/// A venue's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenuePeer {
    /// Its name inside.
    pub venue: VenueId,
    /// Its name in reports, `LastMkt` (30).
    pub name: VenueName,
    /// What it lists: market data is asked for these.
    pub lists: Vec<InstrumentId>,
    /// Whether it is asked for trades (269=2) besides quotes.
    pub asks_for_trades: bool,
    /// Whether it is asked at logon, by SecurityStatusRequest (e), whether trading goes on.
    pub asks_for_phases: bool,
}

/// Joins the names of the wire with those inside, both ways.
///
/// # Cost
/// From inside to the wire an index, from the wire inside a binary search. No allocation.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// By symbol.
    instruments: Vec<(Symbol, InstrumentId)>,
    /// By instrument.
    symbols: Vec<Symbol>,
    /// By name.
    accounts: Vec<(AccountName, AccountId)>,
    /// By name.
    strategies: Vec<(StrategyName, StrategyId)>,
    /// By session of the link.
    peers: Vec<Option<Peer>>,
    /// By [`SessionId`].
    clients: Vec<Option<SessionIx>>,
    /// By venue.
    venues: Vec<Option<(SessionIx, VenueName)>>,
    /// CompIDs by [`SessionId`].
    client_names: Vec<Box<str>>,
    /// Who gets copies.
    watchers: Vec<(SessionIx, Watched)>,
    /// Who gets news.
    news: Vec<(SessionIx, NewsFor)>,
}

impl Directory {
    /// A directory of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an instrument; one with the same symbol is replaced.
    #[must_use]
    pub fn with_instrument(mut self, instrument: InstrumentId, symbol: Symbol) -> Self {
        put(&mut self.symbols, instrument.get() as usize, symbol);
        put_sorted(&mut self.instruments, symbol, instrument);
        self
    }

    /// Adds an account; one with the same name is replaced.
    #[must_use]
    pub fn with_account(mut self, account: AccountId, name: AccountName) -> Self {
        put_sorted(&mut self.accounts, name, account);
        self
    }

    /// Adds a strategy; one with the same name is replaced.
    #[must_use]
    pub fn with_strategy(mut self, strategy: StrategyId, name: StrategyName) -> Self {
        put_sorted(&mut self.strategies, name, strategy);
        self
    }

    /// Says who is at the other end of a session.
    #[must_use]
    pub fn with_peer(mut self, session: SessionIx, peer: Peer) -> Self {
        match &peer {
            Peer::Client(client) => {
                let place = usize::from(client.session.get());
                put(&mut self.clients, place, Some(session));
            }
            Peer::Venue(venue) => {
                let place = usize::from(venue.venue.get());
                put(&mut self.venues, place, Some((session, venue.name)));
            }
            Peer::DropCopy(copy) => self.watchers.push((session, copy.watches.clone())),
        }
        put(&mut self.peers, session.as_usize(), Some(peer));
        self
    }

    /// Adds the CompID of a client's session, by which copies of its reports name it.
    #[must_use]
    pub fn with_client_name(mut self, session: SessionId, comp_id: &str) -> Self {
        let place = usize::from(session.get());
        put(&mut self.client_names, place, comp_id.into());
        self
    }

    /// Says that a session gets news.
    #[must_use]
    pub fn with_news(mut self, session: SessionIx, news: NewsFor) -> Self {
        self.news.push((session, news));
        self
    }

    /// The instrument with this symbol.
    #[must_use]
    pub fn instrument(&self, symbol: &[u8]) -> Option<InstrumentId> {
        find(&self.instruments, symbol)
    }

    /// The symbol of an instrument; empty if it has none.
    #[must_use]
    pub fn symbol(&self, instrument: InstrumentId) -> Symbol {
        let symbol = self.symbols.get(instrument.get() as usize);
        symbol.copied().unwrap_or(Symbol::EMPTY)
    }

    /// The account with this name.
    #[must_use]
    pub fn account(&self, name: &[u8]) -> Option<AccountId> {
        find(&self.accounts, name)
    }

    /// The name of an account; empty if it has none.
    #[must_use]
    pub fn account_name(&self, account: AccountId) -> AccountName {
        let found = self.accounts.iter().find(|(_, id)| *id == account);
        found.map_or(AccountName::EMPTY, |(name, _)| *name)
    }

    /// The name of a strategy; empty if it has none.
    #[must_use]
    pub fn strategy_name(&self, strategy: StrategyId) -> StrategyName {
        let found = self.strategies.iter().find(|(_, id)| *id == strategy);
        found.map_or(StrategyName::EMPTY, |(name, _)| *name)
    }

    /// The strategy with this name.
    #[must_use]
    pub fn strategy(&self, name: &[u8]) -> Option<StrategyId> {
        find(&self.strategies, name)
    }

    /// Who is at the other end of a session.
    #[must_use]
    pub fn peer(&self, session: SessionIx) -> Option<&Peer> {
        self.peers.get(session.as_usize())?.as_ref()
    }

    /// The session that a client's reports go to.
    #[must_use]
    pub fn client(&self, session: SessionId) -> Option<SessionIx> {
        *self.clients.get(usize::from(session.get()))?
    }

    /// The CompID of a client's session; empty if it has none.
    #[must_use]
    pub fn client_name(&self, session: SessionId) -> &str {
        let name = self.client_names.get(usize::from(session.get()));
        name.map_or("", |name| name)
    }

    /// Whether anybody gets news.
    #[must_use]
    pub const fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// The sessions that get news, and which.
    pub fn news(&self) -> impl Iterator<Item = (SessionIx, NewsFor)> {
        self.news.iter().copied()
    }

    /// The sessions that get copies of what this one is told.
    #[inline]
    pub fn watchers(&self, session: SessionId) -> impl Iterator<Item = SessionIx> {
        let watching = self.watchers.iter();
        watching.filter_map(move |(to, watched)| watched.has(session).then_some(*to))
    }

    /// The session that a venue's orders go to.
    #[must_use]
    pub fn venue(&self, venue: VenueId) -> Option<SessionIx> {
        let (session, _) = (*self.venues.get(usize::from(venue.get()))?)?;
        Some(session)
    }

    /// A venue's name; empty if it has none.
    #[must_use]
    pub fn venue_name(&self, venue: VenueId) -> VenueName {
        let venue = self.venues.get(usize::from(venue.get()));
        venue
            .and_then(|venue| *venue)
            .map_or(VenueName::EMPTY, |(_, name)| name)
    }

    /// One more than the largest instrument.
    #[must_use]
    pub const fn instruments_end(&self) -> usize {
        self.symbols.len()
    }

    /// One more than the largest session that has a peer.
    #[must_use]
    pub const fn sessions_end(&self) -> usize {
        self.peers.len()
    }
}

fn put<T: Clone + Default>(table: &mut Vec<T>, place: usize, value: T) {
    if table.len() <= place {
        table.resize(place + 1, T::default());
    }
    table[place] = value;
}

fn put_sorted<K: Ord, V>(table: &mut Vec<(K, V)>, key: K, value: V) {
    match table.binary_search_by(|(other, _)| other.cmp(&key)) {
        Ok(at) => table[at].1 = value,
        Err(at) => table.insert(at, (key, value)),
    }
}

fn find<const N: usize, V: Copy>(table: &[(Text<N>, V)], name: &[u8]) -> Option<V> {
    let name = Text::new(name).ok()?;
    let at = table.binary_search_by(|(other, _)| other.cmp(&name)).ok()?;
    Some(table[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_both_ways() {
        let symbols = ["EURUSD", "XAUUSD", "BTCUSDT", "A"];
        let mut directory = Directory::new();
        for (ix, symbol) in (0..).zip(symbols) {
            let symbol = symbol.parse().unwrap();
            directory = directory.with_instrument(InstrumentId::new(ix), symbol);
        }
        for (ix, symbol) in (0..).zip(symbols) {
            let id = InstrumentId::new(ix);
            assert_eq!(directory.instrument(symbol.as_bytes()), Some(id));
            assert_eq!(directory.symbol(id).as_str(), symbol);
        }
        for unknown in [
            "",
            "EUR",
            "EURUSDX",
            "eurusd",
            "a symbol far too long to be kept",
        ] {
            assert_eq!(directory.instrument(unknown.as_bytes()), None);
        }
        assert!(directory.symbol(InstrumentId::new(9)).is_empty());
    }

    #[test]
    fn sessions_are_found_by_their_peers_and_peers_by_their_sessions() {
        let client = Peer::Client(Client {
            session: SessionId::new(3),
            default_account: AccountId::new(1),
            accounts: vec![],
            default_strategy: StrategyId::new(0),
        });
        let venue = Peer::Venue(VenuePeer {
            venue: VenueId::new(2),
            name: "LMAX".parse().unwrap(),
            lists: vec![],
            asks_for_trades: false,
            asks_for_phases: false,
        });
        let directory = Directory::new()
            .with_peer(SessionIx::new(5), venue.clone())
            .with_peer(SessionIx::new(1), client.clone());
        assert_eq!(directory.peer(SessionIx::new(1)), Some(&client));
        assert_eq!(directory.peer(SessionIx::new(5)), Some(&venue));
        assert_eq!(directory.peer(SessionIx::new(0)), None);
        assert_eq!(directory.client(SessionId::new(3)), Some(SessionIx::new(1)));
        assert_eq!(directory.client(SessionId::new(2)), None);
        assert_eq!(directory.venue(VenueId::new(2)), Some(SessionIx::new(5)));
        assert_eq!(directory.venue_name(VenueId::new(2)).as_str(), "LMAX");
        assert!(directory.venue_name(VenueId::new(9)).is_empty());
    }
}
