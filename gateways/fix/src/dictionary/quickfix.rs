//! Dictionaries in the XML of QuickFIX, which venues hand out.
//!
//! The file is a stranger's: what it may make of memory and time is bounded, a document type with
//! its entities is refused, and what is wrong is told with its line, all at once.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::agreed::agree;
use super::compiled::Dictionary;
use super::layout::{Body, Entry, FieldType, Layout};
use super::tables::Kind;
use super::version::Version;
use crate::codec::data_field_of;

/// Longest file that is read. The largest that QuickFIX brings has less than one.
pub const XML_BYTES_MAX: usize = 16 << 20;

/// Most elements, attributes and texts of a file.
const NODES_MAX: u32 = 1_000_000;

/// Most places of fields in all messages, components written out.
const ENTRIES_MAX: usize = 500_000;

/// Deepest layout within layouts.
const DEPTH_MAX: usize = 16;

/// Most faults that are told.
const FAULTS_MAX: usize = 50;

/// The largest tag.
const TAG_MAX: u32 = 0x7fff_ffff;

/// Fields without which nothing is a message, and where they stand.
const FRAME: [(u32, &str); 4] = [
    (8, "header"),
    (9, "header"),
    (35, "header"),
    (10, "trailer"),
];

/// Something wrong in such a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub struct XmlFault {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong there.
    pub what: String,
}

impl Dictionary {
    /// The dictionary of a QuickFIX file, for sessions of this version.
    ///
    /// A file of FIX 5.0 and later has no session messages: they, the header and the trailer stay
    /// those of the version. What is agreed beyond a version (`docs/protocols/fix.md`) is taken
    /// here too.
    ///
    /// # Errors
    /// Everything that is wrong, up to a bound; the first fault alone where the file is no XML.
    pub fn from_quickfix_xml(
        version: Version,
        name: &str,
        xml: &str,
    ) -> Result<Self, Vec<XmlFault>> {
        let at_front = |what: String| {
            vec![XmlFault {
                line: 1,
                column: 1,
                what,
            }]
        };
        if xml.len() > XML_BYTES_MAX {
            let what = format!("{} bytes, at most {XML_BYTES_MAX} are read", xml.len());
            return Err(at_front(what));
        }
        let options = ParsingOptions {
            // A document type defines entities, which grow without bound.
            allow_dtd: false,
            nodes_limit: NODES_MAX,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(xml, options).map_err(|error| {
            let at = error.pos();
            vec![XmlFault {
                line: at.row,
                column: at.col,
                what: error.to_string(),
            }]
        })?;
        let mut reading = Reading {
            document: &document,
            of_session: version != Version::Fix50Sp2,
            tags: BTreeMap::new(),
            components: BTreeMap::new(),
            entries: 0,
            faults: Vec::new(),
        };
        let layout = reading.layout(version);
        match reading.faults.is_empty() {
            true => Ok(Self::new(name, &layout)),
            false => Err(reading.faults),
        }
    }
}

/// A file being read.
struct Reading<'d, 'x> {
    document: &'d Document<'x>,
    /// Before FIXT one dictionary has the session's messages and all others.
    of_session: bool,
    tags: BTreeMap<&'d str, u32>,
    components: BTreeMap<&'d str, Node<'d, 'x>>,
    /// Places made so far.
    entries: usize,
    faults: Vec<XmlFault>,
}

impl<'d, 'x> Reading<'d, 'x> {
    fn layout(&mut self, version: Version) -> Layout {
        let root = self.document.root_element();
        let mut layout = match version {
            Version::Fix50Sp2 => version.layout(),
            Version::Fix42 | Version::Fix44 => Layout::default(),
        };
        if !root.has_tag_name("fix") {
            self.fault(root, "a dictionary of QuickFIX is one element <fix>");
            return layout;
        }
        self.fields(&mut layout);
        for node in self.section("components") {
            if let Some(name) = self.attribute(node, "name")
                && self.components.insert(name, node).is_some()
            {
                self.fault(node, &format!("component {name} comes twice"));
            }
        }
        let header = self.sections_of("header");
        if !header.is_empty() {
            layout.header = header;
        }
        let trailer = self.sections_of("trailer");
        if !trailer.is_empty() {
            layout.trailer = trailer;
        }
        self.messages(&mut layout);
        for (tag, place) in FRAME {
            let entries = match place {
                "header" => &layout.header,
                _ => &layout.trailer,
            };
            if !entries.iter().any(|entry| entry.tag == tag) {
                self.fault(root, &format!("field {tag} is missing in <{place}>"));
            }
        }
        agree(&mut layout);
        layout
    }

