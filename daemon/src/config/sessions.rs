//! How a FIX session treats its peer: the keys that clients and venues share.

use std::net::SocketAddr;
use std::path::PathBuf;

use dcx_fix::{
    Credentials, Durability, IpRange, OverRate, Schedule, SessionConfig, StoreOptions, Throttle,
    TlsAccept, TlsConnect, TlsIdentity,
};
use dcx_model::{Code, Nanos};

use super::parties::{TimeOfDay, WEEKDAYS};
use super::read::refers;
use super::section::{Item, Section};

/// What the two sides of a session agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionKeys {
    reset_on_logout: bool,
    reset_on_disconnect: bool,
    next_expected: bool,
    last_processed: bool,
    resend_request_chunk: u64,
    live_during_resend: bool,
    credentials: Option<Credentials>,
    schedule: Option<Schedule>,
    allowed: Vec<IpRange>,
    throttle: Option<Throttle>,
    out_bytes_max: Option<usize>,
    store: StoreOptions,
    tls: Option<TlsConnect>,
}

/// Which side of the connection is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Of a `[[client]]`, who connects to us.
    Accepts,
    /// Of a `[[venue]]`, whom we connect to.
    Connects,
}

impl SessionKeys {
    /// How many bytes may wait for the peer, where that is not what it is for all.
    pub(crate) const fn out_bytes_max(&self) -> Option<usize> {
        self.out_bytes_max
    }

    /// A session of these keys.
    pub(crate) fn apply(&self, session: SessionConfig) -> SessionConfig {
        SessionConfig {
            reset_on_logout: self.reset_on_logout,
            reset_on_disconnect: self.reset_on_disconnect,
            next_expected: self.next_expected,
            last_processed: self.last_processed,
            resend_request_chunk: self.resend_request_chunk,
            live_during_resend: self.live_during_resend,
            credentials: self.credentials.clone(),
            schedule: self.schedule.clone(),
            allowed: self.allowed.clone(),
            throttle: self.throttle,
            out_bytes_max: self.out_bytes_max,
            store_options: self.store,
            tls: self.tls.clone(),
            ..session
        }
    }
}

/// The keys of a session that stand in its client's or venue's own table.
pub(super) fn read(section: &mut Section<'_, '_, '_>, side: Side) -> SessionKeys {
    let mut flag = |key, default| section.boolean(key, Some(default)).unwrap_or(default);
    let reset_on_logout = flag("reset_on_logout", false);
    let reset_on_disconnect = flag("reset_on_disconnect", false);
    let next_expected = flag("next_expected", false);
    let last_processed = flag("last_processed", false);
    let live_during_resend = flag("live_during_resend", true);
    let chunk = section.number("resend_request_chunk", 0..=1_000_000, Some(0));
    let per_s = section.number_u32("messages_per_s_max", 0..=1_000_000, Some(0));
    let words = [("wait", OverRate::Wait), ("cut", OverRate::Cut)];
    let over = section.choice("over_rate", &words, OverRate::Wait);
    let throttle = per_s.filter(|per_s| *per_s > 0);
    let out_bytes_max = match section.has("out_bytes_max") {
        true => section.number_u32("out_bytes_max", 4096..=1 << 30, None),
        false => {
            section.absent("out_bytes_max");
            None
        }
    };
    SessionKeys {
        reset_on_logout,
        reset_on_disconnect,
        next_expected,
        last_processed,
        resend_request_chunk: chunk.map_or(0, i64::unsigned_abs),
        live_during_resend,
        credentials: read_credentials(section),
        schedule: section.table("hours", read_hours),
        allowed: match side {
            Side::Accepts => read_allowed(section),
            Side::Connects => Vec::new(),
        },
        throttle: throttle.map(|per_s| Throttle { per_s, over }),
        out_bytes_max: out_bytes_max.map(|bytes| bytes as usize),
        store: section.table("store", read_store),
        tls: match side {
            Side::Accepts => None,
            Side::Connects => section.table("tls", read_connect),
        },
    }
}

/// Other addresses of a venue.
pub(super) fn read_others(section: &mut Section<'_, '_, '_>) -> Vec<SocketAddr> {
    let texts = section.texts_if_any("others").unwrap_or_default();
    parsed(
        section,
        texts,
        "not an address and port such as 127.0.0.1:9901",
    )
}

fn read_allowed(section: &mut Section<'_, '_, '_>) -> Vec<IpRange> {
    let texts = section.texts_if_any("allowed").unwrap_or_default();
    parsed(
        section,
        texts,
        "not an address or a range such as 192.0.2.0/24",
    )
}

fn parsed<T: std::str::FromStr>(
    section: &mut Section<'_, '_, '_>,
    texts: Vec<Item<String>>,
    wanted: &str,
) -> Vec<T> {
    let mut out = Vec::new();
    for text in texts {
        match text.value.parse() {
            Ok(value) => out.push(value),
            Err(_) => section.walk().find(
                Code::C007,
                Some(text.span),
                format!("{:?}: {wanted}", text.value),
                "write it as a text in quotes",
            ),
        }
    }
    out
}

/// Username and password of a Logon. The password stands in a file of its own, so that nothing
/// that shows the configuration shows it.
fn read_credentials(section: &mut Section<'_, '_, '_>) -> Option<Credentials> {
    let username = section.text_if_any("username", some_text);
    let file = section.text_if_any("password_file", some_text);
    if username.is_none() && file.is_none() {
        return None;
    }
    let password = match file {
        None => String::new(),
        Some(file) => match std::fs::read_to_string(&file.value) {
            Ok(text) => text.lines().next().unwrap_or_default().to_owned(),
            Err(error) => {
                section.walk().find(
                    Code::C007,
                    Some(file.span),
                    format!("{}: {error}", file.value),
                    "a file whose first line is the password, readable by dcx only",
                );
                return None;
            }
        },
    };
    let username = username.map_or_else(String::new, |name| name.value);
    Some(Credentials::new(username, password))
}

