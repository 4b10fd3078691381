//! The fields of a message in the order that engines with a dictionary write them.

use super::compiled::Group;
use super::{Dictionary, Version};
use crate::{Body, Message};

/// A field of the body with what belongs to it: the entries of the group that it counts.
struct Part<'m> {
    tag: u32,
    value: &'m [u8],
    entries: Vec<(u32, &'m [u8])>,
}

/// Writes the fields between header and trailer of `message` in ascending order of their tags, the
/// entries of a repeating group behind their count, as they came.
///
/// That is how QuickFIX and its kin write a message that they were handed. Values stand as they
/// came. A field of a length stays before the data that it measures.
///
/// # Cost
/// Allocates: for simulators and tools.
pub fn write_in_order(body: &mut Body<'_>, message: &Message<'_>) {
    let begin_string = std::str::from_utf8(message.begin_string()).unwrap_or_default();
    let version = Version::of_begin_string(begin_string).unwrap_or_default();
    let mut parts = parts(message, version.shared());
    // A stable sort: a tag that came twice keeps its order.
    parts.sort_by_key(|part| place(part.tag));
    for part in parts {
        write_field(body, part.tag, part.value);
        for (tag, value) in part.entries {
            write_field(body, tag, value);
        }
    }
}

/// Where a field goes: data goes where its length does, behind it.
fn place(tag: u32) -> (u32, bool) {
    match length_of_data(tag) {
        Some(length) => (length, true),
        None => (tag, false),
    }
}

/// The length field of those data fields whose tag is below that of their length.
const fn length_of_data(tag: u32) -> Option<u32> {
    match tag {
        89 => Some(93),
        _ => None,
    }
}

fn write_field(body: &mut Body<'_>, tag: u32, value: &[u8]) {
    if value.contains(&crate::codec::SOH) {
        // Its length stands before it, as it came.
        body.raw(format!("{tag}=").as_bytes());
        body.raw(value);
        body.raw(&[crate::codec::SOH]);
    } else {
        body.bytes(tag, value);
    }
}

fn parts<'m>(message: &Message<'m>, dictionary: &Dictionary) -> Vec<Part<'m>> {
    let rules = dictionary.message(message.msg_type());
    let mut parts: Vec<Part<'m>> = Vec::new();
    let mut open: Option<&Group> = None;
    for (tag, value) in message.fields() {
        if dictionary.is_header(tag) || dictionary.is_trailer(tag) {
            continue;
        }
        if let (Some(group), Some(part)) = (open, parts.last_mut())
            && is_within(dictionary, group, tag)
        {
            part.entries.push((tag, value));
            continue;
        }
        let place = rules.and_then(|rules| rules.group(tag));
        open = place.and_then(|place| dictionary.group(place));
        parts.push(Part {
            tag,
            value,
            entries: Vec::new(),
        });
    }
    parts
}

/// Whether a field stands in the entries of a group, or of one within it.
fn is_within(dictionary: &Dictionary, group: &Group, tag: u32) -> bool {
    let mut within = group.groups();
    group.place(tag) != 0
        || within.any(|place| {
            let group = dictionary.group(place);
            group.is_some_and(|group| is_within(dictionary, group, tag))
        })
}
