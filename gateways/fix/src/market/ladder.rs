//! One instrument's prices at one venue, as the venue's messages build them up.

use dcx_model::{Price, Qty, Side, Text};

/// A level's name at its venue, `MDEntryID` (278); empty where it has none.
pub(super) type EntryId = Text<32>;

/// One price of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) px: Price,
    pub(super) qty: Qty,
    id: EntryId,
}

/// What is done to a level, `MDUpdateAction` (279).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    New,
    Change,
    Delete,
}

/// A change of one side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) action: Action,
    pub(super) side: Side,
    pub(super) id: EntryId,
    pub(super) px: Option<Price>,
    /// None where the venue does not say how much.
    pub(super) qty: Option<Qty>,
}

/// What is wrong with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It deletes what is not there: the side is what it would be in any case.
    NothingToDelete,
    /// It changes what is not there, or says of no level which: what the side is nobody knows.
    Astray,
}

/// Both sides, best price first.
///
/// A level is named by its `MDEntryID` where it has one, else by its price. Of a ladder of one
/// level each side is its own name: a venue that was asked for the top of its book sends the new
/// top in the place of the old one.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    bids: Vec<Level>,
    asks: Vec<Level>,
    /// Levels asked for.
    depth: usize,
    /// Whether levels were dropped for want of room.
    cut: bool,
}

impl Ladder {
    /// Room for twice `depth` levels on each side: venues add a level before they take one away.
    pub(super) fn new(depth: u16) -> Self {
        let depth = usize::from(depth);
        Self {
            bids: Vec::with_capacity(depth * 2 + 1),
            asks: Vec::with_capacity(depth * 2 + 1),
            depth,
            cut: false,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.cut = false;
    }

    /// Levels, best price first.
    pub(super) fn levels(&self, side: Side) -> &[Level] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// The best price and all that is there; zero if the venue does not say how much.
    pub(super) fn best(&self, side: Side) -> Option<(Price, Qty)> {
        let levels = self.levels(side);
        let px = levels.first()?.px;
        let there = levels.iter().take_while(|level| level.px == px);
        let qty = Qty::sum(there.map(|level| level.qty));
        Some((px, qty.unwrap_or(Qty::from_units(u64::MAX))))
    }

    /// Whether the best bid is above the best offer.
    pub(super) fn is_inverted(&self) -> bool {
        match (self.bids.first(), self.asks.first()) {
            (Some(bid), Some(ask)) => bid.px > ask.px,
            _ => false,
        }
    }

    pub(super) fn apply(&mut self, change: &Change) -> Result<(), Flaw> {
        // A level of nothing is no level.
        let nothing = change.qty.is_some_and(Qty::is_zero);
        let action = match nothing {
            true => Action::Delete,
            false => change.action,
        };
        match (action, self.depth) {
            (Action::Delete, 1) if change.action != Action::Delete => {
                self.side(change.side).clear();
                Ok(())
            }
            (Action::Delete, 1) => self.delete_top(change),
            (Action::Delete, _) => self.delete(change),
            (Action::New | Action::Change, 1) => self.set_top(change),
            (Action::New, _) => self.add(change),
            (Action::Change, _) => self.change(change),
        }
    }

    fn set_top(&mut self, change: &Change) -> Result<(), Flaw> {
        let side = self.side(change.side);
        let before = side.first().map(|level| level.px);
        let px = change.px.or(before).ok_or(Flaw::Astray)?;
        side.clear();
        side.push(level(change, px));
        Ok(())
    }

    fn delete_top(&mut self, change: &Change) -> Result<(), Flaw> {
        let side = self.side(change.side);
        let Some(top) = side.first() else {
            return Err(Flaw::NothingToDelete);
        };
        let other_px = change.px.is_some_and(|px| px != top.px);
        let other_id = !change.id.is_empty() && !top.id.is_empty() && change.id != top.id;
        if other_id || other_px && change.id.is_empty() {
            return Err(Flaw::NothingToDelete);
        }
        side.clear();
        Ok(())
    }

    fn add(&mut self, change: &Change) -> Result<(), Flaw> {
        let px = change.px.ok_or(Flaw::Astray)?;
        if let Some(at) = self.find(change) {
            self.side(change.side).remove(at);
        }
        self.insert(change, px);
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), Flaw> {
        let Some(at) = self.find(change) else {
            // Where prices are the names of levels, a change of one that is not there makes it.
            let unknown = !change.id.is_empty() && !self.cut;
            return match change.px {
                Some(px) if !unknown => {
                    self.insert(change, px);
                    Ok(())
                }
                _ => Err(Flaw::Astray),
            };
        };
        let before = self.side(change.side).remove(at);
        let qty = change.qty.or(Some(before.qty));
        let px = change.px.unwrap_or(before.px);
        self.insert(&Change { qty, ..*change }, px);
        Ok(())
    }

    fn delete(&mut self, change: &Change) -> Result<(), Flaw> {
        if change.id.is_empty() && change.px.is_none() {
            return Err(Flaw::Astray);
        }
        let Some(at) = self.find(change) else {
            return match self.cut {
                true => Ok(()),
                false => Err(Flaw::NothingToDelete),
            };
        };
        self.side(change.side).remove(at);
        Ok(())
    }

    fn find(&self, change: &Change) -> Option<usize> {
        let levels = self.levels(change.side);
        if change.id.is_empty() {
            let named = |level: &Level| level.id.is_empty() && Some(level.px) == change.px;
            return levels.iter().position(named);
        }
        levels.iter().position(|level| level.id == change.id)
    }

    fn insert(&mut self, change: &Change, px: Price) {
        let room = self.depth * 2;
        let side = self.side(change.side);
        // Behind those of the same price: they were there first.
        let at = side.partition_point(|level| match change.side {
            Side::Buy => level.px >= px,
            Side::Sell => level.px <= px,
        });
        side.insert(at, level(change, px));
        if side.len() > room {
            side.pop();
            self.cut = true;
        }
    }

    const fn side(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

fn level(change: &Change, px: Price) -> Level {
    Level {
        px,
        qty: change.qty.unwrap_or(Qty::ZERO),
        id: change.id,
    }
}