    /// The elements of a part of the file.
    fn section(&self, name: &str) -> Vec<Node<'d, 'x>> {
        let root = self.document.root_element();
        let sections = root.children().filter(|node| node.has_tag_name(name));
        let elements = sections.flat_map(|node| node.children());
        elements.filter(Node::is_element).collect()
    }

    fn sections_of(&mut self, name: &str) -> Vec<Entry> {
        let nodes = self.section(name);
        self.entries(&nodes, true, 0)
    }

    fn fields(&mut self, layout: &mut Layout) {
        for node in self.section("fields") {
            let (Some(number), Some(name)) =
                (self.attribute(node, "number"), self.attribute(node, "name"))
            else {
                continue;
            };
            let tag = number
                .parse()
                .ok()
                .filter(|tag| (1..=TAG_MAX).contains(tag));
            let Some(tag) = tag else {
                self.fault(
                    node,
                    &format!("{number:?} is no tag: tags are 1 to {TAG_MAX}"),
                );
                continue;
            };
            if self.tags.insert(name, tag).is_some() {
                self.fault(node, &format!("field {name} comes twice"));
            }
            let kind = kind(node.attribute("type").unwrap_or_default());
            // All but one follow their length field.
            let has_length = tag == 89 || data_field_of(tag - 1) == Some(tag);
            if kind == Kind::Data && !has_length {
                let what = format!("{name} cannot hold data: FIX names no field for its length");
                self.fault(node, &what);
            }
            let values = node.children().filter(Node::is_element);
            let values = values.filter_map(|value| value.attribute("enum"));
            let known = layout.fields.get(&tag);
            let of_session = known.map_or(self.of_session, |known| known.of_session);
            layout.fields.insert(
                tag,
                FieldType {
                    of_session,
                    name: name.to_owned(),
                    kind,
                    values: values.map(str::to_owned).collect(),
                },
            );
        }
    }

    fn messages(&mut self, layout: &mut Layout) {
        for node in self.section("messages") {
            let (Some(name), Some(msg_type)) = (
                self.attribute(node, "name"),
                self.attribute(node, "msgtype"),
            ) else {
                continue;
            };
            let fits = (1..=8).contains(&msg_type.len())
                && msg_type.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !fits {
                self.fault(node, &format!("{msg_type:?} is no message type"));
                continue;
            }
            let nodes: Vec<_> = node.children().filter(Node::is_element).collect();
            let body = Body {
                name: name.to_owned(),
                of_session: self.of_session,
                entries: self.entries(&nodes, true, 0),
            };
            layout.messages.insert(msg_type.to_owned(), body);
        }
    }

    /// A layout with its components written out. What an optional component requires is optional.
    fn entries(&mut self, nodes: &[Node<'d, 'x>], all_required: bool, depth: usize) -> Vec<Entry> {
        let mut out: Vec<Entry> = Vec::new();
        for node in nodes {
            if depth > DEPTH_MAX || self.entries > ENTRIES_MAX {
                let what = "layouts within layouts are too many or too deep, or one holds itself";
                self.fault(*node, what);
                // One more is as good as all of them.
                self.entries = ENTRIES_MAX + 1;
                return out;
            }
            let Some(name) = self.attribute(*node, "name") else {
                continue;
            };
            let required = all_required && node.attribute("required") == Some("Y");
            let within: Vec<_> = node.children().filter(Node::is_element).collect();
            match node.tag_name().name() {
                "component" => match self.components.get(name).copied() {
                    Some(component) => {
                        let inner: Vec<_> = component.children().filter(Node::is_element).collect();
                        out.extend(self.entries(&inner, required, depth + 1));
                    }
                    None => self.fault(*node, &format!("no component is called {name}")),
                },
                kind @ ("field" | "group") => {
                    let Some(tag) = self.tags.get(name).copied() else {
                        self.fault(*node, &format!("no field is called {name}"));
                        continue;
                    };
                    self.entries += 1;
                    let group = (kind == "group").then(|| self.entries(&within, true, depth + 1));
                    if group.as_ref().is_some_and(Vec::is_empty) {
                        self.fault(*node, &format!("group {name} has no fields"));
                    }
                    out.push(Entry {
                        tag,
                        required,
                        group,
                    });
                }
                other => {
                    let what = format!("a layout holds fields, groups and components, not {other}");
                    self.fault(*node, &what);
                }
            }
        }
        out
    }

