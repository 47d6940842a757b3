//! Chooses what to quote: of each contributor the run of one to three sentences that says most, the strongest first.
//!
//! In: the question and the discussions that answer it. Out: [`Run`]s, in reading order. How much a sentence is worth is
//! for `worth` to say, and how it reads at the head of a quote for `reading`. Completeness of thought goes before
//! likeness of words: a run that refers to something before it takes that sentence too, or is not taken. It must not know
//! of the index or of models.

pub mod worth;

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;

use super::draft::one_line;
use super::meaning::{cosine, sum};
use super::topic::Topic;
use super::{MAX_WORDS, Stance, reading};
use crate::corpus::{Id, Passage};
use worth::Sentence;

/// Most sentences of a run.
const SENTENCES: usize = 3;

/// Most words of a run of several sentences: a claim with its how or why.
const RUN_WORDS: usize = 55;

/// What the worth of a run is multiplied by that opens its answer: an opening is written to be understood by itself, and
/// says the claim.
const OPENING: f32 = 2.5;

/// How much nearer a run that opens its answer counts, where voices are ordered.
const OPENS_FIRST: f32 = 0.1;

/// What counts of the worth of a third sentence.
const THIRD: f32 = 0.5;

/// An opening that is so much farther from the question than another sentence of its answer is not the claim that answers.
const FARTHER: f32 = 0.35;

/// A run of fewer words is a claim without its how or why.
const BARE_WORDS: usize = 25;

/// What is left of the worth of such a run.
const BARE: f32 = 0.75;

/// Most words of a run of one sentence: a wall of text is no quote.
const SENTENCE_WORDS: usize = 60;

/// Fewest words of a run: a fragment says nothing.
const FEWEST_WORDS: usize = 8;

/// Most voices of an answer.
const VOICES: usize = 4;

/// Most contributors that voices are taken from, the strongest first.
const CONTRIBUTORS: usize = 6;

/// A voice worth less than this share of the strongest is filler.
const FILLER: f32 = 0.2;

/// What is left of the worth of a voice of the second discussion.
const SECOND_DISCUSSION: f32 = 0.8;

/// What a word costs, in the worth of a sentence: of two runs that say as much the shorter is better.
const WORD_COST: f32 = 0.0002;

/// Voices that share this much, in words (Dice) or in meaning (cosine), say the same.
const SAME_WORDS: f32 = 0.7;
const SAME_MEANING: f32 = 0.86;

/// Words that were shown before in this conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Of the passage, as [`super::Citation::id`]; `None` where only the words are known.
    pub id: Option<String>,
    pub quote: String,
}

/// Sentences of one contributor that follow each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Index of the discussion among those given, and of the passage in it.
    pub topic: usize,
    pub passage: usize,
    /// Byte spans in the passage's text.
    pub sentences: Vec<Range<usize>>,
    pub stance: Stance,
    /// Which of the sentences says most.
    pub lead: usize,
    /// Expected number of key sentences in it, less the cost of its words.
    pub worth: f32,
    /// What its best sentence is worth.
    pub strength: f32,
    /// How near its nearest sentence is to what was asked, -1..=1, and a little more where it opens its answer. Voices are
    /// ordered by this, or by strength where nothing is known of meaning.
    pub likeness: f32,
}

impl Run {
    /// The passage that it is quoted from.
    pub fn passage<'a>(&self, topics: &[&'a Topic]) -> &'a Passage {
        &topics[self.topic].passages[self.passage]
    }

    /// Its passage with nothing but the run as text.
    pub fn cut(&self, topics: &[&Topic]) -> Passage {
        let passage = self.passage(topics);
        let (start, end) = (self.sentences.first(), self.sentences.last());
        let span = start.map_or(0, |span| span.start)..end.map_or(0, |span| span.end);
        Passage {
            text: passage.text[span].to_string(),
            ..passage.clone()
        }
    }
}

