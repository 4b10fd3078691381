//! The other side: `dcx halt` and its like ask a running daemon.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dcx_control::socket::{Client, ClientError, Token};
use dcx_model::Code;
use serde_json::{Map, Value, json};

use crate::cli::{
    Approvals, Cancel, Limits, LimitsVerb, Operate, Reach, ScopeArgs, Session, SessionWord, State,
};
use crate::config;
use crate::exit::{Exit, Failure, Outcome};
use crate::out::Out;

use super::say;

/// Where a daemon listens that was not told otherwise.
const SOCKET: &str = "var/control.sock";

/// The variable that holds an operator's token: on a command line everybody could read it.
const TOKEN_VARIABLE: &str = "DCX_TOKEN";

/// How long an answer may take beyond what it waits for itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// When one is told that there is no answer yet, and how often again.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What is asked for.
struct Question {
    verb: &'static str,
    args: Value,
    patience: Duration,
}

impl Question {
    const fn new(verb: &'static str, args: Value) -> Self {
        Self {
            verb,
            args,
            patience: PATIENCE,
        }
    }
}

/// Asks, and says what was answered.
pub(crate) fn operate(command: &Operate, out: Out) -> Outcome {
    let (reach, question) = question(command)?;
    let mut client = connect(reach)?.with_timeout(question.patience);
    let answered = with_progress(out, || client.ask(question.verb, &question.args));
    let results = answered.map_err(|error| failure(&error))?;
    Ok(say::say(question.verb, &results, out))
}

/// What a command line asks for, and of whom.
fn question(command: &Operate) -> Result<(&Reach, Question), Failure> {
    let question = match command {
        Operate::Status(reach) => (reach, Question::new("status", json!({}))),
        Operate::Halt(state) => (&state.reach, set_state("halt", state)),
        Operate::Reduce(state) => (&state.reach, set_state("reduce", state)),
        Operate::Resume(state) => (&state.reach, set_state("resume", state)),
        Operate::Cancel(cancel) => (&cancel.reach, cancel_question(cancel)?),
        Operate::News(news) => {
            let args = json!({
                "text": news.text,
                "lines": news.lines.join("\n"),
                "urgency": news.urgency,
                "session": news.session,
            });
            (&news.reach, Question::new("news", args))
        }
        Operate::Limits(limits) => limits_question(limits)?,
        Operate::Session(session) => session_question(session),
        Operate::Approvals(approvals) => match approvals {
            Approvals::List(reach) => (reach, Question::new("approvals list", json!({}))),
            Approvals::Approve(word) => {
                let args = json!({ "order": word.order, "reason": word.reason });
                (&word.reach, Question::new("approvals approve", args))
            }
            Approvals::Refuse(word) => {
                let args = json!({ "order": word.order, "reason": word.reason });
                (&word.reach, Question::new("approvals refuse", args))
            }
        },
    };
    Ok(question)
}

fn set_state(verb: &'static str, state: &State) -> Question {
    let mut args = scope_args(&state.scope);
    if args.is_empty() {
        args.insert("scope".to_owned(), "firm".into());
    }
    args.insert("reason".to_owned(), state.reason.clone().into());
    args.insert("wait_ms".to_owned(), state.wait_ms.into());
    Question {
        verb,
        args: args.into(),
        patience: PATIENCE + Duration::from_millis(state.wait_ms),
    }
}

fn cancel_question(cancel: &Cancel) -> Result<Question, Failure> {
    let mut args = scope_args(&cancel.scope);
    if cancel.all {
        args.insert("scope".to_owned(), "firm".into());
    }
    if let Some(order) = &cancel.order {
        args.insert("order".to_owned(), order.clone().into());
    }
    if args.is_empty() {
        let message = "say what is to be cancelled: ORDER, --session, --account, --strategy, \
                       --instrument or --all";
        return Err(Failure::new(Code::X001, message));
    }
    args.insert("reason".to_owned(), cancel.reason.clone().into());
    Ok(Question::new("cancel", args.into()))
}

fn limits_question(limits: &Limits) -> Result<(&Reach, Question), Failure> {
    let question = match &limits.verb {
        None => {
            let args = scope_args(&limits.scope).into();
            (&limits.reach, Question::new("limits", args))
        }
        Some(LimitsVerb::Set(set)) => {
            let mut args = scope_text(&set.scope)?;
            args.insert("limit".to_owned(), set.limit.clone().into());
            args.insert("value".to_owned(), set.value.clone().into());
            args.insert("reason".to_owned(), set.reason.clone().into());
            (&set.reach, Question::new("limits set", args.into()))
        }
        Some(LimitsVerb::Approve(word)) => {
            let args = json!({ "proposal": word.proposal, "reason": word.reason });
            (&word.reach, Question::new("limits approve", args))
        }
        Some(LimitsVerb::Reject(word)) => {
            let args = json!({ "proposal": word.proposal, "reason": word.reason });
            (&word.reach, Question::new("limits reject", args))
        }
        Some(LimitsVerb::Proposals(reach)) => (reach, Question::new("limits proposals", json!({}))),
    };
    Ok(question)
}

