//! Where each field of a message stands among its repeating groups, for people who read messages.
//!
//! Unlike [`validate`](super::validate) it takes any fields: what does not fit ends its group.

use super::compiled::{Dictionary, Group};

/// Deepest group within groups that is followed.
const DEPTH_MAX: usize = 8;

/// The first tag that users define themselves.
const USER_DEFINED_MIN: u32 = 5000;

/// A field at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nested<'a> {
    /// Its tag.
    pub tag: u32,
    /// Its value.
    pub value: &'a [u8],
    /// How many groups it is in.
    pub depth: usize,
    /// Which entry of its group it begins, from 1, if it begins one.
    pub begins: Option<u32>,
}

/// A group that is being read.
struct Frame<'d> {
    group: &'d Group,
    entries: u32,
}

impl Dictionary {
    /// Says of each of a message's `fields` where it stands. Takes anything.
    pub fn nest<'a>(
        &self,
        msg_type: &[u8],
        fields: impl Iterator<Item = (u32, &'a [u8])>,
        mut each: impl FnMut(Nested<'a>),
    ) {
        let message = self.message(msg_type);
        let mut open: Vec<Frame<'_>> = Vec::new();
        for (tag, value) in fields {
            let begins = place(&mut open, tag);
            each(Nested {
                tag,
                value,
                depth: open.len(),
                begins,
            });
            let group = match open.last() {
                Some(frame) => frame.group.group(tag),
                None => message.and_then(|message| message.group(tag)),
            };
            let has_entries = !value.is_empty() && value != b"0";
            if let Some(group) = group.and_then(|ix| self.group(ix))
                && open.len() < DEPTH_MAX
                && has_entries
            {
                open.push(Frame { group, entries: 0 });
            }
        }
    }
}

/// Closes the groups that `tag` is not of, and says which entry it begins, if it does.
fn place(open: &mut Vec<Frame<'_>>, tag: u32) -> Option<u32> {
    while let Some(frame) = open.last_mut() {
        if frame.group.order.first() == Some(&tag) {
            frame.entries += 1;
            return Some(frame.entries);
        }
        let is_ours = frame.group.place(tag) != 0 || tag >= USER_DEFINED_MIN;
        if frame.entries > 0 && is_ours {
            return None;
        }
        open.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::dictionary::Version;

    fn nested(msg_type: &str, text: &str) -> Vec<(u32, usize, Option<u32>)> {
        let fields = text.split('|').map(|field| {
            let (tag, value) = field.split_once('=').unwrap();
            (tag.parse().unwrap(), value.as_bytes())
        });
        let mut out = Vec::new();
        let dictionary = Version::Fix44.dictionary();
        dictionary.nest(msg_type.as_bytes(), fields, |it| {
            out.push((it.tag, it.depth, it.begins));
        });
        out
    }

    #[test]
    fn parties_with_their_ids_stand_within_each_other() {
        let text = "11=A|453=2|448=X|447=D|452=1|802=1|523=S|803=4|448=Y|447=D|452=3|54=1";
        assert_eq!(
            nested("D", text),
            [
                (11, 0, None),
                (453, 0, None),
                (448, 1, Some(1)),
                (447, 1, None),
                (452, 1, None),
                (802, 1, None),
                (523, 2, Some(1)),
                (803, 2, None),
                (448, 1, Some(2)),
                (447, 1, None),
                (452, 1, None),
                (54, 0, None),
            ]
        );
    }

    #[test]
    fn a_group_without_entries_and_one_that_does_not_begin_hold_nothing() {
        assert_eq!(nested("D", "453=0|448=X")[1], (448, 0, None));
        assert_eq!(nested("D", "453=1|447=D")[1], (447, 0, None));
        assert_eq!(nested("?", "453=1|448=X")[1], (448, 0, None));
    }
}