/// A run that may be chosen, and what it is compared by.
#[derive(Clone)]
struct Candidate {
    run: Run,
    stems: HashSet<String>,
    vector: Option<Vec<f32>>,
    words: usize,
}

/// The runs that answer `question`, one a contributor: the nearest to it first, discussion by discussion, and last in each
/// one that dissents or sets a condition.
/// Nothing that was `shown` is among them. Empty where no sentence of `topics` can be quoted.
pub fn choose(question: &str, topics: &[&Topic], shown: &[Shown]) -> Vec<Run> {
    let sentences = worth::sentences(question, topics);
    let mut pool: Vec<Contributor> = Vec::new();
    for (at, topic) in topics.iter().enumerate() {
        for (passage, whole) in topic.passages.iter().enumerate() {
            let own: Vec<&Sentence> = sentences
                .iter()
                .filter(|s| (s.topic, s.passage) == (at, passage))
                .collect();
            let quoted: Vec<String> = of_passage(shown, whole).collect();
            let best = (1..=SENTENCES).filter_map(|length| best(&own, whole, &quoted, length));
            add(&mut pool, &whole.id, best.collect());
        }
    }
    pool.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    let most = pool.first().map_or(0.0, Contributor::strength);
    pool.retain(|contributor| contributor.strength() >= FILLER * most);
    pool.truncate(CONTRIBUTORS);
    in_order(fill(&pool))
}

/// The runs of one contributor that may be quoted: at most one of each length, in sentences.
struct Contributor<'a> {
    id: &'a Id,
    runs: Vec<Candidate>,
}

impl Contributor<'_> {
    /// The strength of the best run.
    fn strength(&self) -> f32 {
        let best = self.runs.iter().max_by(|a, b| a.run.worth.total_cmp(&b.run.worth));
        best.map_or(0.0, |best| best.run.strength)
    }
}

/// Adds `runs` of the answer named `id`. A long answer is several passages: of each length the best run stays.
fn add<'a>(pool: &mut Vec<Contributor<'a>>, id: &'a Id, runs: Vec<Candidate>) {
    let Some(known) = pool.iter_mut().find(|contributor| contributor.id == id) else {
        if !runs.is_empty() {
            pool.push(Contributor { id, runs });
        }
        return;
    };
    for run in runs {
        let length = run.run.sentences.len();
        match known.runs.iter_mut().find(|other| other.run.sentences.len() == length) {
            Some(other) if other.run.worth < run.run.worth => *other = run,
            Some(_) => {}
            None => known.runs.push(run),
        }
    }
}

/// What was shown of `passage`, each on one line.
fn of_passage<'a>(shown: &'a [Shown], passage: &Passage) -> impl Iterator<Item = String> + 'a {
    let id = passage.id.to_string();
    let of_it = move |s: &&Shown| s.id.as_ref().is_none_or(|other| *other == id);
    shown.iter().filter(of_it).map(|s| one_line(&s.quote))
}

