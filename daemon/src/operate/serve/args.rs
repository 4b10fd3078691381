//! The arguments of a request: what is not understood is refused, so that nothing is done in part.

use dcx_control::socket::{Caller, Refusal, exit};
use dcx_model::{Author, Code, Level, Operator, Reason, Scope};
use serde_json::{Map, Value};

use crate::names::NameTable;

/// The arguments of one request. Each is taken once; what is left over is refused.
#[derive(Debug)]
pub(super) struct Args<'n> {
    left: Map<String, Value>,
    names: &'n NameTable,
}

impl<'n> Args<'n> {
    pub(super) const fn new(left: Map<String, Value>, names: &'n NameTable) -> Self {
        Self { left, names }
    }

    /// The text of `key`, if it is there.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Refusal> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("argument {key} is a text"))),
        }
    }

    /// The text of `key`.
    pub(super) fn needed(&mut self, key: &str) -> Result<String, Refusal> {
        let text = self.text(key)?;
        text.ok_or_else(|| bad(format!("argument {key} is missing")))
    }

    /// The number of `key`.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<u64>, Refusal> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| bad(format!("argument {key} is a whole number"))),
        }
    }

    /// Whether `key` is there and true.
    pub(super) fn flag(&mut self, key: &str) -> Result<bool, Refusal> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(bad(format!("argument {key} is true or false"))),
        }
    }

    /// Who asks, and why.
    pub(super) fn by(&mut self, caller: &Caller) -> Result<Operator, Refusal> {
        let reason = self.needed("reason")?;
        let author = Author::new(caller.name.as_bytes());
        let author = author.map_err(|fault| bad(format!("operator {}: {fault}", caller.name)))?;
        let reason = Reason::new(reason.trim().as_bytes());
        let reason = reason.map_err(|fault| bad(format!("argument reason: {fault}")))?;
        Ok(Operator { author, reason })
    }

    /// Whose trading it is about: `scope` is a level, `name` who on it.
    pub(super) fn scope(&mut self) -> Result<Option<Scope>, Refusal> {
        let Some(level) = self.text("scope")? else {
            return Ok(None);
        };
        let levels = || {
            let names: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
            names.join(", ")
        };
        let found = Level::ALL.iter().find(|known| known.name() == level);
        let found =
            *found.ok_or_else(|| bad(format!("scope is one of {}, not {level:?}", levels())))?;
        if found == Level::Firm {
            return Ok(Some(Scope::Firm));
        }
        let name = self.needed("name")?;
        let scope = self.names.scope(found, &name);
        let unknown = || {
            let message = format!("there is no {found} {name:?} here");
            Refusal::new(Code::X014, NO_INPUT, message)
                .with_help("`dcx status` and `dcx limits` name what there is.")
        };
        scope.map(Some).ok_or_else(unknown)
    }

    /// That is all there was.
    pub(super) fn end(self) -> Result<(), Refusal> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(key) => Err(bad(format!("argument {key} is not known here"))),
        }
    }
}

/// What is named is not there.
pub(super) const NO_INPUT: u8 = 66;

/// Arguments that are none of the verb's.
pub(super) fn bad(message: String) -> Refusal {
    Refusal::new(Code::X014, exit::USAGE, message)
}
