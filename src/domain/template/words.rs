//! A masked message word by word.

use super::Hash;
use super::mask;

/// The words of a kind of message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: Box<str>,
    hash: u64,
}

impl Words {
    /// So many words of a message are told apart; what follows is one.
    pub const MOST: usize = 24;

    /// The words of a message.
    pub fn of(message: &[u8]) -> Self {
        let text = mask::text(message);
        let words = text.trim().splitn(Self::MOST, ' ').map(Word::new).collect();
        Self { words }
    }

    /// Puts a variable in place of a word.
    pub fn open(&mut self, place: usize) {
        if let Some(word) = self.words.get_mut(place) {
            *word = Word::new(mask::WORD);
        }
    }

    /// Where a word stands that could be a variable. In messages of one or two words (`KeyError: 'cart'`) none could:
    /// there each says what it is about.
    pub fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let least = 3;
        let fixed = |word: &Word| matches!(&*word.text, mask::WORD | mask::NUMBER | mask::ID | "");
        (self.words.iter().enumerate())
            .filter(move |(_, word)| self.words.len() >= least && !fixed(word))
            .map(|(place, _)| place)
    }

    /// What tells these words of a group of messages from others.
    pub fn hash(&self, seed: u64) -> u64 {
        self.hashed(seed, None)
    }

    /// The same whatever stands in one place.
    pub fn without(&self, seed: u64, place: usize) -> u64 {
        self.hashed(seed, Some(place))
    }

    fn hashed(&self, seed: u64, hole: Option<usize>) -> u64 {
        let mut hash = Hash(seed | 2);
        for (place, word) in self.words.iter().enumerate() {
            hash.word(if hole == Some(place) { 3 } else { word.hash });
        }
        hash.word(hole.map_or(u64::MAX, |hole| hole as u64));
        hash.0
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ")
    }
}

impl Word {
    fn new(text: &str) -> Self {
        let mut hash = Hash(5);
        hash.bytes(text.as_bytes());
        Self { text: text.into(), hash: hash.0 }
    }
}
