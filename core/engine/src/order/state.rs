//! The states of a client's order, and every step between them.
//!
//! ```text
//!  ┌────────────┐ Disapprove, GaveUp(end)                 GaveUp(end) ┌───────────┐
//!  │ PendingNew │ ──────────────────► Done(end) ◄──────────────────── │ Held(why) │ ◄┐ Wait
//!  └────────────┘                                                     └───────────┘ ─┘
//!        │ Approve               Wait(why) │ ▲                          ▲    │
//!        └──────────────► ┌──────┐ ────────┼─┼──────────────────────────┘    │
//!                         │ Open │ ◄───────┼─┼───────────────────────────────┘
//!                         └──────┘         │ │  Trigger
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
//!
//! An order in `PendingNew` waits for a person, one that is `Held` was accepted and waits for the
//! market, the clock or its list. Neither has anything at a venue: `Cancel`, `Halt` and `Over` take
//! them where they take an open order, and it ends in the same moment; a replace changes them
//! where they are.

use dcx_model::{OrdStatus, Refusal};

/// What an order is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits for a person's approval.
    PendingNew,
    /// Accepted; nothing of it goes to a venue before what it waits for comes.
    Held(Why),
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

/// What an accepted order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The other orders of its list, or the order that triggers it.
    List,
    /// The instrument's opening.
    Opening,
    /// The instrument's close.
    Close,
    /// The market to come to its stop or trigger.
    Stop,
}

