//! The states of a child order as far as we know them, and every step between them.
//!
//! ```text
//!           Acked, Traded            CancelSent
//!   ┌──────┐ ─────────► ┌─────────┐ ───────────► ┌───────────────┐ Ended
//!   │ Sent │            │ Working │ ◄─────────── │ PendingCancel │ ──────► Done(end)
//!   └──────┘            └─────────┘ CancelRefused└───────────────┘
//!      │    Suspended, Stopped ▲ │ Unanswered,        │ Unanswered,
//!      │       go and come     │ ▼ NotFound           │ NotFound
//!      │ Unanswered     ┌─────────┐ ◄─────────────────┘
//!      └──────────────► │ Unknown │  any word of the venue leads back, or to Done
//!                       └─────────┘
//! ```
//!
//! How much of it is filled is not a state: its quantities say so. An order or a cancel that is
//! not answered is *unknown*, never failed: what it may still trade stays reserved until the venue
//! says what became of it.

use dcx_model::OrdStatus;

/// What a child order is doing at its venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildState {
    /// Sent, or received there; not accepted yet.
    Sent,
    /// Works there.
    Working,
    /// We asked to cancel it.
    PendingCancel,
    /// Not eligible to trade for now.
    Suspended,
    /// The venue guarantees a price, and has not traded yet.
    Stopped,
    /// The venue was asked and did not answer, or forgot it.
    Unknown,
    /// Nothing further happens, but for a late fill.
    Done(ChildEnd),
}

/// How a child order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    Filled,
    Canceled,
    Rejected,
    Expired,
    DoneForDay,
}

/// What happens to a child order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildInput {
    /// We ask to cancel it.
    CancelSent,
    /// The venue has it and has not accepted it yet (PendingNew).
    Received,
    /// The venue says that it works.
    Acked,
    /// The venue works on its cancel.
    Canceling,
    /// The venue suspends it.
    Suspended,
    /// The venue guarantees it a price.
    Stopped,
    /// Filled in part.
    Traded,
    /// The venue says that it is over.
    Ended(ChildEnd),
    /// The venue refuses to cancel it.
    CancelRefused,
    /// The venue was asked as often as is configured and did not answer.
    Unanswered,
    /// The venue knows no such order, and we never had an answer about it: it did not arrive.
    NeverArrived,
    /// The venue knows no such order any more.
    NotFound,
    /// The venue took back a trade and works what it was for again.
    Reopened,
}

impl ChildState {
    /// The state after `input`. Every pair is decided here; `cancelling` says whether a cancel is
    /// on its way.
    pub(crate) const fn on(self, input: ChildInput, cancelling: bool) -> Self {
        use ChildInput as In;
        match (self, input) {
            (Self::Done(ChildEnd::Filled), In::Reopened) => Self::Working,
            (
                Self::Done(_),
                In::CancelSent
                | In::Received
                | In::Acked
                | In::Canceling
                | In::Suspended
                | In::Stopped
                | In::Traded
                | In::Ended(_)
                | In::CancelRefused
                | In::Unanswered
                | In::NeverArrived
                | In::NotFound
                | In::Reopened,
            ) => self,
            (_, In::Ended(end)) => Self::Done(end),
            (Self::Sent | Self::PendingCancel | Self::Unknown, In::NeverArrived) => {
                Self::Done(ChildEnd::Rejected)
            }
            // It was there: to call that a refusal would send its quantity out a second time.
            (Self::Working | Self::Suspended | Self::Stopped, In::NeverArrived)
            | (
                Self::Sent
                | Self::Working
                | Self::PendingCancel
                | Self::Suspended
                | Self::Stopped
                | Self::Unknown,
                In::Unanswered | In::NotFound,
            ) => Self::Unknown,

            (
                Self::Sent | Self::Working | Self::PendingCancel | Self::Suspended | Self::Stopped,
                In::CancelSent,
            ) => Self::PendingCancel,
            // To ask for more of a venue that does not answer tells nothing new.
            (Self::Unknown, In::CancelSent) => Self::Unknown,

            (Self::PendingCancel, In::CancelRefused) => Self::Working,
            (
                Self::Sent | Self::Working | Self::Suspended | Self::Stopped | Self::Unknown,
                In::CancelRefused,
            )
            | (
                Self::Sent | Self::Working | Self::Suspended | Self::Stopped,
                In::Received | In::Canceling,
            )
            // Until its cancel is answered that is what is waited for.
            | (
                Self::PendingCancel,
                In::Received
                | In::Acked
                | In::Canceling
                | In::Suspended
                | In::Stopped
                | In::Traded
                | In::Reopened,
            ) => self,

            (
                Self::Sent | Self::Working | Self::Suspended | Self::Stopped,
                In::Acked | In::Traded | In::Reopened,
            ) => Self::Working,
            (Self::Sent | Self::Working | Self::Suspended | Self::Stopped, In::Suspended) => {
                Self::Suspended
            }
            (Self::Sent | Self::Working | Self::Suspended | Self::Stopped, In::Stopped) => {
                Self::Stopped
            }

            (
                Self::Unknown,
                In::Received
                | In::Acked
                | In::Canceling
                | In::Traded
                | In::Reopened
                | In::Suspended
                | In::Stopped,
            ) => match (cancelling, input) {
                (true, _) => Self::PendingCancel,
                (false, In::Suspended) => Self::Suspended,
                (false, In::Stopped) => Self::Stopped,
                (
                    false,
                    In::Received
                    | In::Acked
                    | In::Canceling
                    | In::Traded
                    | In::Reopened
                    | In::CancelSent
                    | In::Ended(_)
                    | In::CancelRefused
                    | In::Unanswered
                    | In::NeverArrived
                    | In::NotFound,
                ) => Self::Working,
            },
        }
    }

