//! What a link is told at its start, and everything that is wrong with it at once.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use dcx_model::Nanos;

use crate::access::IpRange;
use crate::dialect::Spoken;
use crate::dictionary::{Dictionary, Switches, Version};
use crate::schedule::Schedule;
use crate::session::{Credentials, Part, Settings};
use crate::store::StoreOptions;

/// Which side of a connection a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Waits for its peer on any of the link's [`listen`](LinkConfig::listen) addresses.
    Acceptor,
    /// Connects to its peer, again and again.
    Initiator {
        /// Where the peer listens.
        connect: SocketAddr,
        /// Where else: the next is tried when one cannot be reached or does not let us log on.
        others: Vec<SocketAddr>,
        /// Wait before the second attempt; doubled with every further one.
        reconnect_min: Nanos,
        /// Longest wait between two attempts.
        reconnect_max: Nanos,
    },
}

impl Role {
    /// Connects to `connect` with the usual waits: a quarter of a second, doubled up to 30 s.
    #[must_use]
    pub const fn initiator(connect: SocketAddr) -> Self {
        Self::Initiator {
            connect,
            others: Vec::new(),
            reconnect_min: Nanos::from_millis(250),
            reconnect_max: Nanos::from_seconds(30),
        }
    }
}

/// Where a session keeps what must survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// Nowhere: a restart begins at 1. For simulators.
    Memory,
    /// In a file of its own in this directory.
    File(PathBuf),
}

/// Where the messages of sessions are logged, each session's in files of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLogConfig {
    /// Where the files are.
    pub directory: PathBuf,
    /// Bytes after which a file is put aside and the next begun.
    pub file_bytes_max: u64,
    /// Files of one session, the one that is written to included; the oldest goes.
    pub files_max: u32,
    /// Whether `RawData` (96) of logons is left out, as passwords always are.
    pub raw_data_masked: bool,
}

impl MessageLogConfig {
    /// In this directory, eight files of 16 MiB for each session, no raw data of logons.
    #[must_use]
    pub const fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            file_bytes_max: 16 << 20,
            files_max: 8,
            raw_data_masked: true,
        }
    }
}

/// A certificate with what leads from it to its authority, and its private key: PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsIdentity {
    /// The certificates, our own first.
    pub certificates: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// TLS of an address that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsAccept {
    /// Who we are.
    pub identity: TlsIdentity,
    /// Who vouches for the peers, as a PEM file: without a certificate of theirs nobody is let in.
    /// `None` lets in anybody.
    pub client_authorities: Option<PathBuf>,
}

/// TLS of a connection that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConnect {
    /// The name, or address, that the peer's certificate has to be for.
    pub server_name: String,
    /// Who vouches for the peer, as a PEM file.
    pub authorities: PathBuf,
    /// Who we are, where the peer asks.
    pub identity: Option<TlsIdentity>,
}

/// How many messages a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Messages a second, and as many at once.
    pub per_s: u32,
    /// What becomes of more.
    pub over: OverRate,
}

/// What becomes of a peer that sends more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverRate {
    /// It waits: what it sent is taken at the pace agreed on, and its window closes.
    Wait,
    /// It is cut.
    Cut,
}

