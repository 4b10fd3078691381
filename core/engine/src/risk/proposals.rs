//! Changes of limits that wait for a second person.

use dcx_model::{Author, Limit, Nanos, PROPOSALS_MAX, ProposalId, RequestId, Scope, UnixNanos};

use crate::digest::Words;

/// So long a proposal waits.
pub(crate) const PROPOSAL_LIFE: Nanos = Nanos::from_seconds(24 * 3_600);

/// A change of a limit that one person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) id: ProposalId,
    pub(crate) scope: Scope,
    pub(crate) limit: Limit,
    pub(crate) value: Option<i128>,
    pub(crate) author: Author,
    pub(crate) request: RequestId,
    pub(crate) at: UnixNanos,
}

impl Proposal {
    /// The first moment at which it no longer waits.
    pub(crate) fn expires(&self) -> UnixNanos {
        self.at.plus(PROPOSAL_LIFE)
    }

    /// Whether it asks for the same, by the same person.
    fn is_like(&self, other: &Self) -> bool {
        (self.scope, self.limit, self.value, self.author)
            == (other.scope, other.limit, other.value, other.author)
    }
}

/// All proposals that wait, oldest first.
#[derive(Debug)]
pub(crate) struct Proposals {
    waiting: [Option<Proposal>; PROPOSALS_MAX],
    len: usize,
    next: u64,
}

impl Default for Proposals {
    fn default() -> Self {
        Self {
            waiting: [None; PROPOSALS_MAX],
            len: 0,
            next: 1,
        }
    }
}

impl Proposals {
    /// Takes a proposal in and gives it its number; the number it has already where the same
    /// person asked for the same before. None where there is no room.
    pub(crate) fn add(&mut self, mut proposal: Proposal) -> Option<ProposalId> {
        if let Some(same) = self.iter().find(|other| other.is_like(&proposal)) {
            return Some(same.id);
        }
        let place = self.waiting.get_mut(self.len)?;
        proposal.id = ProposalId::new(self.next);
        *place = Some(proposal);
        self.next += 1;
        self.len += 1;
        Some(proposal.id)
    }

    pub(crate) fn find(&self, id: ProposalId) -> Option<&Proposal> {
        self.iter().find(|proposal| proposal.id == id)
    }

    /// Takes a proposal out.
    pub(crate) fn remove(&mut self, id: ProposalId) {
        let at = self.iter().position(|proposal| proposal.id == id);
        let Some(at) = at else { return };
        let len = self.len;
        if let Some(rest) = self.waiting.get_mut(at..len) {
            rest.rotate_left(1);
        }
        self.len -= 1;
        if let Some(last) = self.waiting.get_mut(self.len) {
            *last = None;
        }
    }

    /// The oldest one, which is the first to run out of time.
    pub(crate) fn oldest(&self) -> Option<&Proposal> {
        self.iter().next()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Proposal> {
        self.waiting.iter().flatten()
    }

    pub(crate) fn digest(&self, salt: u64) -> u64 {
        let mut words = Words::new(salt);
        words.u64(self.next);
        for proposal in self.iter() {
            words.u64(proposal.id.get());
            words.u64(u64::from(proposal.scope.number()) << 8 | proposal.scope.level() as u64);
            words.u64(proposal.limit as u64 | u64::from(proposal.value.is_some()) << 8);
            words.i128(proposal.value.unwrap_or_default());
            words.bytes(&proposal.author.to_padded());
            words.u64(proposal.request.get());
            words.u64(proposal.at.get());
        }
        words.finish()
    }
}
