//! A volume profile: the file that `dcx data profile` writes, read as part of a configuration.

use std::fmt::Write as _;

use dcx_model::{
    Command, InstrumentId, MarketFacts, PROFILE_BUCKETS, PROFILE_PART, ProfileWeights, Qty,
    SetProfile,
};
use dcx_sim::data::DayProfile;
use toml_span::value::{Table, ValueInner};

/// What is known of an instrument's market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    weights: Vec<u16>,
    facts: MarketFacts,
}

impl Profile {
    /// What the engine is told of it.
    pub(crate) fn commands(&self, instrument: InstrumentId) -> impl Iterator<Item = Command> + '_ {
        let facts = MarketFacts {
            instrument,
            ..self.facts
        };
        let parts = (0_u8..).zip(self.weights.chunks(PROFILE_PART));
        let parts = parts.map(move |(part, chunk)| {
            let mut weights = [0; PROFILE_PART];
            for (place, weight) in weights.iter_mut().zip(chunk) {
                *place = *weight;
            }
            Command::SetProfile(SetProfile {
                instrument,
                part,
                weights: ProfileWeights(weights),
            })
        });
        parts.chain(std::iter::once(Command::SetMarketFacts(facts)))
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(crate) fn load(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| format!("the profile {path} cannot be read: {error}"))?;
        Self::parse(&text).map_err(|why| format!("the profile {path}: {why}"))
    }

    /// Reads the text of a profile.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut root = toml_span::parse(text).map_err(|error| error.to_string())?;
        let ValueInner::Table(mut table) = root.take() else {
            return Err("it is not a table".to_owned());
        };
        let facts = MarketFacts {
            instrument: InstrumentId::new(0),
            day_qty: day_qty(&mut table)?,
            volatility_ppm: number(&mut table, "volatility_ppm")?,
            impact_ppm: number(&mut table, "impact_ppm")?,
            half_spread_ppm: number(&mut table, "half_spread_ppm")?,
        };
        let weights = weights(&mut table)?;
        match table.keys().next() {
            Some(key) => Err(format!("unknown key {}", key.name)),
            None => Ok(Self { weights, facts }),
        }
    }
}

fn weights(table: &mut Table<'_>) -> Result<Vec<u16>, String> {
    let Some(mut value) = table.remove("weights") else {
        return Err("weights are missing".to_owned());
    };
    let ValueInner::Array(elements) = value.take() else {
        return Err("weights are not a list".to_owned());
    };
    if elements.len() != PROFILE_BUCKETS {
        let len = elements.len();
        return Err(format!(
            "{len} weights, a day has {PROFILE_BUCKETS} of five minutes"
        ));
    }
    let mut numbers = Vec::with_capacity(PROFILE_BUCKETS);
    for (ix, mut element) in elements.into_iter().enumerate() {
        let number = match element.take() {
            ValueInner::Integer(number) => float(number),
            ValueInner::Float(number) => number,
            _ => return Err(format!("weight {ix} is not a number")),
        };
        if !number.is_finite() || number < 0.0 {
            return Err(format!(
                "weight {ix} is {number}: it must be finite and not negative"
            ));
        }
        numbers.push(number);
    }
    scaled(&numbers)
}

/// The weights as the engine keeps them: the largest is as large as can be where they are not
/// whole numbers that fit as they are.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a weight is between zero and the largest there is"
)]
fn scaled(numbers: &[f64]) -> Result<Vec<u16>, String> {
    let most = numbers.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return Err("every weight is zero".to_owned());
    }
    let max = f64::from(u16::MAX);
    let whole = most <= max && numbers.iter().all(|number| number.fract() == 0.0);
    let scale = if whole { 1.0 } else { max / most };
    Ok(numbers
        .iter()
        .map(|number| (number * scale).round() as u16)
        .collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is beyond 2^53 is scaled down to 16 bits anyway"
)]
const fn float(number: i64) -> f64 {
    number as f64
}

fn number(table: &mut Table<'_>, key: &str) -> Result<u32, String> {
    let Some(mut value) = table.remove(key) else {
        return Ok(0);
    };
    match value.take() {
        ValueInner::Integer(number) => u32::try_from(number)
            .map_err(|_| format!("{key} is {number}: it must be from 0 to {}", u32::MAX)),
        _ => Err(format!("{key} is not a whole number")),
    }
}

fn day_qty(table: &mut Table<'_>) -> Result<Qty, String> {
    let Some(mut value) = table.remove("day_qty") else {
        return Ok(Qty::ZERO);
    };
    let text = match value.take() {
        ValueInner::Integer(number) => number.to_string(),
        ValueInner::String(text) => text.into_owned(),
        _ => return Err("day_qty is neither a whole number nor a text".to_owned()),
    };
    Qty::parse(text.as_bytes()).map_err(|fault| format!("day_qty: {fault}"))
}

