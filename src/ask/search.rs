//! Finds what the corpus holds for a question, or for a turn of a conversation.

use std::time::Instant;

use super::{AskError, DISCUSSIONS, Found, Freshness, GATHERED_FROM, MAX_QUESTION_BYTES, Settings, gather, going_on};
use crate::answer::judge;
use crate::answer::meaning::Meaning;
use crate::answer::runs::Shown;
use crate::answer::topic::Verdict;
use crate::index::Store;
use crate::retrieve::{Query, Retriever};

/// How a turn may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It stands alone.
    Alone,
    /// It depends on earlier turns. With what it lacks, it is this question.
    Depends(String),
    /// Its words do not tell. If it depends on earlier turns, it is this question.
    Unclear(String),
}

/// A turn whose words no passage has to this share is on something that the corpus lacks ("best pizza in Naples": 0).
/// Then it does not depend on the question before it, unless its words show that. About six of 50 follow-ups have less,
/// most for a contraction without an apostrophe, and are searched for as typed.
const KNOWN: f32 = 0.5;

/// How the corpus is searched.
pub struct Search<'a> {
    pub store: &'a Store,
    /// Searches `store`.
    pub retriever: &'a dyn Retriever,
    /// If given, texts are also compared by meaning.
    pub meaning: Option<&'a dyn Meaning>,
}

impl Search<'_> {
    /// Retrieves the discussions for `question`, and judges whether they answer it.
    ///
    /// # Errors
    /// A question that is empty or too long, or a search or a model that fails.
    pub fn find(&self, question: &str, settings: &Settings) -> Result<Found, AskError> {
        self.read(self.judged(question, question, &[], settings)?)
    }

    /// Does the same for a turn of a conversation. `settings.shown` is what the conversation has shown.
    ///
    /// If the turn depends on earlier ones, it also returns what was searched for. Otherwise it clears `settings.shown`,
    /// because a question that stands alone may be answered with the same quotes again.
    ///
    /// # Errors
    /// As for [`Search::find`].
    pub fn find_turn(
        &self,
        question: &str,
        reading: Reading,
        settings: &mut Settings,
    ) -> Result<(Found, Option<String>), AskError> {
        let started = Instant::now();
        if let Reading::Depends(query) = reading {
            let found = self.judged(question, &query, &settings.shown, settings)?;
            return Ok((self.read(found)?, Some(query)));
        }
        let mut found = self.judged(question, question, &[], settings)?;
        let mut searched = None;
        // Words alone do not tell how sure two questions of different length are.
        if let (Reading::Unclear(query), Some(_)) = (reading, self.meaning) {
            // What was quoted before does not count, because the turn may be on something else.
            let joined = self.judged(question, &query, &[], settings)?;
            // The question before has most of the words, and its discussion is found whatever the turn is about.
            let known = found.signals.words == 0 || found.signals.coverage >= KNOWN;
            if known && !joined.abstains && joined.confidence > found.confidence {
                (found, searched) = (joined, Some(query));
            }
        }
        if searched.is_none() {
            settings.shown.clear();
        }
        // Both searches count.
        found.started = started;
        Ok((self.read(found)?, searched))
    }

    /// Retrieves and judges. `query` states the question in full, and is searched for. A follow-up may be answered from
    /// what was `shown`.
    fn judged(&self, question: &str, query: &str, shown: &[Shown], settings: &Settings) -> Result<Found, AskError> {
        let started = Instant::now();
        let (question, asked) = (question.trim(), query.trim());
        if question.is_empty() || asked.is_empty() {
            return Err(AskError::Empty);
        }
        if question.len() > MAX_QUESTION_BYTES {
            return Err(AskError::TooLong(question.len()));
        }
        let query = Query {
            filters: &settings.filters,
            ..Query::new(asked, settings.top_k.max(GATHERED_FROM))
        };
        let mut retrieved = self.retriever.retrieve(&query)?;
        let (mut topics, resources) = gather::topics(self.retriever, self.store, &retrieved.hits, &settings.filters)?;
        let long = retrieved.spelled_out.as_deref().unwrap_or(asked);
        judge::judge(
            long,
            &retrieved.asked,
            &mut topics,
            self.meaning,
            settings.min_confidence,
        );
        if asked != question {
            going_on::go_on(&mut topics, shown);
        }
        retrieved.hits.truncate(settings.top_k);
        let stats = self.retriever.stats(self.store);
        Ok(Found {
            question: question.to_string(),
            query: asked.to_string(),
            abstains: !topics.iter().any(|topic| topic.verdict == Verdict::Answers),
            confidence: topics.first().map_or(0.0, |topic| topic.confidence),
            threshold: settings.min_confidence,
            signals: retrieved.signals,
            hits: retrieved.hits,
            topics,
            resources,
            corpus: Freshness {
                editions: stats.editions,
                newest: stats.newest,
                indexed_at: stats.indexed_at,
            },
            filters: settings.filters.clone(),
            started,
            retrieve: started.elapsed(),
        })
    }

    /// Compares the sentences of the discussions that answer by meaning.
    fn read(&self, mut found: Found) -> Result<Found, AskError> {
        let Some(meaning) = self.meaning else { return Ok(found) };
        let answering = found
            .topics
            .iter_mut()
            .filter(|topic| topic.verdict == Verdict::Answers);
        answering.take(DISCUSSIONS).for_each(|topic| topic.read(meaning));
        // What was judged without vectors would be refused.
        if let Some(why) = meaning.failure() {
            return Err(AskError::Meaning(why));
        }
        found.retrieve = found.started.elapsed();
        Ok(found)
    }
}
