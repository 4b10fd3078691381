//! Which fields hold secrets, and messages as they may be shown: without them.

use crate::Message;
use crate::codec::{PASSWORD, SOH, data_field_of};

/// What stands where a secret stood.
pub const MASK: &[u8] = b"***";

/// `RawData` (96), which logons of some venues carry a password in, and its length.
const RAW_DATA: u32 = 96;
/// `NewPassword`.
const NEW_PASSWORD: u32 = 925;
/// `EncryptedPassword`.
const ENCRYPTED_PASSWORD: u32 = 1402;
/// `EncryptedNewPassword`.
const ENCRYPTED_NEW_PASSWORD: u32 = 1404;

/// The shortest known secret that is looked for in all values: shorter ones are in too many.
const KNOWN_LEN_MIN: usize = 4;

/// What is masked besides the fields that hold passwords in every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secrets<'s> {
    /// Whether `RawData` (96) of a Logon or UserRequest is one.
    pub raw_data: bool,
    /// A secret that is known; it is masked wherever it stands.
    pub known: &'s [u8],
}

impl Default for Secrets<'_> {
    fn default() -> Self {
        Self {
            raw_data: true,
            known: &[],
        }
    }
}

impl Secrets<'_> {
    /// Whether the field `tag` of a message of this type is a secret.
    ///
    /// Passwords are, wherever they stand. A tag that is none (shown as 0) may have been meant for
    /// one.
    #[must_use]
    pub const fn hides(&self, msg_type: &[u8], tag: u32) -> bool {
        match tag {
            0 | PASSWORD | NEW_PASSWORD | ENCRYPTED_PASSWORD | ENCRYPTED_NEW_PASSWORD => true,
            RAW_DATA => self.raw_data && matches!(msg_type, b"A" | b"BE"),
            _ => false,
        }
    }

    /// Writes `message` to `out` without its secrets, and says whether it had any.
    ///
    /// What is written instead is as long as the field before it says, where one does: it is read
    /// as a message again. Its `BodyLength` (9) and `CheckSum` (10) stay those of what was sent.
    pub fn mask(&self, message: &Message<'_>, out: &mut Vec<u8>) -> bool {
        let msg_type = message.msg_type();
        let hides = |(tag, value): (u32, &[u8])| self.hides(msg_type, tag) || self.knows(value);
        if !message.fields().any(hides) {
            out.extend_from_slice(message.raw());
            return false;
        }
        let mut at = 0;
        for (tag, value) in message.fields() {
            let begin = value.as_ptr().addr() - message.raw().as_ptr().addr();
            out.extend_from_slice(message.raw().get(at..begin).unwrap_or_default());
            let data = data_field_of(tag);
            match data {
                _ if self.hides(msg_type, tag) => out.extend_from_slice(MASK),
                Some(data) if self.hides(msg_type, data) => {
                    out.extend_from_slice(MASK.len().to_string().as_bytes());
                }
                Some(_) | None if self.knows(value) => out.extend_from_slice(MASK),
                Some(_) | None => out.extend_from_slice(value),
            }
            at = begin + value.len();
        }
        out.extend_from_slice(message.raw().get(at..).unwrap_or(&[SOH]));
        true
    }

    fn knows(&self, value: &[u8]) -> bool {
        let known = self.known;
        known.len() >= KNOWN_LEN_MIN && value.windows(known.len()).any(|part| part == known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoder, Head};
    use dcx_model::UnixNanos;

    fn message(msg_type: &[u8], fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
        let mut out = Vec::new();
        let head = Head::new(msg_type, 1, UnixNanos::from_seconds(1));
        let bytes = encoder.encode(&mut out, &head, |body| {
            for (tag, value) in fields {
                body.bytes(*tag, value);
            }
        });
        bytes.to_vec()
    }

    fn masked(bytes: &[u8], secrets: Secrets<'_>) -> (bool, String) {
        let mut out = Vec::new();
        let had = secrets.mask(&Message::parse(bytes).unwrap(), &mut out);
        (had, String::from_utf8(out).unwrap().replace('\u{1}', "|"))
    }

    #[test]
    fn passwords_of_every_kind_are_masked_wherever_they_stand() {
        let hidden: [&[(u32, &[u8])]; 4] = [
            &[(554, b"hunter2"), (925, b"hunter2x")],
            &[(1401, b"9"), (1402, b"hunter2\x01z")],
            &[(95, b"8"), (96, b"\x01hunter2")],
            &[(11, b"A"), (453, b"1"), (448, b"P"), (554, b"hunter2")],
        ];
        for fields in hidden {
            let (had, text) = masked(&message(b"A", fields), Secrets::default());
            assert!(had && !text.contains("hunter2"), "{text}");
            assert!(text.contains("=***|"), "{text}");
        }
        let order: &[(u32, &[u8])] = &[(554, b"hunter2"), (95, b"3"), (96, b"abc")];
        let (_, text) = masked(&message(b"D", order), Secrets::default());
        assert!(text.contains("554=***|95=3|96=abc|"), "{text}");
    }

    #[test]
    fn what_is_masked_is_read_as_fields_again() {
        let fields: &[(u32, &[u8])] = &[(95, b"8"), (96, b"\x01hunter2"), (58, b"x")];
        let (_, text) = masked(&message(b"A", fields), Secrets::default());
        assert!(text.contains("|95=3|96=***|58=x|10="), "{text}");
    }

    #[test]
    fn a_known_secret_is_masked_in_any_field() {
        let secrets = Secrets {
            known: b"hunter2",
            ..Secrets::default()
        };
        let fields: &[(u32, &[u8])] = &[(58, b"password hunter2 is wrong"), (11, b"A")];
        let (had, text) = masked(&message(b"3", fields), secrets);
        assert!(had && text.contains("58=***|11=A|"), "{text}");
        let short = Secrets {
            known: b"hun",
            ..secrets
        };
        assert!(!masked(&message(b"3", fields), short).0);
    }

    #[test]
    fn a_message_without_secrets_stays_as_it_is() {
        let bytes = message(b"D", &[(11, b"A"), (95, b"2"), (96, b"\x01=")]);
        let mut out = Vec::new();
        let kept = Secrets::default().mask(&Message::parse(&bytes).unwrap(), &mut out);
        assert_eq!((kept, out), (false, bytes));
    }
}
