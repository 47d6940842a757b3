//! Finds answers without letters below or behind the name of who gives them.
//!
//! A name with a role is a sure sign. `**Bob Jones:** …` without one has the shape of `**Product Hunt:** …`, so several
//! signs must agree: the words themselves, the same layout as other names of the letter, no other lead-ins of that
//! layout, and at least two names under one question. An opening that stays unclear begins an answer that nobody signs.
//! It never stays in the answer of somebody else.

use std::collections::HashSet;

use super::mentions::Mentions;
use super::openings::{self, Form, Layout, Mark, Opening};
use super::regions::{self, Region};
use crate::corpus::import::asides;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::marks;
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::turns::turn::{Said, Turn};

/// Fewest words that somebody who asks puts before the question mark.
const ASKED_WORDS: usize = 8;

const SURE: &str = "a name with a role stands before the answer";
const ABOVE: &str = "a line under the question names who answers";
const SAME: &str = "a name stands before the answer, as before others of the letter";
const UNCLEAR: &str = "it begins like the answers beside it, and it is not clear whose it is";

/// An opening below a question.
struct Part {
    at: usize,
    opening: Opening,
    /// Whether it stands directly below the title.
    first: bool,
    /// Whether the words are surely a name here: by themselves, or as a name with a role below an explicit question.
    firm: bool,
    /// Whether it is a line of its own that looks like a heading, below an explicit question.
    heads: bool,
    /// The heading directly above the name, which belongs to the answer.
    heading: Option<usize>,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is text.
    Text,
    /// It opens an answer of the named one.
    Named(&'static str),
    /// It opens an answer, and it is not clear whose.
    Unclear,
    /// An editor's words.
    Note,
    /// It heads what stands below the answers.
    Over,
}

impl Part {
    fn is_named(&self) -> bool {
        matches!(self.verdict, Verdict::Named(_))
    }
}

/// Finds the openings of answers in `regions`. Returns whether there are any.
pub(super) fn find(blocks: &[Block], regions: &[Region], of: &mut [Option<Turn>]) -> bool {
    let mut letter: Vec<Vec<Part>> = regions.iter().map(|region| parts(blocks, region, of)).collect();
    let mut roles: Vec<Layout> = letter
        .iter()
        .flatten()
        .filter(|part| names_with_role(part))
        .map(|part| part.opening.layout)
        .collect();
    let direct = direct(&letter);
    let mentions = Mentions::of(blocks);
    let role = !roles.is_empty();
    // A layout that names several people under one question names one under another.
    roles.extend(letter.iter().flat_map(|parts| several(blocks, parts)));
    roles.extend(direct);
    for (region, parts) in regions.iter().zip(&mut letter) {
        let answered = is_answered(region, of);
        accept(blocks, parts, &roles, role, &mentions);
        if answered || parts.iter().any(Part::is_named) {
            doubt(blocks, parts, answered, &mentions);
            notes(blocks, region, parts, of);
        }
        asker(blocks, region, parts, of);
    }
    let mut any = false;
    for part in letter.into_iter().flatten() {
        any |= part.is_named();
        open(blocks, part, of);
    }
    any
}

/// Reports whether answers were found below the question by other signs.
fn is_answered(region: &Region, of: &[Option<Turn>]) -> bool {
    region.blocks.iter().any(|&at| matches!(of[at], Some(Turn::Answer(_))))
}

/// Reads the openings below a question.
fn parts(blocks: &[Block], region: &Region, of: &[Option<Turn>]) -> Vec<Part> {
    if region.about {
        return Vec::new();
    }
    let signs_below = signs_below(blocks, region);
    let explicit = region.asker || region.marked || region.label.is_some();
    let (mut found, mut bare): (Vec<Part>, Vec<Layout>) = (Vec::new(), Vec::new());
    let says = region
        .blocks
        .iter()
        .filter(|&&at| marks::speaker_says(&blocks[at].text).is_some());
    let only_says = says.count() == 1;
    // What stands above a line such as `Answers` is the asker's.
    let from = region.label.filter(|&label| label < region.blocks.len()).unwrap_or(0);
    for (n, &at) in region.blocks.iter().enumerate().skip(from) {
        let free = of[at].is_none() && !marks::is_asking(&blocks[at].text);
        // `Ilse writes:` directly below a question names who asks, unless others write too.
        let free = free && !(n == 0 && only_says && marks::asker_says(&blocks[at].text).is_some());
        let Some(opening) = openings::read(&blocks[at]).filter(|_| free) else {
            continue;
        };
        let first = n == 0;
        let layout = opening.layout;
        let line = layout.form == Form::Line;
        let alone = line && opening.said.is_empty();
        let body = region.blocks.get(n + 1).is_some_and(|&next| {
            let item = layout.item && blocks[next].look == Look::Item;
            let named = || {
                // Above a name in bold, a name without emphasis is the asker's.
                let bold =
                    |next: &Layout| layout.mark == Mark::Plain && matches!(next.mark, Mark::Bold | Mark::Heading(_));
                let alike = |next: &Opening| next.layout == layout || bold(&next.layout);
                let line = openings::read(&blocks[next]).filter(|next| alike(next) && next.said.is_empty());
                line.is_some_and(|next| next.layout.form == Form::Line && next.trust >= Trust::Shape)
            };
            !(matches!(blocks[next].look, Look::Heading(1..=3)) || item || alone && named())
        });
        if alone && !body && opening.trust >= Trust::Shape {
            bare.push(layout);
        }
        let plain = matches!(layout.mark, Mark::Plain | Mark::Italic);
        let unsigned = alone && (!body || plain && !opening.announces && signs_below);
        // Most paragraphs of one line are no names, and most colons stand in sentences.
        let text = opening.trust == Trust::Not && plain && (line || !is_title(&opening.who));
        if unsigned || text || alone && names::after_dash(&blocks[at].text).is_some() && !layout.item {
            continue;
        }
        let above = n.checked_sub(1).map(|n| region.blocks[n]);
        let heading = above.filter(|&above| {
            line && matches!(blocks[above].look, Look::Heading(1..=6))
                && !matches!(layout.mark, Mark::Heading(_))
                && found
                    .last()
                    .is_none_or(|part| part.at != above || part.opening.trust == Trust::Not)
        });
        let described = opening.trust == Trust::Shape && opening.who.contains([',', '(', '–']);
        found.push(Part {
            at,
            firm: opening.trust >= Trust::Known || described && explicit,
            heads: explicit && alone && matches!(layout.mark, Mark::Bold | Mark::Heading(_)),
            opening,
            first,
            heading,
            verdict: Verdict::Text,
        });
    }
    // A list of names has no answers.
    found.retain(|part| part.opening.layout.form != Form::Line || !bare.contains(&part.opening.layout));
    found
}

/// Reports whether names on lines of their own stand below the answers: the last block is one, and the first is not.
fn signs_below(blocks: &[Block], region: &Region) -> bool {
    let named = |at: Option<&usize>| {
        at.is_some_and(|&at| {
            let opening = openings::read(&blocks[at]);
            opening.is_some_and(|o| o.layout.form == Form::Line && o.said.is_empty() && o.trust >= Trust::Known)
        })
    };
    named(region.blocks.last())
}

fn is_title(who: &str) -> bool {
    words(who) <= 4
        && who
            .split_whitespace()
            .all(|w| w.starts_with(|c: char| !c.is_lowercase()))
}

/// Reports whether an opening names somebody by a role.
fn names_with_role(part: &Part) -> bool {
    let Opening {
        who,
        layout,
        trust,
        announces,
        ..
    } = &part.opening;
    let described = part.firm && *trust == Trust::Shape && matches!(layout.mark, Mark::Bold | Mark::Heading(_));
    if !described && (*trust != Trust::Sure || !names::says_role(who)) {
        return false;
    }
    match (layout.form, layout.mark) {
        (Form::Line, Mark::Heading(_) | Mark::Bold) => true,
        // The line directly below the title may name the asker.
        (Form::Line, _) => !part.first || *announces || !part.opening.said.is_empty(),
        _ => who.contains(['(', ',', '（', '，', '、']) || layout.mark == Mark::Bold,
    }
}

/// Returns the layout of an interview with headings: directly below most questions come a name and a colon.
fn direct(letter: &[Vec<Part>]) -> Option<Layout> {
    let speaks = |part: &&Part| {
        let opening = &part.opening;
        part.first
            && opening.layout.form == Form::Colon
            && opening.trust > Trust::Not
            && names::is_speaker(&opening.who)
    };
    let found: Vec<&Part> = letter.iter().filter_map(|parts| parts.first().filter(speaks)).collect();
    let layout = found.first()?.opening.layout;
    (found.len() >= 2 && found.len() * 5 >= letter.len() * 4).then_some(layout)
}

/// Returns the layouts in which at least two people are named below a question, and nothing but people.
fn several(blocks: &[Block], parts: &[Part]) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::new();
    for part in parts {
        if !layouts.contains(&part.opening.layout) {
            layouts.push(part.opening.layout);
        }
    }
    layouts.retain(|&layout| {
        let named = |part: &&Part| part.firm || part.heads && part.opening.trust == Trust::Shape;
        let known = parts.iter().filter(|part| part.opening.layout == layout).filter(named);
        let people: HashSet<String> = known.map(|part| key(&part.opening.who)).take(50).collect();
        let sure = parts.iter().any(|part| part.opening.layout == layout && part.firm);
        people.len() >= 2 && sure && is_clean(blocks, parts, layout)
    });
    layouts
}

