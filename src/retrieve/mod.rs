//! From a question in a person's words to the passages that speak of it, best first.
//!
//! In: a [`Store`] and a [`Query`]. Out: [`Retrieved`]: hits, and how much of the question they cover. It must not
//! know of prompts, models or terminals.
//!
//! The flow: `query` (text → words, never a query language) → `fuzzy` (a misspelt word → the one that was meant) → `bm25`
//! (passages with one of the words → score) → `filter` (the part of the corpus that is asked for) → `phrase` (words side
//! by side) → where there is an embedding model, `dense` (every passage → how near it is in
//! meaning) and `fusion` (both → one score) → `rank` (order, diversity, cut-off) → `signals` (what the
//! search knows of the question as a whole). Of a large corpus the best are looked at, and `settle` looks at more where those do not
//! tell for sure.
//!
//! Filters come after scoring: how rare a word is, is told by the whole corpus, and a passage has the same score and
//! coverage whether or not others are left out.
//!
//! # Coverage
//!
//! `coverage` is a signal for abstaining: the share of the question's content words that a passage speaks of, each
//! word weighing as much as it is rare.
//!
//! ```text
//! coverage(q, p) = Σ_{w ∈ q, w in p} s(w) · idf(w)  /  Σ_{w ∈ q} idf(w)
//! idf(w)         = ln(1 + (N - n(w) + 0.5) / (n(w) + 0.5))
//! ```
//!
//! `N` is the number of passages, `n(w)` of those with the stem of `w`. A word is in a passage when its stem is in the
//! discussion's title, the question, the text or the contributor. `s(w)` is 1, or for a misspelt word, which then
//! stands for the word it is read as, how alike the two are. A word that the index does not know in any spelling has
//! `n(w) = 0`, the largest `idf` there is: a question about something else ("best pizza in Naples") scores low by it,
//! whatever its other words find. Words that ask rather than name (`how`, `should`, `become`, `advice`) do not count.

mod bm25;
pub mod cluster;
pub mod dense;
mod filter;
mod fusion;
mod fuzzy;
mod language;
mod phrase;
mod query;
mod rank;
mod respell;
mod settle;
mod signals;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::corpus::passage::Passage;
use crate::index::{IndexError, Store};

use bm25::{Found, Scored};
use cluster::ClusterError;
use dense::{Dense, DenseError, EmbedError, Nearness};

pub use filter::{Filters, NoDate, Since};
pub use language::{Lang, foreign, language_note, languages};
pub use query::{MAX_WORDS, content_words};
pub use signals::Signals;

/// A question and how many passages are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// Plain text of any length and content; its first [`MAX_WORDS`] distinct words count, and no character has a
    /// meaning of its own (`AND`, `"`, `*` and `:` are text).
    pub text: &'a str,
    /// Most hits wanted.
    pub limit: usize,
    /// Most hits from one discussion, each of another answer; a learning resource is a group of its own.
    pub per_discussion: usize,
    /// The part of the corpus that is searched.
    pub filters: &'a Filters,
}

impl<'a> Query<'a> {
    /// At most `limit` hits of the whole corpus, and two from each discussion: the best answer and another that may disagree.
    pub fn new(text: &'a str, limit: usize) -> Query<'a> {
        Query {
            text,
            limit,
            per_discussion: 2,
            filters: &filter::NONE,
        }
    }
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// 1-based.
    pub rank: usize,
    pub passage: Passage,
    /// What hits are ordered by: BM25F with phrases (above 0), or of words and meaning together (0 to 1). Comparable
    /// within one answer to one question only.
    pub score: f32,
    /// 0 to 1: see the module's documentation.
    pub coverage: f32,
    /// The question's content words that the passage has, as they were typed.
    pub matched: Vec<String>,
    /// BM25F with phrases, 0 where no word was found.
    pub words: f32,
    /// Where the passage stands by words alone, where meaning was looked at too and it is among the first thousand.
    pub words_rank: Option<usize>,
    /// How near in meaning it is, where that was looked at.
    pub similarity: Option<Similarity>,
}

/// How near in meaning a passage is to a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// -1 to 1: see [`dense`].
    pub value: f32,
    /// Where the passage stands by this alone, 1-based.
    pub rank: usize,
}

