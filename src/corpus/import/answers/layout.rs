//! Reads a letter by one layout: questions, and names that stand to their answers in the same way throughout.
//!
//! Every form in which names stand (above, before, behind or below the text; bold, in brackets, after a dash …) is a
//! hypothesis. The one that explains most is chosen: most named answers, few lines of the same form that name nobody.

mod cue;
mod find;
mod opener;
mod turns;

use std::collections::{HashMap, HashSet};

use self::cue::{Cue, Form, Kind, Mark};
use self::find::Region;
use crate::corpus::import::block::Block;
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::dates;
use crate::corpus::import::names::Trust;
use crate::corpus::import::turns::turn::{Turn, next_seen};

/// The largest share of lines of a form that may name nobody.
const STRANGERS: f32 = 0.34;

/// A way of reading the letter.
struct Reading {
    form: Form,
    below: bool,
    score: f32,
}

/// Returns the turns of the letter by its layout.
///
/// Returns `None` if the turns `known` so far say as much.
pub(super) fn read(blocks: &[Block], known: &[Option<Turn>]) -> Option<Vec<Option<Turn>>> {
    let cues = |at: usize| match blocks[at].is_seen() && !is_item(blocks, at) && !is_dated(blocks, at) {
        true => cue::cues(&blocks[at]),
        false => Vec::new(),
    };
    let mut cues: Vec<Vec<Cue>> = (0..blocks.len()).map(cues).collect();
    introduce(&mut cues);
    let regions = find::find(blocks, &cues);
    let reading = best(blocks, &cues, &regions)?;
    let mut of: Vec<Option<Turn>> = vec![None; blocks.len()];
    let mut named = 0;
    for region in &regions {
        named += if reading.below {
            turns::below(blocks, &cues, region, &reading, &mut of)
        } else {
            turns::above(blocks, &cues, region, &reading, &mut of)
        };
    }
    // Of two readings, the one that names more answers is better, then the one that answers more questions.
    let answered = |of: &[Option<Turn>]| {
        let ends = regions.iter().skip(1).map(|region| region.at).chain([of.len()]);
        let named = |range: std::ops::Range<usize>| range.filter(|&at| is_named(blocks, of, at)).count();
        let all = regions
            .iter()
            .zip(ends)
            .filter(|(region, end)| named(region.at..*end) > 0);
        (named(0..of.len()), all.count())
    };
    // Where names stand below, a reading that opens answers at some of them has shifted these names.
    let opens = |at: usize| {
        is_named(blocks, known, at) && self::of(&cues[at], reading.form).is_some_and(|cue| cue.before.is_empty())
    };
    let shifted = reading.below && reading.form.kind == Kind::Line && (0..blocks.len()).any(opens);
    let (found, before) = (answered(&of), answered(known));
    (named >= 2 && (found > before || shifted && found == before)).then_some(of)
}

/// Reports whether the turn at `at` is an answer with a name and a text.
fn is_named(blocks: &[Block], of: &[Option<Turn>], at: usize) -> bool {
    let Some(Turn::Answer(said)) = &of[at] else {
        return false;
    };
    let text = || next_seen(blocks, at).is_some_and(|next| of[next].is_none());
    said.by.is_some() && (!said.text.is_empty() || text())
}

/// Reports whether a line is the byline of the letter, because its day stands below it.
fn is_dated(blocks: &[Block], at: usize) -> bool {
    let below = next_seen(blocks, at).and_then(|next| dates::only_day(&blocks[next].text));
    below.is_some() && words(&blocks[at].text) <= 6
}

/// Reports whether `- Ana Lima` is an item of a list of names.
fn is_item(blocks: &[Block], at: usize) -> bool {
    let hyphen = |at: usize| blocks[at].text.starts_with("- ") && words(&blocks[at].text) <= 12;
    let above = (0..at).rev().find(|&at| blocks[at].is_seen());
    let below = (at + 1..blocks.len()).find(|&at| blocks[at].is_seen());
    let listed =
        above.is_some_and(|above| blocks[above].text.ends_with(':') || hyphen(above)) || below.is_some_and(hyphen);
    hyphen(at) && listed
}

