//! How each FIX session speaks: its version, what a venue has otherwise, what is checked.

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use dcx_fix::dictionary::{Change, Kind, Place, XML_BYTES_MAX};
use dcx_fix::{Dictionary, Role, SessionConfig, Switches, Version};
use dcx_model::{Code, Nanos};

use super::read::refers;
use super::section::{Item, Section};

/// How a session speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Speech {
    version: Version,
    /// What messages may hold, if not what the version says.
    dictionary: Option<Arc<Dictionary>>,
    /// What is checked of every message; none for the least.
    validate: Option<Switches>,
    /// How far `SendingTime` (52) may be from our clock; none for any distance.
    max_latency: Option<Nanos>,
}

/// A dictionary that the file defines, `[dictionary.NAME]`.
#[derive(Clone, Debug)]
pub(super) struct Defined {
    name: String,
    version: Version,
    dictionary: Arc<Dictionary>,
}

impl Defined {
    /// What it defines.
    pub(super) fn dictionary(&self) -> Arc<Dictionary> {
        Arc::clone(&self.dictionary)
    }
}

/// The word of each version.
const VERSIONS: &[(&str, Version)] = &[
    (Version::Fix42.name(), Version::Fix42),
    (Version::Fix44.name(), Version::Fix44),
    (Version::Fix50Sp2.name(), Version::Fix50Sp2),
];

/// The word of each form that values may have.
const KINDS: &[(&str, Kind)] = &[
    ("text", Kind::Text),
    ("char", Kind::Char),
    ("boolean", Kind::Boolean),
    ("decimal", Kind::Float),
    ("int", Kind::Int),
    ("uint", Kind::Uint),
    ("multiple", Kind::Multiple),
    ("timestamp", Kind::UtcTimestamp),
    ("time", Kind::UtcTimeOnly),
    ("date", Kind::Date),
    ("data", Kind::Data),
];

/// The smallest and the largest tag.
const TAGS: std::ops::RangeInclusive<i64> = 1..=0x7fff_ffff;

impl Speech {
    /// The version that it is, or that its dictionary changes.
    pub(crate) const fn version(&self) -> Version {
        self.version
    }

    /// A session of these two that speaks so.
    pub(crate) fn session(&self, sender: &str, target: &str, role: Role) -> SessionConfig {
        SessionConfig {
            dictionary: self.dictionary.clone(),
            validate: self.validate,
            sending_time_tolerance: self.max_latency,
            ..SessionConfig::of(self.version, sender, target, role)
        }
    }
}

/// The keys of a `[[client]]` or `[[venue]]` that say how its session speaks.
pub(super) fn read_speech(section: &mut Section<'_, '_, '_>, defined: &[Defined]) -> Speech {
    let named = section.text_if_any("dictionary", |text| Ok::<_, String>(text.to_owned()));
    let found = named.as_ref().and_then(|name| {
        let found = defined.iter().find(|it| it.name == name.value);
        if found.is_none() {
            let known: Vec<&str> = defined.iter().map(|it| it.name.as_str()).collect();
            refers(section.walk(), name, "dictionary", &known);
        }
        found
    });
    let default = found.map_or(Version::Fix44, |it| it.version);
    let version = section.choice("fix_version", VERSIONS, default);
    if let (Some(found), Some(name)) = (found, &named)
        && found.version != version
    {
        section.walk().find(
            Code::C013,
            Some(name.span.clone()),
            format!(
                "dictionary {:?} is made from {}, the session speaks {}",
                found.name,
                found.version.name(),
                version.name()
            ),
            "leave fix_version out, or name a dictionary of that version",
        );
    }
    let mut switch = |key, default| section.boolean(key, Some(default)).unwrap_or(default);
    let validate = switch("validate", true);
    let switches = Switches {
        user_defined_allowed: !switch("validate_user_defined_fields", false),
        unknown_allowed: switch("allow_unknown_fields", false),
        order_checked: switch("validate_fields_out_of_order", true),
        values_checked: switch("validate_values", true),
        empty_refused: switch("validate_fields_have_values", true),
        group_order_checked: switch("validate_group_order", false),
        comp_ids_checked: switch("check_comp_id", true),
    };
    let check_latency = switch("check_latency", true);
    let max_latency_s = section.number_u32("max_latency_s", 1..=86_400, Some(120));
    Speech {
        version,
        dictionary: found.map(|it| Arc::clone(&it.dictionary)),
        validate: validate.then_some(switches),
        max_latency: check_latency
            .then(|| Nanos::from_seconds(u64::from(max_latency_s.unwrap_or(120)))),
    }
}

/// `[dictionary.NAME]`: what a venue has otherwise than a version.
pub(super) fn read_dictionary(
    name: Item<String>,
    section: &mut Section<'_, '_, '_>,
) -> Option<Defined> {
    let version = section.choice("version", VERSIONS, Version::Fix44);
    let file = section.text_if_any("quickfix_xml", |text| Ok::<_, String>(text.to_owned()));
    if let Some(file) = file {
        return from_xml(name, version, &file, section);
    }
    let mut changes = Changes::default();
    section.tables("field", |section| changes.field(section));
    section.tables("message", |section| changes.message(section));
    for (key, place) in [("header", Place::Header), ("trailer", Place::Trailer)] {
        if section.has(key) {
            section.table(key, |section| changes.fields_of(section, &place));
        } else {
            section.absent(key);
        }
    }
    section.tables("group", |section| changes.group(section));
    match Dictionary::with_changes(version, &name.value, &changes.all) {
        Ok(dictionary) => Some(Defined {
            name: name.value,
            version,
            dictionary: Arc::new(dictionary),
        }),
        Err(wrong) => {
            for (ix, fault) in wrong {
                let span = changes.spans.get(ix).cloned();
                section.walk().find(
                    Code::C007,
                    span,
                    format!("dictionary {:?}: {fault}", name.value),
                    "correct this change, or the one it needs before it",
                );
            }
            None
        }
    }
}

