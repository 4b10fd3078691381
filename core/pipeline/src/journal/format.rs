//! The bytes of a journal: segment headers, record headers, and what makes them trustworthy.
//!
//! Described for other readers in `docs/protocols/journal.md`.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use dcx_model::{Command, RECORD_LEN_MAX, Record, RecordFault, Seq, Sequenced, UnixNanos};

/// First bytes of every segment.
pub(crate) const MAGIC: [u8; 8] = *b"DCXJRNL\n";
/// The version of the format that is written, and the only one that is read.
pub(crate) const VERSION: u16 = 2;
/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER_LEN: usize = size_of::<SegmentHeader>();
/// Bytes of a record's header.
pub(crate) const RECORD_HEADER_LEN: usize = size_of::<RecordHeader>();
/// Bytes of a record, at most.
pub(crate) const RECORD_MAX: usize = RECORD_HEADER_LEN + RECORD_LEN_MAX;
/// The kind of a [`Mark`], the journal's own. Kinds from 2000 are the journal's.
pub(crate) const KIND_MARK: u16 = 2001;

const _: () = assert!(SEGMENT_HEADER_LEN == 40);
const _: () = assert!(RECORD_HEADER_LEN == 32);
const _: () = assert!(size_of::<MarkWire>() == 24);

/// The header of a segment file.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct SegmentHeader {
    magic: [u8; 8],
    version: U16,
    header_len: U16,
    segment: U32,
    first_seq: U64,
    at: U64,
    chain: U32,
    crc: U32,
}

/// The header of a record; the body follows it at once.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct RecordHeader {
    crc: U32,
    chain: U32,
    len: U16,
    kind: U16,
    flags: U32,
    seq: U64,
    at: U64,
}

/// The body of a mark.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct MarkWire {
    state: U64,
    events: U64,
    event_count: U64,
}

/// What the engine had become after a command: the proof that a replay is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last command that is counted in.
    pub seq: Seq,
    /// When that command was sequenced.
    pub at: UnixNanos,
    /// The digest of all state after a [`Command::Checkpoint`]; otherwise
    /// [`STATE_NOT_TAKEN`](Self::STATE_NOT_TAKEN).
    pub state: u64,
    /// The digest of all events so far.
    pub events: u64,
    /// How many events that were.
    pub event_count: u64,
}

impl Mark {
    /// The state of a mark that holds the run to its events alone.
    pub const STATE_NOT_TAKEN: u64 = 0;
}

/// What is wrong at one place of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The file ends within a header or a body.
    #[error("{bytes} bytes are too few for a whole record")]
    Incomplete {
        /// Bytes that are there.
        bytes: usize,
    },
    /// The body would be longer than any is.
    #[error("length {len} exceeds {RECORD_LEN_MAX}")]
    Length {
        /// The length found.
        len: u16,
    },
    /// The checksum does not fit the bytes.
    #[error("checksum {found:08x} does not fit the bytes ({expected:08x})")]
    Checksum {
        /// What is written.
        found: u32,
        /// What the bytes give.
        expected: u32,
    },
    /// The record is whole, but does not follow the one before it: one was removed, added or moved.
    #[error("the record follows checksum {found:08x}, the one before it has {expected:08x}")]
    Chain {
        /// The checksum that it follows.
        found: u32,
        /// The checksum of the record before it.
        expected: u32,
    },
    /// The record is whole, but has the wrong number.
    #[error("sequence number {found} where {expected} is due")]
    Seq {
        /// The number found.
        found: u64,
        /// The number that is due.
        expected: u64,
    },
    /// The record is whole, but is stamped earlier than the one before it.
    #[error("stamp {found} ns is before {before} ns")]
    Stamp {
        /// The stamp found.
        found: u64,
        /// The stamp before it.
        before: u64,
    },
    /// The record is whole, but has flags that this version does not know.
    #[error("unknown flags {flags:08x}")]
    Flags {
        /// The flags.
        flags: u32,
    },
    /// The record is whole, but its body is none.
    #[error("{0}")]
    Record(RecordFault),
    /// The file does not begin as a segment does.
    #[error("not a journal segment")]
    Magic,
    /// The segment calls itself by another number than its file.
    #[error("the file holds segment {found}")]
    Segment {
        /// The number in the header.
        found: u32,
    },
}

