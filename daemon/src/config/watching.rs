//! What a client's session is told besides its own reports: copies of others', and news.

use dcx_fix::orders::NewsFor;
use dcx_model::Code;

use super::Client;
use super::read::refers;
use super::section::{Item, Section, Walk};

/// The word for every session, in place of names.
const ALL: &str = "all";

/// What a session is told besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watching {
    /// Whose reports it gets copies of; none for a client that trades.
    pub(crate) copies: Option<Copies>,
    /// What news it gets.
    pub(crate) news: Option<NewsFor>,
}

/// Whose reports are copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Copies {
    /// Those of all sessions.
    All,
    /// Those of these clients, by CompID.
    Of(Vec<String>),
}

/// The keys of a client that say so, with the names to be held against all clients.
pub(super) fn read(section: &mut Section<'_, '_, '_>) -> (Watching, Vec<Item<String>>) {
    let named = section.texts_if_any("drop_copy");
    let words = [
        ("none", None),
        ("own", Some(NewsFor::Own)),
        ("all", Some(NewsFor::All)),
    ];
    let news = section.choice("news", &words, None);
    let mut watched = Vec::new();
    let copies = named.map(|names| {
        if names.iter().any(|name| name.value == ALL) {
            return Copies::All;
        }
        let of = names.iter().map(|name| name.value.clone()).collect();
        watched = names;
        Copies::Of(of)
    });
    if copies == Some(Copies::Of(Vec::new())) {
        let span = section.span();
        section.walk().find(
            Code::C013,
            Some(span),
            "drop_copy names nobody: such a session would get nothing and could order nothing",
            "name the clients whose reports it gets, or \"all\"; or leave the key out",
        );
    }
    (Watching { copies, news }, watched)
}

/// Every client whose reports are copied is one.
pub(super) fn check(walk: &mut Walk<'_>, watched: &[Item<String>], clients: &[Item<Client>]) {
    let trades = clients
        .iter()
        .filter(|it| it.value.watching.copies.is_none());
    let known: Vec<&str> = trades.map(|it| it.value.comp_id.as_str()).collect();
    for name in watched {
        if !known.contains(&name.value.as_str()) {
            refers(walk, name, "client that trades", &known);
        }
    }
}