/// The best run of `length` sentences of one passage.
fn best(sentences: &[&Sentence], passage: &Passage, shown: &[String], length: usize) -> Option<Candidate> {
    let text = &passage.text;
    let nearest = nearest_of(sentences);
    let mut best: Option<(f32, Range<usize>)> = None;
    for from in 0..(sentences.len() + 1).saturating_sub(length) {
        let to = from + length;
        let part = &sentences[from..to];
        let next = sentences.get(to);
        let cut_off = next.is_some_and(|next| breaks_off(part, next, text));
        if cut_off
            || is_cut_short(part, next, text)
            || !holds_together(part, text)
            || shown.iter().any(|quote| overlaps(part, text, quote))
        {
            continue;
        }
        let words: usize = part.iter().map(|s| s.words).sum();
        let most = if length == 1 { SENTENCE_WORDS } else { RUN_WORDS };
        if !(FEWEST_WORDS..=most).contains(&words) {
            continue;
        }
        let claims = opens(part, passage) && nearest_of(part) >= nearest - FARTHER;
        let worth = worth_of(part, claims) - WORD_COST * words as f32;
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, from..to));
        }
    }
    let (worth, range) = best?;
    let part = &sentences[range];
    let stands_alone = |s: &Sentence| !reading::refers_back(&text[s.span.clone()]);
    let lead = (0..part.len())
        .filter(|at| *at == 0 || stands_alone(part[*at]))
        .max_by(|a, b| part[*a].worth.total_cmp(&part[*b].worth))?;
    let standing = if part[0].topic == 0 { 1.0 } else { SECOND_DISCUSSION };
    let stances = part.iter().map(|s| reading::stance(&text[s.span.clone()]));
    let stance = stances.into_iter().find(|stance| *stance != Stance::Supports);
    Some(Candidate {
        stems: part.iter().flat_map(|s| s.stems.iter().cloned()).collect(),
        vector: sum(part.iter().map(|s| s.vector.as_deref())),
        words: part.iter().map(|s| s.words).sum(),
        run: Run {
            topic: part[0].topic,
            passage: part[0].passage,
            sentences: part.iter().map(|s| s.span.clone()).collect(),
            stance: stance.unwrap_or(Stance::Supports),
            lead,
            strength: part.iter().map(|s| s.worth).fold(0.0, f32::max) * standing,
            likeness: likeness(part, passage) * standing,
            worth: worth * standing,
        },
    })
}

/// Whether these sentences open their answer.
fn opens(part: &[&Sentence], passage: &Passage) -> bool {
    passage.part == 0 && part.first().is_some_and(|first| first.position == 0)
}

/// How near the nearest of these sentences is to the question, -1..=1; 0 where nothing is known of meaning.
fn nearest_of(part: &[&Sentence]) -> f32 {
    part.iter().map(|s| s.likeness).fold(0.0, f32::max)
}

/// How near the nearest of these sentences is to the question; what opens an answer is better understood first.
fn likeness(part: &[&Sentence], passage: &Passage) -> f32 {
    let nearest = nearest_of(part);
    let known = nearest > 0.0;
    nearest
        + if known && opens(part, passage) {
            OPENS_FIRST
        } else {
            0.0
        }
}

/// What a run is worth: the expected number of key sentences, of which a third counts half. One that opens its answer
/// and `claims` something is worth more, unless it has a number of another asker's.
fn worth_of(part: &[&Sentence], claims: bool) -> f32 {
    let own = !part.first().is_some_and(|first| first.asker_number);
    let bare = part.iter().map(|s| s.words).sum::<usize>() < BARE_WORDS;
    let opening = if claims && own { OPENING } else { 1.0 };
    let bonus = if bare { opening * BARE } else { opening };
    let share = |at| if at < 2 { 1.0 } else { THIRD };
    bonus * part.iter().enumerate().map(|(at, s)| share(at) * s.worth).sum::<f32>()
}

/// Whether these sentences end with one that only opens what its paragraph goes on with, the `next`.
fn is_cut_short(part: &[&Sentence], next: Option<&&Sentence>, text: &str) -> bool {
    let (Some(last), Some(next)) = (part.last(), next) else {
        return false;
    };
    let goes_on = between(last, next, text).is_some_and(|gap| !gap.contains("\n\n"));
    goes_on && reading::is_stump(&text[last.span.clone()])
}

/// What stands between two sentences of one text, the first of which comes first.
fn between<'a>(a: &Sentence, b: &Sentence, text: &'a str) -> Option<&'a str> {
    text.get(a.span.end..b.span.start)
}

/// Whether a reader of these sentences alone understands them: nothing between them is left out, the first refers to
/// nothing before it, the last leaves nothing open, and what is said in quotation marks is whole.
fn holds_together(part: &[&Sentence], text: &str) -> bool {
    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return false;
    };
    let Some(whole) = text.get(first.span.start..last.span.end) else {
        return false;
    };
    let adjacent = part.windows(2).all(|pair| {
        let gap = between(pair[0], pair[1], text);
        pair[0].position + 1 == pair[1].position && gap.is_some_and(|gap| gap.trim().is_empty())
    });
    adjacent
        && part.iter().all(|s| s.honest)
        && !reading::refers_back(&text[first.span.clone()])
        && reading::can_end(&text[last.span.clone()])
        && reading::holds_its_speech(whole)
}

