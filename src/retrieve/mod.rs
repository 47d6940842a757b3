//! Finds the passages that answer a question, best first.
//!
//! A [`Retriever`] takes a [`Query`] and returns [`Retrieved`]: the hits, and how much of the question they cover.
//! Retrieval knows nothing about prompts, models or terminals.
//!
//! A search runs these steps:
//!
//! 1. `query` splits the text into words. There is no query language.
//! 2. `fuzzy` reads a misspelt word as the word that was meant, and `abbreviation` adds the long form of an abbreviation.
//! 3. `bm25` scores the passages that have one of the words.
//! 4. `filter` keeps the part of the corpus that was asked for.
//! 5. `phrase` rewards words that stand side by side.
//! 6. With an embedding model, `dense` measures how near every passage is in meaning, and `fusion` makes one score of
//!    both.
//! 7. `rank` orders the passages, limits the hits from one discussion and cuts the list off.
//! 8. `signals` holds what the search knows about the question as a whole.
//! 9. With a reranker on a server, `rerank` orders the best passages once more.
//!
//! In a large corpus a search looks at the best passages only. `settle` looks at more where those are not enough to be
//! sure of the hits.
//!
//! Filters come after scoring because the rarity of a word depends on the whole corpus. A passage has the same score
//! and coverage whether or not others are filtered out.
//!
//! # Coverage
//!
//! `coverage` is a signal for abstaining. It is the share of the question's content words that a passage has, each word
//! weighted by its rarity.
//!
//! ```text
//! coverage(q, p) = Σ_{w ∈ q, w in p} s(w) · idf(w)  /  Σ_{w ∈ q} idf(w)
//! idf(w)         = ln(1 + (N - n(w) + 0.5) / (n(w) + 0.5))
//! ```
//!
//! `N` is the number of passages, and `n(w)` the number of passages with the stem of `w`. A word is in a passage if its
//! stem is in the discussion's title, the question, its other wordings, the text or the contributor. `s(w)` is 1. For a
//! misspelt word, which then stands for the word it is read as, `s(w)` is the similarity of the two spellings. A word
//! that the index does not have in any spelling has `n(w) = 0`, which gives the largest possible `idf`. So a question
//! about something else ("best pizza in Naples") has a low coverage, regardless of its other words. Words that ask
//! rather than name a topic (`how`, `should`, `become`, `advice`) do not count.

mod abbreviation;
mod bm25;
pub mod cluster;
pub mod dense;
mod filter;
mod fusion;
mod fuzzy;
mod language;
mod period;
mod phrase;
mod query;
mod rank;
mod rerank;
mod respell;
mod settle;
mod signals;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::corpus::copies::AlsoIn;
use crate::corpus::edition::Id;
use crate::corpus::passage::Passage;
use crate::index::{IndexError, Stats, Store};
use crate::served::ServedError;

use bm25::Found;
use cluster::ClusterError;
use dense::{Dense, DenseError, EmbedError, Nearness};

pub use filter::Filters;
pub use language::{Lang, foreign, language_note, languages};
pub use period::{Ago, NoDate, On, Since, Until};
pub use query::{MAX_WORDS, content_words};
pub use rerank::Reranked;
pub use signals::Signals;

/// A question and the number of passages wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// Plain text of any length and content. Only its first [`MAX_WORDS`] distinct words count. No character is an
    /// operator: `AND`, `"`, `*` and `:` are text.
    pub text: &'a str,
    /// Maximum number of hits.
    pub limit: usize,
    /// Maximum number of hits from one discussion, each from a different answer. A learning resource is its own group.
    pub per_discussion: usize,
    /// The part of the corpus to search.
    pub filters: &'a Filters,
}

