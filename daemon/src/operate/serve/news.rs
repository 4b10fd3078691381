//! What a person has to say to those who get news.

use std::sync::mpsc::TrySendError;

use dcx_control::socket::Refusal;
use dcx_fix::orders::{Urgency, Words};
use dcx_model::Code;
use serde_json::json;

use super::args::{Args, NO_INPUT, bad};
use super::{Answered, Service, busy};

/// Longest headline or line, and most lines.
const TEXT_MAX: usize = 256;
const LINES_MAX: usize = 64;

/// Urgencies by their names.
const URGENCIES: [(&str, Urgency); 3] = [
    ("normal", Urgency::Normal),
    ("flash", Urgency::Flash),
    ("background", Urgency::Background),
];

impl Service {
    /// Gives it to the link, which keeps it for who is away.
    pub(super) fn news(&self, mut args: Args<'_>) -> Answered {
        let headline = text("text", args.needed("text")?)?;
        let lines = args.text("lines")?.unwrap_or_default();
        let urgency = args.text("urgency")?;
        let session = args.text("session")?;
        args.end()?;
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        if lines.len() > LINES_MAX {
            return Err(bad(format!("argument lines has more than {LINES_MAX}")));
        }
        let lines: Result<Vec<String>, Refusal> =
            lines.into_iter().map(|line| text("lines", line)).collect();
        let urgency = urgency.as_deref().unwrap_or("normal");
        let (name, urgency) = *URGENCIES
            .iter()
            .find(|(name, _)| *name == urgency)
            .ok_or_else(|| bad("argument urgency is normal, flash or background".to_owned()))?;
        let readers = self.newsreaders.iter();
        let told: Vec<_> = readers
            .filter(|(_, name)| session.as_ref().is_none_or(|only| only == name))
            .collect();
        let Some((first, _)) = told.first() else {
            let message = match session {
                Some(session) => format!("no session {session:?} gets news"),
                None => "no session gets news".to_owned(),
            };
            let refusal = Refusal::new(Code::X014, NO_INPUT, message);
            return Err(refusal.with_help("`news = \"own\"` at a [[client]] makes it one."));
        };
        let words = Words {
            headline: headline.clone(),
            lines: lines?,
            urgency,
            to: session.is_some().then_some(*first),
        };
        self.words.try_send(words).map_err(|error| match error {
            TrySendError::Full(_) => busy("too much news waits already: it was not told"),
            TrySendError::Disconnected(_) => busy("the daemon is ending: it was not told"),
        })?;
        let told: Vec<&str> = told.iter().map(|(_, name)| name.as_str()).collect();
        Ok(vec![json!({ "news": {
            "text": headline,
            "urgency": name,
            "sessions": told,
        }})])
    }
}

/// What can stand in a FIX field of a readable length.
fn text(key: &str, text: String) -> Result<String, Refusal> {
    let text = text.trim().to_owned();
    if text.is_empty() && key == "text" {
        return Err(bad("argument text is empty".to_owned()));
    }
    if text.len() > TEXT_MAX {
        return Err(bad(format!(
            "argument {key}: at most {TEXT_MAX} bytes a line"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(bad(format!("argument {key}: control characters")));
    }
    Ok(text)
}
