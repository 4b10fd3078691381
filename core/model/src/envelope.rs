//! How commands and events travel: with their place in the total order and their stamps.

use crate::{Command, Event, MonoNanos, Seq, UnixNanos};

/// A command on its way to the sequencer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// When its bytes arrived: the start of its latency.
    pub received: MonoNanos,
    /// What it asks for.
    pub command: Command,
}

/// A command in its place in the total order: what is journalled and what the engine applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Its place.
    pub seq: Seq,
    /// When it was sequenced; never before the one ahead of it.
    pub at: UnixNanos,
    /// When its bytes arrived.
    pub received: MonoNanos,
    /// What it asks for.
    pub command: Command,
}

/// An event on its way out, with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The command that caused it.
    pub seq: Seq,
    /// Its place among the events of that command, from 0. With `seq` it makes our `ExecID` (17).
    pub ix: u16,
    /// When its cause was sequenced: `TransactTime` (60) of its report.
    pub at: UnixNanos,
    /// When its cause's bytes arrived.
    pub received: MonoNanos,
    /// What happened.
    pub event: Event,
}