fn session_question(session: &Session) -> (&Reach, Question) {
    let args = |word: &SessionWord| {
        let mut args = Map::new();
        args.insert("session".to_owned(), word.session.clone().into());
        args.insert("reason".to_owned(), word.reason.clone().into());
        args
    };
    let (verb, word, more) = match session {
        Session::Enable(word) => ("session enable", word, vec![]),
        Session::Disable(word) => ("session disable", word, vec![]),
        Session::Disconnect(word) => ("session disconnect", word, vec![]),
        Session::Reset(reset) => {
            let more = vec![("force", Value::from(reset.force))];
            ("session reset", &reset.word, more)
        }
        Session::Renumber(renumber) => {
            let more = vec![
                ("next_in", json!(renumber.next_in)),
                ("next_out", json!(renumber.next_out)),
                ("force", renumber.force.into()),
            ];
            ("session renumber", &renumber.word, more)
        }
    };
    let mut args = args(word);
    for (key, value) in more {
        args.insert(key.to_owned(), value);
    }
    (&word.reach, Question::new(verb, args.into()))
}

/// The scope that options name; nothing if none does.
fn scope_args(scope: &ScopeArgs) -> Map<String, Value> {
    let named = [
        ("account", &scope.account),
        ("strategy", &scope.strategy),
        ("session", &scope.session),
        ("instrument", &scope.instrument),
    ];
    let mut args = Map::new();
    for (level, name) in named {
        if let Some(name) = name {
            args.insert("scope".to_owned(), level.into());
            args.insert("name".to_owned(), name.clone().into());
        }
    }
    args
}

/// A scope in one word: `firm`, or a level and a name as `account:HOUSE`.
fn scope_text(text: &str) -> Result<Map<String, Value>, Failure> {
    let mut args = Map::new();
    match text.split_once(':') {
        None if text == "firm" => {}
        None => {
            let message = format!(
                "SCOPE is firm, account:NAME, strategy:NAME, session:NAME or instrument:NAME, \
                 not {text:?}"
            );
            return Err(Failure::new(Code::X001, message));
        }
        Some((_, name)) => drop(args.insert("name".to_owned(), name.into())),
    }
    let level = text.split(':').next().unwrap_or(text);
    args.insert("scope".to_owned(), level.into());
    Ok(args)
}

fn connect(reach: &Reach) -> Result<Client, Failure> {
    let token = token(reach)?;
    let client = Client::connect(socket(reach)?).map_err(|error| failure(&error))?;
    let client = match token {
        Some(token) => client.with_token(token),
        None => client,
    };
    Ok(match &reach.name {
        Some(name) => client.with_name(name),
        None => client,
    })
}

/// Where the daemon listens: as said, as its configuration says, or where it does by itself.
fn socket(reach: &Reach) -> Result<PathBuf, Failure> {
    match (&reach.socket, &reach.config) {
        (Some(socket), _) => Ok(socket.clone()),
        (None, Some(path)) => {
            let loaded = config::load(path);
            let Some(config) = loaded.config else {
                let message = format!("{} has faults; name the socket by --socket", path.display());
                return Err(Failure::new(Code::C001, message).told(&loaded.findings));
            };
            Ok(config.control.socket)
        }
        (None, None) => Ok(PathBuf::from(SOCKET)),
    }
}

fn token(reach: &Reach) -> Result<Option<Token>, Failure> {
    if let Some(path) = &reach.token_file {
        return read_token(path).map(Some);
    }
    let token = std::env::var(TOKEN_VARIABLE);
    Ok(token.ok().filter(|it| !it.is_empty()).map(Token::new))
}

fn read_token(path: &Path) -> Result<Token, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Failure::io("reading", path, &error))?;
    Ok(Token::new(text.trim()))
}

/// Says every second that there is no answer yet.
fn with_progress<T: Send>(out: Out, ask: impl FnOnce() -> T + Send) -> T {
    let answered = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let watch = threads.spawn(|| {
            let (began, mut told) = (Instant::now(), TELL_EVERY);
            while !answered.load(Ordering::Acquire) {
                std::thread::park_timeout(Duration::from_millis(50));
                if began.elapsed() >= told {
                    out.talk(format!("no answer yet after {} s", told.as_secs()));
                    told += TELL_EVERY;
                }
            }
        });
        let result = ask();
        answered.store(true, Ordering::Release);
        watch.thread().unpark();
        result
    })
}

fn failure(error: &ClientError) -> Failure {
    let mut message = error.to_string();
    let (code, help) = (error.code(), error.help());
    if help != code.remedy() {
        message = format!("{message}. {help}");
    }
    Failure {
        exit: exit(error.exit()),
        ..Failure::new(code, message)
    }
}

/// The exit code of this number; of one that is none of ours, that of a bug.
fn exit(number: u8) -> Exit {
    let mut all = Exit::ALL.iter().map(|(exit, _)| *exit);
    all.find(|exit| *exit as u8 == number).unwrap_or(Exit::Bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_word() {
        let args = scope_text("account:HOUSE").unwrap();
        assert_eq!(
            Value::from(args),
            json!({"scope": "account", "name": "HOUSE"})
        );
        assert_eq!(
            Value::from(scope_text("firm").unwrap()),
            json!({"scope": "firm"})
        );
        assert_eq!(scope_text("HOUSE").unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn the_exit_code_is_the_one_that_the_daemon_says() {
        for number in [1, 64, 66, 69, 70, 75, 77] {
            assert_eq!(exit(number) as u8, number);
        }
        assert_eq!(exit(3), Exit::Bug, "another version's");
    }

    #[test]
    fn a_token_is_read_without_the_end_of_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "secret\n").unwrap();
        assert_eq!(read_token(&path).unwrap(), Token::new("secret"));
        let missing = read_token(&dir.path().join("none")).unwrap_err();
        assert_eq!(missing.exit, Exit::NoInput);
    }
}