fn some_text(text: &str) -> Result<String, String> {
    match text {
        "" => Err("an empty text".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// When a session is open: `open` and `close` on `weekdays`, or once a week from `open_day` to
/// `close_day`.
fn read_hours(section: &mut Section<'_, '_, '_>) -> Option<Schedule> {
    let zone = section.text("time_zone", Some("UTC".to_owned()), some_text);
    let open = section.text_if_any("open", str::parse::<TimeOfDay>);
    let close = section.text_if_any("close", str::parse::<TimeOfDay>);
    let days = section.texts_if_any("weekdays");
    let open_day = section.text_if_any("open_day", some_text);
    let close_day = section.text_if_any("close_day", some_text);
    let span = open.as_ref().map(|open| open.span.clone());
    let zone = zone.map_or_else(|| "UTC".to_owned(), |zone| zone.value);
    let made = match (open, close, days, open_day, close_day) {
        (None, None, None, None, None) => return None,
        (Some(open), Some(close), days, None, None) => {
            let mut begins = [days.is_none(); 7];
            for day in days.unwrap_or_default() {
                if let Some(begins) = weekday(section, &day).and_then(|day| begins.get_mut(day)) {
                    *begins = true;
                }
            }
            Schedule::daily(&zone, begins, (open.value.0, close.value.0))
        }
        (Some(open), Some(close), None, Some(first), Some(last)) => {
            let (first, last) = (weekday(section, &first), weekday(section, &last));
            let number = |day: Option<usize>| day.and_then(|day| u8::try_from(day).ok());
            let (Some(first), Some(last)) = (number(first), number(last)) else {
                return None;
            };
            Schedule::weekly(&zone, (first, open.value.0), (last, close.value.0))
        }
        _ => {
            let span = section.span();
            section.walk().find(
                Code::C013,
                Some(span),
                "the hours of a session need an opening and a close",
                "give open and close, with weekdays; or with open_day and close_day for one \
                 session a week",
            );
            return None;
        }
    };
    match made {
        Ok(schedule) => Some(schedule),
        Err(error) => {
            section.walk().find(
                Code::C007,
                span,
                error.to_string(),
                "time_zone is a name of the IANA database, days are mon to sun",
            );
            None
        }
    }
}

fn weekday(section: &mut Section<'_, '_, '_>, day: &Item<String>) -> Option<usize> {
    let known = WEEKDAYS.iter().position(|known| *known == day.value);
    if known.is_none() {
        refers(section.walk(), day, "weekday", &WEEKDAYS);
    }
    known
}

/// How its messages are kept, and for how long.
fn read_store(section: &mut Section<'_, '_, '_>) -> StoreOptions {
    let words = [
        ("async", Durability::Async),
        ("group", Durability::Group),
        ("full", Durability::Full),
    ];
    let durability = section.choice("durability", &words, Durability::Async);
    let segment = section.number("segment_mb", 1..=65_536, Some(64));
    let retain_mb = section.number("retain_mb", 0..=1 << 24, Some(0));
    let days = section.number("retain_days", 0..=36_500, Some(0));
    let above_zero = |number: Option<i64>| number.map_or(0, i64::unsigned_abs);
    let day_s = 86_400;
    StoreOptions {
        durability,
        segment_bytes: above_zero(segment).max(1) << 20,
        retain_bytes: Some(above_zero(retain_mb) << 20).filter(|bytes| *bytes > 0),
        retain_for: Some(Nanos::from_seconds(above_zero(days) * day_s))
            .filter(|span| *span != Nanos::ZERO),
    }
}

/// TLS towards a venue.
fn read_connect(section: &mut Section<'_, '_, '_>) -> Option<TlsConnect> {
    let name = section.text_if_any("server_name", some_text);
    let authorities = section.text_if_any("authorities", some_text);
    let identity = read_identity(section);
    match (name, authorities) {
        (Some(name), Some(authorities)) => Some(TlsConnect {
            server_name: name.value,
            authorities: PathBuf::from(authorities.value),
            identity,
        }),
        (None, None) if identity.is_none() => None,
        _ => {
            half(section, "TLS to a venue needs server_name and authorities");
            None
        }
    }
}

/// TLS of an address that clients connect to.
pub(super) fn read_accept(section: &mut Section<'_, '_, '_>) -> Option<TlsAccept> {
    let identity = read_identity(section);
    let authorities = section.text_if_any("client_authorities", some_text);
    match identity {
        Some(identity) => Some(TlsAccept {
            identity,
            client_authorities: authorities.map(|item| PathBuf::from(item.value)),
        }),
        None => {
            if authorities.is_some() {
                half(section, "TLS for clients needs certificates and key");
            }
            None
        }
    }
}

fn read_identity(section: &mut Section<'_, '_, '_>) -> Option<TlsIdentity> {
    let certificates = section.text_if_any("certificates", some_text);
    let key = section.text_if_any("key", some_text);
    match (certificates, key) {
        (Some(certificates), Some(key)) => Some(TlsIdentity {
            certificates: PathBuf::from(certificates.value),
            key: PathBuf::from(key.value),
        }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            half(
                section,
                "a certificate needs its key, and a key its certificates",
            );
            None
        }
    }
}

fn half(section: &mut Section<'_, '_, '_>, what: &str) {
    let span = section.span();
    section.walk().find(
        Code::C013,
        Some(span),
        what,
        "name the PEM files, or leave the table out to talk in the clear",
    );
}
