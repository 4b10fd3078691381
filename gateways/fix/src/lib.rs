//! The FIX 4.4 edge: a codec, a session without a socket, a store, and the link that drives both.
//!
//! Bytes are decoded in place ([`scan`], [`Message`]) and encoded without allocation
//! ([`Encoder`], [`Body`]). A [`Session`] is a state machine whose effects go to a [`Sink`].
//!
//! ```
//! use dcx_fix::{Encoder, Head, Scan, scan};
//! use dcx_model::UnixNanos;
//!
//! let mut encoder = Encoder::new(b"FIX.4.4", b"DCX", b"CLIENT");
//! let head = Head::new(b"1", 2, UnixNanos::from_seconds(1_399_033_800));
//! let mut out = Vec::new();
//! let bytes = encoder.encode(&mut out, &head, |body| body.str(112, "HELLO"));
//! let Scan::Message { message, len } = scan(bytes) else {
//!     panic!("what is encoded is decoded");
//! };
//! assert_eq!((len, message.get(112)), (bytes.len(), Some(b"HELLO".as_slice())));
//! ```
//!
//! Not here: what an order is checked for and where it goes (`dcx-engine`).

#![forbid(unsafe_code)]

mod access;
mod app;
pub mod codec;
mod config;
mod dialect;
pub mod dictionary;
mod link;
pub mod market;
mod mask;
pub mod orders;
mod schedule;
pub mod session;
mod store;

pub use access::{IpRange, IpRangeError};
pub use app::{AppReject, Application, Outgoing, Queue, Queued, SessionEnd, SessionIx};
pub use codec::{
    Body, BodyFields, CodecFault, Encoder, FieldFault, Fields, Head, Message, Scan, Scanner,
    UtcTimestamp, ValueFault, data_field_of, scan,
};
pub use config::{
    ConfigError, LinkConfig, MessageLogConfig, OverRate, Role, SessionConfig, StoreConfig,
    Throttle, TlsAccept, TlsConnect, TlsIdentity,
};
pub use dialect::{Dialect, Fix42, Fix50Sp2, Spoken, copy};
pub use dictionary::{Dictionary, Rejection, SessionRejectReason, Switches, Version};
pub use link::{
    Board, Flushed, Link, LinkControl, LinkCounts, LinkError, LinkState, Obeyed, OrderFault,
    SessionCounts, SessionOrder, SessionStats, TlsError,
};
pub use mask::{MASK, Secrets};
pub use schedule::{Schedule, ScheduleError, Window};
pub use session::{
    BusinessReject, Close, Credentials, Input, NextSeqNums, Part, PeerFault, Phase, Session,
    SessionEvent, Settings, Sink, UseFault, write_business_reject,
};
pub use store::{Durability, FileStore, MemoryStore, Store, StoreError, StoreOptions};
