//! A message for people and for scripts: its fields by their names, groups as they nest, secrets
//! masked.

use std::borrow::Cow;
use std::io::{self, Write};

use dcx_fix::codec::{MSG_SEQ_NUM, MSG_TYPE, SENDER_COMP_ID, SENDING_TIME, TARGET_COMP_ID};
use dcx_fix::dictionary::{Nested, value_name};
use dcx_fix::{Dictionary, MASK, Secrets, data_field_of};
use serde_json::{Map, Value, json};

use super::split::Piece;

/// Bytes of a value that people are shown.
const SHOWN_MAX: usize = 400;

/// A message with what is to be said of it.
pub(super) struct Said<'p> {
    pub(super) piece: &'p Piece,
    pub(super) dictionary: &'p Dictionary,
    /// What is wrong with it.
    pub(super) faults: &'p [String],
}

impl Said<'_> {
    /// Lines for people.
    pub(super) fn lines(&self, out: &mut impl Write) -> io::Result<()> {
        let text = |tag| self.piece.get(tag).map_or(Cow::Borrowed("?"), shown);
        writeln!(
            out,
            "line {}  {}  {} -> {}  #{}  {}",
            self.piece.line,
            text(SENDING_TIME),
            text(SENDER_COMP_ID),
            text(TARGET_COMP_ID),
            text(MSG_SEQ_NUM),
            self.title()
        )?;
        for fault in self.faults {
            writeln!(out, "  ! {fault}")?;
        }
        let mut rows = Vec::new();
        self.nest(|field| rows.push(field));
        let width = rows
            .iter()
            .map(|field| self.name(field.tag).len())
            .max()
            .unwrap_or(0);
        for field in &rows {
            self.row(*field, width, out)?;
        }
        writeln!(out)
    }

    fn row(&self, field: Nested<'_>, width: usize, out: &mut impl Write) -> io::Result<()> {
        let Nested {
            tag, depth, begins, ..
        } = field;
        let indent = " ".repeat(2 * depth);
        if let Some(entry) = begins {
            writeln!(out, "      {}[{entry}]", " ".repeat(2 * (depth.max(1) - 1)))?;
        }
        let value = self.value(field);
        write!(
            out,
            "{indent}  {tag:>5} {:<width$}  {}",
            self.name(tag),
            shown(&value)
        )?;
        match self.meaning(field) {
            Some(meaning) => writeln!(out, "  {meaning}"),
            None => writeln!(out),
        }
    }

    /// One object for scripts.
    pub(super) fn object(&self) -> Value {
        let mut fields = Vec::new();
        self.nest(|field| fields.push(field));
        let mut fields = fields.into_iter().peekable();
        let mut message = Map::new();
        let text = |tag| self.piece.get(tag).map(shown);
        message.insert("line".to_owned(), self.piece.line.into());
        message.insert("offset".to_owned(), self.piece.offset.into());
        message.insert(
            "prefix".to_owned(),
            shown(&mask_within(&self.piece.prefix)).into(),
        );
        message.insert("time".to_owned(), json!(text(SENDING_TIME)));
        message.insert("sender".to_owned(), json!(text(SENDER_COMP_ID)));
        message.insert("target".to_owned(), json!(text(TARGET_COMP_ID)));
        message.insert("msg_seq_num".to_owned(), json!(text(MSG_SEQ_NUM)));
        message.insert("msg_type".to_owned(), json!(text(MSG_TYPE)));
        let msg_type = self.piece.get(MSG_TYPE).unwrap_or_default();
        let name = self.dictionary.message_name(msg_type);
        message.insert("message".to_owned(), json!(name));
        message.insert("faults".to_owned(), json!(self.faults));
        let fields = self.objects(&mut fields, 0);
        message.insert("fields".to_owned(), fields.into());
        message.into()
    }

    /// The fields of a depth; behind a count, the entries of its group.
    fn objects<'a>(
        &self,
        fields: &mut std::iter::Peekable<impl Iterator<Item = Nested<'a>>>,
        depth: usize,
    ) -> Vec<Value> {
        let mut out = Vec::new();
        while let Some(field) = fields.next_if(|field| field.depth == depth) {
            let mut object = self.field_object(field);
            let mut entries = Vec::new();
            while let Some(next) = fields.peek()
                && next.depth > depth
            {
                entries.push(Value::from(self.entry(fields, depth + 1)));
            }
            if !entries.is_empty() {
                object.insert("entries".to_owned(), entries.into());
            }
            out.push(object.into());
        }
        out
    }

    /// One entry of a group: up to where the next begins.
    fn entry<'a>(
        &self,
        fields: &mut std::iter::Peekable<impl Iterator<Item = Nested<'a>>>,
        depth: usize,
    ) -> Vec<Value> {
        let mut out = Vec::new();
        let mut first = true;
        while let Some(field) =
            fields.next_if(|field| field.depth == depth && (first || field.begins.is_none()))
        {
            first = false;
            let mut object = self.field_object(field);
            let mut entries = Vec::new();
            while fields.peek().is_some_and(|next| next.depth > depth) {
                entries.push(Value::from(self.entry(fields, depth + 1)));
            }
            if !entries.is_empty() {
                object.insert("entries".to_owned(), entries.into());
            }
            out.push(object.into());
        }
        out
    }

    fn field_object(&self, field: Nested<'_>) -> Map<String, Value> {
        let value = self.value(field);
        let mut object = Map::new();
        object.insert("tag".to_owned(), field.tag.into());
        object.insert(
            "name".to_owned(),
            json!(self.dictionary.field_name(field.tag)),
        );
        match std::str::from_utf8(&value) {
            Ok(text) => object.insert("value".to_owned(), text.into()),
            Err(_) => object.insert("hex".to_owned(), hex(&value).into()),
        };
        if let Some(meaning) = self.meaning(field) {
            object.insert("meaning".to_owned(), meaning.into());
        }
        object
    }

    fn nest<'a>(&'a self, each: impl FnMut(Nested<'a>)) {
        let msg_type = self.piece.get(MSG_TYPE).unwrap_or_default();
        self.dictionary.nest(msg_type, self.piece.fields(), each);
    }

    fn title(&self) -> String {
        let Some(msg_type) = self.piece.get(MSG_TYPE) else {
            return "no MsgType".to_owned();
        };
        match self.dictionary.message_name(msg_type) {
            Some(name) => format!("{name} ({})", shown(msg_type)),
            None => format!("unknown ({})", shown(msg_type)),
        }
    }

    fn name(&self, tag: u32) -> &str {
        self.dictionary.field_name(tag).unwrap_or("-")
    }

    /// The value, if it may be shown.
    fn value<'a>(&self, field: Nested<'a>) -> Cow<'a, [u8]> {
        let msg_type = self.piece.get(MSG_TYPE).unwrap_or_default();
        let secrets = Secrets::default();
        if secrets.hides(msg_type, field.tag) {
            return MASK.into();
        }
        match data_field_of(field.tag) {
            Some(data) if secrets.hides(msg_type, data) => MASK.into(),
            // A message that is damaged may say its password anywhere.
            Some(_) | None if self.piece.fault.is_some() => mask_within(field.value),
            Some(_) | None => field.value.into(),
        }
    }

    fn meaning(&self, field: Nested<'_>) -> Option<String> {
        if field.tag == MSG_TYPE {
            return self.dictionary.message_name(field.value).map(str::to_owned);
        }
        if let Some(name) = value_name(field.tag, field.value) {
            return Some(name.to_owned());
        }
        let words: Option<Vec<&str>> = field
            .value
            .split(|byte| *byte == b' ')
            .map(|word| value_name(field.tag, word))
            .collect();
        words.map(|words| words.join(" "))
    }
}

/// What follows a tag of a password within a value, as where separators are missing.
fn mask_within(value: &[u8]) -> Cow<'_, [u8]> {
    const TAGS: [&[u8]; 4] = [b"554=", b"925=", b"1402=", b"1404="];
    let found = TAGS.iter().filter_map(|tag| {
        let at = value.windows(tag.len()).position(|part| part == *tag)?;
        Some(at + tag.len())
    });
    match found.min() {
        Some(at) => [value.get(..at).unwrap_or_default(), MASK].concat().into(),
        None => value.into(),
    }
}

/// Bytes as text that cannot harm a terminal, cut if they are long.
pub(super) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~');
    if bytes.len() <= SHOWN_MAX
        && bytes.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.into();
    }
    let mut text = String::new();
    let front = bytes.get(..bytes.len().min(SHOWN_MAX)).unwrap_or_default();
    for part in front.utf8_chunks() {
        for char in part.valid().chars() {
            match char.is_control() {
                true => text.extend(char.escape_default()),
                false => text.push(char),
            }
        }
        for byte in part.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    if bytes.len() > SHOWN_MAX {
        text.push_str(&format!("… ({} bytes)", bytes.len()));
    }
    text.into()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
