//! Finds the questions of a letter and the blocks below each.

use std::collections::HashSet;

use super::super::regions;
use super::cue::{Cue, Kind, Mark};
use super::opener::{Opener, opener, uncounted};
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, strip_word, words};
use crate::corpus::import::marks::{self, Label};
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::{closing, furniture, heads, resources};

/// A question and the blocks below it.
#[derive(Clone)]
pub(super) struct Region {
    pub at: usize,
    pub opener: Opener,
    /// Whether the block asks by itself, and not only by what follows.
    pub surely: bool,
    pub blocks: Vec<usize>,
    /// A line that says who asks.
    pub asker: Option<(usize, String)>,
    /// Lines that only announce the answers, or say who asks, each with the number of its words that are kept elsewhere.
    pub labels: Vec<(usize, usize)>,
    /// The block that ends it, if that heads something else.
    pub end: Option<usize>,
}

/// Finds the questions and the blocks below each.
pub(super) fn find(blocks: &[Block], cues: &[Vec<Cue>]) -> Vec<Region> {
    let mut found: Vec<Region> = Vec::new();
    let mut open = false;
    // The next visible block after each.
    let mut next: Vec<Option<usize>> = vec![None; blocks.len()];
    for at in (1..blocks.len()).rev() {
        next[at - 1] = if blocks[at].is_seen() { Some(at) } else { next[at] };
    }
    for (at, block) in blocks.iter().enumerate() {
        if block.look == Look::Rule {
            // What follows a rule belongs to the answers only if a name follows.
            let goes_on = next[at].is_some_and(|next| cues[next].iter().any(|cue| cue.trust >= Trust::Shape));
            open &= goes_on || found.last().is_some_and(|region| region.blocks.is_empty());
            continue;
        }
        if !block.is_seen() {
            continue;
        }
        let labelled = open && found.last().is_some_and(|region| region.blocks.is_empty());
        let asked = || asked_below(blocks, at).filter(|_| !labelled);
        let strong = opener(block).or_else(|| asks_below(blocks, at)).or_else(asked);
        if let Some(region) = found.last_mut().filter(|region| open && region.blocks.is_empty())
            && let Some((who, said)) = marks::question_from(&block.text)
        {
            // `Question from Ana Lima: …` below a title.
            region.opener.asker = Some(who.to_string());
            region.opener.body = said.to_string();
            region.labels.push((at, words(who) + words(said)));
            continue;
        }
        let over = open
            && found
                .last()
                .is_some_and(|region| ends(block, region, &cues[at]) && !announces(cues, blocks, at));
        let weak = (strong.is_none() && (!open || over))
            .then(|| perhaps(blocks, cues, at))
            .flatten();
        if over && let Some(region) = found.last_mut() {
            let heading = matches!(block.look, Look::Heading(1..=6));
            region.end = (!heading && strong.is_none() && weak.is_none()).then_some(at);
            open = false;
        }
        let surely = strong.is_some();
        if let Some(opener) = strong.or(weak) {
            found.push(Region {
                at,
                opener,
                surely,
                blocks: Vec::new(),
                labels: Vec::new(),
                asker: None,
                end: None,
            });
            open = true;
            continue;
        }
        let Some(region) = found.last_mut().filter(|_| open) else {
            continue;
        };
        if is_answers(&block.text) {
            region.labels.push((at, 0));
            continue;
        }
        let early = region.blocks.len() <= 1;
        let asker = marks::asked_by(&block.text).or_else(|| {
            let says = || {
                marks::asker_says(&block.text)
                    .filter(|(_, said)| said.is_empty())
                    .map(|(who, _)| who)
            };
            from(&block.text).or_else(says).filter(|_| early)
        });
        match asker.filter(|_| region.asker.is_none() && region.opener.asker.is_none()) {
            Some(who) => region.asker = Some((at, names::bare(who).to_string())),
            None => region.blocks.push(at),
        }
    }
    found.retain(|region| region.surely || is_answered(region, cues));
    for region in &mut found {
        let idle = |at: &usize| furniture::is_idle(&blocks[*at]) || closing::farewell(&blocks[*at].text);
        while region.blocks.last().is_some_and(idle) {
            region.blocks.pop();
        }
    }
    found
}

