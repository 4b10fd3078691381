//! Whose business an event is.

use crate::Event;

/// Who an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The client whose order or request it is about.
    Client,
    /// The venue that is to do something.
    Venue,
    /// Operators, and whoever else watches.
    Watchers,
    /// The journal.
    Journal,
}

impl Event {
    /// Who it is for. Each event is for one; others may look.
    ///
    /// ```
    /// use dcx_model::{Audience, Event};
    /// assert_eq!(Event::Digest { state: 1 }.audience(), Audience::Journal);
    /// ```
    #[must_use]
    pub const fn audience(&self) -> Audience {
        match self {
            Self::Accepted { .. }
            | Self::Rejected { .. }
            | Self::Trade { .. }
            | Self::PendingCancel { .. }
            | Self::Canceled { .. }
            | Self::PendingReplace { .. }
            | Self::Replaced { .. }
            | Self::Expired { .. }
            | Self::Status { .. }
            | Self::CancelRejected(_)
            | Self::PendingNew { .. }
            | Self::Triggered { .. }
            | Self::Restated { .. }
            | Self::TradeCanceled { .. }
            | Self::TradeCorrected { .. }
            | Self::MassCanceled(_)
            | Self::MassStatus { .. } => Audience::Client,
            Self::ChildSent(_)
            | Self::ChildCancel(_)
            | Self::ChildQuery(_)
            | Self::VenueMassStatus { .. }
            | Self::OrphanCancel(_) => Audience::Venue,
            Self::Ignored { .. }
            | Self::ChildUnknown { .. }
            | Self::VenueReconciled { .. }
            | Self::VenueUnconfirmed { .. }
            | Self::LimitSet(_)
            | Self::LimitProposed(_)
            | Self::LimitDropped(_)
            | Self::LimitNear { .. }
            | Self::StateSet { .. }
            | Self::OperatorDone { .. }
            | Self::OperatorRefused { .. }
            | Self::Routed(_)
            | Self::Rewarded(_)
            | Self::VenueFitness(_)
            | Self::Planned(_)
            | Self::Sliced(_)
            | Self::SchedulePaused { .. }
            | Self::ScheduleResumed { .. }
            | Self::FeedGapped(_)
            | Self::FeedRestored { .. } => Audience::Watchers,
            Self::Digest { .. } => Audience::Journal,
        }
    }
}
