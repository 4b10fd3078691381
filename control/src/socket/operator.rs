//! Who asks: operators, and how a peer's user id and token name one of them.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::verb::Impact;

/// Somebody who may ask the daemon for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What the audit and the journal call this operator; unique.
    pub name: String,
    /// The user whose processes speak for this operator. Without one, any process that reaches the
    /// socket and has the token does.
    pub uid: Option<u32>,
    /// The SHA-256 of the token that must be presented. See [`token_sha256`].
    pub token_sha256: Option<[u8; 32]>,
    /// The greatest impact that this operator may have.
    pub may: Impact,
}

/// The digest that a configuration keeps in place of a token.
///
/// Not a password hash: a token is to be random and at least 128 bits long.
#[must_use]
pub fn token_sha256(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token as presented. It does not show what it is.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Wraps a token that was read from a file or the environment.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for the line that is sent.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether this is the token of that digest, in a time that does not depend on the answer.
    fn is(&self, digest: &[u8; 32]) -> Choice {
        token_sha256(&self.0).ct_eq(digest)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Who made a request, as far as the operating system and the tokens prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The operator's name.
    pub name: String,
    /// The user id of the process, from the operating system.
    pub uid: u32,
    /// The process, from the operating system.
    pub pid: i32,
    /// The greatest impact that this operator may have.
    pub may: Impact,
}

/// A peer as the operating system knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) uid: u32,
    pub(super) pid: i32,
}

/// Why a list of operators cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorsError {
    /// A name is empty, or has characters other than letters, digits, `.`, `_`, `@` and `-`.
    #[error("operator {name:?} needs a name of 1 to 64 letters, digits, `.`, `_`, `@`, `-`")]
    Name {
        /// The name.
        name: String,
    },
    /// Two operators of one name.
    #[error("operator {name} is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Nothing would tell this operator from others.
    #[error("operator {name} needs a token: it has no uid, or shares it with another operator")]
    TokenMissing {
        /// The name.
        name: String,
    },
    /// Two operators of one token.
    #[error("operator {name} has the token of another operator")]
    TokenShared {
        /// The name.
        name: String,
    },
}

/// Why nobody could be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// No operator has this uid, or that name with this uid.
    Unknown,
    /// There is an operator, who must present a token.
    TokenNeeded,
    /// The token is of none of the operators that this process may speak for.
    TokenWrong,
}

/// All operators, checked: every process with its token names at most one of them.
#[derive(Clone, Debug)]
pub(super) struct Operators(Vec<Operator>);

impl Operators {
    /// Checks a list of operators.
    pub(super) fn new(operators: Vec<Operator>) -> Result<Self, OperatorsError> {
        let mut names = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        for each in &operators {
            let name = each.name.clone();
            if !is_name(&name) {
                return Err(OperatorsError::Name { name });
            }
            if !names.insert(&each.name) {
                return Err(OperatorsError::Twice { name });
            }
            let of_uid = operators.iter().filter(|other| other.uid == each.uid);
            if each.token_sha256.is_none() && (each.uid.is_none() || of_uid.count() > 1) {
                return Err(OperatorsError::TokenMissing { name });
            }
            if !each.token_sha256.is_none_or(|token| tokens.insert(token)) {
                return Err(OperatorsError::TokenShared { name });
            }
        }
        Ok(Self(operators))
    }

    /// Whether a process of this user can speak for anybody.
    pub(super) fn may_ask(&self, uid: u32) -> bool {
        self.of(uid, None).next().is_some()
    }

    /// The operators that a process of `uid` can speak for, of that name if there is one.
    fn of<'a>(&'a self, uid: u32, name: Option<&'a str>) -> impl Iterator<Item = &'a Operator> {
        self.0.iter().filter(move |each| {
            each.uid.is_none_or(|theirs| theirs == uid) && name.is_none_or(|name| each.name == name)
        })
    }

    /// Who it is that asks.
    ///
    /// A token that is presented must be right, also where none is needed: who means to be somebody
    /// and is taken for somebody else should hear of it.
    pub(super) fn identify(
        &self,
        peer: Peer,
        name: Option<&str>,
        token: Option<&Token>,
    ) -> Result<Caller, Stranger> {
        let mut of_uid = self.of(peer.uid, name).peekable();
        if of_uid.peek().is_none() {
            return Err(Stranger::Unknown);
        }
        let found = match token {
            Some(token) => by_token(of_uid, token).ok_or(Stranger::TokenWrong)?,
            None => of_uid
                .find(|each| each.token_sha256.is_none())
                .ok_or(Stranger::TokenNeeded)?,
        };
        Ok(Caller {
            name: found.name.clone(),
            uid: peer.uid,
            pid: peer.pid,
            may: found.may,
        })
    }
}

/// The operator of this token. Every token is compared, whichever is right.
fn by_token<'a>(
    operators: impl Iterator<Item = &'a Operator>,
    token: &Token,
) -> Option<&'a Operator> {
    let mut found = None;
    for each in operators {
        if let Some(digest) = &each.token_sha256
            && bool::from(token.is(digest))
        {
            found = Some(each);
        }
    }
    found
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// The operator of a daemon that names none: the user that runs it, who may do everything.
pub(super) fn of_daemon(uid: u32, passwd: &str) -> Operator {
    Operator {
        name: user_name(uid, passwd)
            .filter(|name| is_name(name))
            .map_or_else(|| format!("uid-{uid}"), ToOwned::to_owned),
        uid: Some(uid),
        token_sha256: None,
        may: Impact::Danger,
    }
}

