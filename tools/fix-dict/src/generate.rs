//! The FIX 4.4 tables of dcx-fix, written as Rust from fefix's dictionary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use fefix::Dictionary;
use fefix::dict::FixDatatype;
use roxmltree::{Document, Node};

/// Fields and groups at one level: of a header, a body, a trailer, or one entry of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Block {
    tags: BTreeSet<u16>,
    required: BTreeSet<u16>,
    groups: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    count: u16,
    first: u16,
    entry: Block,
}

/// Reads layouts from the XML file that fefix's dictionary is made from.
///
/// Fields, their types and values, and message names are fefix's. The layouts cannot be: its
/// reader registers an empty component for every reference to one, so that `Dictionary::fix44()`
/// has no Symbol (55) in NewOrderSingle and no repeating group outside the header.
struct Layouts<'d, 'x> {
    dictionary: &'d Dictionary,
    components: BTreeMap<&'x str, Node<'x, 'x>>,
    groups: Vec<Group>,
}

impl<'x> Layouts<'_, 'x> {
    /// Adds what `parent` holds to `block`. What an optional component requires is optional.
    fn add(&mut self, block: &mut Block, parent: Node<'x, 'x>, component_required: bool) {
        for item in parent.children().filter(Node::is_element) {
            let name = attribute(item, "name");
            let required = attribute(item, "required") == "Y" && component_required;
            match item.tag_name().name() {
                "field" => insert(block, self.tag(name), required),
                "component" => self.add(block, self.components[name], required),
                "group" => {
                    insert(block, self.tag(name), required);
                    let ix = self.group(item);
                    if !block.groups.contains(&ix) {
                        block.groups.push(ix);
                    }
                }
                other => panic!("a layout holds fields, components and groups, not {other}"),
            }
        }
    }

    /// The place of a group in the table; equal groups share one.
    fn group(&mut self, node: Node<'x, 'x>) -> usize {
        let mut entry = Block::default();
        self.add(&mut entry, node, true);
        let group = Group {
            count: self.tag(attribute(node, "name")),
            first: self.first(node),
            entry,
        };
        if let Some(ix) = self.groups.iter().position(|other| *other == group) {
            return ix;
        }
        self.groups.push(group);
        self.groups.len() - 1
    }

    /// The field that begins an entry, looked for through leading components.
    fn first(&self, node: Node<'x, 'x>) -> u16 {
        let item = node
            .children()
            .find(Node::is_element)
            .expect("every group of FIX 4.4 has a first field");
        let name = attribute(item, "name");
        match item.tag_name().name() {
            "component" => self.first(self.components[name]),
            _ => self.tag(name),
        }
    }

    fn tag(&self, name: &str) -> u16 {
        let field = self.dictionary.field_by_name(name);
        field
            .expect("layouts name fields of the dictionary")
            .tag()
            .get()
    }
}

fn attribute<'x>(node: Node<'x, 'x>, name: &str) -> &'x str {
    node.attribute(name)
        .expect("QuickFIX's files have name, required and msgtype")
}

fn insert(block: &mut Block, tag: u16, required: bool) {
    block.tags.insert(tag);
    if required {
        block.required.insert(tag);
    }
}

fn kind(datatype: FixDatatype) -> &'static str {
    match datatype {
        FixDatatype::Char => "Char",
        FixDatatype::Boolean => "Boolean",
        FixDatatype::Float
        | FixDatatype::Amt
        | FixDatatype::Price
        | FixDatatype::PriceOffset
        | FixDatatype::Qty
        | FixDatatype::Percentage => "Float",
        FixDatatype::Int => "Int",
        FixDatatype::Length
        | FixDatatype::NumInGroup
        | FixDatatype::SeqNum
        | FixDatatype::TagNum => "Uint",
        FixDatatype::MultipleCharValue | FixDatatype::MultipleStringValue => "Multiple",
        FixDatatype::UtcTimestamp => "UtcTimestamp",
        FixDatatype::UtcTimeOnly => "UtcTimeOnly",
        FixDatatype::UtcDateOnly | FixDatatype::LocalMktDate => "Date",
        _ => "Text",
    }
}