/// Whether a run of several sentences ends right before a `next` one that may not be quoted: what leads up to an order to a
/// model may be part of it, and is not taken along with honest sentences.
fn breaks_off(part: &[&Sentence], next: &Sentence, text: &str) -> bool {
    let gap = part
        .last()
        .and_then(|last| between(last, next, text))
        .unwrap_or_default();
    part.len() > 1 && !next.honest && gap.matches('\n').count() < 2
}

/// Whether `quote`, on one line, shows one of these sentences, or they it.
fn overlaps(part: &[&Sentence], text: &str, quote: &str) -> bool {
    part.iter().any(|s| {
        let sentence = one_line(&text[s.span.clone()]);
        quote.contains(&sentence) || sentence.contains(quote)
    })
}

/// The runs that are worth most together, of at most [`VOICES`] contributors and [`MAX_WORDS`] words, none of which repeats
/// another. Every way to choose is tried: there are at most four of each contributor.
fn fill(pool: &[Contributor]) -> Vec<Candidate> {
    let mut best = (f32::MIN, Vec::new());
    extend(pool, 0, &mut Vec::new(), &mut best);
    best.1.into_iter().cloned().collect()
}

/// Tries all runs of the contributors from number `at` on, after those `chosen`, and keeps the `best` choice.
fn extend<'a>(
    pool: &'a [Contributor],
    at: usize,
    chosen: &mut Vec<&'a Candidate>,
    best: &mut (f32, Vec<&'a Candidate>),
) {
    let worth: f32 = chosen.iter().map(|candidate| candidate.run.worth).sum();
    if !chosen.is_empty() && worth > best.0 {
        *best = (worth, chosen.clone());
    }
    let Some(contributor) = pool.get(at).filter(|_| chosen.len() < VOICES) else {
        return;
    };
    let words: usize = chosen.iter().map(|candidate| candidate.words).sum();
    for candidate in &contributor.runs {
        let full = words + candidate.words > MAX_WORDS && !chosen.is_empty();
        if !full && !chosen.iter().any(|other| says_the_same(other, candidate)) {
            chosen.push(candidate);
            extend(pool, at + 1, chosen, best);
            chosen.pop();
        }
    }
    extend(pool, at + 1, chosen, best);
}

fn says_the_same(a: &Candidate, b: &Candidate) -> bool {
    let shared = a.stems.intersection(&b.stems).count() as f32;
    let dice = 2.0 * shared / (a.stems.len() + b.stems.len()).max(1) as f32;
    let near = a.vector.as_deref().zip(b.vector.as_deref()).map(|(a, b)| cosine(a, b));
    dice >= SAME_WORDS || near.is_some_and(|near| near >= SAME_MEANING)
}

/// The nearest to the question first, then the others of its discussion; one that takes another stance comes last of its
/// discussion and is marked, and no other is.
fn in_order(chosen: Vec<Candidate>) -> Vec<Run> {
    let mut runs: Vec<Run> = chosen.into_iter().map(|candidate| candidate.run).collect();
    runs.sort_by(|a, b| {
        (b.likeness, b.strength)
            .partial_cmp(&(a.likeness, a.strength))
            .unwrap_or(Ordering::Equal)
    });
    let marked = runs.iter().skip(1).position(|run| run.stance != Stance::Supports);
    let marked = marked.map(|at| runs.remove(at + 1));
    runs.iter_mut().for_each(|run| run.stance = Stance::Supports);
    runs.extend(marked);
    // The sort is stable: voices of one discussion stay together, and those of the first voice's discussion come first.
    let first = runs.first().map(|run| run.topic);
    runs.sort_by_key(|run| Some(run.topic) != first);
    runs
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
