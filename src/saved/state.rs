//! What saved questions have seen and reported, as JSON.
//!
//! For each question there is a snapshot of the corpus at its last run: the hash of every answer and section. An answer
//! whose hash is another, or that is not in the snapshot, is new. Questions that ran together share a snapshot. The
//! quotes that were reported are kept too, so that none is reported twice and a contradiction can be found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::list::Question;
use crate::corpus::{Id, Passage};
use crate::hex::hex;
use crate::index::{IndexError, Store};

/// The version of the format.
const VERSION: u32 = 1;

/// The most quotes to keep for a question, the newest.
const MAX_SAID: usize = 200;

/// How many bytes of a hash are kept. A change goes unseen with a chance of 1 in 2^64.
const HASH_BYTES: usize = 8;

/// The hash of each answer and section of a corpus, by identifier.
pub type Snapshot = BTreeMap<String, String>;

/// What was seen and reported. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    version: u32,
    snapshots: Vec<Snapshot>,
    /// By the text of the question: a question that is renamed keeps its state.
    questions: BTreeMap<String, Seen>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// Index into [`State::snapshots`].
    snapshot: usize,
    said: Vec<Said>,
}

/// A quote that was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Identifier of the answer or section.
    pub id: String,
    /// `None` for a section.
    pub contributor: Option<String>,
    pub date: Option<String>,
    /// Verbatim.
    pub quote: String,
}

impl State {
    /// Reads a state. Returns `None` if `bytes` are not one, or of another version.
    pub fn read(bytes: &[u8]) -> Option<State> {
        let state: State = serde_json::from_slice(bytes).ok()?;
        let whole = state
            .questions
            .values()
            .all(|seen| seen.snapshot < state.snapshots.len());
        (state.version == VERSION && whole).then_some(state)
    }

    /// Returns the bytes that [`State::read`] reads.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the snapshot of the last run of `question` and what was reported. Returns `None` if it never ran.
    pub fn last(&self, question: &str) -> Option<(&Snapshot, &[Said])> {
        let seen = self.questions.get(question)?;
        Some((self.snapshots.get(seen.snapshot)?, &seen.said))
    }

    /// Records that the questions of `ran` have seen `now` and were reported `said` in addition. Forgets the questions
    /// that are not among `all`.
    pub fn record(&mut self, ran: Vec<(String, Vec<Said>)>, now: Snapshot, all: &[Question]) {
        self.version = VERSION;
        let last = self.snapshots.len();
        self.snapshots.push(now);
        for (question, mut new) in ran {
            let seen = self.questions.entry(question).or_insert_with(|| Seen {
                snapshot: last,
                said: Vec::new(),
            });
            seen.snapshot = last;
            seen.said.append(&mut new);
            seen.said.drain(..seen.said.len().saturating_sub(MAX_SAID));
        }
        self.questions
            .retain(|text, _| all.iter().any(|question| question.question == *text));
        self.drop_unused();
    }

    /// Drops the snapshots that no question refers to, and joins equal ones.
    fn drop_unused(&mut self) {
        let mut kept: Vec<Snapshot> = Vec::new();
        for seen in self.questions.values_mut() {
            let Some(own) = self.snapshots.get(seen.snapshot) else {
                continue;
            };
            seen.snapshot = kept.iter().position(|other| other == own).unwrap_or_else(|| {
                kept.push(own.clone());
                kept.len() - 1
            });
        }
        self.snapshots = kept;
    }
}

/// Returns the snapshot of an index. Learning resources are left out, because they never answer.
///
/// # Errors
/// An index file cannot be read.
pub fn snapshot(store: &Store) -> Result<Snapshot, IndexError> {
    let mut parts: BTreeMap<(Id, u32), [u8; 32]> = BTreeMap::new();
    store.each_passage(&mut |passage| {
        if !matches!(passage.id, Id::Resource { .. }) {
            let hash = hash(&passage);
            parts.insert((passage.id, passage.part), hash);
        }
    })?;
    let mut whole: BTreeMap<Id, Sha256> = BTreeMap::new();
    for ((id, _), hash) in parts {
        whole.entry(id).or_default().update(hash);
    }
    let row = |(id, hash): (Id, Sha256)| (id.to_string(), hex(&hash.finalize()[..HASH_BYTES]));
    Ok(whole.into_iter().map(row).collect())
}

/// The hash of what a contributor says and who they are.
fn hash(passage: &Passage) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(passage.contributor.as_deref().unwrap_or_default());
    hash.update([0]);
    hash.update(&passage.text);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Question {
        Question {
            name: "n".into(),
            question: text.into(),
        }
    }

    fn at(hash: &str) -> Snapshot {
        Snapshot::from([("e/q1/a".to_string(), hash.to_string())])
    }

    #[test]
    fn questions_that_ran_together_share_a_snapshot_and_a_removed_one_is_forgotten() {
        let mut state = State::default();
        let both = [question("One?"), question("Two?")];
        let ran = |names: &[&str]| {
            names
                .iter()
                .map(|name| (name.to_string(), Vec::new()))
                .collect::<Vec<_>>()
        };
        state.record(ran(&["One?", "Two?"]), at("1"), &both);
        assert_eq!(state.snapshots.len(), 1);
        state.record(ran(&["Two?"]), at("2"), &both);
        assert_eq!(
            (state.last("One?").unwrap().0, state.last("Two?").unwrap().0),
            (&at("1"), &at("2"))
        );
        assert_eq!(State::read(&state.bytes()), Some(state.clone()));
        state.record(ran(&["Two?"]), at("2"), &both[1..]);
        assert!(state.last("One?").is_none() && state.snapshots.len() == 1);
    }

    #[test]
    fn what_is_no_state_is_none() {
        for bytes in [
            &b""[..],
            b"{",
            b"[]",
            br#"{"version":2,"snapshots":[],"questions":{}}"#,
            br#"{"version":1,"snapshots":[],"questions":{"a":{"snapshot":0,"said":[]}}}"#,
        ] {
            assert_eq!(State::read(bytes), None);
        }
    }
}
