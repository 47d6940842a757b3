//! Finds what is new for a saved question: answers that were not there at its last run, in discussions that answer it.
//!
//! A discussion is judged as `ask` judges it. `ask` answers from the best discussions only, so an older discussion that
//! answers could hide a new one. A second search therefore looks among the new discussions, each compared with the best
//! of the older ones that `ask` does not answer from and that no earlier run reported. A new discussion is reported if it
//! is confident enough there. Without that comparison, a discussion that only resembles the question would be the best of
//! what is left. The search is repeated until nothing more answers, so that none that answers counts as seen unreported.
//!
//! A new answer that contradicts an earlier report is reported whatever the question of its discussion is.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::among::Among;
use super::list::Question;
use super::state::{Said, Snapshot};
use crate::answer::agreement::{self, Checker, Read};
use crate::answer::meaning::Meaning;
use crate::answer::runs::{self, Shown};
use crate::answer::topic::{Found, Topic, Verdict};
use crate::answer::words::Words;
use crate::answer::{MAX_WORDS, judge};
use crate::ask::{self, AskError, Settings};
use crate::corpus::{Id, Passage};
use crate::index::Store;
use crate::retrieve::{RetrieveError, Retriever};

/// The most further searches, each for up to eight discussions more that answer.
const SEARCHES: usize = 12;

/// The most quotes of a discussion.
const QUOTES: usize = 2;

/// What is new for a question. It serialises to the object that `saved run --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct News {
    pub name: String,
    pub question: String,
    /// Whether the question ran for the first time. Everything that answers is then new.
    pub first: bool,
    /// Empty if nothing is new.
    pub discussions: Vec<Item>,
}

/// A discussion, or a section of an article, with new answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// The identifier to open with `askpm show ID`.
    pub id: String,
    /// Its title.
    pub discussion: String,
    /// Title of the edition.
    pub edition: String,
    pub date: Option<String>,
    pub path: String,
    pub change: Change,
    /// One or two quotes.
    pub evidence: Vec<Evidence>,
}

/// What is new about a discussion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// All of its answers.
    New,
    /// Some of its answers.
    Changed,
}

/// A sentence of a new answer, or up to three that cannot stand alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    #[serde(flatten)]
    pub said: Said,
    /// The quote of an earlier report that it contradicts, if the checker finds one.
    pub contradicts: Option<Said>,
}

/// Searches for one question.
pub struct Search<'a> {
    pub store: &'a Store,
    pub retriever: &'a dyn Retriever,
    pub meaning: Option<&'a dyn Meaning>,
    pub settings: &'a Settings,
    /// The snapshot of `store`.
    pub now: &'a Snapshot,
}

