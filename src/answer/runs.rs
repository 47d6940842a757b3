//! Chooses what to quote: of each contributor the run of one to three sentences that says most, the strongest first.
//!
//! In: the question and the discussions that answer it. Out: [`Run`]s, in reading order. How much a sentence is worth is
//! for `worth` to say, and how it reads at the head of a quote for `reading`. Completeness of thought goes before
//! likeness of words: a run that refers to something before it takes that sentence too, or is not taken. It must not know
//! of the index or of models.

pub mod worth;

use std::collections::HashSet;
use std::ops::Range;

use super::draft::one_line;
use super::meaning::{cosine, sum};
use super::topic::Topic;
use super::{MAX_WORDS, Stance, reading};
use crate::corpus::Passage;
use worth::Sentence;

/// Most sentences of a run.
const SENTENCES: usize = 3;

/// Most words of a run of several sentences: so many that all contributors of a discussion have room, within these.
const RUN_WORDS: std::ops::RangeInclusive<usize> = 36..=50;

/// What the worth of a run is multiplied by that opens its answer: an opening is written to be understood by itself, and
/// says the claim.
const OPENING: f32 = 2.0;

/// Most words of a run of one sentence: a wall of text is no quote.
const SENTENCE_WORDS: usize = 60;

/// Fewest words of a run: a fragment says nothing.
const FEWEST_WORDS: usize = 8;

/// Most voices of an answer.
const VOICES: usize = 4;

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
    /// What its best sentence is worth: voices are ordered by this.
    pub strength: f32,
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
struct Candidate {
    run: Run,
    stems: HashSet<String>,
    vector: Option<Vec<f32>>,
    words: usize,
}

/// The runs that answer `question`, one a contributor: the strongest first, one that dissents or sets a condition last.
/// Nothing that was `shown` is among them. Empty where no sentence of `topics` can be quoted.
pub fn choose(question: &str, topics: &[&Topic], shown: &[Shown]) -> Vec<Run> {
    let sentences = worth::sentences(question, topics);
    let mut pool = Vec::new();
    let voices = topics.first().map_or(1, |topic| topic.passages.len());
    let most = (MAX_WORDS / voices.max(1)).clamp(*RUN_WORDS.start(), *RUN_WORDS.end());
    for (at, topic) in topics.iter().enumerate() {
        for passage in 0..topic.passages.len() {
            let own: Vec<&Sentence> = sentences
                .iter()
                .filter(|s| (s.topic, s.passage) == (at, passage))
                .collect();
            let quoted: Vec<String> = of_passage(shown, &topic.passages[passage]).collect();
            pool.extend(best(&own, &topic.passages[passage], &quoted, most));
        }
    }
    keep_one_a_contributor(&mut pool, topics);
    pool.sort_by(|a, b| b.run.strength.total_cmp(&a.run.strength));
    in_order(pick(pool))
}

/// What was shown of `passage`, each on one line.
fn of_passage<'a>(shown: &'a [Shown], passage: &Passage) -> impl Iterator<Item = String> + 'a {
    let id = passage.id.to_string();
    let of_it = move |s: &&Shown| s.id.as_ref().is_none_or(|other| *other == id);
    shown.iter().filter(of_it).map(|s| one_line(&s.quote))
}

/// The best run of one passage, of at most `most` words where it is more than a sentence.
fn best(sentences: &[&Sentence], passage: &Passage, shown: &[String], most: usize) -> Option<Candidate> {
    let text = &passage.text;
    let mut best: Option<(f32, Range<usize>)> = None;
    for from in 0..sentences.len() {
        for to in from + 1..=sentences.len().min(from + SENTENCES) {
            let part = &sentences[from..to];
            let cut_off = sentences.get(to).is_some_and(|next| breaks_off(part, next, text));
            if cut_off || !holds_together(part, text) || shown.iter().any(|quote| overlaps(part, text, quote)) {
                continue;
            }
            let words: usize = part.iter().map(|s| s.words).sum();
            let most = if part.len() == 1 { SENTENCE_WORDS } else { most };
            if !(FEWEST_WORDS..=most).contains(&words) {
                continue;
            }
            let opens = from == 0 && passage.part == 0;
            let bonus = if opens { OPENING } else { 1.0 };
            let worth = bonus * part.iter().map(|s| s.worth).sum::<f32>() - WORD_COST * words as f32;
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, from..to));
            }
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
            worth: worth * standing,
        },
    })
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
        let gap = text.get(pair[0].span.end..pair[1].span.start);
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
        .map_or("", |last| text.get(last.span.end..next.span.start).unwrap_or_default());
    part.len() > 1 && !next.honest && gap.matches('\n').count() < 2
}

/// Whether `quote`, on one line, shows one of these sentences, or they it.
fn overlaps(part: &[&Sentence], text: &str, quote: &str) -> bool {
    part.iter().any(|s| {
        let sentence = one_line(&text[s.span.clone()]);
        quote.contains(&sentence) || sentence.contains(quote)
    })
}

/// Of several runs of one answer (a long one is several passages) the best stays.
fn keep_one_a_contributor(pool: &mut Vec<Candidate>, topics: &[&Topic]) {
    let mut best: Vec<Candidate> = Vec::new();
    for candidate in pool.drain(..) {
        let id = &candidate.run.passage(topics).id;
        match best.iter_mut().find(|other| other.run.passage(topics).id == *id) {
            Some(other) if other.run.worth < candidate.run.worth => *other = candidate,
            Some(_) => {}
            None => best.push(candidate),
        }
    }
    *pool = best;
}

/// Takes voices from `pool`, the strongest first, until the answer is full: none that is filler or repeats another.
fn pick(pool: Vec<Candidate>) -> Vec<Candidate> {
    let mut chosen: Vec<Candidate> = Vec::new();
    let mut words = 0;
    for candidate in pool {
        let most = chosen
            .first()
            .map_or(candidate.run.strength, |first| first.run.strength);
        let filler = candidate.run.strength < FILLER * most;
        let full = words + candidate.words > MAX_WORDS && !chosen.is_empty();
        if chosen.len() >= VOICES || filler {
            break;
        }
        if full || chosen.iter().any(|other| says_the_same(other, &candidate)) {
            continue;
        }
        words += candidate.words;
        chosen.push(candidate);
    }
    chosen
}

fn says_the_same(a: &Candidate, b: &Candidate) -> bool {
    let shared = a.stems.intersection(&b.stems).count() as f32;
    let dice = 2.0 * shared / (a.stems.len() + b.stems.len()).max(1) as f32;
    let near = a.vector.as_deref().zip(b.vector.as_deref()).map(|(a, b)| cosine(a, b));
    dice >= SAME_WORDS || near.is_some_and(|near| near >= SAME_MEANING)
}

/// The strongest first; one that takes another stance comes last and is marked, and no other is.
fn in_order(chosen: Vec<Candidate>) -> Vec<Run> {
    let mut runs: Vec<Run> = chosen.into_iter().map(|candidate| candidate.run).collect();
    let marked = runs.iter().skip(1).position(|run| run.stance != Stance::Supports);
    let marked = marked.map(|at| runs.remove(at + 1));
    runs.iter_mut().for_each(|run| run.stance = Stance::Supports);
    runs.extend(marked);
    runs
}
