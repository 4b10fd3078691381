//! The states of a client's order, and every step between them.
//!
//! ```text
//!                 Cancel                     Drained
//!    ┌──────┐ ─────────────► ┌───────────────┐ ─────────────────► Done(Canceled)
//!    │      │ ◄───────────── │ PendingCancel │
//!    │      │ CancelsRefused └───────────────┘ ◄───────┐
//!    │      │                                          │ Cancel
//!    │ Open │    Replace     ┌────────────────┐ Halt,  │
//!    │      │ ─────────────► │ PendingReplace │ ─────► ┌─────────┐ Drained
//!    │      │ ◄───────────── └────────────────┘ Over   │ Winding │ ────────► Done(Canceled
//!    │      │ Drained, CancelsRefused                  │         │                | Expired)
//!    │      │ ───────────────────────────────────────► └─────────┘
//!    └──────┘             Halt, Over
//!        │ GaveUp(end): no venue takes the rest          Filled, from every state but
//!        └────────────────────────────► Done(end)        PendingReplace ──► Done(Filled)
//! ```
//!
//! *Drained* means that no child order works any more. An order that waits for its children to
//! end is in one of the three middle states; which one says what its end is called. A fill that
//! completes an order in `PendingReplace` leaves it there: the same moment drains it, and
//! [`Parent`](super::Parent)'s quantities decide whether the replace still stands (FIX 4.4 vol. 7,
//! appendix D, C.1.c against C.2.a and C.3.b).

use dcx_model::{OrdStatus, Refusal};

/// What an order is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Working, or waiting for a venue or for its next slice.
    Open,
    /// The client asked to cancel; children are being cancelled.
    PendingCancel,
    /// The client asked to replace; children are being cancelled.
    PendingReplace,
    /// We end it; children are being cancelled.
    Winding(Wind),
    /// Nothing further happens, but for a late fill.
    Done(End),
}

/// Why we end an order that the client did not cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wind {
    /// Trading was halted.
    Halt,
    /// Its schedule is over.
    Expire,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Filled,
    Canceled,
    Rejected,
    Expired,
}

/// What happens to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The client asks to cancel it.
    Cancel,
    /// The client asks to replace it.
    Replace,
    /// Trading is halted.
    Halt,
    /// The end of its schedule has come.
    Over,
    /// All of its quantity is filled.
    Filled,
    /// No child of it works any more, and not all is filled.
    Drained,
    /// Children work, but no cancel of one is on its way any more: venues refused them.
    CancelsRefused,
    /// No venue takes the rest of it.
    GaveUp(End),
}

/// What an input does to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It goes on in this state.
    To(State),
    /// The client is told no.
    Refuse(Refusal),
    /// Nothing.
    Stay,
}

impl State {
    /// What `input` does to an order in this state. Every pair is decided here.
    pub(crate) const fn on(self, input: Input) -> Step {
        use Step::{Refuse, Stay, To};
        match (self, input) {
            (Self::Open, Input::Cancel) => To(Self::PendingCancel),
            (Self::Open, Input::Replace) => To(Self::PendingReplace),
            (Self::Open, Input::Halt) => To(Self::Winding(Wind::Halt)),
            (Self::Open, Input::Over) => To(Self::Winding(Wind::Expire)),
            (Self::Open, Input::Filled) => To(Self::Done(End::Filled)),
            // The rest is sent again, or waits for the next slice.
            (Self::Open, Input::Drained | Input::CancelsRefused) => Stay,
            (Self::Open, Input::GaveUp(end)) => To(Self::Done(end)),

            (Self::PendingCancel | Self::PendingReplace, Input::Cancel | Input::Replace) => {
                Refuse(Refusal::AlreadyPending)
            }
            // The children are being cancelled already, and the client's request names the end.
            (Self::PendingCancel, Input::Halt | Input::Over | Input::GaveUp(_)) => Stay,
            (Self::PendingCancel, Input::Filled) => To(Self::Done(End::Filled)),
            (Self::PendingCancel, Input::Drained) => To(Self::Done(End::Canceled)),
            (Self::PendingCancel, Input::CancelsRefused) => To(Self::Open),

            (Self::PendingReplace, Input::Halt) => To(Self::Winding(Wind::Halt)),
            (Self::PendingReplace, Input::Over) => To(Self::Winding(Wind::Expire)),
            (Self::PendingReplace, Input::Filled | Input::GaveUp(_)) => Stay,
            (Self::PendingReplace, Input::Drained | Input::CancelsRefused) => To(Self::Open),

            // The client's cancel finds the children's cancels on their way, and is answered by
            // what they come to.
            (Self::Winding(_), Input::Cancel) => To(Self::PendingCancel),
            (Self::Winding(_), Input::Replace) => Refuse(Refusal::TooLate),
            (Self::Winding(_), Input::Halt) => To(Self::Winding(Wind::Halt)),
            (Self::Winding(_), Input::Filled) => To(Self::Done(End::Filled)),
            (Self::Winding(Wind::Halt), Input::Drained) => To(Self::Done(End::Canceled)),
            (Self::Winding(Wind::Expire), Input::Drained) => To(Self::Done(End::Expired)),
            (Self::Winding(_), Input::Over | Input::CancelsRefused | Input::GaveUp(_)) => Stay,

            (Self::Done(_), Input::Cancel | Input::Replace) => Refuse(Refusal::TooLate),
            (
                Self::Done(_),
                Input::Halt
                | Input::Over
                | Input::Filled
                | Input::Drained
                | Input::CancelsRefused
                | Input::GaveUp(_),
            ) => Stay,
        }
    }