/// Reports whether all openings of a layout could be names. Lines below the last known name may head something else.
fn is_clean(blocks: &[Block], parts: &[Part], layout: Layout) -> bool {
    let of_layout = || parts.iter().filter(|part| part.opening.layout == layout);
    let last = of_layout().rfind(|part| part.firm).map(|part| part.at);
    let below = |part: &Part| layout.form == Form::Line && last.is_some_and(|last| part.at > last);
    of_layout().all(|part| part.opening.trust > Trust::Not || below(part) || is_note(&blocks[part.at], &part.opening))
}

/// Decides which parts below a question name who answers. In the layouts `same` others are named, and `role` says that
/// somebody in the letter has a role.
fn accept(blocks: &[Block], parts: &mut [Part], same: &[Layout], role: bool, mentions: &Mentions) {
    let mut clean: Vec<(Layout, bool)> = Vec::new();
    for n in 0..parts.len() {
        let layout = parts[n].opening.layout;
        if !clean.iter().any(|(other, _)| *other == layout) {
            clean.push((layout, is_clean(blocks, parts, layout)));
        }
        let clean = clean.iter().any(|(other, clean)| *other == layout && *clean);
        // A name alone is all in bold, where a name with its role is only partly so.
        let partly = Layout {
            mark: Mark::Plain,
            ..layout
        };
        let whole = layout.form == Form::Line && layout.mark == Mark::Bold;
        let same = same.contains(&layout) || whole && same.contains(&partly);
        let sure = names_with_role(&parts[n]);
        let opening = &parts[n].opening;
        parts[n].verdict = match opening.trust {
            Trust::Sure | Trust::Shape if sure && layout.form == Form::Line => Verdict::Named(ABOVE),
            Trust::Sure | Trust::Shape if sure => Verdict::Named(SURE),
            Trust::Sure | Trust::Known if same => Verdict::Named(SAME),
            // A firm or a place beside the name, in a letter in which others have roles.
            Trust::Sure if role && layout.form != Form::Dash => Verdict::Named(SURE),
            Trust::Shape if clean && same => Verdict::Named(SAME),
            Trust::Word
                if same
                    && (mentions.is_introduced(&opening.who)
                        || names::is_chinese(&opening.who) && !mentions.is_common(&opening.who)) =>
            {
                Verdict::Named(SAME)
            }
            _ => Verdict::Text,
        };
    }
}

