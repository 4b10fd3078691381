//! What a peer says otherwise than dcx: a translation of application messages, session by session.
//!
//! The application behind a link reads and writes one language, FIX 4.4 as
//! `docs/protocols/fix.md` has it. A [`Dialect`] stands between it and one peer: another version's
//! words ([`Fix42`], [`Fix50Sp2`]), a venue's own tags and values. Sessions without one pay nothing.

use std::fmt;
use std::sync::Arc;

use crate::codec::{BEGIN_STRING, BODY_LENGTH, CHECK_SUM};
use crate::{Body, BodyFields, Dictionary, Message, Version};

mod versions;

pub use versions::{Fix42, Fix50Sp2};

/// Translates the application messages of a session, both ways.
///
/// Both methods are given the fields between header and trailer and write all that is to stand
/// there. What they do not know they copy: [`copy`] does, and is what both do unless told
/// otherwise. Session messages, header and trailer are not theirs.
///
/// # Examples
/// A venue that wants its own tag on every order, and calls a filled order `X`:
///
/// ```
/// use dcx_fix::{Body, BodyFields, Dialect};
///
/// #[derive(Debug)]
/// struct Venue;
///
/// impl Dialect for Venue {
///     fn outgoing(&self, msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
///         dcx_fix::copy(fields, body);
///         if msg_type == b"D" {
///             body.str(9001, "DESK-1");
///         }
///     }
///
///     fn incoming(&self, msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
///         for (tag, value) in fields {
///             match (msg_type, tag, value) {
///                 (b"8", 39, b"X") => body.char(39, b'2'),
///                 _ => body.verbatim(tag, value),
///             }
///         }
///     }
/// }
///
/// let mut out = Vec::new();
/// let written = BodyFields::new(b"39=X\x0114=5\x01");
/// Venue.incoming(b"8", written, &mut Body::new(&mut out));
/// assert_eq!(out, b"39=2\x0114=5\x01");
/// ```
pub trait Dialect: fmt::Debug + Send + Sync {
    /// Writes for the peer what the application wrote.
    fn outgoing(&self, _msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
        copy(fields, body);
    }

    /// Writes for the application what the peer wrote. The session has checked it against the
    /// peer's dictionary.
    fn incoming(&self, _msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
        copy(fields, body);
    }
}

/// Writes the fields as they stand.
pub fn copy(fields: BodyFields<'_>, body: &mut Body<'_>) {
    for (tag, value) in fields {
        body.verbatim(tag, value);
    }
}

/// A dialect that several sessions may share.
#[derive(Clone, Debug)]
pub struct Spoken(Arc<dyn Dialect>);

impl Spoken {
    /// This dialect.
    #[must_use]
    pub fn new(dialect: impl Dialect + 'static) -> Self {
        Self(Arc::new(dialect))
    }

    /// What translates between dcx and a peer of this version; none for dcx's own.
    #[must_use]
    pub fn of(version: Version) -> Option<Self> {
        match version {
            Version::Fix42 => Some(Self::new(Fix42)),
            Version::Fix44 => None,
            Version::Fix50Sp2 => Some(Self::new(Fix50Sp2)),
        }
    }
}

impl PartialEq for Spoken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Spoken {}

/// Translates messages of one session into room that it keeps.
#[derive(Debug)]
pub(crate) struct Translator {
    spoken: Spoken,
    dictionary: Arc<Dictionary>,
    body: Vec<u8>,
    whole: Vec<u8>,
}

impl Translator {
    pub(crate) const fn new(spoken: Spoken, dictionary: Arc<Dictionary>) -> Self {
        Self {
            spoken,
            dictionary,
            body: Vec::new(),
            whole: Vec::new(),
        }
    }

    /// The body that the peer gets for this one.
    pub(crate) fn outgoing(&mut self, msg_type: &[u8], body: &[u8]) -> &[u8] {
        self.body.clear();
        let fields = BodyFields::new(body);
        let dialect = &self.spoken.0;
        dialect.outgoing(msg_type, fields, &mut Body::new(&mut self.body));
        &self.body
    }

    /// The message that the application gets for this one: the same header, another body.
    ///
    /// Its `BodyLength` (9) and `CheckSum` (10) are made anew. `None` if the dialect writes no
    /// message.
    pub(crate) fn incoming(&mut self, message: &Message<'_>) -> Option<Message<'_>> {
        self.body.clear();
        let mut inner = Body::new(&mut self.body);
        let mut fields = message.fields();
        let mut header_end = 0;
        for (tag, value) in fields.by_ref() {
            if !self.dictionary.is_header(tag) {
                break;
            }
            if tag != BEGIN_STRING && tag != BODY_LENGTH {
                inner.verbatim(tag, value);
            }
            header_end += 1;
        }
        let rest = message.body_behind(header_end);
        let dialect = &self.spoken.0;
        dialect.incoming(message.msg_type(), BodyFields::new(rest), &mut inner);
        self.whole.clear();
        let mut whole = Body::new(&mut self.whole);
        whole.bytes(BEGIN_STRING, message.begin_string());
        whole.uint(BODY_LENGTH, self.body.len() as u64);
        whole.raw(&self.body);
        let sum = self
            .whole
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let digits = [sum / 100, sum / 10 % 10, sum % 10].map(|digit| b'0' + digit);
        Body::new(&mut self.whole).bytes(CHECK_SUM, &digits);
        Message::parse(&self.whole).ok()
    }
}