/// The name of a user in the text of `/etc/passwd`.
fn user_name(uid: u32, passwd: &str) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let theirs: u32 = fields.nth(1)?.parse().ok()?;
        (theirs == uid).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Peer = Peer { uid: 1000, pid: 7 };

    fn operator(name: &str, uid: Option<u32>, token: Option<&str>) -> Operator {
        Operator {
            name: name.to_owned(),
            uid,
            token_sha256: token.map(token_sha256),
            may: Impact::Rw,
        }
    }

    fn named(
        operators: &Operators,
        uid: u32,
        name: Option<&str>,
        token: Option<&str>,
    ) -> Result<String, Stranger> {
        let token = token.map(Token::new);
        let peer = Peer { uid, pid: 7 };
        let caller = operators.identify(peer, name, token.as_ref())?;
        Ok(caller.name)
    }

    #[test]
    fn one_operator_of_a_uid_needs_no_token_and_no_name() {
        let operators = Operators::new(vec![operator("ann", Some(1000), None)]).unwrap();
        let caller = operators.identify(ANN, None, None).unwrap();
        assert_eq!(
            (caller.name.as_str(), caller.uid, caller.pid),
            ("ann", 1000, 7)
        );
        assert_eq!(caller.may, Impact::Rw);
        assert_eq!(
            named(&operators, 1000, Some("ann"), None),
            Ok("ann".to_owned())
        );
        assert_eq!(
            named(&operators, 1000, Some("bob"), None),
            Err(Stranger::Unknown)
        );
        assert_eq!(named(&operators, 0, None, None), Err(Stranger::Unknown));
        let useless = named(&operators, 1000, None, Some("x"));
        assert_eq!(useless, Err(Stranger::TokenWrong));
    }

    #[test]
    fn operators_who_share_a_uid_are_told_apart_by_their_tokens() {
        let operators = Operators::new(vec![
            operator("ann", Some(1000), Some("a")),
            operator("bob", Some(1000), Some("b")),
            operator("eve", Some(1001), Some("e")),
        ])
        .unwrap();
        let ask = |name, token| named(&operators, 1000, name, token);
        assert_eq!(ask(None, Some("a")), Ok("ann".to_owned()));
        assert_eq!(ask(Some("bob"), Some("b")), Ok("bob".to_owned()));
        assert_eq!(ask(Some("bob"), Some("a")), Err(Stranger::TokenWrong));
        assert_eq!(ask(Some("bob"), None), Err(Stranger::TokenNeeded));
        assert_eq!(ask(None, None), Err(Stranger::TokenNeeded));
        assert_eq!(ask(None, Some("e")), Err(Stranger::TokenWrong));
        assert_eq!(ask(Some("eve"), Some("e")), Err(Stranger::Unknown));
        assert_eq!(ask(None, Some("")), Err(Stranger::TokenWrong));
    }

    #[test]
    fn an_operator_without_a_uid_speaks_from_any_with_the_token() {
        let operators = Operators::new(vec![
            operator("ann", Some(1000), None),
            operator("desk", None, Some("d")),
        ])
        .unwrap();
        assert_eq!(named(&operators, 1000, None, None), Ok("ann".to_owned()));
        assert_eq!(
            named(&operators, 1000, None, Some("d")),
            Ok("desk".to_owned())
        );
        assert_eq!(named(&operators, 5, None, Some("d")), Ok("desk".to_owned()));
        assert_eq!(named(&operators, 5, None, None), Err(Stranger::TokenNeeded));
        assert!(operators.may_ask(5));
    }

    #[test]
    fn a_list_that_cannot_tell_its_operators_apart_is_refused() {
        let name = |name: &str| name.to_owned();
        let refused = |list: Vec<Operator>| Operators::new(list).err();
        let ann = || operator("ann", Some(1), None);
        let missing = Some(OperatorsError::TokenMissing { name: name("ann") });
        assert_eq!(
            refused(vec![ann(), operator("bob", Some(1), Some("b"))]),
            missing
        );
        assert_eq!(refused(vec![operator("ann", None, None)]), missing);
        assert_eq!(
            refused(vec![ann(), operator("ann", Some(2), None)]),
            Some(OperatorsError::Twice { name: name("ann") })
        );
        assert_eq!(
            refused(vec![
                operator("a", None, Some("x")),
                operator("b", None, Some("x"))
            ]),
            Some(OperatorsError::TokenShared { name: name("b") })
        );
        for bad in ["", "a b", "a\n", &"x".repeat(65)] {
            let expected = OperatorsError::Name { name: name(bad) };
            assert_eq!(refused(vec![operator(bad, Some(1), None)]), Some(expected));
        }
    }

    #[test]
    fn the_user_of_the_daemon_is_named_from_passwd_or_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\ndcx:x:990:990::/:/bin/false\n";
        assert_eq!(of_daemon(990, passwd).name, "dcx");
        assert_eq!(of_daemon(0, passwd).name, "root");
        assert_eq!(of_daemon(991, passwd).name, "uid-991");
        assert_eq!(of_daemon(991, "").may, Impact::Danger);
        assert_eq!(of_daemon(7, "a b:x:7:7").name, "uid-7");
    }

    #[test]
    fn the_digest_of_a_token_is_its_sha_256() {
        // FIPS 180-2, appendix B.1.
        let digest = token_sha256("abc");
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(digest[28..], [0xf2, 0x00, 0x15, 0xad]);
    }

    #[test]
    fn a_token_does_not_show_itself() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(..)");
    }
}
