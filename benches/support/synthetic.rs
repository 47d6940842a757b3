//! Generates a corpus of any size that is the same on every machine.
//!
//! Its made-up words follow Zipf's law like those of real text, so that posting lists have realistic lengths.

use std::borrow::Cow;

use askpm::corpus::SourceFile;
use askpm::corpus::edition::{Answer, Discussion, Edition};
use askpm::corpus::markdown::write;
use sha2::{Digest, Sha256};

const VOCABULARY: usize = 30_000;
const WORDS_AN_ANSWER: u64 = 180;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Made-up words, and how often each is used.
pub struct Vocabulary {
    words: Vec<String>,
    cumulative: Vec<f64>,
}

impl Vocabulary {
    pub fn new() -> Vocabulary {
        let mut total = 0.0;
        let cumulative = (1..=VOCABULARY)
            .map(|rank| {
                total += 1.0 / rank as f64;
                total
            })
            .collect();
        Vocabulary {
            words: (0..VOCABULARY).map(word).collect(),
            cumulative,
        }
    }

    /// Draws a word. Frequent words are drawn often.
    pub fn draw(&self, random: &mut Random) -> &str {
        let at = random.unit() * self.cumulative.last().copied().unwrap_or(1.0);
        let index = self.cumulative.partition_point(|sum| *sum < at);
        &self.words[index.min(VOCABULARY - 1)]
    }

    pub fn text(&self, random: &mut Random, words: u64) -> String {
        let words: Vec<&str> = (0..words).map(|_| self.draw(random)).collect();
        words.join(" ")
    }
}

/// Returns a pronounceable word of two or three syllables, different for each number.
fn word(number: usize) -> String {
    const HEADS: [&str; 16] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "t", "v", "br", "st", "tr", "pl",
    ];
    const TAILS: [&str; 8] = ["a", "o", "u", "ar", "on", "il", "ek", "om"];
    let syllable = |n: usize| format!("{}{}", HEADS[n % 16], TAILS[(n / 16) % 8]);
    let mut rest = number + 128;
    let mut out = String::new();
    while rest > 0 {
        out.push_str(&syllable(rest % 128));
        rest /= 128;
    }
    out
}

/// Returns edition `number`: three discussions of four answers of about 180 words. `version` changes its text.
pub fn edition(vocabulary: &Vocabulary, number: usize, version: u64) -> SourceFile {
    let random = &mut Random::new((number as u64) << 8 | version);
    let slug = format!("edition-{number:06}");
    let edition = Edition {
        title: vocabulary.text(random, 6),
        date: Some(format!(
            "{}-{:02}-{:02}",
            2000 + number % 25,
            1 + number % 12,
            1 + number % 28
        )),
        discussions: (1..=3).map(|n| discussion(vocabulary, random, n)).collect(),
        slug: slug.clone(),
        ..Edition::default()
    };
    let text = write(&edition);
    SourceFile {
        path: format!("{slug}.md"),
        hash: Sha256::digest(&text).into(),
        text: Ok(Cow::Owned(text)),
    }
}

fn discussion(vocabulary: &Vocabulary, random: &mut Random, number: u32) -> Discussion {
    Discussion {
        number,
        title: vocabulary.text(random, 7),
        asked_by: None,
        in_short: None,
        also_asked: Vec::new(),
        body: vocabulary.text(random, 40),
        answers: ('a'..='d')
            .map(|letter| Answer {
                letter,
                contributor: format!("Contributor {}", random.below(500)),
                also_asked: Vec::new(),
                body: vocabulary.text(random, WORDS_AN_ANSWER),
            })
            .collect(),
    }
}

#[allow(dead_code, reason = "the bench of indexing asks nothing")]
/// Returns a question with three to seven random words. In one of ten, the last word is misspelt.
pub fn question(vocabulary: &Vocabulary, random: &mut Random) -> String {
    let words = 3 + random.below(5);
    let mut question = format!("How do I {}", vocabulary.text(random, words));
    if random.below(10) == 0 {
        question.pop();
        question.push('x');
    }
    question
}