/// One session: who the two sides are and how they treat each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// `BeginString` (8), e.g. `FIX.4.4`.
    pub begin_string: String,
    /// `DefaultApplVerID` (1137) of our Logon; empty for that of the version.
    pub default_appl_ver_id: String,
    /// Our `SenderCompID` (49).
    pub sender_comp_id: String,
    /// The peer's: our `TargetCompID` (56). With a `*` at its end an acceptor is a template: every
    /// peer whose CompID begins so gets a session of its own like it, at its first logon.
    pub target_comp_id: String,
    /// Which side we are.
    pub role: Role,
    /// What translates between the application and the peer; `None` for nothing.
    pub dialect: Option<Spoken>,
    /// What messages may hold, if not what the version of `begin_string` says.
    pub dictionary: Option<Arc<Dictionary>>,
    /// `HeartBtInt` (108) in seconds that we ask for as initiator; an acceptor takes the peer's.
    pub heart_bt_int_s: u32,
    /// Whether both numbers restart at 1 with every logon (`ResetSeqNumFlag`, 141).
    pub reset_on_logon: bool,
    /// Whether an acceptor obeys `ResetSeqNumFlag` (141) `Y` from the peer.
    pub reset_accepted: bool,
    /// Whether both numbers restart at 1 when a session ended with Logouts.
    pub reset_on_logout: bool,
    /// Whether both numbers restart at 1 when a session ended in any way.
    pub reset_on_disconnect: bool,
    /// Whether Logons tell the number expected next (`NextExpectedMsgSeqNum`, 789).
    pub next_expected: bool,
    /// Whether every message tells the last number taken (`LastMsgSeqNumProcessed`, 369).
    pub last_processed: bool,
    /// What an initiator logs on with, or an acceptor's peer has to.
    pub credentials: Option<Credentials>,
    /// Numbers that one ResendRequest (2) asks for, at most; 0 asks for all at once.
    pub resend_request_chunk: u64,
    /// Whether new messages are sent while older ones are being sent again.
    pub live_during_resend: bool,
    /// When it is open; `None` for always. Both numbers restart at 1 with each opening.
    pub schedule: Option<Schedule>,
    /// Where an acceptor's peer may come from; empty for anywhere.
    pub allowed: Vec<IpRange>,
    /// How much the peer may send.
    pub throttle: Option<Throttle>,
    /// TLS of an initiator's connection; `None` connects in the clear.
    pub tls: Option<TlsConnect>,
    /// Bytes that may wait for the peer, if not as many as the link's
    /// [`out_bytes_max`](LinkConfig::out_bytes_max).
    pub out_bytes_max: Option<usize>,
    /// How far the peer's `SendingTime` (52) may be from our clock; `None` does not check.
    pub sending_time_tolerance: Option<Nanos>,
    /// What is checked of every message against the dictionary; `None` for the least.
    pub validate: Option<Switches>,
    /// Where numbers and sent messages are kept.
    pub store: StoreConfig,
    /// How a store in files keeps it, and for how long.
    pub store_options: StoreOptions,
    /// What a peer is told that logs on, if the session is off until somebody enables it.
    pub disabled: Option<String>,
}

impl SessionConfig {
    /// A FIX 4.4 session with 30 s heartbeats, kept in memory.
    #[must_use]
    pub fn fix44(sender_comp_id: &str, target_comp_id: &str, role: Role) -> Self {
        Self {
            begin_string: "FIX.4.4".to_owned(),
            default_appl_ver_id: String::new(),
            sender_comp_id: sender_comp_id.to_owned(),
            target_comp_id: target_comp_id.to_owned(),
            role,
            dialect: None,
            dictionary: None,
            heart_bt_int_s: 30,
            reset_on_logon: false,
            reset_accepted: true,
            reset_on_logout: false,
            reset_on_disconnect: false,
            next_expected: false,
            last_processed: false,
            credentials: None,
            resend_request_chunk: 0,
            live_during_resend: true,
            schedule: None,
            allowed: Vec::new(),
            throttle: None,
            tls: None,
            out_bytes_max: None,
            sending_time_tolerance: Some(Nanos::from_seconds(120)),
            validate: Some(Switches::default()),
            store: StoreConfig::Memory,
            store_options: StoreOptions::default(),
            disabled: None,
        }
    }

    /// What may wait for its peer.
    pub(crate) fn out_bytes_max(&self, link: &LinkConfig) -> usize {
        self.out_bytes_max.unwrap_or(link.out_bytes_max)
    }

    /// What the CompIDs of a template's peers begin with.
    pub(crate) fn template(&self) -> Option<&str> {
        match self.role {
            Role::Acceptor => self.target_comp_id.strip_suffix('*'),
            Role::Initiator { .. } => None,
        }
    }