impl<'a> Query<'a> {
    /// Returns a query for at most `limit` hits from the whole corpus, and at most two from each discussion: the best
    /// answer and another that may disagree.
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
    /// What hits are ordered by: BM25F with phrases (above 0), or words and meaning combined (0 to 1). Scores are
    /// comparable only within the answer to one question.
    pub score: f32,
    /// 0 to 1; see the module's documentation.
    pub coverage: f32,
    /// The question's content words that the passage has, as they were typed.
    pub matched: Vec<String>,
    /// BM25F with phrases; 0 if no word was found.
    pub words: f32,
    /// Rank by words only, if meaning was searched too and the passage is among the first thousand.
    pub words_rank: Option<usize>,
    /// Similarity in meaning, if meaning was searched.
    pub similarity: Option<Similarity>,
    /// Score of the reranker, if there is one and it looked at the passage. Hits are then ordered by it. It has no fixed
    /// scale.
    pub rerank: Option<f32>,
    /// Other editions with a copy of the passage.
    pub also_in: Vec<AlsoIn>,
}

/// How near in meaning a passage is to a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// -1 to 1; see [`dense`].
    pub value: f32,
    /// Rank by similarity only, 1-based.
    pub rank: usize,
}

/// A word that the index does not have, and the word of the corpus that was searched for instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    pub word: String,
    pub read_as: String,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Retrieved {
    pub hits: Vec<Hit>,
    /// Best coverage among the hits; 0 without hits.
    pub coverage: f32,
    /// What the search knows about the question as a whole.
    pub signals: Signals,
    /// The question's content words, each with its inverse document frequency over passages. A misspelt word is given
    /// as the stem that it was read as.
    pub asked: Vec<(String, f32)>,
    /// Content words of the question that the index has neither as typed nor in a similar spelling.
    pub unknown: Vec<String>,
    pub corrected: Vec<Correction>,
    /// The question with the long forms of its abbreviations, if meaning was searched and the corpus defines one.
    pub spelled_out: Option<String>,
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
    #[error(transparent)]
    Rerank(#[from] ServedError),
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
    /// Returns what the user can do about the error.
    pub fn hint(&self) -> Option<String> {
        match self {
            RetrieveError::Index(error) => error.hint(),
            RetrieveError::Embed(error) => error.hint(),
            RetrieveError::Cluster(error) => error.hint(),
            RetrieveError::Rerank(error) => error.hint(),
        }
    }
}

/// Something that finds passages for a question.
///
/// The same index content, question and model give the same hits in the same order with the same scores, no matter how
/// the index was built.
pub trait Retriever {
    /// Returns the passages that match `query`, best first.
    ///
    /// # Errors
    /// Fails if an index file cannot be read, which `askpm refresh` repairs, or if an embedding model fails.
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError>;

    /// Returns all passages of each of `groups`, in order; see `Id::group`. `store` is the index that is searched.
    ///
    /// # Errors
    /// As for [`Retriever::retrieve`].
    fn groups(&self, store: &Store, groups: &[Id]) -> Result<Vec<Vec<Passage>>, RetrieveError> {
        Ok(groups.iter().map(|id| store.group(id)).collect::<Result<_, _>>()?)
    }

    /// Returns how much was searched, and how fresh it is.
    fn stats(&self, store: &Store) -> Stats {
        store.stats()
    }
}

/// Finds passages by their words.
#[derive(Clone, Copy)]
pub struct ByWords<'a> {
    pub store: &'a Store,
}

/// Finds passages by meaning only. Words still count towards confidence.
#[derive(Clone, Copy)]
pub struct ByMeaning<'a> {
    pub store: &'a Store,
    pub dense: &'a Dense,
}

/// Finds passages by words and meaning; see `fusion`.
#[derive(Clone, Copy)]
pub struct HybridRetriever<'a> {
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

impl Retriever for HybridRetriever<'_> {
    fn retrieve(&self, query: &Query) -> Result<Retrieved, RetrieveError> {
        timed(self.store, || find(self.store, query, Some((self.dense, fusion::fuse))))
    }
}

/// Searches with [`ByWords`] in one call.
pub fn search(store: &Store, query: &Query) -> Result<Retrieved, RetrieveError> {
    ByWords { store }.retrieve(query)
}

fn timed(store: &Store, find: impl FnOnce() -> Result<Retrieved, RetrieveError>) -> Result<Retrieved, RetrieveError> {
    let started = Instant::now();
    // Reading a damaged file can panic inside the search engine. Opening checks a small index completely, a large one
    // not.
    let found = catch_unwind(AssertUnwindSafe(find));
    let mut retrieved = found.unwrap_or_else(|_| Err(store.damaged("reading it failed").into()))?;
    retrieved.took = started.elapsed();
    Ok(retrieved)
}

