//! A limit's number as people write it, and back.

use dcx_model::{Limit, Notional, Price, Qty, Unit};

/// The largest number of basis points that is taken: a hundred times the whole.
const BPS_MAX: i128 = 1_000_000;

/// Units of a quantity or price in one.
const UNITS: i128 = 100_000_000;

/// Units of a worth in one.
const NOTIONAL_UNITS: i128 = UNITS * UNITS;

const NANOS_PER_MS: i128 = 1_000_000;

/// Spans and their nanoseconds, longest first.
const SPANS: [(&str, i128); 5] = [
    ("h", 3_600_000 * NANOS_PER_MS),
    ("m", 60_000 * NANOS_PER_MS),
    ("s", 1_000 * NANOS_PER_MS),
    ("ms", NANOS_PER_MS),
    ("us", 1_000),
];

/// The limit of this name; otherwise what to say about it.
pub(crate) fn limit(name: &str) -> Result<Limit, String> {
    let found = Limit::ALL.iter().find(|limit| limit.name() == name);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = Limit::ALL.iter().map(|limit| limit.name()).collect();
        format!(
            "no limit is named {name:?}; there are: {}",
            names.join(", ")
        )
    })
}

/// Reads a limit's number in the unit that people use for it; `none` takes the limit away.
///
/// Nothing is rounded: what is too precise is refused.
pub(crate) fn parse(limit: Limit, text: &str) -> Result<Option<i128>, String> {
    if text == "none" {
        return Ok(None);
    }
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let value = match limit.unit() {
        Unit::Qty => Qty::parse(plain.as_bytes())
            .map(|qty| i128::from(qty.units()))
            .map_err(|fault| fault.to_string()),
        Unit::Notional => whole(&plain)
            .and_then(|whole| i64::try_from(whole).map_err(|_| "out of range".to_owned()))
            .map(|whole| Notional::whole(whole).units()),
        Unit::Bps => whole(&plain).and_then(|bps| at_most(bps, BPS_MAX)),
        Unit::Nanos => span(&plain),
        Unit::Count => whole(&plain).and_then(|count| at_most(count, i128::from(u32::MAX))),
        Unit::Thousandths => thousandths(&plain),
        Unit::Flag => flag(&plain),
    };
    value
        .map(Some)
        .map_err(|why| format!("{limit} is {}, not {text:?}: {why}", expected(limit.unit())))
}

/// What a number of this unit looks like.
const fn expected(unit: Unit) -> &'static str {
    match unit {
        Unit::Qty => "a quantity such as 1000 or 0.5",
        Unit::Notional => "worth in whole units of the firm's currency such as 2_000_000",
        Unit::Bps => "a number of basis points from 0 to 1000000",
        Unit::Nanos => "a time such as 500ms, 5s or 2m; without a unit in milliseconds",
        Unit::Count => "a whole number",
        Unit::Thousandths => "a multiple such as 10 or 2.5",
        Unit::Flag => "yes or no",
    }
}

fn whole(text: &str) -> Result<i128, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = digits.then(|| text.parse().ok()).flatten();
    value.ok_or_else(|| "not a whole number".to_owned())
}

fn at_most(value: i128, max: i128) -> Result<i128, String> {
    if value <= max {
        Ok(value)
    } else {
        Err("out of range".to_owned())
    }
}

fn span(text: &str) -> Result<i128, String> {
    let at = text.find(|c: char| !c.is_ascii_digit());
    let (digits, unit) = text.split_at(at.unwrap_or(text.len()));
    let nanos = match unit {
        "" => Some(NANOS_PER_MS),
        "ns" => Some(1),
        unit => SPANS
            .iter()
            .find_map(|(name, nanos)| (*name == unit).then_some(*nanos)),
    };
    let nanos = nanos.ok_or_else(|| format!("no unit of time is called {unit:?}"))?;
    let value = whole(digits)?.checked_mul(nanos);
    value
        .ok_or_else(|| "out of range".to_owned())
        .and_then(|value| at_most(value, i128::from(i64::MAX)))
}

fn thousandths(text: &str) -> Result<i128, String> {
    let units = Price::parse(text.as_bytes()).map_err(|fault| fault.to_string())?;
    let (units, step) = (i128::from(units.units()), UNITS / 1_000);
    if units <= 0 {
        return Err("not above zero".to_owned());
    }
    if units % step != 0 {
        return Err("more than 3 decimal places".to_owned());
    }
    Ok(units / step)
}