    /// The session of one of a template's peers.
    pub(crate) fn instance(&self, target_comp_id: &str) -> Self {
        Self {
            target_comp_id: target_comp_id.to_owned(),
            ..self.clone()
        }
    }

    /// As [`fix44`](Self::fix44), of another version, in whose words the application's messages
    /// are put.
    #[must_use]
    pub fn of(version: Version, sender_comp_id: &str, target_comp_id: &str, role: Role) -> Self {
        Self {
            begin_string: version.begin_string().to_owned(),
            dialect: Spoken::of(version),
            ..Self::fix44(sender_comp_id, target_comp_id, role)
        }
    }

    /// What the session itself is told.
    pub(crate) fn settings(&self, link: &LinkConfig) -> Settings {
        let part = match self.role {
            Role::Acceptor => Part::Acceptor,
            Role::Initiator { .. } => Part::Initiator,
        };
        let version = Version::of_begin_string(&self.begin_string).unwrap_or_default();
        let dictionary = self.dictionary.clone();
        Settings {
            dictionary: dictionary.unwrap_or_else(|| version.dictionary()),
            begin_string: self.begin_string.clone().into_bytes(),
            heart_bt_int_s: u64::from(self.heart_bt_int_s),
            reset_on_logon: self.reset_on_logon,
            reset_accepted: self.reset_accepted,
            default_appl_ver_id: match &*self.default_appl_ver_id {
                "" => version.appl_ver_id().unwrap_or("").into(),
                given => given.into(),
            },
            reset_on_logout: self.reset_on_logout,
            reset_on_disconnect: self.reset_on_disconnect,
            next_expected: self.next_expected,
            last_processed: self.last_processed,
            credentials: self.credentials.clone(),
            resend_request_chunk: self.resend_request_chunk,
            live_during_resend: self.live_during_resend,
            logon_timeout: link.logon_timeout,
            sending_time_tolerance: self.sending_time_tolerance,
            validate: self.validate,
            bytes_max: link.message_bytes_max,
            // What is resent in one go is a fraction of what may wait, and little enough that live
            // messages of all sessions pass in between.
            resend_batch: (self.out_bytes_max(link) / 4096).clamp(1, 32),
            ..Settings::of(version, part, &self.sender_comp_id, &self.target_comp_id)
        }
    }
}

/// A link: its sessions, where it listens, and the bounds that protect it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// What its thread and its counters are called.
    pub name: &'static str,
    /// Addresses that acceptor sessions are reached at. Port 0 takes a free one
    /// (see `Link::local_addrs`).
    pub listen: Vec<SocketAddr>,
    /// TLS of these addresses, in their order; those without are listened on in the clear.
    pub listen_tls: Vec<Option<TlsAccept>>,
    /// Where messages are logged; `None` for nowhere.
    pub message_log: Option<MessageLogConfig>,
    /// The sessions. A [`SessionIx`](crate::SessionIx) is a place in this list.
    pub sessions: Vec<SessionConfig>,
    /// Bytes that may wait for a peer that does not read; beyond it the peer is cut.
    pub out_bytes_max: usize,
    /// How long bytes may wait for a peer that reads nothing; then it is cut.
    pub stall_timeout: Nanos,
    /// How long a new connection may take to log on.
    pub logon_timeout: Nanos,
    /// Bytes that a connection may send before it has logged on.
    pub logon_bytes_max: usize,
    /// Connections that may be waiting to log on at the same time.
    pub pending_max: usize,
    /// Connections a second that one address may make, and as many at once; 0 for any number.
    pub logons_per_s_max: u32,
    /// Sessions made from templates, at most.
    pub template_sessions_max: usize,
    /// Longest message that is accepted from a peer that is logged on.
    pub message_bytes_max: usize,
    /// While no more connections than this are live, each is read directly in every cycle,
    /// without asking the operating system first which are readable.
    pub direct_max: usize,
    /// While connections are read directly, the operating system is asked for new ones every
    /// this many cycles.
    pub poll_every: u32,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            name: "fix",
            listen: Vec::new(),
            listen_tls: Vec::new(),
            message_log: None,
            sessions: Vec::new(),
            out_bytes_max: 1 << 20,
            stall_timeout: Nanos::from_seconds(10),
            logon_timeout: Nanos::from_seconds(10),
            logon_bytes_max: 4096,
            pending_max: 64,
            logons_per_s_max: 0,
            template_sessions_max: 256,
            message_bytes_max: 64 * 1024,
            direct_max: 8,
            poll_every: 64,
        }
    }
}

