//! Walks a TOML table key by key, so that every fault is found and every value has an origin.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};

use dcx_model::{Code, DecimalFault};
use toml_span::Value;
use toml_span::value::{Table, ValueInner};

use super::finding::{Finding, Source, nearest};

/// Where the value of a key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The file sets it in this line.
    File {
        /// From 1.
        line: usize,
    },
}

/// A key with the value that is in force.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// What the walk gathers.
#[derive(Debug)]
pub(crate) struct Walk<'s> {
    pub(crate) source: &'s Source,
    pub(crate) findings: Vec<Finding>,
    pub(crate) values: Vec<Effective>,
}

impl Walk<'_> {
    pub(crate) fn find(
        &mut self,
        code: Code,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding {
            code,
            message: message.into(),
            span,
            help: help.into(),
            fatal: true,
        });
    }
}

/// A value with its place in the file; the place of its table where it is a default.
#[derive(Clone, Debug)]
pub(crate) struct Item<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// What is wrong with a single value: the code and what was expected.
pub(crate) type Fault = (Code, String);

/// A table that is being walked.
#[derive(Debug)]
pub(crate) struct Section<'w, 's, 'v> {
    walk: &'w mut Walk<'s>,
    path: String,
    table: Table<'v>,
    span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'w, 's, 'v> Section<'w, 's, 'v> {
    /// The whole file.
    pub(crate) fn root(walk: &'w mut Walk<'s>, mut value: Value<'v>) -> Self {
        let table = match value.take() {
            ValueInner::Table(table) => table,
            _ => Table::new(),
        };
        Self {
            walk,
            path: String::new(),
            table,
            span: 0..0,
            known: Vec::new(),
        }
    }

    /// The table's place: its header's line.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Names the keys of this table from now on by `name` instead of by a number.
    pub(crate) fn rename(&mut self, path: String) {
        self.path = path;
    }

    /// What the walk gathers.
    pub(crate) fn walk(&mut self) -> &mut Walk<'s> {
        self.walk
    }

    /// Walks the table of this name; an absent one is an empty one.
    pub(crate) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Section<'_, 's, 'v>) -> T,
    ) -> T {
        let (table, span) = match self.take(key) {
            Some((key_span, value)) => self.as_table(key, key_span, value),
            None => (Table::new(), self.span.clone()),
        };
        let mut section = Section {
            path: join(&self.path, key),
            walk: &mut *self.walk,
            table,
            span,
            known: Vec::new(),
        };
        let out = read(&mut section);
        section.refuse_the_rest();
        out
    }

    /// Walks each table of an array of tables, `[[key]]`.
    pub(crate) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Section<'_, 's, 'v>) -> Option<T>,
    ) -> Vec<T> {
        let Some((key_span, mut value)) = self.take(key) else {
            return Vec::new();
        };
        let elements = match value.take() {
            ValueInner::Array(elements) => elements,
            other => {
                let found = other.type_str();
                self.walk.find(
                    Code::C004,
                    Some(key_span),
                    format!("`{}` is {}, expected tables", join(&self.path, key), found),
                    format!("write each as `[[{}]]`", join(&self.path, key)),
                );
                return Vec::new();
            }
        };
        let mut out = Vec::new();
        for (ix, element) in elements.into_iter().enumerate() {
            let (table, span) = self.as_table(key, key_span.clone(), element);
            let mut section = Section {
                path: format!("{}[{ix}]", join(&self.path, key)),
                walk: &mut *self.walk,
                table,
                span,
                known: Vec::new(),
            };
            out.extend(read(&mut section));
            section.refuse_the_rest();
        }
        out
    }

    /// Walks each table whose name is free, `[section.NAME]`.
    pub(crate) fn named<T>(
        &mut self,
        mut read: impl FnMut(Item<String>, &mut Section<'_, 's, 'v>) -> Option<T>,
    ) -> Vec<T> {
        let mut out = Vec::new();
        for (key, value) in std::mem::take(&mut self.table) {
            let name = key.name.to_string();
            let key_span = Range::from(key.span);
            let (table, _) = self.as_table(&name, key_span.clone(), value);
            let mut section = Section {
                path: join(&self.path, &name),
                walk: &mut *self.walk,
                table,
                span: key_span.clone(),
                known: Vec::new(),
            };
            let named = Item {
                value: name,
                span: key_span,
            };
            out.extend(read(named, &mut section));
            section.refuse_the_rest();
        }
        out
    }

    /// A whole number within `bounds`.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<i64>,
        default: Option<i64>,
    ) -> Option<i64> {
        self.read(key, default, |value, raw| match value.as_integer() {
            Some(number) if bounds.contains(&number) => Ok(number),
            Some(number) => Err((
                Code::C005,
                format!(
                    "{number} is not from {} to {}",
                    bounds.start(),
                    bounds.end()
                ),
            )),
            None => Err(wanted(value, raw, "a whole number")),
        })
        .map(|item| item.value)
    }

    /// A whole number that fits in 32 bits.
    pub(crate) fn number_u32(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<u32>,
        default: Option<u32>,
    ) -> Option<u32> {
        let bounds = i64::from(*bounds.start())..=i64::from(*bounds.end());
        self.number(key, bounds, default.map(i64::from))
            .and_then(|number| u32::try_from(number).ok())
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, key: &'static str, default: Option<bool>) -> Option<bool> {
        self.read(key, default, |value, raw| {
            value
                .as_bool()
                .ok_or_else(|| wanted(value, raw, "true or false"))
        })
        .map(|item| item.value)
    }

    /// A text of some form.
    pub(crate) fn text<T: Display>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Item<T>> {
        self.read(key, default, |value, raw| match value.as_str() {
            Some(text) => parse(text).map_err(|why| (Code::C007, format!("{text:?}: {why}"))),
            None => Err(wanted(value, raw, "a text in quotes")),
        })
    }

    /// An address to listen on or connect to.
    pub(crate) fn address(
        &mut self,
        key: &'static str,
        default: Option<SocketAddr>,
    ) -> Option<Item<SocketAddr>> {
        self.text(key, default, |text| {
            text.parse()
                .map_err(|_| "not an address and port such as 127.0.0.1:9800".to_owned())
        })
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> T {
        let default_word = words
            .iter()
            .find(|(_, value)| *value == default)
            .map(|(word, _)| (*word).to_owned());
        let item = self.text(key, default_word, |text| {
            if words.iter().any(|(word, _)| *word == text) {
                return Ok(text.to_owned());
            }
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let all = known.join(", ");
            Err(match nearest(text, &known) {
                Some(near) => format!("not one of {all}; did you mean {near:?}?"),
                None => format!("not one of {all}"),
            })
        });
        item.and_then(|item| {
            let chosen = words.iter().find(|(word, _)| *word == item.value)?;
            Some(chosen.1)
        })
        .unwrap_or(default)
    }

    /// An exact decimal, as a number or as a text: both are read digit by digit.
    pub(crate) fn decimal<T: Display>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        parse: fn(&[u8]) -> Result<T, DecimalFault>,
        above_zero: impl Fn(&T) -> bool,
    ) -> Option<Item<T>> {
        self.read(key, default, |value, raw| {
            let digits = match value.as_ref() {
                ValueInner::String(text) => text.to_string(),
                ValueInner::Integer(_) | ValueInner::Float(_) => raw.replace('_', ""),
                _ => return Err(wanted(value, raw, "a decimal")),
            };
            let number = parse(digits.as_bytes())
                .map_err(|fault| (Code::C007, format!("{digits:?} is no decimal: {fault}")))?;
            if above_zero(&number) {
                Ok(number)
            } else {
                Err((Code::C005, format!("{digits} is not above zero")))
            }
        })
    }

    /// A decimal that may be absent.
    pub(crate) fn decimal_if_any<T: Display>(
        &mut self,
        key: &'static str,
        parse: fn(&[u8]) -> Result<T, DecimalFault>,
        above_zero: impl Fn(&T) -> bool,
    ) -> Option<Item<T>> {
        if self.table.contains_key(key) {
            return self.decimal(key, None, parse, above_zero);
        }
        self.known.push(key);
        self.keep(key, "none".to_owned(), Origin::Default);
        None
    }

    /// Whether the file sets the key.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.table.contains_key(key)
    }

    /// Says that a key that must be there is not.
    pub(crate) fn required(&mut self, key: &'static str) {
        self.known.push(key);
        self.missing(key);
    }

    /// Keeps that a key that may be absent is.
    pub(crate) fn absent(&mut self, key: &'static str) {
        self.known.push(key);
        self.keep(key, "none".to_owned(), Origin::Default);
    }

    /// A text that may be absent.
    pub(crate) fn text_if_any<T: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Item<T>> {
        if self.has(key) {
            return self.text(key, None, parse);
        }
        self.absent(key);
        None
    }

    /// A list of texts that may be absent.
    pub(crate) fn texts_if_any(&mut self, key: &'static str) -> Option<Vec<Item<String>>> {
        if self.has(key) {
            return self.texts(key);
        }
        self.absent(key);
        None
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<Item<String>>> {
        let Some((key_span, mut value)) = self.take(key) else {
            self.missing(key);
            return None;
        };
        let line = self.walk.source.line_col(key_span.start).0;
        let ValueInner::Array(elements) = value.take() else {
            self.wrong(
                key,
                value.span.into(),
                &(
                    Code::C004,
                    "expected a list of texts in quotes, [\"A\", \"B\"]".to_owned(),
                ),
            );
            return None;
        };
        let mut out = Vec::new();
        for element in elements {
            match element.as_str() {
                Some(text) => out.push(Item {
                    value: text.to_owned(),
                    span: element.span.into(),
                }),
                None => {
                    let fault = wanted(&element, "", "a text in quotes");
                    self.wrong(key, element.span.into(), &fault);
                }
            }
        }
        let shown: Vec<String> = out.iter().map(|item| format!("{:?}", item.value)).collect();
        self.keep(
            key,
            format!("[{}]", shown.join(", ")),
            Origin::File { line },
        );
        Some(out)
    }

    /// A list of whole numbers, empty by default.
    pub(crate) fn numbers(&mut self, key: &'static str, bounds: RangeInclusive<i64>) -> Vec<i64> {
        let Some((key_span, mut value)) = self.take(key) else {
            self.keep(key, "[]".to_owned(), Origin::Default);
            return Vec::new();
        };
        let line = self.walk.source.line_col(key_span.start).0;
        let ValueInner::Array(elements) = value.take() else {
            self.wrong(
                key,
                value.span.into(),
                &(
                    Code::C004,
                    "expected a list of whole numbers, [1, 2]".to_owned(),
                ),
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for element in elements {
            match element.as_integer() {
                Some(number) if bounds.contains(&number) => out.push(number),
                Some(number) => {
                    let bounds = format!("{} to {}", bounds.start(), bounds.end());
                    let fault = (Code::C005, format!("{number} is not from {bounds}"));
                    self.wrong(key, element.span.into(), &fault);
                }
                None => {
                    let fault = wanted(&element, "", "a whole number");
                    self.wrong(key, element.span.into(), &fault);
                }
            }
        }
        self.keep(key, format!("{out:?}"), Origin::File { line });
        out
    }

    /// Reads one key: what the file says, or the default, or a finding and nothing.
    fn read<T: Display>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        read: impl FnOnce(&Value<'v>, &str) -> Result<T, Fault>,
    ) -> Option<Item<T>> {
        let Some((key_span, value)) = self.take(key) else {
            let Some(value) = default else {
                self.missing(key);
                return None;
            };
            self.keep(key, value.to_string(), Origin::Default);
            let span = self.span.clone();
            return Some(Item { value, span });
        };
        let span = Range::from(value.span);
        let raw = self.walk.source.text.get(span.clone()).unwrap_or("");
        match read(&value, raw) {
            Ok(value) => {
                let line = self.walk.source.line_col(key_span.start).0;
                self.keep(key, value.to_string(), Origin::File { line });
                Some(Item { value, span })
            }
            Err(fault) => {
                self.wrong(key, span, &fault);
                // A default would be a lie, but the walk goes on with it to find more.
                default.map(|value| Item {
                    value,
                    span: self.span.clone(),
                })
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<(Range<usize>, Value<'v>)> {
        self.known.push(key);
        let (key, value) = self.table.remove_entry(key)?;
        Some((key.span.into(), value))
    }

    fn keep(&mut self, key: &str, value: String, origin: Origin) {
        let key = join(&self.path, key);
        self.walk.values.push(Effective { key, value, origin });
    }

    fn missing(&mut self, key: &str) {
        let path = join(&self.path, key);
        self.walk.find(
            Code::C006,
            Some(self.span.clone()),
            format!("`{path}` is missing"),
            format!("add `{key} = …` to this table; it has no default"),
        );
    }

    fn wrong(&mut self, key: &str, span: Range<usize>, (code, why): &Fault) {
        let path = join(&self.path, key);
        self.walk
            .find(*code, Some(span), format!("`{path}`: {why}"), code.remedy());
    }

    fn as_table(
        &mut self,
        key: &str,
        key_span: Range<usize>,
        mut value: Value<'v>,
    ) -> (Table<'v>, Range<usize>) {
        match value.take() {
            ValueInner::Table(table) => {
                let span = header(&self.walk.source.text, key_span, value.span.into());
                (table, span)
            }
            other => {
                let path = join(&self.path, key);
                self.walk.find(
                    Code::C004,
                    Some(key_span.clone()),
                    format!("`{path}` is {}, expected a table", other.type_str()),
                    format!("write it as `[{path}]` with its keys below"),
                );
                (Table::new(), key_span)
            }
        }
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn refuse_the_rest(&mut self) {
        for (key, _) in std::mem::take(&mut self.table) {
            let path = join(&self.path, &key.name);
            let help = match nearest(&key.name, &self.known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            self.walk.find(
                Code::C003,
                Some(key.span.into()),
                format!("unknown key `{path}`"),
                help,
            );
        }
    }
}

/// The place of a table to show: its first line, since its span may be all of it.
fn header(text: &str, key: Range<usize>, value: Range<usize>) -> Range<usize> {
    let start = if value.is_empty() {
        key.start
    } else {
        value.start
    };
    let rest = text.get(start..).unwrap_or("");
    let line = rest.split('\n').next().unwrap_or("").trim_end().len();
    start..(start + line.max(1)).min(text.len().max(start))
}

fn wanted(value: &Value<'_>, raw: &str, what: &str) -> Fault {
    let found = value.as_ref().type_str();
    let shown = if raw.is_empty() || raw.contains('\n') {
        String::new()
    } else {
        format!(" {raw}")
    };
    (Code::C004, format!("expected {what}, found {found}{shown}"))
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