/// `quickfix_xml`: the whole dictionary is a file of QuickFIX's form, and nothing else is said.
fn from_xml(
    name: Item<String>,
    version: Version,
    file: &Item<String>,
    section: &mut Section<'_, '_, '_>,
) -> Option<Defined> {
    let read = read_xml(Path::new(&file.value));
    let made = read.and_then(|xml| {
        let made = Dictionary::from_quickfix_xml(version, &name.value, &xml);
        made.map_err(|faults| {
            let faults = faults.iter().map(|fault| format!("{}:{fault}", file.value));
            faults.collect::<Vec<_>>()
        })
    });
    match made {
        Ok(dictionary) => Some(Defined {
            name: name.value,
            version,
            dictionary: Arc::new(dictionary),
        }),
        Err(faults) => {
            for fault in faults {
                section.walk().find(
                    Code::C007,
                    Some(file.span.clone()),
                    fault,
                    "correct the file, or define the dictionary here",
                );
            }
            None
        }
    }
}

/// The text of a file, if it is not too long to be one of a dictionary.
fn read_xml(path: &Path) -> Result<String, Vec<String>> {
    let shown = path.display();
    let said = |error: io::Error| vec![format!("{shown}: {error}")];
    let mut text = String::new();
    let most = XML_BYTES_MAX as u64 + 1;
    let file = File::open(path).map_err(said)?;
    file.take(most).read_to_string(&mut text).map_err(said)?;
    Ok(text)
}

/// Changes in the order in which they are made, with the place of each in the file.
#[derive(Debug, Default)]
struct Changes {
    all: Vec<Change>,
    spans: Vec<Range<usize>>,
}

impl Changes {
    fn push(&mut self, section: &Section<'_, '_, '_>, change: Change) {
        self.all.push(change);
        self.spans.push(section.span());
    }

    /// `[[dictionary.NAME.field]]`: with a name it is defined, without one its values change.
    fn field(&mut self, section: &mut Section<'_, '_, '_>) -> Option<()> {
        let tag = tag(section, "tag")?;
        let values = texts(section, "values");
        let (add, remove) = (
            texts(section, "add_values"),
            texts(section, "remove_values"),
        );
        let name = section.text_if_any("name", |text| Ok::<_, String>(text.to_owned()));
        let kind = section.choice("type", KINDS, Kind::Text);
        if let Some(name) = name {
            let change = Change::Field {
                tag,
                name: name.value,
                kind,
                values,
            };
            self.push(section, change);
        } else if !values.is_empty() {
            section.required("name");
        }
        if !add.is_empty() || !remove.is_empty() {
            self.push(section, Change::Values { tag, add, remove });
        }
        Some(())
    }

    /// `[[dictionary.NAME.message]]`: with a name the type is defined.
    fn message(&mut self, section: &mut Section<'_, '_, '_>) -> Option<()> {
        let any = |text: &str| Ok::<_, String>(text.to_owned());
        let msg_type = section.text("type", None, any)?.value;
        if let Some(name) = section.text_if_any("name", any) {
            let change = Change::Message {
                msg_type: msg_type.clone(),
                name: name.value,
            };
            self.push(section, change);
        }
        self.fields_of(section, &Place::Message(msg_type));
        Some(())
    }

    /// The keys that say which fields stand at a place.
    fn fields_of(&mut self, section: &mut Section<'_, '_, '_>, place: &Place) {
        for tag in tags(section, "removed") {
            let place = place.clone();
            self.push(section, Change::Removed { place, tag });
        }
        for tag in tags(section, "optional") {
            let place = place.clone();
            self.push(section, Change::Optional { place, tag });
        }
        for tag in tags(section, "required") {
            let place = place.clone();
            self.push(section, Change::Required { place, tag });
        }
    }

    /// `[[dictionary.NAME.group]]`.
    fn group(&mut self, section: &mut Section<'_, '_, '_>) -> Option<()> {
        let any = |text: &str| Ok::<_, String>(text.to_owned());
        let message = section.text("message", None, any)?.value;
        let count = tag(section, "count")?;
        let change = Change::Group {
            place: Place::Message(message),
            count,
            fields: tags(section, "fields"),
            required: tags(section, "required"),
        };
        self.push(section, change);
        Some(())
    }
}

fn tag(section: &mut Section<'_, '_, '_>, key: &'static str) -> Option<u32> {
    let tag = section.number(key, TAGS, None)?;
    u32::try_from(tag).ok()
}

fn tags(section: &mut Section<'_, '_, '_>, key: &'static str) -> Vec<u32> {
    let tags = section.numbers(key, TAGS).into_iter();
    tags.filter_map(|tag| u32::try_from(tag).ok()).collect()
}

fn texts(section: &mut Section<'_, '_, '_>, key: &'static str) -> Vec<String> {
    let texts = section.texts_if_any(key).unwrap_or_default();
    texts.into_iter().map(|text| text.value).collect()
}