/// One thing wrong with a [`LinkConfig`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A name that cannot stand in a FIX field.
    #[error(
        "session {ix}: {field} {value:?} is not 1 to 32 printable ASCII characters without '='"
    )]
    BadName {
        /// Which session.
        ix: usize,
        /// Which field.
        field: &'static str,
        /// What it says.
        value: String,
    },
    /// A BeginString that dcx does not speak.
    #[error("session {ix}: begin_string {value:?} is none of FIX.4.2, FIX.4.4, FIXT.1.1")]
    BadBeginString {
        /// Which session.
        ix: usize,
        /// What it says.
        value: String,
    },
    /// Two sessions that a Logon could not tell apart.
    #[error("sessions {first} and {second} have the same CompIDs {sender} and {target}")]
    SameCompIds {
        /// The earlier.
        first: usize,
        /// The later.
        second: usize,
        /// Our CompID.
        sender: String,
        /// The peer's.
        target: String,
    },
    /// An acceptor that nobody can reach.
    #[error("session {ix} accepts, but the link listens nowhere")]
    NowhereToListen {
        /// Which session.
        ix: usize,
    },
    /// A number out of its range.
    #[error("{field} is {value}, it must be from {min} to {max}")]
    OutOfRange {
        /// Which.
        field: &'static str,
        /// What it says.
        value: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
}

/// Longest CompID: what a file name can carry twice, and far above what is in use.
const COMP_ID_LEN_MAX: usize = 32;

/// Most sessions of one link: a [`SessionIx`](crate::SessionIx) has 16 bits.
const SESSIONS_MAX: usize = 4096;

impl LinkConfig {
    /// Everything that is wrong, in the order of the fields; empty if nothing is.
    #[must_use]
    pub fn check(&self) -> Vec<ConfigError> {
        let mut wrong = Vec::new();
        for (ix, session) in self.sessions.iter().enumerate() {
            session.check(ix, &mut wrong);
            if session.role == Role::Acceptor && self.listen.is_empty() {
                wrong.push(ConfigError::NowhereToListen { ix });
            }
            let earlier = self.sessions.iter().take(ix);
            if let Some(first) = earlier
                .clone()
                .position(|other| other.is_same_pair(session))
            {
                wrong.push(ConfigError::SameCompIds {
                    first,
                    second: ix,
                    sender: session.sender_comp_id.clone(),
                    target: session.target_comp_id.clone(),
                });
            }
        }
        let ranges: [(&'static str, usize, usize, usize); 7] = [
            ("number of sessions", self.sessions.len(), 1, SESSIONS_MAX),
            ("out_bytes_max", self.out_bytes_max, 4096, 1 << 30),
            ("logon_bytes_max", self.logon_bytes_max, 128, 1 << 20),
            ("message_bytes_max", self.message_bytes_max, 1024, 1 << 24),
            ("pending_max", self.pending_max, 1, 65_536),
            (
                "template_sessions_max",
                self.template_sessions_max,
                0,
                SESSIONS_MAX,
            ),
            ("poll_every", self.poll_every as usize, 1, 1 << 20),
        ];
        for (field, value, min, max) in ranges {
            check_range(field, value as u64, (min as u64, max as u64), &mut wrong);
        }
        if let Some(log) = &self.message_log {
            let files = u64::from(log.files_max);
            check_range("files_max", files, (1, 1000), &mut wrong);
            check_range(
                "file_bytes_max",
                log.file_bytes_max,
                (4096, 1 << 40),
                &mut wrong,
            );
        }
        wrong
    }
}

impl SessionConfig {
    fn check(&self, ix: usize, wrong: &mut Vec<ConfigError>) {
        if Version::of_begin_string(&self.begin_string).is_none() {
            wrong.push(ConfigError::BadBeginString {
                ix,
                value: self.begin_string.clone(),
            });
        }
        // A template of all peers begins with nothing.
        let target = match self.template() {
            Some("") => "*",
            Some(begin) => begin,
            None => &self.target_comp_id,
        };
        for (field, value) in [
            ("sender_comp_id", self.sender_comp_id.as_str()),
            ("target_comp_id", target),
        ] {
            if !is_comp_id(value) {
                wrong.push(ConfigError::BadName {
                    ix,
                    field,
                    value: value.to_owned(),
                });
            }
        }
        if let Some(throttle) = self.throttle {
            check_range(
                "throttle per_s",
                u64::from(throttle.per_s),
                (1, 1_000_000),
                wrong,
            );
        }
        if let Some(bytes) = self.out_bytes_max {
            check_range("out_bytes_max", bytes as u64, (4096, 1 << 30), wrong);
        }
        let heart_bt_int_s = u64::from(self.heart_bt_int_s);
        check_range("heart_bt_int_s", heart_bt_int_s, (1, 3600), wrong);
        if let Role::Initiator {
            reconnect_min,
            reconnect_max,
            ..
        } = self.role
        {
            let hour_ns = Nanos::from_seconds(3600).get();
            check_range("reconnect_min", reconnect_min.get(), (1, hour_ns), wrong);
            let range = (reconnect_min.get(), hour_ns);
            check_range("reconnect_max", reconnect_max.get(), range, wrong);
        }
    }