impl Search<'_> {
    /// Returns what is new for `question` since `last`: the snapshot of its last run, and the quotes reported so far.
    ///
    /// # Errors
    /// As for [`ask::find_with`].
    pub fn news(&self, question: &Question, last: Option<(&Snapshot, &[Said])>) -> Result<News, AskError> {
        let mut news = News {
            name: question.name.clone(),
            question: question.question.clone(),
            first: last.is_none(),
            discussions: Vec::new(),
        };
        let (before, said) = last.map_or((None, &[][..]), |(before, said)| (Some(before), said));
        let new = self.new_answers(before);
        let mut open: HashSet<Id> = new.iter().map(Id::group).collect();
        if open.is_empty() {
            return Ok(news);
        }
        let text = &question.question;
        let find = |retriever: &dyn Retriever| ask::find_with(self.store, retriever, self.meaning, text, self.settings);
        let mut answering = find(self.retriever)?.topics;
        answering.retain(|topic| topic.verdict == Verdict::Answers);
        let best = answering.first().map(|topic| topic.id.clone());
        let mut done: HashSet<Id> = answering.iter().map(|topic| topic.id.clone()).collect();
        answering.retain(|topic| open.remove(&topic.id));
        // An answer that was reported says nothing against another one, however much nearer it is.
        let reported = said.iter().filter_map(|said| said.id.parse::<Id>().ok());
        done.extend(reported.map(|id| id.group()).filter(|id| !open.contains(id)));
        for _ in 0..SEARCHES {
            if open.is_empty() || (news.first && best.is_none()) {
                break;
            }
            // At the first run everything is new, and the best discussion is what the others are compared with.
            let without: HashSet<Id> = match news.first {
                true => done.iter().filter(|id| Some(*id) != best.as_ref()).cloned().collect(),
                false => done.clone(),
            };
            let among = Among {
                retriever: self.retriever,
                new: &open,
                without: &without,
            };
            let mut others = find(&among)?.topics;
            let confident = |topic: &Topic| !judge::abstains(topic.confidence, self.settings.min_confidence);
            others.retain(|topic| open.contains(&topic.id) && confident(topic));
            if others.is_empty() {
                break;
            }
            for topic in &others {
                open.remove(&topic.id);
                done.insert(topic.id.clone());
            }
            answering.extend(others);
        }
        let reported = Reported::new(said, self.meaning);
        let item = |topic: &Topic| self.item(text, topic, &new, before, &reported);
        news.discussions = answering.iter().filter_map(item).collect();
        if !said.is_empty() {
            news.discussions
                .extend(self.contradicting(&new, &open, before, &reported)?);
        }
        Ok(news)
    }

    /// Returns the discussions of `others`, which do not answer the question, with a new answer that contradicts a quote
    /// of an earlier report.
    fn contradicting(
        &self,
        new: &HashSet<Id>,
        others: &HashSet<Id>,
        before: Option<&Snapshot>,
        reported: &Reported,
    ) -> Result<Vec<Item>, AskError> {
        let mut groups: BTreeMap<Id, Vec<Passage>> = BTreeMap::new();
        let words = Words::default();
        let subjects: Vec<HashSet<String>> = reported.said.iter().map(|said| words.set(&said.quote)).collect();
        // Most of what is new has too few words of any quote to be read sentence by sentence.
        let near = |text: &str| {
            let own = words.set(text);
            subjects
                .iter()
                .any(|subject| subject.intersection(&own).count() >= agreement::MIN_SHARED)
        };
        self.store
            .each_passage(&mut |passage| {
                if new.contains(&passage.id) && others.contains(&passage.id.group()) && near(&passage.text) {
                    groups.entry(passage.id.group()).or_default().push(passage);
                }
            })
            .map_err(RetrieveError::from)?;
        let mut items = Vec::new();
        for (id, mut passages) in groups {
            passages.sort_by(|a, b| (&a.id, a.part).cmp(&(&b.id, b.part)));
            let Some(topic) = Topic::new(id, passages, Found::default()) else {
                continue;
            };
            if let Some(evidence) = reported.contradicted_by(&topic) {
                let known =
                    |passage: &Passage| before.is_some_and(|before| before.contains_key(&passage.id.to_string()));
                let changed = topic.passages.iter().any(known);
                items.extend(item_of(&topic, changed, vec![evidence]));
            }
        }
        Ok(items)
    }

    /// Returns the answers and sections that differ from those of `before`.
    fn new_answers(&self, before: Option<&Snapshot>) -> HashSet<Id> {
        let differs = |(id, hash): &(&String, &String)| before.is_none_or(|before| before.get(*id) != Some(*hash));
        let new = self.now.iter().filter(differs);
        new.filter_map(|(id, _)| id.parse().ok()).collect()
    }

    /// Returns the new answers of `topic` with one or two quotes. Returns `None` if nothing of them can be quoted that
    /// was not reported.
    fn item(
        &self,
        question: &str,
        topic: &Topic,
        new: &HashSet<Id>,
        before: Option<&Snapshot>,
        reported: &Reported,
    ) -> Option<Item> {
        let known = |id: &Id| before.is_some_and(|before| before.contains_key(&id.to_string()));
        let changed = topic.passages.iter().any(|passage| known(&passage.id));
        let passages: Vec<Passage> = topic.passages.iter().filter(|p| new.contains(&p.id)).cloned().collect();
        let mut fresh = Topic {
            heads: topic.heads.clone(),
            ..Topic::new(topic.id.clone(), passages, topic.found)?
        };
        if let Some(meaning) = self.meaning {
            fresh.read(meaning);
        }
        let mut evidence: Vec<Evidence> = reported.contradicted_by(&fresh).into_iter().collect();
        let mut shown: Vec<Shown> = reported.said.iter().map(shown_of).collect();
        shown.extend(evidence.iter().map(|one| shown_of(&one.said)));
        for run in runs::choose(question, &[&fresh], &shown, MAX_WORDS) {
            if evidence.len() == QUOTES {
                break;
            }
            let passage = run.passage(&[&fresh]);
            evidence.push(Evidence {
                said: quote(passage, &passage.text[runs::line(&run, &passage.text)]),
                contradicts: None,
            });
        }
        item_of(&fresh, changed, evidence)
    }
}

/// What earlier reports quoted, read to be compared with what is new.
struct Reported<'a> {
    said: &'a [Said],
    quotes: Vec<Read<'a>>,
    checker: Checker<'a>,
}

impl<'a> Reported<'a> {
    fn new(said: &'a [Said], meaning: Option<&'a dyn Meaning>) -> Self {
        let checker = Checker::new(meaning);
        Reported {
            quotes: said.iter().map(|said| checker.read(&said.quote)).collect(),
            said,
            checker,
        }
    }

    /// Returns the first sentence of `topic` that contradicts a quote of an earlier report.
    fn contradicted_by(&self, topic: &Topic) -> Option<Evidence> {
        let Reported { said, quotes, checker } = self;
        let honest = topic.sentences.iter().filter(|sentence| sentence.honest);
        honest.into_iter().find_map(|sentence| {
            let passage = &topic.passages[sentence.passage];
            let own = &passage.text[sentence.span.clone()];
            let sentence = checker.read(own);
            // The newest report first. A corrected answer contradicts nobody but itself.
            let mut others = said.iter().zip(quotes).rev();
            let (other, _) =
                others.find(|(said, quote)| said.id != passage.id.to_string() && checker.denies(&sentence, quote))?;
            Some(Evidence {
                said: quote(passage, own),
                contradicts: Some(other.clone()),
            })
        })
    }
}

/// Returns an item with `evidence`, or `None` without any.
fn item_of(topic: &Topic, changed: bool, evidence: Vec<Evidence>) -> Option<Item> {
    let first = topic.passages.first().filter(|_| !evidence.is_empty())?;
    Some(Item {
        id: topic.id.to_string(),
        discussion: topic.title.clone(),
        edition: topic.edition.clone(),
        date: first.date.clone(),
        path: first.path.clone(),
        change: if changed { Change::Changed } else { Change::New },
        evidence,
    })
}

fn quote(passage: &Passage, text: &str) -> Said {
    Said {
        id: passage.id.to_string(),
        contributor: passage.contributor.clone(),
        date: passage.date.clone(),
        quote: text.to_string(),
    }
}

fn shown_of(said: &Said) -> Shown {
    Shown {
        id: Some(said.id.clone()),
        quote: said.quote.clone(),
    }
}