fn flag(text: &str) -> Result<i128, String> {
    match text {
        "yes" | "true" | "on" | "1" => Ok(1),
        "no" | "false" | "off" | "0" => Ok(0),
        _ => Err("neither yes nor no".to_owned()),
    }
}

/// A limit's number as people read it; `none` where it is not set.
pub(crate) fn show(limit: Limit, value: Option<i128>) -> String {
    let Some(value) = value else {
        return "none".to_owned();
    };
    match limit.unit() {
        Unit::Qty => decimal(value, UNITS),
        Unit::Notional => decimal(value, NOTIONAL_UNITS),
        Unit::Bps | Unit::Count => value.to_string(),
        Unit::Nanos => show_span(value),
        Unit::Thousandths => decimal(value, 1_000),
        Unit::Flag => if value == 0 { "no" } else { "yes" }.to_owned(),
    }
}

fn show_span(nanos: i128) -> String {
    let fits = SPANS
        .iter()
        .find(|(_, span)| nanos != 0 && nanos % span == 0);
    match fits {
        Some((name, span)) => format!("{}{name}", nanos / span),
        None => format!("{nanos}ns"),
    }
}

/// A number of `scale`ths, exactly, without zeros at its end.
pub(crate) fn decimal(value: i128, scale: i128) -> String {
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let scale = scale.unsigned_abs();
    let (whole, rest) = (size / scale, size % scale);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let places = scale.ilog10() as usize;
    let digits = format!("{rest:0places$}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_unit_of_their_limit() {
        let cases = [
            (Limit::OrderQtyMax, "0.5", 50_000_000),
            (
                Limit::OrderNotionalMax,
                "2_000_000",
                2_000_000 * NOTIONAL_UNITS,
            ),
            (Limit::CollarBps, "100", 100),
            (Limit::QuoteAgeMax, "5s", 5_000_000_000),
            (Limit::QuoteAgeMax, "250", 250_000_000),
            (Limit::QuoteAgeMax, "10us", 10_000),
            (Limit::OrdersOpenMax, "1000", 1_000),
            (Limit::TypicalMultiple, "2.5", 2_500),
            (Limit::LocateRequired, "yes", 1),
        ];
        for (limit, text, value) in cases {
            assert_eq!(parse(limit, text), Ok(Some(value)), "{limit} {text}");
        }
        assert_eq!(parse(Limit::NetMax, "none"), Ok(None));
    }

    #[test]
    fn what_is_no_number_of_the_limit_is_refused_with_an_example() {
        let cases = [
            (Limit::OrderQtyMax, "-1"),
            (Limit::OrderQtyMax, "0.000000001"),
            (Limit::OrderNotionalMax, "1.5"),
            (Limit::OrderNotionalMax, "99999999999999999999"),
            (Limit::CollarBps, "1000001"),
            (Limit::QuoteAgeMax, "5 s"),
            (Limit::QuoteAgeMax, "s"),
            (Limit::OrdersOpenMax, "4294967296"),
            (Limit::OrdersOpenMax, ""),
            (Limit::TypicalMultiple, "0.0001"),
            (Limit::TypicalMultiple, "0"),
            (Limit::LocateRequired, "perhaps"),
        ];
        for (limit, text) in cases {
            let said = parse(limit, text).expect_err(text);
            let named = said.contains(limit.name()) && said.contains(&format!("{text:?}"));
            assert!(named, "{said}");
        }
        assert!(limit("order_qty").unwrap_err().contains("order_qty_max"));
    }

    #[test]
    fn what_is_shown_is_read_again_as_the_same() {
        for n in 0..2_000_u64 {
            for limit in Limit::ALL {
                // Weyl's sequence: every magnitude up to 2^40, evenly.
                let drawn = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
                let drawn = i128::from(drawn >> (n % 30));
                let value = match limit.unit() {
                    Unit::Flag => drawn % 2,
                    Unit::Bps => drawn % BPS_MAX,
                    Unit::Notional => drawn * NOTIONAL_UNITS,
                    Unit::Thousandths => drawn % 1_000_000 + 1,
                    Unit::Count => drawn % i128::from(u32::MAX),
                    Unit::Qty | Unit::Nanos => drawn,
                };
                let shown = show(*limit, Some(value));
                assert_eq!(parse(*limit, &shown), Ok(Some(value)), "{limit} {shown}");
            }
        }
    }

    #[test]
    fn decimals_keep_their_sign_and_lose_their_zeros() {
        assert_eq!(decimal(-150_000_000, UNITS), "-1.5");
        assert_eq!(decimal(5, UNITS), "0.00000005");
        assert_eq!(decimal(0, UNITS), "0");
    }
}