/// Doubts single words that the letter uses as a name once, and nowhere as a part of one.
fn introduce(cues: &mut [Vec<Cue>]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for of_block in cues.iter() {
        let names: HashSet<String> = of_block.iter().map(|cue| key(&cue.who)).collect();
        let parts: HashSet<&str> = names.iter().flat_map(|name| name.split(' ')).collect();
        for part in parts {
            *counts.entry(part.to_string()).or_default() += 1;
        }
    }
    // `A reader who asked not to be named` on a line of its own may ask.
    let described =
        |cue: &Cue| cue.form.kind == Kind::Line && ["A ", "An "].iter().any(|word| cue.who.starts_with(word));
    // Where three people have initials or their names in capitals, all such words are.
    let initials = |cue: &Cue| {
        let short = cue.who.chars().count() >= 2 && words(&cue.who) == 1;
        short && cue.form.kind != Kind::Line && cue.who.chars().all(|c| c.is_alphabetic() && !c.is_lowercase())
    };
    let people: HashSet<&str> = cues
        .iter()
        .flatten()
        .filter(|cue| initials(cue))
        .map(|cue| cue.who.as_str())
        .collect();
    let many = people.len() >= 3;
    let trusted = |cue: &Cue| cue.answers || described(cue) || many && initials(cue);
    let doubted = |cue: &&mut Cue| cue.trust == Trust::Word && !trusted(cue);
    for cue in cues.iter_mut().flatten().filter(doubted) {
        let first = key(&cue.who).split(' ').next().unwrap_or_default().to_string();
        if counts.get(&first).is_none_or(|&count| count < 2) {
            cue.trust = Trust::Not;
        }
    }
}

/// Chooses the form and the place of names that explain most of the letter.
fn best(blocks: &[Block], cues: &[Vec<Cue>], regions: &[Region]) -> Option<Reading> {
    let mut forms: Vec<Form> = Vec::new();
    for cue in regions
        .iter()
        .flat_map(|region| &region.blocks)
        .flat_map(|&at| &cues[at])
    {
        if cue.trust >= Trust::Word && !forms.contains(&cue.form) {
            forms.push(cue.form);
        }
    }
    let mut best: Option<Reading> = None;
    for form in forms {
        for below in [false, true] {
            let fits = match form.kind {
                Kind::Line => !below || !matches!(form.mark, Mark::Heading(_)),
                Kind::Behind => below,
                _ => !below,
            };
            let fits = fits && (below || form.mark != Mark::Dashed);
            let Some(reading) = fits.then(|| judged(blocks, cues, regions, form, below)).flatten() else {
                continue;
            };
            if best.as_ref().is_none_or(|best| reading.score > best.score) {
                best = Some(reading);
            }
        }
    }
    best
}

