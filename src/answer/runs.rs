//! Chooses what to quote: for each contributor, the run of one to three sentences that says most.
//!
//! The result is [`Run`]s in reading order, as their discussions print them. `worth` decides how much a sentence is
//! worth, and `reading` how it reads at the start of a quote. A complete thought matters more than similar words. A run
//! that refers to something before it must include that sentence, or it is not used.

mod candidate;
pub mod detail;
mod line;
pub mod lines;
mod opening;
mod point;
pub mod worth;

use std::ops::Range;

use super::draft::one_line;
use super::sentences::opens_item;
use super::topic::Topic;
use super::{Stance, reading};
use crate::corpus::{Id, Passage};
use candidate::{Candidate, says_the_same};
pub use line::line;
pub use opening::everybody;
use worth::Sentence;

/// The most sentences of a run.
const SENTENCES: usize = 3;

/// The most words of a run of several sentences: a claim with its how or why.
const RUN_WORDS: usize = 55;

/// The factor for the worth of a run that opens its answer. An opening can be understood by itself, and states the
/// claim.
const OPENING: f32 = 2.5;

/// The share of a third sentence's worth that counts.
const THIRD: f32 = 0.5;

/// If an opening is farther from the question than another sentence of its answer by more than this, it is not the
/// claim that answers.
const FARTHER: f32 = 0.35;

/// A run of fewer words is a claim without its how or why.
const BARE_WORDS: usize = 25;

/// The factor for the worth of such a run.
const BARE: f32 = 0.75;

/// The most words of a run of one sentence. A wall of text is not a quote.
const SENTENCE_WORDS: usize = 60;

/// The fewest words of a run. A fragment says nothing.
const FEWEST_WORDS: usize = 8;

/// The most voices of an answer.
const VOICES: usize = 4;

/// The most contributors to take voices from, the strongest first.
const CONTRIBUTORS: usize = 6;

/// A voice whose strength is below this share of the strongest is filler.
const FILLER: f32 = 0.2;

/// The factor for the worth of a voice from the second discussion.
const SECOND_DISCUSSION: f32 = 0.8;

/// The cost of a word, in the worth of a sentence. Of two runs that say as much, the shorter is better.
const WORD_COST: f32 = 0.0002;

/// Words that this conversation showed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Identifier of the passage, as in [`super::Citation::id`]. `None` if only the words are known.
    pub id: Option<String>,
    pub quote: String,
}

/// Consecutive sentences of one contributor.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Index of the discussion among those given.
    pub topic: usize,
    pub passage: usize,
    /// Byte spans in the passage's text.
    pub sentences: Vec<Range<usize>>,
    pub stance: Stance,
    /// Whether it begins with who its author is.
    pub introduces: bool,
    /// Which of the sentences says most.
    pub lead: usize,
    /// The expected number of key sentences in it, minus the cost of its words.
    pub worth: f32,
    /// The worth of its best sentence.
    pub strength: f32,
}

impl Run {
    /// The passage that the run quotes.
    pub fn passage<'a>(&self, topics: &[&'a Topic]) -> &'a Passage {
        &topics[self.topic].passages[self.passage]
    }

    /// Returns its passage with only the run as text.
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

/// Returns the runs that answer `question`, one for each contributor.
///
/// They are in the order of `topics` and in printed order, dissents and conditions last. At most one keeps its stance.
/// Nothing that was `shown` is repeated. They have at most `words` words, unless one alone has more. The result is empty
/// if no sentence of `topics` can be quoted.
pub fn choose(question: &str, topics: &[&Topic], shown: &[Shown], words: usize) -> Vec<Run> {
    let mut pool = pool(question, topics, shown);
    pool.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    let most = pool.first().map_or(0.0, Contributor::strength);
    pool.retain(|contributor| contributor.strength() >= FILLER * most);
    pool.truncate(CONTRIBUTORS);
    in_order(fill(&pool, words))
}

/// Returns the run that is worth most of each contributor, however alike they are: by discussion, then the strongest
/// first.
pub fn each(question: &str, topics: &[&Topic]) -> Vec<Run> {
    let mut pool = pool(question, topics, &[]);
    pool.sort_by(|a, b| b.strength().total_cmp(&a.strength()));
    let mut runs: Vec<Run> = pool.iter().filter_map(|c| Some(c.best()?.run.clone())).collect();
    // The sort is stable.
    runs.sort_by_key(|run| run.topic);
    runs
}

