//! Order-independent hashing of state.
//!
//! Each piece of state is hashed with a salt of its own and the hashes are added: the sum does
//! not depend on the order of slots, only on what is in them.

use dcx_model::hash;

/// The words of one piece of state, on their way to its hash.
#[derive(Debug)]
pub(crate) struct Words {
    bytes: [u8; 512],
    len: usize,
    before: u64,
}

impl Words {
    /// No words yet, of the kind of state that `salt` names.
    pub(crate) const fn new(salt: u64) -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
            before: salt,
        }
    }

    pub(crate) fn u64(&mut self, word: u64) {
        self.bytes(&word.to_le_bytes());
    }

    pub(crate) fn i128(&mut self, word: i128) {
        self.bytes(&word.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        } else {
            self.before = hash(self.before, bytes);
        }
    }

    pub(crate) fn finish(&self) -> u64 {
        hash(self.before, self.bytes.get(..self.len).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_and_the_salt_count() {
        let of = |salt, words: &[u64]| {
            let mut all = Words::new(salt);
            words.iter().for_each(|word| all.u64(*word));
            all.finish()
        };
        assert_eq!(of(1, &[2, 3]), of(1, &[2, 3]));
        assert_ne!(of(1, &[2, 3]), of(1, &[3, 2]));
        assert_ne!(of(1, &[2, 3]), of(2, &[2, 3]));
        let long: Vec<u64> = (0..100).collect();
        let mut other = long.clone();
        other[99] = 0;
        assert_ne!(of(1, &long), of(1, &other));
    }
}