/// Reports whether several people answer what only may be a question: three, or two of whom one is known by name.
fn is_answered(region: &Region, cues: &[Vec<Cue>]) -> bool {
    let named = |at: &usize| cues[*at].iter().find(|cue| cue.trust >= Trust::Shape || cue.answers);
    let people: Vec<&Cue> = region.blocks.iter().filter_map(named).collect();
    let count = people.iter().map(|cue| key(&cue.who)).collect::<HashSet<_>>().len();
    let known = people.iter().any(|cue| cue.trust >= Trust::Known || cue.answers);
    count >= 3 || count == 2 && known
}

/// Reports whether the heading at `at` only announces names in headings below it.
fn announces(cues: &[Vec<Cue>], blocks: &[Block], at: usize) -> bool {
    let Look::Heading(own) = blocks[at].look else {
        return false;
    };
    let next = (at + 1..blocks.len()).find(|&at| blocks[at].is_seen());
    next.is_some_and(|next| {
        matches!(blocks[next].look, Look::Heading(level) if level > own)
            && cues[next]
                .iter()
                .any(|cue| cue.form.kind == Kind::Line && cue.trust >= Trust::Shape)
    })
}

/// Reads what may open a question if answers with names follow: a heading above a text that asks, or a question in
/// quotation marks.
fn perhaps(blocks: &[Block], cues: &[Vec<Cue>], at: usize) -> Option<Opener> {
    let block = &blocks[at];
    let level = match block.look {
        Look::Heading(level) => level,
        _ => regions::level(block).unwrap_or(0),
    };
    let made = |title: String| Opener {
        title,
        body: String::new(),
        asker: None,
        number: 0,
        level,
    };
    let named = cues[at].iter().any(|cue| cue.trust >= Trust::Shape);
    if level > 0 {
        let mut below = (at + 1..blocks.len()).filter(|&at| blocks[at].is_seen()).take(4);
        let asks = below.any(|at| blocks[at].look != Look::Item && blocks[at].text.contains('?'));
        let bare = names::bare(&block.text).to_string();
        let title = if words(&bare) >= 3 { bare } else { String::new() };
        return (asks && !named && level > 1).then(|| made(title));
    }
    let text = block.text.trim();
    // A line that asks, directly above a name that is set off or has a role.
    let alone =
        block.look == Look::Paragraph && text.ends_with('?') && (3..=30).contains(&words(text)) && !text.contains('\n');
    if let Some(next) = (at + 1..blocks.len())
        .find(|&at| blocks[at].is_seen())
        .filter(|_| alone)
    {
        let set_off = |cue: &Cue| matches!(cue.form.mark, Mark::Heading(_) | Mark::Bold) && cue.trust >= Trust::Shape;
        let line = |cue: &&Cue| cue.form.kind == Kind::Line && cue.before.is_empty();
        if cues[next]
            .iter()
            .filter(line)
            .any(|cue| set_off(cue) || cue.trust == Trust::Sure)
        {
            return Some(made(names::bare(text).to_string()));
        }
    }
    let quoted = text.starts_with(['"', '“', '„', '«']) && text.contains('?');
    let names_quoted = ["?\"", "?”", "?«", "?»"].iter().any(|end| text.contains(end));
    let put =
        block.look == Look::Paragraph && words(text) >= 8 && (quoted || names_quoted && key(text).contains("question"));
    put.then(|| made(String::new()))
}

/// Reads a heading above a line that says who asks: `1. Pricing pages`, `Ana Lima asks:`.
fn asks_below(blocks: &[Block], at: usize) -> Option<Opener> {
    let next = (at + 1..blocks.len()).find(|&at| blocks[at].is_seen())?;
    let block = &blocks[at];
    let open = !names::bare(&block.text).ends_with(['.', '!']);
    let line = words(&block.text) <= 16 && !block.text.contains('\n') && block.look != Look::Item && open;
    let says =
        marks::asker_says(&blocks[next].text).is_some_and(|(_, said)| said.is_empty() || !said.ends_with(['"', '”']));
    let asks = says && marks::is_asking(&blocks[next].text) && opener(&blocks[next]).is_none();
    (line && asks && marks::asker_says(&block.text).is_none()).then(|| {
        let bare = names::bare(&block.text);
        let title = resources::unnumbered(bare);
        Opener {
            title: title.to_string(),
            body: String::new(),
            asker: None,
            number: 0,
            level: regions::level(block).unwrap_or(0),
        }
    })
}

