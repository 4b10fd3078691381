//! Username and password of a Logon, which nothing ever prints.

use std::fmt;

/// `Username` (553) and `Password` (554).
///
/// Its `Debug` shows the name only.
#[derive(Clone)]
pub struct Credentials {
    /// `Username` (553); empty for none.
    pub username: String,
    password: String,
}

impl Credentials {
    /// Credentials of this name; either may be empty.
    #[must_use]
    pub const fn new(username: String, password: String) -> Self {
        Self { username, password }
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// Whether a Logon brought these, told in a time that does not depend on how much of the
    /// password was right.
    pub(super) fn are(&self, username: Option<&[u8]>, password: Option<&[u8]>) -> bool {
        let name = same(self.username.as_bytes(), username.unwrap_or_default());
        let word = same(self.password.as_bytes(), password.unwrap_or_default());
        name & word
    }
}

/// Looks at every byte of what came.
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let mut differs = u8::from(ours.len() != theirs.len());
    for (ix, byte) in theirs.iter().enumerate() {
        let own = ours.get(ix).copied().unwrap_or(!byte);
        differs |= std::hint::black_box(own ^ byte);
    }
    differs == 0
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.are(
            Some(other.username.as_bytes()),
            Some(other.password.as_bytes()),
        )
    }
}

impl Eq for Credentials {}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