/// Combines what words found and the similarity of passages into one score.
type Fusion = fn(Found, &Nearness) -> fusion::Joined;

/// Minimum number of best passages by words that a search looks at. In a large corpus all others are known to score
/// lower. Ranks by words are reported up to this number.
const LOOKED_AT: usize = 1_000;

fn find(store: &Store, query: &Query, dense: Option<(&Dense, Fusion)>) -> Result<Retrieved, RetrieveError> {
    find_among(store, query, dense, LOOKED_AT)
}

/// Runs [`find`], looking only at the `looked_at` best by words where those are enough.
fn find_among(
    store: &Store,
    query: &Query,
    dense: Option<(&Dense, Fusion)>,
    looked_at: usize,
) -> Result<Retrieved, RetrieveError> {
    let mut words = query::words(query.text);
    // A model whose vocabulary is not known is taken to know every word that is not in capitals.
    let knows = |word: &str| dense.is_none_or(|(dense, _)| dense.is_word(word).unwrap_or(true));
    let has_vocabulary = dense.is_some_and(|(dense, _)| dense.is_word("").is_some());
    let vocabulary = has_vocabulary.then_some(&knows as fuzzy::Vocabulary);
    let corrected = fuzzy::correct(store, query.text, &mut words, vocabulary)?;
    bm25::count(store, &mut words)?;
    // A filter needs all passages to select from.
    let most = if query.filters.is_empty() {
        looked_at.max(rank::window(query))
    } else {
        usize::MAX
    };
    let abbreviated = |word: &query::Word| dense.is_some() && abbreviation::is_abbreviation(word, &knows);
    let as_typed = corrected.is_empty() && !words.iter().any(abbreviated);
    let mut spelled_out = None;
    let (by_words, near) = if let Some((dense, _)) = dense.filter(|_| as_typed) {
        let by_words = || by_words(store, query, &words, most);
        let (by_words, near) = rayon::join(by_words, || nearness(store, query, dense, &[query.text]));
        (by_words?, Some(near?))
    } else {
        let by_words = by_words(store, query, &words, most)?;
        let near = match dense {
            Some((dense, _)) => {
                let respelt = respell::respell(store, query.text, &words, &by_words.0)?;
                let long = abbreviation::spelled_out(store, query.text, &words, &by_words.0, &knows)?;
                let mut texts = vec![query.text];
                texts.extend(
                    [respelt.as_str(), long.as_str()]
                        .into_iter()
                        .filter(|text| *text != query.text),
                );
                let near = nearness(store, query, dense, &texts)?;
                spelled_out = (long != query.text).then_some(long);
                Some(near)
            }
            None => None,
        };
        (by_words, near)
    };
    let (by_words, coverage) = by_words;
    let corrected = respell::spelled(store, &words, &by_words, corrected)?;
    let most_near = near.as_ref().and_then(|near| near.most());
    let meaning = dense.and_then(|(_, fuse)| Some((fuse, near?)));
    let all = || Ok(self::by_words(store, query, &words, usize::MAX)?.0);
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
        spelled_out,
        took: Duration::ZERO,
    })
}

/// Returns the `most` best passages by words, with phrases rewarded, and the best coverage among them.
fn by_words(store: &Store, query: &Query, words: &[query::Word], most: usize) -> Result<(Found, f32), RetrieveError> {
    let mut found = bm25::best(store, words, rank::topics(words), most)?;
    filter::retain(store, query.filters, &mut found.scored, |one| one.address)?;
    let (scored, coverage) = rank::by_words(store, query, words, found.scored)?;
    Ok((Found { scored, ..found }, coverage))
}

/// Returns how near the admitted passages are to any of `texts`, which are spellings of one question.
fn nearness<'a>(store: &Store, query: &Query, dense: &'a Dense, texts: &[&str]) -> Result<Nearness<'a>, RetrieveError> {
    let near = dense.nearness(store, texts)?;
    if query.filters.is_empty() {
        return Ok(near);
    }
    let mut admitted = near.into_pairs();
    filter::retain(store, query.filters, &mut admitted, |(address, _)| *address)?;
    Ok(Nearness::of_pairs(admitted))
}