/// A word that the index does not know, and the stem of the known word it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub word: String,
    pub read_as: String,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Retrieved {
    pub hits: Vec<Hit>,
    /// Best coverage among the hits, 0 without hits.
    pub coverage: f32,
    /// What the search knows of the question as a whole.
    pub signals: Signals,
    /// The question's content words (a misspelt one as the stem that it was read as), each with its inverse document
    /// frequency over passages.
    pub asked: Vec<(String, f32)>,
    /// Content words of the question that are nowhere in the index, in no near spelling either.
    pub unknown: Vec<String>,
    pub corrected: Vec<Correction>,
    pub took: Duration,
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub enum RetrieveError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Embed(#[from] EmbedError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl From<DenseError> for RetrieveError {
    fn from(error: DenseError) -> Self {
        match error {
            DenseError::Index(error) => error.into(),
            DenseError::Embed(error) => error.into(),
        }
    }
}

impl RetrieveError {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            RetrieveError::Index(error) => error.hint(),
            RetrieveError::Embed(error) => error.hint(),
            RetrieveError::Cluster(error) => error.hint(),
        }
    }
}

/// Something that finds passages for a question.
///
/// The same index content, question and model give the same hits in the same order with the same scores, however the
/// index came about.
pub trait Retriever {
    /// The passages that speak of `query`, best first.
    ///
    /// # Errors
    /// An index file that cannot be read, which `askpm refresh` mends; an embedding model that fails.
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError>;
}

/// Finds passages by their words.
#[derive(Clone, Copy)]
pub struct ByWords<'a> {
    pub store: &'a Store,
}

/// Finds passages by their meaning alone; words count towards confidence.
#[derive(Clone, Copy)]
pub struct ByMeaning<'a> {
    pub store: &'a Store,
    pub dense: &'a Dense,
}

/// Finds passages by words and meaning, see `fusion`.
#[derive(Clone, Copy)]
pub struct Fused<'a> {
    pub store: &'a Store,
    pub dense: &'a Dense,
}

impl Retriever for ByWords<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        timed(self.store, || find(self.store, query, None))
    }
}

impl Retriever for ByMeaning<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        timed(self.store, || {
            find(self.store, query, Some((self.dense, fusion::by_meaning)))
        })
    }
}

impl Retriever for Fused<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        timed(self.store, || find(self.store, query, Some((self.dense, fusion::fuse))))
    }
}

/// [`ByWords`] in one call.
pub fn search(store: &Store, query: &Query) -> Result<Retrieved, RetrieveError> {
    ByWords { store }.retrieve(query)
}

fn timed(store: &Store, find: impl FnOnce() -> Result<Retrieved, RetrieveError>) -> Result<Retrieved, RetrieveError> {
    let started = Instant::now();
    // Reading a damaged file can panic inside the search engine; opening checks a small index whole, a large one not.
    let found = catch_unwind(AssertUnwindSafe(find));
    let mut retrieved = found.unwrap_or_else(|_| Err(store.damaged("reading it failed").into()))?;
    retrieved.took = started.elapsed();
    Ok(retrieved)
}

/// Makes one score of what words found and of how near passages are in meaning.
type Fusion = fn(Found, &Nearness) -> fusion::Joined;

/// How many of the best by words are looked at, at least; of a large corpus all others are known to score below. Places
/// are told up to here.
const LOOKED_AT: usize = 1_000;

fn find(store: &Store, query: &Query, dense: Option<(&Dense, Fusion)>) -> Result<Retrieved, RetrieveError> {
    find_among(store, query, dense, None, LOOKED_AT)
}