/// The whole of `gateways/fix/src/dictionary/fix44.rs`; `xml` is fefix's `FIX-4.4.xml`.
pub fn fix44(xml: &str) -> String {
    let dictionary = Dictionary::fix44();
    let document = Document::parse(xml).expect("fefix itself parses this file");
    let section = |name: &str| {
        let root = document.root_element();
        let found = root.children().find(|node| node.has_tag_name(name));
        found.expect("QuickFIX's files have these sections")
    };
    let components = section("components").children().filter(Node::is_element);
    let mut layouts = Layouts {
        dictionary: &dictionary,
        components: components
            .map(|node| (attribute(node, "name"), node))
            .collect(),
        groups: Vec::new(),
    };
    let mut block = |node| {
        let mut block = Block::default();
        layouts.add(&mut block, node, true);
        block
    };
    let header = block(section("header"));
    let trailer = block(section("trailer"));
    let mut messages: Vec<_> = section("messages")
        .children()
        .filter(Node::is_element)
        .collect();
    messages.sort_by_key(|node| attribute(*node, "msgtype"));
    let messages: Vec<(String, String, Block)> = messages
        .into_iter()
        .map(|node| {
            let msg_type = attribute(node, "msgtype");
            let message = dictionary.message_by_msgtype(msg_type);
            let name = message
                .expect("fefix knows every message")
                .name()
                .to_owned();
            (msg_type.to_owned(), name, block(node))
        })
        .collect();
    render(&dictionary, &layouts.groups, &header, &trailer, &messages)
}

fn render(
    dictionary: &Dictionary,
    groups: &[Group],
    header: &Block,
    trailer: &Block,
    messages: &[(String, String, Block)],
) -> String {
    let mut fields: Vec<_> = dictionary.iter_fields().collect();
    fields.sort_by_key(|field| field.tag().get());
    let tags = 1 + fields
        .last()
        .map_or(0, |field| usize::from(field.tag().get()));
    let words = tags.div_ceil(64);
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("a String takes any text");
    line("//! The tables of FIX 4.4. Generated by `tools/fix-dict`; do not edit.");
    line("");
    line("use super::tables::{Block, Field, Group, Kind, Message, Tags};");
    line("");
    line("/// Words of a set of tags.");
    line(&format!("pub(super) const TAG_WORDS: usize = {words};"));
    line("");
    line("/// The fields of every header.");
    line(&format!(
        "pub(super) static HEADER: Block = {};",
        block(header, words)
    ));
    line("");
    line("/// The fields of every trailer.");
    line(&format!(
        "pub(super) static TRAILER: Block = {};",
        block(trailer, words)
    ));
    line("");
    line("/// Message types, ascending.");
    line("pub(super) static MESSAGES: &[Message] = &[");
    for (msg_type, name, body) in messages {
        line(&format!(
            "    Message {{ msg_type: b\"{msg_type}\", name: \"{name}\", body: {} }},",
            block(body, words)
        ));
    }
    line("];");
    line("");
    line("/// Repeating groups; equal ones of several messages are one.");
    line("pub(super) static GROUPS: &[Group] = &[");
    for group in groups {
        line(&format!(
            "    Group {{ count: {}, first: {}, entry: {} }},",
            group.count,
            group.first,
            block(&group.entry, words)
        ));
    }
    line("];");
    line("");
    line("/// For every tag the place of its field in [`FIELDS`], from 1; 0: none.");
    line(&format!("pub(super) static FIELD_IX: [u16; {tags}] = ["));
    let mut ix = vec![0; tags];
    for (place, field) in fields.iter().enumerate() {
        ix[usize::from(field.tag().get())] = place + 1;
    }
    for chunk in ix.chunks(16) {
        let row: Vec<String> = chunk.iter().map(ToString::to_string).collect();
        line(&format!("    {},", row.join(", ")));
    }
    line("];");
    line("");
    line("/// Fields, ascending by tag.");
    line("pub(super) static FIELDS: &[Field] = &[");
    for field in &fields {
        let mut values: Vec<String> = field
            .enums()
            .map(|values| values.map(|value| value.value().to_owned()).collect())
            .unwrap_or_default();
        values.sort();
        values.dedup();
        let singles = values
            .iter()
            .filter(|value| value.len() == 1)
            .fold(0_u128, |set, value| set | 1 << value.as_bytes()[0]);
        let values: Vec<String> = values.iter().map(|value| format!("b\"{value}\"")).collect();
        line(&format!(
            "    /* {} */ Field {{ name: \"{}\", kind: Kind::{}, singles: {:#x}, values: &[{}] }},",
            field.tag().get(),
            field.name(),
            kind(field.fix_datatype()),
            singles,
            values.join(", ")
        ));
    }
    line("];");
    out
}

fn block(block: &Block, words: usize) -> String {
    let mut set = vec![0_u64; words];
    for tag in &block.tags {
        set[usize::from(*tag) / 64] |= 1 << (tag % 64);
    }
    let set: Vec<String> = set.iter().map(|word| format!("{word:#x}")).collect();
    let required: Vec<String> = block.required.iter().map(ToString::to_string).collect();
    let groups: Vec<String> = block.groups.iter().map(ToString::to_string).collect();
    format!(
        "Block {{ tags: Tags([{}]), required: &[{}], groups: &[{}] }}",
        set.join(", "),
        required.join(", "),
        groups.join(", ")
    )
}
