//! Groups hits by discussion.
//!
//! The input is hits, best first. The result is their discussions, each with all of its answers, and the learning
//! resources among the hits. Judging them is left to `answer::judge`.

use super::Found;
use crate::answer::judge::odds;
use crate::answer::topic::{self, Topic, Verdict};
use crate::answer::{Citation, Further, Pointer};
use crate::corpus::copies::AlsoIn;
use crate::corpus::{Id, Passage};
use crate::index::Store;
use crate::retrieve::{Filters, Hit, RetrieveError, Retriever};

/// The most discussions to judge. Each costs time, and those further down have little to do with the question.
const TOPICS: usize = 8;

/// The most learning resources that an answer names.
const READING: usize = 2;

/// The most discussions that an answer names and does not quote.
const SEE_ALSO: usize = 2;

/// Such a discussion has at least this share of the odds of the answer's confidence. On the report half of
/// `eval/asked.jsonl`, 14 of the 31 answers from a wrong discussion then name one that answers.
const LIKELY: f32 = 0.15;

/// Returns the discussions of `hits` in the order of their best hit, and the learning resources.
pub(super) fn topics(
    retriever: &dyn Retriever,
    store: &Store,
    hits: &[Hit],
    filters: &Filters,
) -> Result<(Vec<Topic>, Vec<Passage>), RetrieveError> {
    let mut resources = Vec::new();
    let mut groups: Vec<(Id, topic::Found, Vec<AlsoIn>)> = Vec::new();
    for hit in hits {
        let id = hit.passage.id.group();
        if matches!(id, Id::Resource { .. }) {
            resources.push(hit.passage.clone());
            continue;
        }
        let similarity = hit.similarity.map(|similarity| similarity.value);
        let full = groups.len() >= TOPICS;
        match groups.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, found, also_in)) => {
                if similarity > found.similarity {
                    found.similarity = similarity;
                }
                // Passages behind those that were reranked can have a higher score.
                found.score = found.score.max(hit.score);
                hit.also_in.iter().cloned().for_each(|other| other.join(also_in));
            }
            None if !full => groups.push((
                id,
                topic::Found {
                    score: hit.score,
                    similarity,
                    rerank: hit.rerank,
                },
                hit.also_in.clone(),
            )),
            None => {}
        }
    }
    let mut topics = Vec::with_capacity(groups.len());
    let ids: Vec<Id> = groups.iter().map(|(id, ..)| id.clone()).collect();
    let discussions = retriever.groups(store, &ids)?;
    for ((id, found, also_in), mut passages) in groups.into_iter().zip(discussions) {
        passages.retain(|passage| filters.admits_contributor(passage.contributor.as_deref().unwrap_or("")));
        topics.extend(Topic::new(id, passages, found).map(|topic| Topic { also_in, ..topic }));
    }
    Ok((topics, resources))
}

/// Returns the learning resources to list under an answer: those found in the editions that answer.
pub(super) fn further_reading(found: &Found) -> Vec<Further> {
    let one = |passage: &Passage| Further {
        id: passage.id.to_string(),
        title: passage.discussion.clone(),
        kind: passage.kind.clone(),
        link: passage.link.clone(),
    };
    let answering = |passage: &&Passage| {
        let mut topics = found.topics.iter().filter(|topic| topic.verdict == Verdict::Answers);
        topics.any(|topic| topic.id.edition() == passage.id.edition())
    };
    found
        .resources
        .iter()
        .filter(answering)
        .take(READING)
        .map(one)
        .collect()
}

/// Returns the discussions that may answer too, without those of `citations`.
pub(super) fn see_also(found: &Found, citations: &[Citation]) -> Vec<Pointer> {
    let likely =
        |topic: &&Topic| topic.verdict != Verdict::Off && odds(topic.confidence) >= LIKELY * odds(found.confidence);
    let quoted = |topic: &&Topic| {
        citations
            .iter()
            .any(|citation| citation.source() == topic.id.to_string())
    };
    let one = |topic: &Topic| Pointer {
        id: topic.id.to_string(),
        discussion: topic.title.clone(),
        edition: topic.edition.clone(),
        in_short: topic.in_short.clone(),
    };
    let topics = found.topics.iter().filter(likely).filter(|topic| !quoted(topic));
    topics.take(SEE_ALSO).map(one).collect()
}

/// Names, for each of `citations`, the other editions with a copy of its discussion.
pub(super) fn name_copies(citations: &mut [Citation], topics: &[Topic]) {
    for citation in citations {
        let source = citation.source();
        let topic = topics.iter().find(|topic| topic.id.to_string() == source);
        citation.also_in = topic.map(|topic| topic.also_in.clone()).unwrap_or_default();
    }
}