    /// Whether the venue owes an answer in this state.
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::Sent | Self::PendingCancel)
    }

    /// Whether nothing further happens.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The state as one byte of a digest.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Sent => 0,
            Self::Working => 1,
            Self::PendingCancel => 2,
            Self::Suspended => 3,
            Self::Stopped => 4,
            Self::Unknown => 5,
            Self::Done(ChildEnd::Filled) => 6,
            Self::Done(ChildEnd::Canceled) => 7,
            Self::Done(ChildEnd::Rejected) => 8,
            Self::Done(ChildEnd::Expired) => 9,
            Self::Done(ChildEnd::DoneForDay) => 10,
        }
    }
}

/// What `OrdStatus` (39) in the answer to a question says of a child order. `heard` is whether
/// the venue ever spoke of it before.
pub(crate) const fn answer(ord_status: OrdStatus, heard: bool) -> ChildInput {
    match ord_status {
        OrdStatus::New | OrdStatus::PartiallyFilled | OrdStatus::PendingReplace => {
            ChildInput::Acked
        }
        OrdStatus::PendingNew => ChildInput::Received,
        OrdStatus::PendingCancel => ChildInput::Canceling,
        OrdStatus::Suspended => ChildInput::Suspended,
        OrdStatus::Stopped => ChildInput::Stopped,
        OrdStatus::Filled => ChildInput::Ended(ChildEnd::Filled),
        OrdStatus::Canceled => ChildInput::Ended(ChildEnd::Canceled),
        OrdStatus::Expired => ChildInput::Ended(ChildEnd::Expired),
        OrdStatus::DoneForDay | OrdStatus::Calculated => ChildInput::Ended(ChildEnd::DoneForDay),
        // FIX 4.4 vol. 7, appendix D, G.1.a: so is a question about an unknown order answered.
        OrdStatus::Rejected if heard => ChildInput::NotFound,
        OrdStatus::Rejected => ChildInput::NeverArrived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILLED: ChildState = ChildState::Done(ChildEnd::Filled);
    const CANCELED: ChildState = ChildState::Done(ChildEnd::Canceled);
    const REJECTED: ChildState = ChildState::Done(ChildEnd::Rejected);

    const INPUTS: [ChildInput; 13] = [
        ChildInput::CancelSent,
        ChildInput::Received,
        ChildInput::Acked,
        ChildInput::Canceling,
        ChildInput::Suspended,
        ChildInput::Stopped,
        ChildInput::Traded,
        ChildInput::Ended(ChildEnd::Canceled),
        ChildInput::CancelRefused,
        ChildInput::Unanswered,
        ChildInput::NeverArrived,
        ChildInput::NotFound,
        ChildInput::Reopened,
    ];

    /// Every pair, as a table: one row per state, one column per input, in their order above.
    #[test]
    fn every_pair_of_state_and_input_is_decided() {
        use ChildState::{PendingCancel as P, Sent as S, Stopped as T, Suspended as H};
        use ChildState::{Unknown as U, Working as W};
        let (c, r) = (CANCELED, REJECTED);
        let rows = [
            (S, false, [P, S, W, S, H, T, W, c, S, U, r, U, W]),
            (W, false, [P, W, W, W, H, T, W, c, W, U, U, U, W]),
            (P, true, [P, P, P, P, P, P, P, c, W, U, r, U, P]),
            (H, false, [P, H, W, H, H, T, W, c, H, U, U, U, W]),
            (T, false, [P, T, W, T, H, T, W, c, T, U, U, U, W]),
            (U, false, [U, W, W, W, H, T, W, c, U, U, r, U, W]),
            (U, true, [U, P, P, P, P, P, P, c, U, U, r, U, P]),
        ];
        for (state, cancelling, nexts) in rows {
            for (input, next) in INPUTS.into_iter().zip(nexts) {
                assert_eq!(state.on(input, cancelling), next, "{state:?} on {input:?}");
            }
        }
        let ends = [
            ChildEnd::Filled,
            ChildEnd::Canceled,
            ChildEnd::Rejected,
            ChildEnd::Expired,
            ChildEnd::DoneForDay,
        ];
        for state in ends.map(ChildState::Done) {
            for input in INPUTS {
                let reopened = state == FILLED && input == ChildInput::Reopened;
                let next = if reopened { W } else { state };
                assert_eq!(state.on(input, false), next, "{state:?} on {input:?}");
            }
        }
        for end in ends {
            assert_eq!(U.on(ChildInput::Ended(end), false), ChildState::Done(end));
        }
    }

    #[test]
    fn every_status_in_an_answer_means_something() {
        let ends = |status| {
            if let ChildInput::Ended(end) = answer(status, true) {
                Some(end)
            } else {
                None
            }
        };
        for &status in OrdStatus::ALL {
            let over = status.is_terminal() && status != OrdStatus::Rejected;
            assert_eq!(ends(status).is_some(), over, "{status:?}");
        }
        assert_eq!(ends(OrdStatus::Filled), Some(ChildEnd::Filled));
        assert_eq!(ends(OrdStatus::Expired), Some(ChildEnd::Expired));
        assert_eq!(answer(OrdStatus::Rejected, false), ChildInput::NeverArrived);
        assert_eq!(answer(OrdStatus::Rejected, true), ChildInput::NotFound);
        assert_eq!(answer(OrdStatus::PendingNew, true), ChildInput::Received);
    }
}
