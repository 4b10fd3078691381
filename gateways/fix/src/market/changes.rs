//! What makes the levels that a client was shown last into those of now.

use dcx_model::Side;

use super::ladder::Action;
use super::merged::{Merged, Shown};

/// One entry of an update: levels are named by their price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) action: Action,
    pub(super) side: Side,
    pub(super) shown: Shown,
}

/// Writes what leads from `before` to `after` into `edits`: on each side what goes before what
/// comes, so that a client that keeps the best price only ends with the right one.
pub(super) fn between(before: &Merged, after: &Merged, edits: &mut Vec<Edit>) {
    edits.clear();
    for side in [Side::Buy, Side::Sell] {
        let (old, new) = (before.side(side), after.side(side));
        for shown in old {
            if level_at(new, side, shown).is_none() {
                edits.push(Edit {
                    action: Action::Delete,
                    side,
                    shown: *shown,
                });
            }
        }
        for shown in new {
            let action = match level_at(old, side, shown) {
                None => Action::New,
                Some(old) if old != shown => Action::Change,
                Some(_) => continue,
            };
            edits.push(Edit {
                action,
                side,
                shown: *shown,
            });
        }
    }
}

/// The level with the same price, in levels that stand best first.
fn level_at<'l>(levels: &'l [Shown], side: Side, wanted: &Shown) -> Option<&'l Shown> {
    let at = levels.binary_search_by(|level| match side {
        Side::Buy => wanted.px.cmp(&level.px),
        Side::Sell => level.px.cmp(&wanted.px),
    });
    levels.get(at.ok()?)
}
