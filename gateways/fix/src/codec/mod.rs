//! Bytes to messages and back: decode in place, encode without allocation.
//!
//! [`scan`] finds the first whole message of a stream and checks all that can be checked without
//! a dictionary: its first three fields, `BodyLength` (9), `CheckSum` (10) and the form of every
//! field. [`Encoder`] writes header and trailer around a [`Body`]. Neither knows sessions.
//!
//! Not here: which fields a message may have (`dictionary`), what they mean to a session.

mod encode;
mod fault;
mod message;
mod scan;
mod tag;
mod timestamp;
mod value;
mod word;

pub use encode::{Body, Encoder, Head};
pub use fault::{CodecFault, FieldFault, ValueFault};
pub use message::{BodyFields, Fields, Message, data_field_of};
pub use scan::{BYTES_MAX, Scan, Scanner, scan};
pub use tag::*;
pub use timestamp::{TIMESTAMP_LEN, UtcTimestamp, parse_utc_timestamp};

/// The byte that ends every field.
pub const SOH: u8 = 1;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;