/// Finds the parts that could be somebody else's words, and editors' notes.
fn doubt(blocks: &[Block], parts: &mut [Part], answered: bool, mentions: &Mentions) {
    let layouts: Vec<Layout> = parts
        .iter()
        .filter(|part| part.is_named())
        .map(|part| part.opening.layout)
        .collect();
    let first = parts
        .iter()
        .position(Part::is_named)
        .unwrap_or(if answered { 0 } else { parts.len() });
    let last = parts.iter().rposition(Part::is_named);
    let headings = layouts.iter().any(|layout| matches!(layout.mark, Mark::Heading(_)));
    for (n, part) in parts.iter_mut().enumerate().filter(|(_, part)| !part.is_named()) {
        let layout = part.opening.layout;
        let same = layouts.contains(&layout);
        let later = n > first || answered;
        let heads = layout.form == Form::Line && (same || layout.mark == Mark::Bold && !headings);
        part.verdict = match part.opening.trust {
            // A line that looks like the names, or is all in bold, may head what is nobody's.
            Trust::Not if heads && last.is_some_and(|last| n > last) => Verdict::Over,
            _ if later && is_note(&blocks[part.at], &part.opening) => Verdict::Note,
            Trust::Not if heads && n > first => Verdict::Unclear,
            Trust::Not => Verdict::Text,
            // A list of people may be a part of an answer.
            _ if layout.item && !same => Verdict::Text,
            Trust::Word if !same || mentions.is_common(&part.opening.who) => Verdict::Text,
            Trust::Word => Verdict::Unclear,
            Trust::Shape if layout.form == Form::Dash && !same => Verdict::Text,
            _ if same || later => Verdict::Unclear,
            _ => Verdict::Text,
        };
    }
}

