//! The bytes of a session store: a header, then records, each with its length and checksum.
//!
//! # Layout
//! All numbers little-endian. File header: `magic[8]`, `crc32c u32` of what follows, `len u16`,
//! `owner[len]`, `created u64` (nanoseconds since 1970). Record: `crc32c u32` of what follows, `len u32`, `next_in u64`, `seq u64`,
//! `payload[len]`, where `seq` is the number of a message, or, with [`NO_MESSAGE`] set, the next
//! outgoing number.

/// Begins every file; the last two digits are the version.
const MAGIC: [u8; 8] = *b"DCXFIX02";

/// Begins the files of version 1, whose header does not say when the numbers began. They are read
/// and gone on with.
const MAGIC_1: [u8; 8] = *b"DCXFIX01";

/// Bytes of a record before its payload.
pub(super) const HEAD_LEN: usize = 24;

/// Longest payload: above any message a link accepts or sends.
pub(super) const PAYLOAD_LEN_MAX: usize = 1 << 26;

/// Set in `seq` where the record carries numbers only.
const NO_MESSAGE: u64 = 1 << 63;

/// What a record says, without its payload, which is what lies behind its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The next incoming number, as settled when it was written.
    pub(super) next_in: u64,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The message with this number; without payload if it is not to be resent.
    Message(u64),
    /// The next outgoing number, said by itself.
    NextOut(u64),
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// The bytes end before the record does.
    Short,
    /// The length is beyond any that is written.
    Length,
    /// The checksum differs.
    Checksum,
}

impl Bad {
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Short => "a record is cut short with others behind it",
            Self::Length => "the length of a record is impossible",
            Self::Checksum => "the checksum of a record differs",
        }
    }
}

impl Record {
    pub(super) fn write(self, payload: &[u8], out: &mut Vec<u8>) {
        let seq = match self.kind {
            Kind::Message(seq) => seq,
            Kind::NextOut(next) => next | NO_MESSAGE,
        };
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&self.next_in.to_le_bytes());
        out.extend_from_slice(&seq.to_le_bytes());
        out.extend_from_slice(payload);
        let crc = crc32c::crc32c(&out[start + 4..]);
        out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
    }

    /// Reads the record that `bytes` begin with; also returns its length.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), Bad> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD_LEN>() else {
            return Err(Bad::Short);
        };
        let len = payload_len(head);
        if len > PAYLOAD_LEN_MAX {
            return Err(Bad::Length);
        }
        if rest.len() < len {
            return Err(Bad::Short);
        }
        if crc32c::crc32c(&bytes[4..HEAD_LEN + len]) != u32_at(head, 0) {
            return Err(Bad::Checksum);
        }
        let (next_in, seq) = (u64_at(head, 8), u64_at(head, 16));
        let kind = if seq & NO_MESSAGE == 0 {
            Kind::Message(seq)
        } else {
            Kind::NextOut(seq & !NO_MESSAGE)
        };
        Ok((Self { next_in, kind }, HEAD_LEN + len))
    }
}

/// The length of the payload behind this head.
pub(super) fn payload_len(head: &[u8; HEAD_LEN]) -> usize {
    u32_at(head, 4) as usize
}

/// The header of a file that belongs to `owner`, whose numbers began at `created`.
pub(super) fn write_header(owner: &str, created: u64, out: &mut Vec<u8>) {
    let len = u16::try_from(owner.len()).unwrap_or(u16::MAX);
    let mut body = len.to_le_bytes().to_vec();
    body.extend_from_slice(owner.as_bytes());
    body.extend_from_slice(&created.to_le_bytes());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    out.extend_from_slice(&body);
}

/// Bytes of a file's header before the owner.
pub(super) const HEADER_LEN: usize = 14;

/// The length of what stands behind this much of the header: the owner and, from version 2 on,
/// when its numbers began.
pub(super) fn rest_len(header: &[u8; HEADER_LEN]) -> Result<usize, &'static str> {
    let owner = usize::from(u16::from_le_bytes([header[12], header[13]]));
    match header.first_chunk::<8>() {
        Some(&MAGIC) => Ok(owner + 8),
        Some(&MAGIC_1) => Ok(owner),
        Some(_) | None => Err("the file does not begin as a session store does"),
    }
}

/// The owner, and when its numbers began (0 if the file does not say), if the header checks.
pub(super) fn read_rest(
    header: &[u8; HEADER_LEN],
    rest: &[u8],
) -> Result<(String, u64), &'static str> {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[12..]), rest);
    if crc != u32_at(header, 8) {
        return Err("the checksum of the header differs");
    }
    let (owner, created) = match rest.split_last_chunk::<8>() {
        Some((owner, created)) if header.starts_with(&MAGIC) => {
            (owner, u64::from_le_bytes(*created))
        }
        Some(_) | None => (rest, 0),
    };
    let owner = String::from_utf8(owner.to_vec()).map_err(|_| "the owner is no text")?;
    Ok((owner, created))
}

fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}
