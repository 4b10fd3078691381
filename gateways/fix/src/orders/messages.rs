//! Which of FIX's messages about orders and trades dcx speaks, and with whom.
//!
//! The tests hold the table against what the edge does, and the page
//! `docs/protocols/fix-messages.md` against the table.

/// Whether the edge sends or takes messages of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speaks {
    /// It takes them; others are answered with BusinessMessageReject (j).
    pub takes: bool,
    /// It sends them.
    pub sends: bool,
}

/// A message type of FIX, and how dcx speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderMessage {
    /// `MsgType` (35).
    pub msg_type: &'static str,
    /// With clients.
    pub client: Speaks,
    /// With sessions for copies.
    pub watcher: Speaks,
    /// With venues.
    pub venue: Speaks,
}

const NO: Speaks = Speaks {
    takes: false,
    sends: false,
};
const TAKES: Speaks = Speaks { takes: true, ..NO };
const SENDS: Speaks = Speaks { sends: true, ..NO };
const BOTH: Speaks = Speaks {
    takes: true,
    sends: true,
};

macro_rules! messages {
    ($($msg_type:literal $client:ident $watcher:ident $venue:ident,)+) => {
        /// Every message type of FIX 4.2, 4.4 and 5.0 SP2 about orders, executions and trades,
        /// and News (B) and BusinessMessageReject (j).
        pub const ORDER_MESSAGES: &[OrderMessage] = &[$(OrderMessage {
            msg_type: $msg_type,
            client: $client,
            watcher: $watcher,
            venue: $venue,
        },)+];
    };
}

messages! {
    // One order.
    "D" TAKES NO SENDS,
    "F" TAKES NO SENDS,
    "G" TAKES NO NO,
    "H" TAKES NO SENDS,
    "8" SENDS SENDS TAKES,
    "9" SENDS SENDS TAKES,
    "Q" NO NO NO,
    "AB" NO NO NO,
    "AC" NO NO NO,
    "BN" NO NO NO,
    // Many.
    "q" TAKES NO NO,
    "r" SENDS NO NO,
    "AF" TAKES NO SENDS,
    "BZ" NO NO NO,
    "CA" NO NO NO,
    // Lists and bids.
    "E" TAKES NO NO,
    "K" NO NO NO,
    "L" NO NO NO,
    "M" NO NO NO,
    "N" NO NO NO,
    "k" NO NO NO,
    "l" NO NO NO,
    "m" NO NO NO,
    // Crosses.
    "s" NO NO NO,
    "t" NO NO NO,
    "u" NO NO NO,
    // Trades.
    "AD" TAKES TAKES NO,
    "AQ" SENDS SENDS NO,
    "AE" SENDS SENDS NO,
    "AR" NO NO NO,
    // What goes with all of it.
    "B" SENDS SENDS NO,
    "j" BOTH BOTH BOTH,
}

#[cfg(test)]
impl Speaks {
    const fn word(self) -> &'static str {
        match (self.takes, self.sends) {
            (true, true) => "both",
            (true, false) => "takes",
            (false, true) => "sends",
            (false, false) => "–",
        }
    }
}

#[cfg(test)]
impl OrderMessage {
    /// Its row in the page.
    pub(super) fn row(&self) -> String {
        use crate::Version;
        let name = |version: Version| {
            let dictionary = version.dictionary();
            let name = dictionary.message_name(self.msg_type.as_bytes());
            name.map(str::to_owned)
        };
        let has = |version: Version| name(version).is_some();
        let called = [Version::Fix44, Version::Fix50Sp2, Version::Fix42];
        let called = called.into_iter().find_map(name).unwrap_or_default();
        let versions = Version::ALL.map(|version| if has(version) { "✓" } else { "–" });
        let [fix42, fix44, fix50sp2] = versions;
        let words = [self.client, self.watcher, self.venue].map(Speaks::word);
        let [client, watcher, venue] = words;
        format!(
            "| {} | {called} | {client} | {watcher} | {venue} | {fix42} | {fix44} | {fix50sp2} |",
            self.msg_type
        )
    }
}