/// Chooses among all passages that words find, and may score them anew.
type Choice<'a> = &'a dyn Fn(Vec<Scored>) -> Vec<Scored>;

/// [`find`] among what `choice` leaves, by the `looked_at` best by words as long as that can tell.
fn find_among(
    store: &Store,
    query: &Query,
    dense: Option<(&Dense, Fusion)>,
    choice: Option<Choice>,
    looked_at: usize,
) -> Result<Retrieved, RetrieveError> {
    let mut words = query::words(query.text);
    let is_word = dense.map(|(dense, _)| |word: &str| dense.is_word(word));
    let vocabulary = is_word.as_ref().map(|is_word| is_word as fuzzy::Vocabulary);
    let corrected = fuzzy::correct(store, query.text, &mut words, vocabulary)?;
    bm25::count(store, &mut words)?;
    // What is chosen from must be there.
    let most = if choice.is_none() && query.filters.is_empty() {
        looked_at.max(rank::window(query))
    } else {
        usize::MAX
    };
    let (by_words, near) = if let Some((dense, _)) = dense.filter(|_| corrected.is_empty() && choice.is_none()) {
        let by_words = || by_words(store, query, &words, most, None);
        let (by_words, near) = rayon::join(by_words, || nearness(store, query, dense, &[query.text]));
        (by_words?, Some(near?))
    } else {
        let by_words = by_words(store, query, &words, most, choice)?;
        let near = match dense {
            Some((dense, _)) => {
                let respelt = respell::respell(store, query.text, &words, &by_words.0)?;
                let texts: &[&str] = match respelt == query.text {
                    true => &[query.text],
                    false => &[query.text, &respelt],
                };
                Some(nearness(store, query, dense, texts)?)
            }
            None => None,
        };
        (by_words, near)
    };
    let (by_words, coverage) = by_words;
    let most_near = near.as_ref().and_then(|near| near.most());
    let meaning = dense.and_then(|(_, fuse)| Some((fuse, near?)));
    let all = || Ok(self::by_words(store, query, &words, usize::MAX, None)?.0);
    let hits = settle::hits(store, query, &words, by_words, meaning, all)?;
    let unknown = words.iter().filter(|word| word.content && word.passages == 0);
    let signals = Signals {
        coverage,
        words: words.iter().filter(|word| word.content).count(),
        similarity: most_near,
    };
    Ok(Retrieved {
        coverage: hits.iter().map(|hit| hit.coverage).fold(0.0, f32::max),
        signals,
        asked: words
            .iter()
            .filter(|word| word.content)
            .map(query::Word::rarity)
            .collect(),
        unknown: unknown.map(|word| word.typed.clone()).collect(),
        hits,
        corrected,
        took: Duration::ZERO,
    })
}

/// The `most` best passages by words, phrases rewarded, and the best coverage among them.
fn by_words(
    store: &Store,
    query: &Query,
    words: &[query::Word],
    most: usize,
    choice: Option<Choice>,
) -> Result<(Found, f32), RetrieveError> {
    let mut found = bm25::best(store, words, rank::topics(words), most)?;
    if let Some(choice) = choice {
        found.scored = choice(found.scored);
    }
    filter::retain(store, query.filters, &mut found.scored, |one| one.address)?;
    let (scored, coverage) = rank::by_words(store, query, words, found.scored)?;
    Ok((Found { scored, ..found }, coverage))
}

/// How near the admitted passages are to any of `texts`, the spellings of one question.
fn nearness<'a>(store: &Store, query: &Query, dense: &'a Dense, texts: &[&str]) -> Result<Nearness<'a>, RetrieveError> {
    let near = dense.nearness(store, texts)?;
    if query.filters.is_empty() {
        return Ok(near);
    }
    let mut admitted = near.into_pairs();
    filter::retain(store, query.filters, &mut admitted, |(address, _)| *address)?;
    Ok(Nearness::of_pairs(admitted))
}
