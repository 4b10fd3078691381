//! The buffer that the caller lends for one command's events.

use std::fmt;

use dcx_model::{EVENTS_PER_COMMAND_MAX, Event};

/// Up to [`EVENTS_PER_COMMAND_MAX`] events of one command, in the order they happened.
///
/// ```
/// use dcx_engine::Outbox;
/// let outbox = Outbox::new();
/// assert!(outbox.events().is_empty());
/// ```
#[derive(Clone)]
pub struct Outbox {
    events: [Event; EVENTS_PER_COMMAND_MAX],
    len: usize,
}

impl Outbox {
    /// An empty outbox. It is large: make one and lend it again and again.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            events: [Event::Digest { state: 0 }; EVENTS_PER_COMMAND_MAX],
            len: 0,
        }
    }

    /// Forgets all events.
    pub const fn clear(&mut self) {
        self.len = 0;
    }

    /// The events of the last command.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.events.get(..self.len).unwrap_or_default()
    }

    /// How many events there are: the number of the next one.
    pub(crate) fn next_ix(&self) -> u16 {
        u16::try_from(self.len).expect("an outbox holds fewer events than a u16 counts")
    }

    /// How many more events fit.
    pub(crate) const fn room(&self) -> usize {
        EVENTS_PER_COMMAND_MAX - self.len
    }

    /// Adds an event.
    ///
    /// # Panics
    /// When full: every handler bounds what it does by [`room`](Self::room), and a lost event
    /// would be an order that nobody knows of.
    pub(crate) fn push(&mut self, event: Event) {
        let Some(slot) = self.events.get_mut(self.len) else {
            panic!("one command causes at most EVENTS_PER_COMMAND_MAX events");
        };
        *slot = event;
        self.len += 1;
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.events()).finish()
    }
}