/// Reads a paragraph that ends with a question, above a line such as `Asked by Milan`.
fn asked_below(blocks: &[Block], at: usize) -> Option<Opener> {
    let block = &blocks[at];
    let next = (at + 1..blocks.len()).find(|&at| blocks[at].is_seen())?;
    let asks = block.look == Look::Paragraph && names::bare(&block.text).ends_with('?') && words(&block.text) <= 40;
    let asked = marks::asked_by(&blocks[next].text).is_some() && blocks[next].look != Look::Item;
    (asks && asked && !block.text.contains('\n')).then(|| Opener {
        title: names::bare(&block.text).to_string(),
        body: String::new(),
        asker: None,
        number: 0,
        level: 0,
    })
}

/// Reads `*From Ravindra in Pune*` on a line of its own.
fn from(text: &str) -> Option<&str> {
    let bare = names::bare(text);
    let sent = ["sent in ", "asked "].iter().find_map(|verb| strip_word(bare, verb));
    if names::is_nobody(sent.unwrap_or(bare)) {
        return Some("Anonymous");
    }
    let openings = ["From ", "from ", "Raised by ", "Posed by "];
    let who = openings.iter().find_map(|opening| bare.strip_prefix(opening))?;
    let named = who.starts_with(|c: char| !c.is_lowercase()) || who.starts_with("a ");
    (named && words(who) <= 14 && !who.contains(['\n', '?', ':'])).then_some(who)
}

/// Reports whether a line announces the answers, in one of the languages that letters come in.
fn is_answers(text: &str) -> bool {
    let k = key(uncounted(text.trim_start_matches(|c: char| !c.is_alphanumeric())));
    // `What our panel says`, `We asked around`
    let told = k.starts_with("what ")
        && !k.starts_with("what i ")
        && [" says", " say", " said"].iter().any(|verb| k.ends_with(verb));
    let around = matches!(
        k.as_str(),
        "we asked around" | "we asked" | "you answered" | "our panel answers"
    );
    if told && words(&k) <= 6 && !text.trim_end().ends_with('?') || around {
        return true;
    }
    let known = matches!(
        k.as_str(),
        "the answers"
            | "what people said"
            | "what you said"
            | "antworten"
            | "die antworten"
            | "réponses"
            | "les réponses"
            | "vos réponses"
            | "respuestas"
            | "las respuestas"
            | "respostas"
            | "as respostas"
            | "risposte"
            | "le risposte"
            | "antwoorden"
            | "svar"
            | "svarene"
            | "svaren"
            | "odpowiedzi"
    );
    known || marks::label(text) == Some(Label::Answers)
}

/// Reports whether all letters are capitals.
fn shouted(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    letters.clone().count() >= 3 && letters.clone().all(char::is_uppercase)
}

/// Reports whether `block` ends the answers of `region`: it heads something else.
fn ends(block: &Block, region: &Region, cues: &[Cue]) -> bool {
    if marks::label(&block.text).is_some_and(|label| label != Label::Answers) {
        return true;
    }
    if heads::is_head(block) || heads::is_sponsor(block) {
        return !heads::is_sponsor(block);
    }
    if is_answers(&block.text) {
        return false;
    }
    let named = cues
        .iter()
        .any(|cue| cue.trust >= Trust::Word && cue.form.kind == Kind::Line);
    let level = region.opener.level;
    match block.look {
        Look::Heading(own @ 1..=6) => !named && (level == 0 || own <= level || level == 7),
        Look::Paragraph => {
            let text = names::bare(&block.text);
            let bold = regions::level(block) == Some(7);
            // In plain text, the lines below it may be in the same paragraph.
            let line = text.split('\n').next().unwrap_or_default();
            let alone = line.len() == text.len() || shouted(line);
            let short = words(line) <= 6 && alone && !line.ends_with(['.', ',', ':']);
            short && (shouted(line) || bold) && !cues.iter().any(|cue| cue.trust >= Trust::Shape)
        }
        _ => false,
    }
}