/// Why we end an order that the client did not cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wind {
    /// Trading was halted, or a linked order ended it.
    Halt,
    /// Its schedule or its time in force is over.
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
    /// Trading is halted, or a linked order ends it.
    Halt,
    /// The end of its schedule or of its time in force has come.
    Over,
    /// All of its quantity is filled.
    Filled,
    /// No child of it works any more, and not all is filled.
    Drained,
    /// Children work, but no cancel of one is on its way any more: venues refused them.
    CancelsRefused,
    /// No venue takes the rest of it, or it may not go to market.
    GaveUp(End),
    /// A person lets it go on.
    Approve,
    /// A person does not.
    Disapprove,
    /// There is something that it must wait for before it may work.
    Wait(Why),
    /// What it waited for came, and there is nothing else.
    Trigger,
    /// A trade that filled it was taken back, and its venue works the quantity again.
    Reopened,
    /// A trade that filled it was taken back, and nothing works in its place.
    Busted,
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
            (Self::PendingNew | Self::Held(_), Input::Cancel) => To(Self::PendingCancel),
            // Changed where it is: there is nobody to ask.
            (Self::PendingNew | Self::Held(_), Input::Replace) => To(self),
            (Self::PendingNew | Self::Held(_), Input::Halt) => To(Self::Winding(Wind::Halt)),
            (Self::PendingNew | Self::Held(_), Input::Over) => To(Self::Winding(Wind::Expire)),
            (Self::PendingNew | Self::Held(_), Input::GaveUp(end)) => To(Self::Done(end)),
            (Self::PendingNew, Input::Approve) => To(Self::Open),
            (Self::PendingNew, Input::Disapprove) => To(Self::Done(End::Rejected)),
            (Self::Held(_), Input::Trigger) => To(Self::Open),
            (Self::Held(_) | Self::Open, Input::Wait(why)) => To(Self::Held(why)),
            // It never had anything at a venue.
            (
                Self::PendingNew | Self::Held(_),
                Input::Filled | Input::Drained | Input::CancelsRefused,
            )
            | (Self::PendingNew, Input::Wait(_) | Input::Trigger) => Stay,

            (
                Self::Held(_)
                | Self::Open
                | Self::PendingCancel
                | Self::PendingReplace
                | Self::Winding(_)
                | Self::Done(_),
                Input::Approve | Input::Disapprove,
            ) => Refuse(Refusal::NotWaiting),
            (
                Self::PendingCancel | Self::PendingReplace | Self::Winding(_) | Self::Done(_),
                Input::Wait(_) | Input::Trigger,
            )
            | (Self::Open, Input::Trigger) => Stay,

            (Self::Open, Input::Cancel) => To(Self::PendingCancel),
            (Self::Open, Input::Replace) => To(Self::PendingReplace),
            (Self::Open, Input::Halt) => To(Self::Winding(Wind::Halt)),
            (Self::Open, Input::Over) => To(Self::Winding(Wind::Expire)),
            (Self::Open, Input::Filled) => To(Self::Done(End::Filled)),
            // The rest is sent again, or waits for the next slice.
            (Self::Open, Input::Drained | Input::CancelsRefused) => Stay,
            (Self::Open, Input::GaveUp(end)) => To(Self::Done(end)),

            // FIX 4.4 vol. 7, appendix D, J.1.a: an order that is not filled after all goes on.
            (Self::Done(End::Filled), Input::Reopened) => To(Self::Open),
            (Self::Done(End::Filled), Input::Busted) => To(Self::Done(End::Canceled)),
            (
                Self::PendingNew
                | Self::Held(_)
                | Self::Open
                | Self::PendingCancel
                | Self::PendingReplace
                | Self::Winding(_),
                Input::Reopened | Input::Busted,
            )
            | (
                Self::Done(End::Canceled | End::Rejected | End::Expired),
                Input::Reopened | Input::Busted,
            ) => Stay,

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
            (Self::PendingNew, _) => OrdStatus::PendingNew,
            (Self::Done(End::Filled), _)
            | (Self::Held(_) | Self::Open | Self::Winding(_) | Self::Done(_), Filled::All) => {
                OrdStatus::Filled
            }
            (Self::Done(End::Canceled), _) => OrdStatus::Canceled,
            (Self::Done(End::Rejected), _) => OrdStatus::Rejected,
            (Self::Done(End::Expired), _) => OrdStatus::Expired,
            (Self::Held(_) | Self::Open | Self::Winding(_), Filled::Part) => {
                OrdStatus::PartiallyFilled
            }
            (Self::Held(_) | Self::Open | Self::Winding(_), Filled::None) => OrdStatus::New,
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
            Self::PendingNew => 9,
            Self::Held(Why::List) => 10,
            Self::Held(Why::Opening) => 11,
            Self::Held(Why::Close) => 12,
            Self::Held(Why::Stop) => 13,
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

    const HELD: State = State::Held(Why::Stop);
    const INPUTS: [Input; 12] = [
        Input::Cancel,
        Input::Replace,
        Input::Halt,
        Input::Over,
        Input::Filled,
        Input::Drained,
        Input::CancelsRefused,
        Input::GaveUp(End::Rejected),
        Input::Approve,
        Input::Disapprove,
        Input::Wait(Why::List),
        Input::Trigger,
    ];

    /// A step in a word, so that a state's row fits on a line.
    fn word(step: Step) -> &'static str {
        match step {
            Step::Stay => "-",
            Step::Refuse(Refusal::AlreadyPending) => "pending",
            Step::Refuse(Refusal::TooLate) => "late",
            Step::Refuse(Refusal::NotWaiting) => "no",
            Step::Refuse(other) => panic!("{other:?}"),
            Step::To(State::PendingNew) => "new?",
            Step::To(State::Held(Why::Stop)) => "held",
            Step::To(State::Held(Why::List)) => "list",
            Step::To(State::Held(why)) => panic!("{why:?}"),
            Step::To(State::Open) => "open",
            Step::To(State::PendingCancel) => "cancel",
            Step::To(State::PendingReplace) => "replace",
            Step::To(State::Winding(Wind::Halt)) => "halt",
            Step::To(State::Winding(Wind::Expire)) => "expire",
            Step::To(State::Done(End::Filled)) => "FILLED",
            Step::To(State::Done(End::Canceled)) => "CANCELED",
            Step::To(State::Done(End::Rejected)) => "REJECTED",
            Step::To(State::Done(End::Expired)) => "EXPIRED",
        }
    }

    /// Every pair, as a table: one row per state, one column per input.
    #[test]
    fn every_pair_of_state_and_input_is_decided() {
        #[rustfmt::skip]
        let rows = [
            // cancel replace halt over filled drained refused gave-up approve disapprove wait trigger
            (State::PendingNew, "cancel new? halt expire - - - REJECTED open REJECTED - -"),
            (HELD, "cancel held halt expire - - - REJECTED no no list open"),
            (State::Open, "cancel replace halt expire FILLED - - REJECTED no no list -"),
            (State::PendingCancel, "pending pending - - FILLED CANCELED open - no no - -"),
            (State::PendingReplace, "pending pending halt expire - open open - no no - -"),
            (HALT, "cancel late halt - FILLED CANCELED - - no no - -"),
            (EXPIRE, "cancel late halt - FILLED EXPIRED - - no no - -"),
            (State::Done(End::Filled), "late late - - - - - - no no - -"),
            (State::Done(End::Canceled), "late late - - - - - - no no - -"),
            (State::Done(End::Rejected), "late late - - - - - - no no - -"),
            (State::Done(End::Expired), "late late - - - - - - no no - -"),
        ];
        for (state, steps) in rows {
            let steps: Vec<&str> = steps.split(' ').collect();
            assert_eq!(steps.len(), INPUTS.len(), "{state:?} has a step for each");
            for (input, step) in INPUTS.into_iter().zip(steps) {
                assert_eq!(word(state.on(input)), step, "{state:?} on {input:?}");
            }
        }
    }

    /// What an order waits for makes no difference to what may happen to it.
    #[test]
    fn every_held_order_takes_the_same_steps() {
        for why in [Why::List, Why::Opening, Why::Close] {
            for input in INPUTS {
                let (step, like) = (State::Held(why).on(input), HELD.on(input));
                if input == Input::Replace {
                    assert_eq!(step, Step::To(State::Held(why)));
                } else {
                    assert_eq!(step, like, "{why:?} on {input:?}");
                }
            }
        }
    }

    #[test]
    fn no_two_states_have_the_same_byte() {
        let mut bytes: Vec<u8> = [
            State::PendingNew,
            State::Held(Why::List),
            State::Held(Why::Opening),
            State::Held(Why::Close),
            HELD,
            State::Open,
            State::PendingCancel,
            State::PendingReplace,
            HALT,
            EXPIRE,
            State::Done(End::Filled),
            State::Done(End::Canceled),
            State::Done(End::Rejected),
            State::Done(End::Expired),
        ]
        .map(State::byte)
        .to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        assert_eq!(bytes.len(), 14);
    }

    #[test]
    fn only_a_filled_order_is_changed_by_a_trade_that_is_taken_back() {
        let filled = State::Done(End::Filled);
        assert_eq!(filled.on(Input::Reopened), Step::To(State::Open));
        let canceled = Step::To(State::Done(End::Canceled));
        assert_eq!(filled.on(Input::Busted), canceled);
        let others = [
            State::PendingNew,
            State::Open,
            State::PendingCancel,
            State::PendingReplace,
            HALT,
            EXPIRE,
            State::Done(End::Canceled),
            State::Done(End::Rejected),
            State::Done(End::Expired),
        ];
        for state in others {
            assert_eq!(state.on(Input::Reopened), Step::Stay, "{state:?}");
            assert_eq!(state.on(Input::Busted), Step::Stay, "{state:?}");
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
        assert_eq!(HELD.ord_status(Filled::None), OrdStatus::New);
        let status = State::PendingNew.ord_status(Filled::None);
        assert_eq!(status, OrdStatus::PendingNew);
        assert_eq!(HALT.ord_status(Filled::Part), OrdStatus::PartiallyFilled);
        assert_eq!(EXPIRE.ord_status(Filled::All), OrdStatus::Filled);
        assert_eq!(
            State::Done(End::Canceled).ord_status(Filled::Part),
            OrdStatus::Canceled
        );
    }
}