impl Damage {
    /// Whether an interrupted write can leave this behind. Whatever has a fitting checksum was
    /// written whole.
    pub(crate) const fn may_be_torn(self) -> bool {
        match self {
            Self::Incomplete { .. } | Self::Length { .. } | Self::Checksum { .. } | Self::Magic => {
                true
            }
            Self::Chain { .. }
            | Self::Seq { .. }
            | Self::Stamp { .. }
            | Self::Flags { .. }
            | Self::Record(_)
            | Self::Segment { .. } => false,
        }
    }
}

/// What the next record must follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The checksum of the record or header before it.
    pub(crate) chain: u32,
    /// The number of the next command.
    pub(crate) next_seq: Seq,
    /// The stamp of the last command.
    pub(crate) at: UnixNanos,
}

impl Link {
    /// Before the first segment.
    pub(crate) const FIRST: Self = Self {
        chain: 0,
        next_seq: Seq::new(1),
        at: UnixNanos::ZERO,
    };
}

/// The header of segment number `segment`, and the link that its first record must follow.
pub(crate) fn segment_header(segment: u32, link: Link) -> ([u8; SEGMENT_HEADER_LEN], Link) {
    let mut header = SegmentHeader {
        magic: MAGIC,
        version: VERSION.into(),
        header_len: 40.into(),
        segment: segment.into(),
        first_seq: link.next_seq.get().into(),
        at: link.at.get().into(),
        chain: link.chain.into(),
        crc: 0.into(),
    };
    let crc = crc32c::crc32c(&header.as_bytes()[..SEGMENT_HEADER_LEN - 4]);
    header.crc = crc.into();
    let mut bytes = [0; SEGMENT_HEADER_LEN];
    bytes.copy_from_slice(header.as_bytes());
    (bytes, Link { chain: crc, ..link })
}

/// What a segment's header can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentStart {
    /// The link that the first record must follow.
    Link(Link),
    /// Whole, but of a version that is not read.
    Version(u16),
}

/// Reads the header of segment number `segment`, which must follow `link`.
pub(crate) fn read_segment_header(
    bytes: &[u8],
    segment: u32,
    link: Link,
) -> Result<SegmentStart, Damage> {
    let Ok((header, _)) = SegmentHeader::read_from_prefix(bytes) else {
        return Err(Damage::Incomplete { bytes: bytes.len() });
    };
    if header.magic != MAGIC {
        return Err(Damage::Magic);
    }
    let crc = crc32c::crc32c(&bytes[..SEGMENT_HEADER_LEN - 4]);
    expect_crc(header.crc.get(), crc)?;
    if header.version.get() != VERSION {
        return Ok(SegmentStart::Version(header.version.get()));
    }
    if header.segment.get() != segment {
        return Err(Damage::Segment {
            found: header.segment.get(),
        });
    }
    expect_chain(header.chain.get(), link.chain)?;
    expect_seq(header.first_seq.get(), link.next_seq)?;
    Ok(SegmentStart::Link(Link { chain: crc, ..link }))
}

/// Puts the record of `sequenced` behind what `buffer` holds.
pub(crate) fn put_command(buffer: &mut Vec<u8>, link: &mut Link, sequenced: &Sequenced) {
    let record = Record::of_command(&sequenced.command);
    let (seq, at) = (sequenced.seq, sequenced.at);
    put_record(buffer, link, record.kind(), (seq, at), record.body());
    link.next_seq = sequenced.seq.next();
    link.at = sequenced.at;
}

/// Puts the record of `mark` behind what `buffer` holds.
pub(crate) fn put_mark(buffer: &mut Vec<u8>, link: &mut Link, mark: &Mark) {
    let body = MarkWire {
        state: mark.state.into(),
        events: mark.events.into(),
        event_count: mark.event_count.into(),
    };
    put_record(
        buffer,
        link,
        KIND_MARK,
        (mark.seq, mark.at),
        body.as_bytes(),
    );
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a body is at most RECORD_LEN_MAX bytes long"
)]
fn put_record(
    buffer: &mut Vec<u8>,
    link: &mut Link,
    kind: u16,
    (seq, at): (Seq, UnixNanos),
    body: &[u8],
) {
    let header = RecordHeader {
        crc: 0.into(),
        chain: link.chain.into(),
        len: (body.len() as u16).into(),
        kind: kind.into(),
        flags: 0.into(),
        seq: seq.get().into(),
        at: at.get().into(),
    };
    let start = buffer.len();
    buffer.extend_from_slice(header.as_bytes());
    buffer.extend_from_slice(body);
    let record = &mut buffer[start..];
    let crc = crc32c::crc32c(&record[4..]);
    record[..4].copy_from_slice(&crc.to_le_bytes());
    link.chain = crc;
}