/// Returns the contributors of `topics` with the runs of theirs that may be quoted.
///
/// If nothing may be, an answer may begin with `It is time to …`: the question stands above it.
fn pool<'a>(question: &str, topics: &[&'a Topic], shown: &[Shown]) -> Vec<Contributor<'a>> {
    let mut sentences = worth::sentences(question, topics);
    let pool = pool_of(&sentences, topics, shown);
    if !pool.is_empty() {
        return pool;
    }
    for sentence in &mut sentences {
        let passage = &topics[sentence.topic].passages[sentence.passage];
        sentence.answers_title =
            is_opening(sentence, passage) && reading::opens_with_it(&passage.text[sentence.span.clone()]);
    }
    pool_of(&sentences, topics, shown)
}

fn pool_of<'a>(sentences: &[Sentence], topics: &[&'a Topic], shown: &[Shown]) -> Vec<Contributor<'a>> {
    let mut pool: Vec<Contributor> = Vec::new();
    for (at, topic) in topics.iter().enumerate() {
        for (passage, whole) in topic.passages.iter().enumerate() {
            let own: Vec<&Sentence> = sentences
                .iter()
                .filter(|s| (s.topic, s.passage) == (at, passage))
                .collect();
            let quoted: Vec<String> = of_passage(shown, whole).collect();
            let best = (1..=SENTENCES).filter_map(|length| best(&own, whole, &quoted, length, worth_of));
            add(&mut pool, &whole.id, without_third(best.collect()));
        }
    }
    pool
}

/// The runs of one contributor that may be quoted, at most one for each number of sentences.
struct Contributor<'a> {
    id: &'a Id,
    runs: Vec<Candidate>,
}

impl Contributor<'_> {
    /// The run that is worth most.
    fn best(&self) -> Option<&Candidate> {
        self.runs.iter().max_by(|a, b| a.run.worth.total_cmp(&b.run.worth))
    }

    /// The strength of that run.
    fn strength(&self) -> f32 {
        self.best().map_or(0.0, |best| best.run.strength)
    }
}

/// Drops a run of three sentences whose first two are a run already. Blind readers found that the third often begins
/// something that the quote then lacks.
fn without_third(mut runs: Vec<Candidate>) -> Vec<Candidate> {
    let from = |run: &Candidate| run.run.sentences.first().map(|span| span.start);
    let pair = runs.iter().find(|run| run.run.sentences.len() == 2).and_then(from);
    runs.retain(|run| run.run.sentences.len() < 3 || pair.is_none() || from(run) != pair);
    runs
}

/// Adds `runs` of the answer named `id`. A long answer has several passages; the best run of each length is kept.
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

/// Returns what was shown of `passage`, each quote on one line.
fn of_passage<'a>(shown: &'a [Shown], passage: &Passage) -> impl Iterator<Item = String> + 'a {
    let id = passage.id.to_string();
    let of_it = move |s: &&Shown| s.id.as_ref().is_none_or(|other| *other == id);
    shown.iter().filter(of_it).map(|s| one_line(&s.quote))
}

/// Returns the best run of `length` sentences of one passage. `value` is what sentences are worth, given whether they
/// open their answer with a claim.
fn best(
    sentences: &[&Sentence],
    passage: &Passage,
    shown: &[String],
    length: usize,
    value: impl Fn(&[&Sentence], bool) -> f32,
) -> Option<Candidate> {
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
            || shown
                .iter()
                .any(|quote| overlap(part.iter().map(|s| &s.span), text, quote))
        {
            continue;
        }
        let words: usize = part.iter().map(|s| s.words).sum();
        let most = if length == 1 { SENTENCE_WORDS } else { RUN_WORDS };
        if !(FEWEST_WORDS..=most).contains(&words) {
            continue;
        }
        let claims = opens(part, passage) && nearest_of(part) >= nearest - FARTHER;
        let worth = value(part, claims) - WORD_COST * words as f32;
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
    let mut candidate = Candidate::of(part);
    candidate.run = Run {
        stance: stance.unwrap_or(Stance::Supports),
        introduces: reading::introduces(&text[part[0].span.clone()]),
        lead,
        strength: part.iter().map(|s| s.worth).fold(0.0, f32::max) * standing,
        worth: worth * standing,
        ..candidate.run
    };
    Some(candidate)
}

/// Returns whether a sentence of `passage` is the first of its answer.
fn is_opening(sentence: &Sentence, passage: &Passage) -> bool {
    passage.part == 0 && sentence.position == 0
}

/// Returns whether these sentences open their answer with more than who its author is.
fn opens(part: &[&Sentence], passage: &Passage) -> bool {
    let first = part.first().filter(|first| is_opening(first, passage));
    first.is_some_and(|first| !reading::introduces(&passage.text[first.span.clone()]))
}

/// Returns how near the nearest of these sentences is to the question. It is 0 without an embedding model.
fn nearest_of(part: &[&Sentence]) -> f32 {
    part.iter().map(|s| s.likeness).fold(0.0, f32::max)
}