fn is_note(block: &Block, opening: &Opening) -> bool {
    asides::is_labelled(&block.text) || asides::is_ours(&opening.who)
}

/// Finds editors' words without an opening: a postscript below the answers, and the editor's name.
fn notes(blocks: &[Block], region: &Region, parts: &[Part], of: &mut [Option<Turn>]) {
    let Some(last) = parts.iter().rfind(|part| part.is_named()).map(|part| part.at) else {
        return;
    };
    for &at in region.blocks.iter().filter(|&&at| at > last) {
        let text = &blocks[at].text;
        let postscript = ["P.S.", "PS:", "PS ", "P.S:", "PPS", "P.P.S."]
            .iter()
            .any(|sign| text.starts_with(sign));
        let editor = names::after_dash(text).is_some_and(|(name, _)| asides::is_editor(name));
        if of[at].is_none() && (postscript || editor) {
            of[at] = Some(Turn::Aside);
        }
    }
}

/// Leaves the first part to the asker if it asks something and nobody else is named as the asker.
fn asker(blocks: &[Block], region: &Region, parts: &mut [Part], of: &mut [Option<Turn>]) {
    let named: Vec<usize> = (0..parts.len()).filter(|&n| parts[n].is_named()).collect();
    let [first, second, ..] = named[..] else { return };
    let (from, to) = (parts[first].at, parts[second].at);
    let asks = |text: &str| text.trim_end().ends_with('?');
    let part = &parts[first];
    let below = region.blocks.iter().rfind(|&&at| from < at && at < to);
    let last = below.map_or(part.opening.said.as_str(), |&at| blocks[at].text.as_str());
    let long = words(&part.opening.said) >= ASKED_WORDS || below.is_some();
    if !part.first || region.asker || !asks(last) || !long || part.opening.layout.item {
        return;
    }
    let opening = &part.opening;
    of[from] = Some(Turn::Asker(opening.who.clone(), opening.said.clone()));
    parts[first].verdict = Verdict::Text;
}

/// Makes the turn of a part.
fn open(blocks: &[Block], part: Part, of: &mut [Option<Turn>]) {
    let said = |by: Option<String>, text: String, why| {
        Some(Turn::Answer(Said {
            by,
            text,
            why,
            ..Said::default()
        }))
    };
    let Opening { who, said: text, .. } = part.opening;
    match (part.verdict, part.heading) {
        (Verdict::Text, _) => {}
        (Verdict::Note, _) => of[part.at] = Some(Turn::Aside),
        (Verdict::Over, _) => of[part.at] = Some(Turn::Section),
        (Verdict::Unclear, _) => of[part.at] = said(None, blocks[part.at].body().to_string(), UNCLEAR),
        (Verdict::Named(why), Some(heading)) => {
            of[part.at] = Some(Turn::Label(words(&who) + words(&text)));
            let title = &blocks[heading].text;
            let text = if text.is_empty() {
                title.clone()
            } else {
                format!("{title}\n\n{text}")
            };
            of[heading] = said(Some(who), text, why);
        }
        (Verdict::Named(why), None) => of[part.at] = said(Some(who), text, why),
    }
}

/// Reads the regions of a letter and their answers, with names above or below them.
pub(super) fn unlettered(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let regions = regions::find(blocks);
    let above = find(blocks, &regions, of);
    super::signers::find(blocks, &regions, of) || above
}