    fn is_same_pair(&self, other: &Self) -> bool {
        self.sender_comp_id == other.sender_comp_id && self.target_comp_id == other.target_comp_id
    }
}

pub(crate) fn is_comp_id(value: &str) -> bool {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'=';
    (1..=COMP_ID_LEN_MAX).contains(&value.len()) && value.bytes().all(printable)
}

fn check_range(
    field: &'static str,
    value: u64,
    (min, max): (u64, u64),
    wrong: &mut Vec<ConfigError>,
) {
    if !(min..=max).contains(&value) {
        wrong.push(ConfigError::OutOfRange {
            field,
            value,
            min,
            max,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_session() -> LinkConfig {
        LinkConfig {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            sessions: vec![SessionConfig::fix44("DCX", "CLIENT", Role::Acceptor)],
            ..LinkConfig::default()
        }
    }

    #[test]
    fn the_defaults_with_one_session_are_right() {
        assert_eq!(one_session().check(), []);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let mut config = one_session();
        config.listen.clear();
        config.poll_every = 0;
        config.sessions.push(SessionConfig {
            begin_string: "FIX.9".to_owned(),
            heart_bt_int_s: 0,
            ..SessionConfig::fix44("DCX", "CLIENT", Role::Acceptor)
        });
        config
            .sessions
            .push(SessionConfig::fix44("D\u{1}X", "", Role::Acceptor));
        let wrong = config.check();
        assert_eq!(wrong.len(), 9, "{wrong:#?}");
        assert!(wrong.contains(&ConfigError::SameCompIds {
            first: 0,
            second: 1,
            sender: "DCX".to_owned(),
            target: "CLIENT".to_owned(),
        }));
        assert_eq!(
            wrong.last().map(ToString::to_string),
            Some("poll_every is 0, it must be from 1 to 1048576".to_owned())
        );
    }

    #[test]
    fn a_shorter_longest_wait_is_told() {
        let mut config = one_session();
        config.sessions[0].role = Role::Initiator {
            connect: "127.0.0.1:1".parse().unwrap(),
            others: Vec::new(),
            reconnect_min: Nanos::from_seconds(2),
            reconnect_max: Nanos::from_seconds(1),
        };
        assert_eq!(config.check().len(), 1);
    }
}