/// Judges how much of the letter names of this form explain. Returns `None` if they explain nothing.
fn judged(blocks: &[Block], cues: &[Vec<Cue>], regions: &[Region], form: Form, below: bool) -> Option<Reading> {
    let mut people: HashMap<String, usize> = HashMap::new();
    let (mut score, mut strangers, mut sure, mut named) = (0.0, 0usize, 0usize, 0usize);
    let mut texts = 0usize;
    for region in regions {
        let of_form: Vec<(usize, &Cue)> = region
            .blocks
            .iter()
            .enumerate()
            .filter_map(|(n, &at)| Some((n, of(&cues[at], form)?)))
            .collect();
        // Above a line such as `Answers`, a name is the asker's.
        let from = announced(region);
        let below_label = |(n, cue): &&(usize, &Cue)| cue.names() && *n >= from;
        let names: Vec<usize> = of_form.iter().filter(below_label).map(|(n, _)| *n).collect();
        if let (Kind::Line, [first, .., last]) = (form.kind, &names[..]) {
            score -= against(region, *first, *last, below);
            // A line without a blank line above belongs to what is above it.
            for n in &names {
                let (above, next) = (
                    blocks[region.blocks[*n]].loose,
                    region.blocks.get(n + 1).is_none_or(|&at| blocks[at].loose),
                );
                if above != next && above == below {
                    score -= 0.5;
                }
            }
        }
        for (n, cue) in of_form {
            let text = match (form.kind, below) {
                (Kind::Line, false) if !cue.after.is_empty() => true,
                (Kind::Line, false) => region
                    .blocks
                    .get(n + 1)
                    .is_some_and(|&next| of(&cues[next], form).is_none_or(|c| !c.names())),
                (Kind::Line | Kind::Behind, true) => {
                    !cue.before.is_empty()
                        || n > 0
                            && of(&cues[region.blocks[n - 1]], form).is_none_or(|c| !c.before.is_empty() || !c.names())
                }
                _ => !cue.after.is_empty(),
            };
            let shows = form.kind != Kind::Line || !matches!(form.mark, Mark::Plain);
            if !cue.names() {
                strangers += usize::from(shows && form.kind != Kind::Behind);
                continue;
            }
            if !text {
                continue;
            }
            texts += words(&blocks[region.blocks[n]].text);
            *people.entry(key(&cue.who)).or_default() += 1;
            named += 1;
            // Few things but names stand in brackets behind or before a text.
            let set_off = matches!(form.kind, Kind::Behind | Kind::Bracket) || form.mark == Mark::Dashed;
            sure += usize::from(cue.trust >= Trust::Known || cue.answers || set_off);
            score += match cue.trust {
                _ if cue.answers => 1.1,
                Trust::Sure => 1.0,
                Trust::Known => 0.9,
                Trust::Shape => 0.7,
                _ => 0.3,
            };
        }
    }
    let repeated = people.values().filter(|&&count| count > 1).count();
    let fits = named >= 2
        && people.len() >= 2
        && (sure * 3 >= named || repeated >= 2)
        && strangers as f32 <= STRANGERS * (named + strangers) as f32
        && texts > 0;
    score -= 0.8 * strangers as f32;
    (fits && score > 0.0).then_some(Reading { form, below, score })
}

/// Returns the number of the first block below a line such as `Answers`, or 0.
fn announced(region: &Region) -> usize {
    let label = region.labels.iter().rfind(|(_, kept)| *kept == 0).map(|(at, _)| *at);
    let below = label.and_then(|label| region.blocks.iter().position(|&at| at > label));
    below.unwrap_or(0)
}

/// Returns how much speaks against names on lines of their own, from number `first` to `last`, being `below` their answers
/// or above them.
fn against(region: &Region, first: usize, last: usize, below: bool) -> f32 {
    let mut score = 0.0;
    // Below the text, a name comes last. Above it, text does.
    let closes = last + 1 == region.blocks.len();
    score += match (closes, below) {
        (true, false) => 1.0,
        (false, true) => 0.5,
        _ => 0.0,
    };
    if first == 0 && below {
        score += 1.5;
    }
    // Directly below a line such as `Answers`, or a name that signs the question, stands a name or a text.
    let announced = region.labels.iter().rfind(|(_, kept)| *kept == 0).map(|(at, _)| *at);
    let signed = region
        .asker
        .as_ref()
        .map(|(at, _)| *at)
        .filter(|at| region.blocks.first().is_some_and(|first| first < at));
    for line in announced.into_iter().chain(signed) {
        let next = region.blocks.iter().position(|&at| at > line);
        if next.is_some_and(|next| (next == first) == below) {
            score += 2.0;
        }
    }
    score
}

fn of(cues: &[Cue], form: Form) -> Option<&Cue> {
    cues.iter().find(|cue| cue.form == form)
}