/// A profile as the text of its file.
pub(crate) fn write(
    learnt: &DayProfile,
    from: &str,
    (day_qty, impact_ppm): (Option<Qty>, Option<u32>),
) -> String {
    let mut text = format!(
        "# Volume profile learnt by `dcx data profile` from {} quotes of {} days of {from}.\n\
         # Passed over: {} crossed, {} stamped earlier than the one before; {} gaps of more than a \
         minute.\n\
         # Weight of each five minutes of the UTC day, by how often the quote changed.\n\
         volatility_ppm = {}    # standard deviation of a day, in millionths of the price\n\
         half_spread_ppm = {}\n",
        learnt.quotes,
        learnt.days,
        learnt.crossed,
        learnt.reversed,
        learnt.gaps,
        learnt.volatility_ppm,
        learnt.half_spread_ppm
    );
    let _ = match day_qty {
        Some(qty) => writeln!(text, "day_qty = \"{qty}\"    # as stated by --day-qty"),
        None => writeln!(
            text,
            "# day_qty = \"\"    # what the market trades in a day; not in quotes"
        ),
    };
    let _ = match impact_ppm {
        Some(ppm) => writeln!(text, "impact_ppm = {ppm}    # as stated by --impact-ppm"),
        None => writeln!(
            text,
            "# impact_ppm =     # cost of being all of the volume; not in quotes"
        ),
    };
    text.push_str("weights = [\n");
    for hour in learnt.weights.chunks(12) {
        let row: Vec<String> = hour.iter().map(u16::to_string).collect();
        let _ = writeln!(text, "    {},", row.join(", "));
    }
    text.push_str("]\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(weights: &str) -> String {
        format!("volatility_ppm = 5000\nday_qty = \"1000000.5\"\nweights = [{weights}]\n")
    }

    fn all(first: &str) -> String {
        let rest = vec!["1"; PROFILE_BUCKETS - 1].join(", ");
        with(&format!("{first}, {rest}"))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let learnt = DayProfile {
            weights: (0..288).map(|ix| ix * 3).collect(),
            volatility_ppm: 6_123,
            half_spread_ppm: 51,
            quotes: 9,
            days: 1,
            crossed: 0,
            reversed: 0,
            gaps: 0,
        };
        let qty = Qty::whole(7_000);
        let text = write(&learnt, "somewhere", (Some(qty), Some(900)));
        let profile = Profile::parse(&text).unwrap();
        assert_eq!(profile.weights, learnt.weights);
        assert_eq!(profile.facts.day_qty, qty);
        assert_eq!(
            (profile.facts.volatility_ppm, profile.facts.impact_ppm),
            (6_123, 900)
        );
        let commands: Vec<Command> = profile.commands(InstrumentId::new(3)).collect();
        assert_eq!(commands.len(), 7);
        let Command::SetProfile(last) = commands[5] else {
            panic!()
        };
        assert_eq!((last.part, last.weights.0[47]), (5, 287 * 3));
        Profile::parse(&write(&learnt, "", (None, None))).unwrap();
    }

    #[test]
    fn a_profile_that_cannot_be_true_is_refused_with_its_place() {
        let cases = [
            (all("nan"), "weight 0 is NaN"),
            (all("inf"), "weight 0 is inf"),
            (all("-1"), "weight 0 is -1"),
            (all("-0.5"), "weight 0 is -0.5"),
            (all("\"x\""), "weight 0 is not a number"),
            (with("1, 2"), "2 weights"),
            (with(&vec!["0"; 288].join(", ")), "every weight is zero"),
            ("weights = 1".to_owned(), "not a list"),
            ("volatility_ppm = 1".to_owned(), "weights are missing"),
            (all("1").replace("5000", "-1"), "volatility_ppm is -1"),
            (all("1").replace("1000000.5", "-1"), "day_qty"),
            (all("1") + "\nhaste = 1\n", "unknown key haste"),
            ("weights = [".to_owned(), ""),
        ];
        for (text, why) in cases {
            let error = Profile::parse(&text).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn weights_of_any_size_are_scaled_to_what_is_kept() {
        let profile = Profile::parse(&all("1e300")).unwrap();
        assert_eq!((profile.weights[0], profile.weights[1]), (u16::MAX, 0));
        let profile = Profile::parse(&all("0.25")).unwrap();
        assert_eq!((profile.weights[0], profile.weights[1]), (16_384, u16::MAX));
    }
}