    fn attribute(&mut self, node: Node<'d, 'x>, name: &str) -> Option<&'d str> {
        let found = node.attribute(name);
        if found.is_none() {
            let element = node.tag_name().name();
            self.fault(node, &format!("<{element}> has no {name}"));
        }
        found
    }

    fn fault(&mut self, node: Node<'_, '_>, what: &str) {
        if self.faults.len() < FAULTS_MAX {
            let at = self.document.text_pos_at(node.range().start);
            self.faults.push(XmlFault {
                line: at.row,
                column: at.col,
                what: what.to_owned(),
            });
        }
    }
}

/// The form of a data type: several types differ in meaning only, and unknown ones take anything.
fn kind(datatype: &str) -> Kind {
    match datatype {
        "CHAR" => Kind::Char,
        "BOOLEAN" => Kind::Boolean,
        "FLOAT" | "AMT" | "PRICE" | "PRICEOFFSET" | "QTY" | "PERCENTAGE" => Kind::Float,
        "INT" | "DAYOFMONTH" => Kind::Int,
        "LENGTH" | "NUMINGROUP" | "SEQNUM" | "TAGNUM" => Kind::Uint,
        "MULTIPLEVALUESTRING" | "MULTIPLECHARVALUE" | "MULTIPLESTRINGVALUE" => Kind::Multiple,
        "UTCTIMESTAMP" => Kind::UtcTimestamp,
        "UTCTIMEONLY" => Kind::UtcTimeOnly,
        "UTCDATE" | "UTCDATEONLY" | "LOCALMKTDATE" => Kind::Date,
        "DATA" | "XMLDATA" => Kind::Data,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::dictionary::{SessionRejectReason, Switches};
    use crate::{Encoder, Head, Message, Rejection};
    use dcx_model::UnixNanos;

    const HEAD: &str = "<header><field name='BeginString' required='Y'/>\
        <field name='BodyLength' required='Y'/><field name='MsgType' required='Y'/>\
        <field name='SenderCompID' required='Y'/><field name='TargetCompID' required='Y'/>\
        <field name='MsgSeqNum' required='Y'/><field name='SendingTime' required='Y'/></header>\
        <trailer><field name='CheckSum' required='Y'/></trailer>";

    const FIELDS: &str = "<field number='8' name='BeginString' type='STRING'/>\
        <field number='9' name='BodyLength' type='LENGTH'/>\
        <field number='35' name='MsgType' type='STRING'/>\
        <field number='49' name='SenderCompID' type='STRING'/>\
        <field number='56' name='TargetCompID' type='STRING'/>\
        <field number='34' name='MsgSeqNum' type='SEQNUM'/>\
        <field number='52' name='SendingTime' type='UTCTIMESTAMP'/>\
        <field number='10' name='CheckSum' type='STRING'/>\
        <field number='54' name='Side' type='CHAR'><value enum='1' description='BUY'/></field>\
        <field number='453' name='NoPartyIDs' type='NUMINGROUP'/>\
        <field number='448' name='PartyID' type='STRING'/>\
        <field number='802' name='NoSubs' type='NUMINGROUP'/>\
        <field number='523' name='SubID' type='STRING'/>";

    /// A dictionary with this in its messages and components, each part on a line of its own.
    fn xml(messages: &str, components: &str, more_fields: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<fix type='FIX' major='4' minor='4'>\n{HEAD}\n\
             <messages>{messages}</messages>\n<components>{components}</components>\n\
             <fields>{FIELDS}{more_fields}</fields>\n</fix>\n"
        )
    }

    fn read(xml: &str) -> Result<Dictionary, Vec<XmlFault>> {
        Dictionary::from_quickfix_xml(Version::Fix44, "venue", xml)
    }

    fn judged(dictionary: &Dictionary, fields: &[(u32, &str)]) -> Option<Rejection> {
        let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
        let mut out = Vec::new();
        let head = Head::new(b"U1", 1, UnixNanos::from_seconds(1));
        let bytes = encoder.encode(&mut out, &head, |body| {
            for (tag, value) in fields {
                body.str(*tag, value);
            }
        });
        let message = Message::parse(bytes).unwrap();
        dictionary.validate(&message, &Switches::default()).err()
    }

    #[test]
    fn messages_groups_components_and_values_are_those_of_the_file() {
        let messages = "<message name='Quiz' msgtype='U1' msgcat='app'>\
            <field name='Side' required='Y'/><component name='Parties' required='N'/></message>";
        let components = "<component name='Parties'><group name='NoPartyIDs' required='Y'>\
            <field name='PartyID' required='Y'/><group name='NoSubs' required='N'>\
            <field name='SubID' required='N'/></group></group></component>";
        let dictionary = read(&xml(messages, components, "")).unwrap();
        assert_eq!(dictionary.name(), "venue");
        assert_eq!(dictionary.message_name(b"U1"), Some("Quiz"));
        assert_eq!(
            dictionary.message_name(b"D"),
            None,
            "only what the file has"
        );
        let whole = [(54, "1"), (453, "1"), (448, "P"), (802, "1"), (523, "S")];
        assert_eq!(judged(&dictionary, &whole), None);
        assert_eq!(
            judged(&dictionary, &whole[..1]),
            None,
            "an optional component"
        );
        let rejected = [
            (
                &[(453_u32, "0")][..],
                SessionRejectReason::RequiredTagMissing,
            ),
            (&[(54, "2")], SessionRejectReason::IncorrectValue),
            (
                &[(54, "1"), (453, "2"), (448, "P")],
                SessionRejectReason::GroupCount,
            ),
            (&[(54, "1"), (448, "P")], SessionRejectReason::TagNotDefined),
        ];
        for (fields, reason) in rejected {
            let found = judged(&dictionary, fields).map(|rejection| rejection.reason);
            assert_eq!(found, Some(reason), "{fields:?}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let messages = "\n<message name='Quiz' msgtype='U 1'/>\n<message name='Q' msgtype='U1'>\n\
            <field name='Nope' required='Y'/>\n<component name='Nope'/>\n<odd name='Side'/>\n\
            <group name='NoSubs'/>\n<field/></message>";
        let fields = "\n<field number='0' name='Zero' type='INT'/>\n\
            <field number='9001' name='Blob' type='DATA'/>";
        let faults = read(&xml(messages, "", fields)).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let expected = [
            (14, "\"0\" is no tag"),
            (15, "Blob cannot hold data"),
            (5, "\"U 1\" is no message type"),
            (7, "no field is called Nope"),
            (8, "no component is called Nope"),
            (9, "a layout holds fields"),
            (10, "group NoSubs has no fields"),
            (11, "<field> has no name"),
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (fault, (line, what)) in faults.iter().zip(expected) {
            assert!(fault.line == line && fault.what.contains(what), "{told:#?}");
        }
    }

    #[test]
    fn hostile_files_are_refused_and_cost_little() {
        let laughs = "<!DOCTYPE fix [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>\
            <fix>&b;</fix>";
        assert!(read(laughs).unwrap_err()[0].what.contains("DTD"));
        // Every component holds the next twice: 2^40 fields.
        let mut components = String::new();
        for ix in 0..40 {
            let next = format!("<component name='C{}' required='Y'/>", ix + 1);
            write!(
                components,
                "<component name='C{ix}'>{next}{next}</component>"
            )
            .unwrap();
        }
        components.push_str("<component name='C40'><field name='Side'/></component>");
        let messages = "<message name='Q' msgtype='U1'><component name='C0'/></message>";
        let told = read(&xml(messages, &components, "")).unwrap_err();
        assert!(
            told.iter().any(|fault| fault.what.contains("too deep")),
            "{told:?}"
        );
        let own = "<component name='C0'><component name='C0'/></component>";
        let told = read(&xml(messages, own, "")).unwrap_err();
        assert!(told[0].what.contains("holds itself"), "{told:?}");
        let many = "<x/>".repeat(NODES_MAX as usize + 1);
        assert!(read(&format!("<fix>{many}</fix>")).is_err());
        let long = " ".repeat(XML_BYTES_MAX + 1);
        assert!(read(&long).unwrap_err()[0].what.contains("at most"));
        for odd in ["", "<", "<fix>", "<a/>", "\u{0}", "<fix/><fix/>"] {
            assert!(read(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_file_of_fix_5_keeps_the_session_messages() {
        let text = "<fix type='FIX' major='5' minor='0' servicepack='2'><header/><trailer/>\
            <messages><message name='Quiz' msgtype='U1' msgcat='app'>\
            <field name='Side' required='Y'/></message></messages><fields>\
            <field number='54' name='Side' type='CHAR'/></fields></fix>";
        let dictionary = Dictionary::from_quickfix_xml(Version::Fix50Sp2, "venue", text).unwrap();
        assert_eq!(dictionary.message_name(b"A"), Some("Logon"));
        assert_eq!(dictionary.message_name(b"U1"), Some("Quiz"));
        assert!(dictionary.is_header(8));
    }
}