/// One record as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A command in its place. Its `received` is zero: that stamp is not kept.
    Command(Sequenced),
    /// What the engine had become.
    Mark(Mark),
}

/// Reads the record at the start of `bytes`, which must follow `link`, and says how long it is.
pub(crate) fn read_record(bytes: &[u8], link: &mut Link) -> Result<(Entry, usize), Damage> {
    let (header, body) = whole_record(bytes)?;
    expect_chain(header.chain.get(), link.chain)?;
    if header.flags.get() != 0 {
        return Err(Damage::Flags {
            flags: header.flags.get(),
        });
    }
    let entry = if header.kind.get() == KIND_MARK {
        Entry::Mark(read_mark(&header, body, *link)?)
    } else {
        Entry::Command(read_command(&header, body, *link)?)
    };
    link.chain = header.crc.get();
    if let Entry::Command(sequenced) = entry {
        link.next_seq = sequenced.seq.next();
        link.at = sequenced.at;
    }
    Ok((entry, RECORD_HEADER_LEN + body.len()))
}

/// Whether `bytes` begin with a record that was written whole, wherever it belongs.
pub(crate) fn begins_with_record(bytes: &[u8]) -> bool {
    let plausible = RecordHeader::read_from_prefix(bytes)
        .is_ok_and(|(header, _)| header.kind.get() != 0 && header.flags.get() == 0);
    plausible && whole_record(bytes).is_ok()
}

fn whole_record(bytes: &[u8]) -> Result<(RecordHeader, &[u8]), Damage> {
    let incomplete = Damage::Incomplete { bytes: bytes.len() };
    let Ok((header, rest)) = RecordHeader::read_from_prefix(bytes) else {
        return Err(incomplete);
    };
    let len = header.len.get();
    if usize::from(len) > RECORD_LEN_MAX {
        return Err(Damage::Length { len });
    }
    let body = rest.get(..usize::from(len)).ok_or(incomplete)?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header.as_bytes()[4..]), body);
    expect_crc(header.crc.get(), crc)?;
    Ok((header, body))
}

fn read_command(header: &RecordHeader, body: &[u8], link: Link) -> Result<Sequenced, Damage> {
    expect_seq(header.seq.get(), link.next_seq)?;
    let at = UnixNanos::new(header.at.get());
    if at < link.at {
        return Err(Damage::Stamp {
            found: at.get(),
            before: link.at.get(),
        });
    }
    let command: Command = Record::command(header.kind.get(), body).map_err(Damage::Record)?;
    Ok(Sequenced {
        seq: link.next_seq,
        at,
        received: dcx_model::MonoNanos::new(0),
        command,
    })
}

fn read_mark(header: &RecordHeader, body: &[u8], link: Link) -> Result<Mark, Damage> {
    let wire = MarkWire::ref_from_bytes(body).map_err(|_| {
        Damage::Record(RecordFault::Length {
            kind: KIND_MARK,
            len: body.len(),
            expected: size_of::<MarkWire>(),
        })
    })?;
    // A mark says what was: it cannot be about a command that is still to come.
    if header.seq.get() >= link.next_seq.get() {
        expect_seq(
            header.seq.get(),
            Seq::new(link.next_seq.get().saturating_sub(1)),
        )?;
    }
    Ok(Mark {
        seq: Seq::new(header.seq.get()),
        at: UnixNanos::new(header.at.get()),
        state: wire.state.get(),
        events: wire.events.get(),
        event_count: wire.event_count.get(),
    })
}

fn expect_crc(found: u32, expected: u32) -> Result<(), Damage> {
    if found == expected {
        return Ok(());
    }
    Err(Damage::Checksum { found, expected })
}

fn expect_chain(found: u32, expected: u32) -> Result<(), Damage> {
    if found == expected {
        return Ok(());
    }
    Err(Damage::Chain { found, expected })
}

fn expect_seq(found: u64, expected: Seq) -> Result<(), Damage> {
    if found == expected.get() {
        return Ok(());
    }
    Err(Damage::Seq {
        found,
        expected: expected.get(),
    })
}
