//! Seeded numbers, so that a failure can be repeated.

/// A stream of numbers from one seed (SplitMix64: Steele, Lea, Flood 2014).
#[derive(Debug)]
pub struct Seed {
    /// What to print.
    pub value: u64,
    state: u64,
}

impl Seed {
    /// The seed in the variable `name`, or one from the clock.
    ///
    /// # Panics
    /// If the variable is set and not a number.
    #[must_use]
    pub fn from_env(name: &str) -> Self {
        let given = std::env::var(name).ok();
        let value = given.map_or_else(from_clock, |text| {
            text.parse().expect("the seed is a number")
        });
        Self {
            value,
            state: value,
        }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` up to, not including, `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.draw() % (to - from)
    }
}

fn from_clock() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| {
        now.as_secs() << 20 | u64::from(now.subsec_micros())
    })
}
