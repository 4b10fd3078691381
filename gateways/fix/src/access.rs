//! Who may connect and how much of it: ranges of addresses, and a rate.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use dcx_model::{MonoNanos, NANOS_PER_S};

/// Addresses that share their first bits, as `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    first: IpAddr,
    bits: u8,
}

/// Why a text is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a range such as 192.0.2.0/24")]
pub struct IpRangeError;

impl IpRange {
    /// Whether the address is one of them. An IPv4 address that came over IPv6 is itself.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                let part = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
                part(first.to_bits()) == part(other.to_bits())
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                let part = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
                part(first.to_bits()) == part(other.to_bits())
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for IpRange {
    type Err = IpRangeError;

    fn from_str(text: &str) -> Result<Self, IpRangeError> {
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| IpRangeError)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits
            .map_or(Ok(most), str::parse)
            .map_err(|_| IpRangeError)?;
        match bits <= most {
            true => Ok(Self { first, bits }),
            false => Err(IpRangeError),
        }
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// So many a second, and as many at once (the generic cell rate algorithm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    per_s: u32,
    /// When all that was counted would be through at an even pace.
    through_at: MonoNanos,
}

impl Rate {
    pub(crate) const fn new(per_s: u32) -> Self {
        Self {
            per_s,
            through_at: MonoNanos::new(0),
        }
    }

    /// Whether one more is within the rate; it is not counted.
    pub(crate) fn has_room(&self, now: MonoNanos) -> bool {
        let through_at = self.through_at.get().max(now.get());
        through_at.saturating_add(self.each()) <= now.get().saturating_add(NANOS_PER_S)
    }

    pub(crate) fn count(&mut self, now: MonoNanos) {
        let from = self.through_at.get().max(now.get());
        self.through_at = MonoNanos::new(from.saturating_add(self.each()));
    }

    fn each(&self) -> u64 {
        NANOS_PER_S / u64::from(self.per_s.max(1))
    }

    /// Whether nothing of the past matters any more.
    pub(crate) fn is_idle(&self, now: MonoNanos) -> bool {
        self.through_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_the_addresses_that_share_its_bits() {
        let has = |range: &str, address: &str| {
            let range: IpRange = range.parse().unwrap();
            range.has(address.parse().unwrap())
        };
        assert!(has("192.0.2.0/24", "192.0.2.255"));
        assert!(!has("192.0.2.0/24", "192.0.3.0"));
        assert!(has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7", "192.0.2.6"));
        assert!(has("0.0.0.0/0", "203.0.113.9"));
        assert!(has("192.0.2.0/24", "::ffff:192.0.2.1"), "IPv4 over IPv6");
        assert!(has("2001:db8::/32", "2001:db8:1::1") && !has("2001:db8::/32", "2001:db9::"));
        assert!(has("::/0", "2001:db8::1") && !has("::/0", "192.0.2.1"));
        for wrong in ["", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/-1", "host"] {
            assert!(wrong.parse::<IpRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_lets_a_second_s_worth_through_at_once_and_then_its_pace() {
        let mut rate = Rate::new(10);
        let mut passed = 0;
        for ms in 0..3_000 {
            let now = MonoNanos::new(1 + ms * 1_000_000);
            while rate.has_room(now) {
                rate.count(now);
                passed += 1;
            }
            if ms == 0 {
                assert_eq!(passed, 10);
            }
        }
        assert_eq!(passed, 39, "ten at once, then one each tenth of a second");
    }
}
