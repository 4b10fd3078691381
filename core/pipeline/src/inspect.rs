//! Questions about the engine's state, answered between two commands by the thread that owns it.
//!
//! A question changes nothing, so it is no command: it is neither sequenced nor journalled, and a
//! replay does not know of it. Everything waits while it is answered, so it looks at a bounded
//! part and asks again for the next.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use dcx_engine::Engine;
use dcx_model::Code;

/// Questions that may wait at the same time.
const WAITING_MAX: usize = 8;

type Question = Box<dyn FnOnce(&Engine) + Send>;

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// The engine has ended.
    #[error("the engine has ended")]
    Ended,
    /// Too many questions wait, or the answer took longer than the asker would wait.
    #[error("the engine is busy")]
    Busy,
}

impl InspectError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Ended | Self::Busy => Code::X005,
        }
    }
}

/// Asks the engine of a running pipeline.
#[derive(Clone)]
pub struct Inspector {
    questions: SyncSender<Question>,
}

impl Inspector {
    /// An asker, and where its questions come out.
    pub(crate) fn pair() -> (Self, Questions) {
        let (questions, waiting) = sync_channel(WAITING_MAX);
        (Self { questions }, Questions { waiting })
    }

    /// Has `question` answered by the engine's thread, within `patience`.
    ///
    /// # Errors
    /// [`InspectError::Busy`] where the answer does not come in time; the question may still be
    /// looked at, to no effect. [`InspectError::Ended`] where nobody is there to answer.
    pub fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, InspectError> {
        use std::sync::mpsc::{RecvTimeoutError, TrySendError};
        let (answer, answered) = sync_channel(1);
        let asked = Box::new(move |engine: &Engine| {
            // Nobody may be waiting any more.
            let _ = answer.try_send(question(engine));
        });
        self.questions
            .try_send(asked)
            .map_err(|error| match error {
                TrySendError::Full(_) => InspectError::Busy,
                TrySendError::Disconnected(_) => InspectError::Ended,
            })?;
        answered
            .recv_timeout(patience)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => InspectError::Busy,
                RecvTimeoutError::Disconnected => InspectError::Ended,
            })
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").finish_non_exhaustive()
    }
}

/// The questions that wait for the engine.
pub(crate) struct Questions {
    waiting: Receiver<Question>,
}

impl Questions {
    /// Answers one question, if one waits.
    pub(crate) fn answer_one(&self, engine: &Engine) -> usize {
        let Ok(question) = self.waiting.try_recv() else {
            return 0;
        };
        question(engine);
        1
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions").finish_non_exhaustive()
    }
}