    /// `OrdStatus` (39) of an order in this state.
    ///
    /// # Source
    /// FIX 4.4 vol. 7, appendix D: of the statuses that hold at once the one of highest
    /// precedence is reported: pending cancel, pending replace, filled, ended, partially filled,
    /// new. So a fill that completes an order whose cancel is pending says pending cancel (B.1.c).
    pub(crate) const fn ord_status(self, filled: Filled) -> OrdStatus {
        match (self, filled) {
            (Self::PendingCancel, _) => OrdStatus::PendingCancel,
            (Self::PendingReplace, _) => OrdStatus::PendingReplace,
            (Self::Done(End::Filled), _)
            | (Self::Open | Self::Winding(_) | Self::Done(_), Filled::All) => OrdStatus::Filled,
            (Self::Done(End::Canceled), _) => OrdStatus::Canceled,
            (Self::Done(End::Rejected), _) => OrdStatus::Rejected,
            (Self::Done(End::Expired), _) => OrdStatus::Expired,
            (Self::Open | Self::Winding(_), Filled::Part) => OrdStatus::PartiallyFilled,
            (Self::Open | Self::Winding(_), Filled::None) => OrdStatus::New,
        }
    }

    /// Whether nothing further happens.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The state as one byte of a digest.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::PendingCancel => 1,
            Self::PendingReplace => 2,
            Self::Winding(Wind::Halt) => 3,
            Self::Winding(Wind::Expire) => 4,
            Self::Done(End::Filled) => 5,
            Self::Done(End::Canceled) => 6,
            Self::Done(End::Rejected) => 7,
            Self::Done(End::Expired) => 8,
        }
    }
}

/// How much of an order is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    None,
    Part,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALT: State = State::Winding(Wind::Halt);
    const EXPIRE: State = State::Winding(Wind::Expire);

    /// Every pair, as a table: one row per state, one column per input.
    #[test]
    fn every_pair_of_state_and_input_is_decided() {
        use Step::{Refuse, Stay, To};
        let inputs = [
            Input::Cancel,
            Input::Replace,
            Input::Halt,
            Input::Over,
            Input::Filled,
            Input::Drained,
            Input::CancelsRefused,
            Input::GaveUp(End::Rejected),
        ];
        let (pending, late) = (Refuse(Refusal::AlreadyPending), Refuse(Refusal::TooLate));
        let filled = To(State::Done(End::Filled));
        let canceled = To(State::Done(End::Canceled));
        let (open, cancel) = (To(State::Open), To(State::PendingCancel));
        let rows = [
            (
                State::Open,
                [
                    cancel,
                    To(State::PendingReplace),
                    To(HALT),
                    To(EXPIRE),
                    filled,
                    Stay,
                    Stay,
                    To(State::Done(End::Rejected)),
                ],
            ),
            (
                State::PendingCancel,
                [pending, pending, Stay, Stay, filled, canceled, open, Stay],
            ),
            (
                State::PendingReplace,
                [
                    pending,
                    pending,
                    To(HALT),
                    To(EXPIRE),
                    Stay,
                    open,
                    open,
                    Stay,
                ],
            ),
            (
                HALT,
                [cancel, late, To(HALT), Stay, filled, canceled, Stay, Stay],
            ),
            (
                EXPIRE,
                [
                    cancel,
                    late,
                    To(HALT),
                    Stay,
                    filled,
                    To(State::Done(End::Expired)),
                    Stay,
                    Stay,
                ],
            ),
        ];
        for (state, steps) in rows {
            for (input, step) in inputs.into_iter().zip(steps) {
                assert_eq!(state.on(input), step, "{state:?} on {input:?}");
            }
        }
        for end in [End::Filled, End::Canceled, End::Rejected, End::Expired] {
            for input in inputs {
                let step = State::Done(end).on(input);
                let asked = matches!(input, Input::Cancel | Input::Replace);
                assert_eq!(
                    step,
                    if asked { late } else { Stay },
                    "{end:?} on {input:?}"
                );
            }
        }
    }

    #[test]
    fn a_pending_request_takes_precedence_over_fills() {
        for filled in [Filled::None, Filled::Part, Filled::All] {
            let status = State::PendingCancel.ord_status(filled);
            assert_eq!(status, OrdStatus::PendingCancel);
            let status = State::PendingReplace.ord_status(filled);
            assert_eq!(status, OrdStatus::PendingReplace);
        }
        assert_eq!(State::Open.ord_status(Filled::None), OrdStatus::New);
        assert_eq!(HALT.ord_status(Filled::Part), OrdStatus::PartiallyFilled);
        assert_eq!(EXPIRE.ord_status(Filled::All), OrdStatus::Filled);
        assert_eq!(
            State::Done(End::Canceled).ord_status(Filled::Part),
            OrdStatus::Canceled
        );
    }
}