/// Returns the worth of a run: the expected number of key sentences. A third sentence counts half.
///
/// A run that opens its answer and `claims` something is worth more, unless its first sentence repeats a number of that
/// discussion's asker.
fn worth_of(part: &[&Sentence], claims: bool) -> f32 {
    let own = !part.first().is_some_and(|first| first.asker_number);
    let bare = part.iter().map(|s| s.words).sum::<usize>() < BARE_WORDS;
    let opening = if claims && own { OPENING } else { 1.0 };
    let bonus = if bare { opening * BARE } else { opening };
    let share = |at| if at < 2 { 1.0 } else { THIRD };
    bonus * part.iter().enumerate().map(|(at, s)| share(at) * s.worth).sum::<f32>()
}

/// Returns whether the last of these sentences only introduces the `next` one of its paragraph.
fn is_cut_short(part: &[&Sentence], next: Option<&&Sentence>, text: &str) -> bool {
    let (Some(last), Some(next)) = (part.last(), next) else {
        return false;
    };
    let goes_on = between(last, next, text).is_some_and(|gap| !gap.contains("\n\n"));
    goes_on && reading::is_stump(&text[last.span.clone()])
}

/// Returns the text between two sentences. `a` must come first.
fn between<'a>(a: &Sentence, b: &Sentence, text: &'a str) -> Option<&'a str> {
    text.get(a.span.end..b.span.start)
}

/// Returns whether a reader understands these sentences without the rest of the text.
///
/// No text is left out between them and no item of a list follows, which would stand without the others. The first refers to nothing before it, the last leaves nothing open, and all
/// quotations are closed.
fn holds_together(part: &[&Sentence], text: &str) -> bool {
    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return false;
    };
    let Some(whole) = text.get(first.span.start..last.span.end) else {
        return false;
    };
    let adjacent = part.windows(2).all(|pair| {
        let gap = between(pair[0], pair[1], text);
        pair[0].position + 1 == pair[1].position
            && gap.is_some_and(|gap| gap.trim().is_empty())
            && !opens_item(text, pair[1].span.start)
    });
    adjacent
        && part.iter().all(|s| s.honest)
        && (first.answers_title || !reading::refers_back(&text[first.span.clone()]))
        && reading::can_end(&text[last.span.clone()])
        && reading::holds_its_speech(whole)
}

/// Returns whether a run of several sentences ends right before a `next` one that may not be quoted. The lead-up to an
/// order to a model may be part of that order, so it is not quoted with honest sentences.
fn breaks_off(part: &[&Sentence], next: &Sentence, text: &str) -> bool {
    let gap = part
        .last()
        .and_then(|last| between(last, next, text))
        .unwrap_or_default();
    part.len() > 1 && !next.honest && gap.matches('\n').count() < 2
}

/// Returns whether `quote`, on one line, contains one of these sentences or is contained in one.
fn overlap<'a>(mut spans: impl Iterator<Item = &'a Range<usize>>, text: &str, quote: &str) -> bool {
    spans.any(|span| {
        let sentence = one_line(&text[span.clone()]);
        quote.contains(&sentence) || sentence.contains(quote)
    })
}

/// Returns the runs that are worth most together, from at most [`VOICES`] contributors and with at most `most` words,
/// without repetition. It tries every combination: each contributor has at most three runs.
fn fill(pool: &[Contributor], most: usize) -> Vec<Candidate> {
    let mut best = (f32::MIN, Vec::new());
    extend(pool, 0, most, &mut Vec::new(), &mut best);
    best.1.into_iter().cloned().collect()
}

/// Tries all runs of the contributors from number `at` on, added to those `chosen`, and keeps the `best` choice.
fn extend<'a>(
    pool: &'a [Contributor],
    at: usize,
    most: usize,
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
        let full = words + candidate.words > most && !chosen.is_empty();
        if !full && !chosen.iter().any(|other| says_the_same(other, candidate)) {
            chosen.push(candidate);
            extend(pool, at + 1, most, chosen, best);
            chosen.pop();
        }
    }
    extend(pool, at + 1, most, chosen, best);
}

/// Orders the runs as their discussions print them, those of the first discussion first.
///
/// Contributors who first say who they are come after those who begin with a claim, and dissents and conditions after
/// what they qualify. At most one run keeps its stance as a mark. It comes last in its discussion.
fn in_order(chosen: Vec<Candidate>) -> Vec<Run> {
    let mut runs: Vec<Run> = chosen.into_iter().map(|candidate| candidate.run).collect();
    runs.sort_by_key(|run| (run.topic, run.stance != Stance::Supports, run.introduces, run.passage));
    let marked = runs.iter().skip(1).rposition(|run| run.stance != Stance::Supports);
    for (at, run) in runs.iter_mut().enumerate() {
        if marked.map(|marked| marked + 1) != Some(at) {
            run.stance = Stance::Supports;
        }
    }
    runs
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
