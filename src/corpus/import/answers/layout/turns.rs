//! Makes the turns of a question and its answers, once it is clear how names stand to the answers.

use std::collections::HashSet;

use super::cue::{Cue, Form, Kind, Mark, unmarked};
use super::find::Region;
use super::opener::{self, asker_behind, title_in};
use super::{Reading, announced, of};
use crate::corpus::import::answers::replies;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::turns::turn::{Asked, Said, Turn};
use crate::corpus::import::{asides, heads};

const WHY: &str = "names stand to the answers in the same way throughout the letter";
const UNCLEAR_WHOSE: &str = "it looks like the answers around it, and it is not clear whose it is";
const UNCLEAR: &str = "it is not clear where the question ends, so nobody signs it";

/// Begins the discussion of `region`. `text` is what stands between its title and its first answer.
fn question(blocks: &[Block], region: &Region, text: &[usize], of: &mut [Option<Turn>]) {
    let mut opener = region.opener.clone();
    let mut first = None;
    if opener.title.is_empty() {
        // The title is the question in the text below the label.
        let found = text.iter().find_map(|&at| Some((at, title_in(&blocks[at].text)?)));
        match found {
            Some((at, title)) => {
                first = Some(at);
                opener.title = title;
            }
            None => opener.title = names::bare(&blocks[region.at].text).to_string(),
        }
    }
    for &(at, kept) in &region.labels {
        of[at] = Some(Turn::Label(kept));
    }
    let mut asker = opener
        .asker
        .take()
        .or_else(|| region.asker.as_ref().map(|(_, who)| who.clone()));
    if let Some((at, _)) = region.asker {
        of[at] = Some(Turn::Label(asker.as_deref().map_or(0, words)));
    }
    // The whole text of a short question is its title.
    let mut body = opener.body.clone();
    for &at in text {
        let own = blocks[at].body();
        if matches!(blocks[at].look, Look::Heading(1..=6)) && !own.contains('?') {
            // It heads the answers.
            of[at] = Some(Turn::Label(0));
            continue;
        }
        let mut own = own;
        if let Some((who, said)) = opener::asks(own).filter(|_| asker.is_none() && text.first() == Some(&at)) {
            (asker, own) = (Some(who.to_string()), said);
        }
        let (said, who) = asker_behind(own);
        let last = text.last() == Some(&at);
        let said = match who.filter(|_| asker.is_none() && last) {
            Some(who) => {
                asker = Some(who);
                said
            }
            None => own,
        };
        let whole = first == Some(at) && opener::unquoted(said.trim_start_matches("> ")) == opener.title;
        if !whole {
            body.push_str(if body.is_empty() { "" } else { "\n\n" });
            body.push_str(said);
        }
        of[at] = Some(Turn::Label(words(&blocks[at].text)));
    }
    let asker = asker.map(|who| names::bare(&who).trim_end_matches([',', ':']).to_string());
    of[region.at] = Some(Turn::Question(Asked {
        number: opener.number,
        title: opener.title,
        body,
        asker: asker.filter(|who| !names::is_nobody(who)),
        why: "it stands over answers with names",
    }));
}

/// Makes the turns of a region whose names stand above or before the answers. Returns how many are named.
pub(super) fn above(
    blocks: &[Block],
    cues: &[Vec<Cue>],
    region: &Region,
    reading: &Reading,
    out: &mut [Option<Turn>],
) -> usize {
    let form = reading.form;
    let named = |at: usize| of(&cues[at], form).filter(|cue| cue.names());
    let from = announced(region);
    let mut first = (from..region.blocks.len()).find(|&n| named(region.blocks[n]).is_some());
    let mut asker = None;
    // Two names in a row: the first is the asker's.
    while let Some(n) = first
        && form.kind == Kind::Line
        && named(region.blocks[n]).is_some_and(|cue| cue.after.is_empty())
        && region.blocks.get(n + 1).is_some_and(|&next| named(next).is_some())
    {
        asker = Some(region.blocks[n]);
        first = Some(n + 1);
    }
    let Some(mut first) = first else { return 0 };
    let mut region = region.clone();
    if let Some(at) = asker {
        region.asker = Some((at, blocks[at].text.clone()));
    }
    let mut opening = None;
    if region.asker.is_none() && region.opener.asker.is_none() && first == 0 {
        // Who speaks first and asks something is the asker.
        let next = (1..region.blocks.len()).find(|&n| named(region.blocks[n]).is_some());
        let said = |n: usize| match n {
            0 => named(region.blocks[0]).map_or("", |cue| cue.after.as_str()),
            n => blocks[region.blocks[n]].text.as_str(),
        };
        if let Some(next) = next.filter(|&next| said(next - 1).trim_end().ends_with('?')) {
            opening = named(region.blocks[0]).cloned();
            first = next;
        }
    }
    if let Some(cue) = &opening {
        region.opener.asker = Some(cue.who.clone());
        region.opener.body.clone_from(&cue.after);
        out[region.blocks[0]] = Some(Turn::Label(words(&blocks[region.blocks[0]].text)));
    }
    let skipped = usize::from(opening.is_some());
    let text = region.blocks[skipped..first].iter().copied();
    let text: Vec<usize> = text.filter(|&at| Some(at) != asker).collect();
    // Without an asker, a name of another form below the text is that of the asker.
    let (text, region) = signed(cues, text, region);
    let asks = region.opener.title.contains('?') || text.iter().any(|&at| blocks[at].text.contains('?'));
    if !region.surely && !asks {
        return 0;
    }
    question(blocks, &region, &text, out);
    let mut count = 0;
    let mut over = false;
    // Whether the open answer is a quotation so far.
    let mut quoted: Option<bool> = None;
    // Below the last answer's first paragraph, a short line may head something else.
    let last = region.blocks.iter().rfind(|&&at| named(at).is_some());
    let last = last.and_then(|last| {
        region
            .blocks
            .iter()
            .find(|at| *at > last && of(&cues[*last], form).is_none_or(|cue| cue.after.is_empty()))
            .or(Some(last))
    });
    for &at in &region.blocks[first..] {
        let answer = |by: Option<String>, text: &str, why| {
            Some(Turn::Answer(Said {
                by,
                text: text.to_string(),
                why,
                ..Said::default()
            }))
        };
        let quotes = blocks[at].text.starts_with("> ");
        if let Some(cue) = named(at) {
            out[at] = answer(Some(cue.who.clone()), &cue.after, WHY);
            (count, over, quoted) = (count + 1, false, None);
        } else if quoted.is_none_or(|quoted| quoted) && quotes && form.kind == Kind::Line {
            quoted = Some(true);
        } else if quoted == Some(true) {
            // An answer that is a quotation ends with it.
            out[at] = Some(Turn::Aside);
            quoted = Some(false);
        } else if asides::is_labelled(&blocks[at].text) || heads::is_sponsor(&blocks[at]) {
            out[at] = Some(Turn::Aside);
        } else if !over && count > 0 && Some(&at) > last && is_heading(blocks, at) {
            out[at] = Some(Turn::Section);
            over = true;
        } else if count > 0 && !over && of(&cues[at], form).is_some() && set_off(form) {
            // It looks like the others, and it is not clear whose it is.
            out[at] = answer(None, blocks[at].body(), UNCLEAR_WHOSE);
        } else if of(&cues[at], form).is_some() && form.kind == Kind::Line && !over && form.mark != Mark::Plain {
            out[at] = Some(Turn::Section);
            over = true;
        }
    }
    if let Some(end) = region.end {
        out[end] = Some(ended(&blocks[end]));
    }
    count
}

/// Takes the asker's name out of `text`, if its last line is one.
fn signed(cues: &[Vec<Cue>], mut text: Vec<usize>, mut region: Region) -> (Vec<usize>, Region) {
    let open = region.asker.is_none() && region.opener.asker.is_none();
    if let Some(&last) = text.last().filter(|_| open && text.len() > 1)
        && let Some(cue) = cues[last].iter().find(|cue| {
            cue.form.kind == Kind::Line
                && !matches!(cue.form.mark, Mark::Heading(_))
                && cue.before.is_empty()
                && cue.trust >= Trust::Word
        })
    {
        region.asker = Some((last, cue.who.clone()));
        text.pop();
    }
    (text, region)
}

/// Makes the turns of a region whose names stand below or behind the answers. Returns how many are named.
pub(super) fn below(
    blocks: &[Block],
    cues: &[Vec<Cue>],
    region: &Region,
    reading: &Reading,
    out: &mut [Option<Turn>],
) -> usize {
    let form = reading.form;
    let mut runs: Vec<(Vec<usize>, usize, &Cue)> = Vec::new();
    let mut text = Vec::new();
    for &at in &region.blocks {
        if asides::is_labelled(&blocks[at].text) && !runs.is_empty() {
            out[at] = Some(Turn::Aside);
            continue;
        }
        // The asker's name may look different, and so may one without a role.
        let own = of(&cues[at], form).or_else(|| {
            let other = |cue: &&Cue| match runs.is_empty() {
                true => matches!(cue.form.kind, Kind::Line | Kind::Behind) && cue.trust >= Trust::Shape,
                false => {
                    let alike = form.kind == Kind::Line && cue.form.kind == Kind::Line && cue.before.is_empty();
                    alike && !matches!(cue.form.mark, Mark::Heading(_)) && cue.trust >= Trust::Shape
                }
            };
            cues[at].iter().find(other)
        });
        match own.filter(|cue| cue.names() && (!text.is_empty() || !cue.before.is_empty())) {
            Some(cue) => runs.push((std::mem::take(&mut text), at, cue)),
            None => text.push(at),
        }
    }
    let rest = text;
    if runs.is_empty() {
        return 0;
    }
    let known = region.asker.is_some() || region.opener.asker.is_some();
    let unlike = runs[0].2.form != form;
    let asks = asks(blocks, &runs[0], &runs[1..]);
    let mut region = region.clone();
    let mut unclear = false;
    let mut asked = Vec::new();
    let label = region.labels.iter().find(|(_, kept)| *kept == 0).map(|(at, _)| *at);
    if let Some(label) = label {
        // The asker's words and name stand above a line such as `Answers`.
        if runs[0].1 < label {
            let (text, at, cue) = runs.remove(0);
            asked = text;
            match known || !cue.before.is_empty() {
                true => asked.push(at),
                false => region.asker = Some((at, cue.who.clone())),
            }
        } else {
            let all = std::mem::take(&mut runs[0].0);
            (asked, runs[0].0) = all.into_iter().partition(|&at| at < label);
        }
    } else if !known && runs.len() > 1 && (unlike || asks == Some(true) || region.opener.title.is_empty()) {
        let (text, at, cue) = runs.remove(0);
        asked = text;
        if cue.before.is_empty() {
            region.asker = Some((at, cue.who.clone()));
        } else {
            asked.push(at);
        }
    } else if let Some((asker, _)) = region.asker
        && runs[0].0.first().is_some_and(|&first| first < asker)
    {
        // What stands above the asker's name is theirs.
        let all = std::mem::take(&mut runs[0].0);
        (asked, runs[0].0) = all.into_iter().partition(|&at| at < asker);
        unclear = runs[0].0.is_empty() && runs[0].2.before.is_empty();
    } else if known || region.opener.title.is_empty() {
        // The asker's text comes before the first answer, and nothing shows where it ends, unless it ends with a question.
        let beside = !runs[0].2.before.is_empty();
        let first = &mut runs[0].0;
        match first.iter().rposition(|&at| {
            blocks[at]
                .text
                .trim_end()
                .trim_end_matches(['"', '”', '*', ')'])
                .ends_with('?')
        }) {
            Some(last) if last + 1 < first.len() || beside => asked = first.drain(..=last).collect(),
            _ if region.opener.title.is_empty() && first.len() > 1 => asked = first.drain(..1).collect(),
            // Directly below the line that says who asks, a text that is not about its writer is an answer.
            _ => unclear = first.len() > 1 && !answers_at_once(blocks, &region, first[0]),
        }
    } else if asks.is_none() {
        unclear = true;
    }
    let ask = |at: &usize| blocks[*at].text.contains('?');
    if !region.surely && !asked.iter().any(ask) && !ask(&region.at) {
        return 0;
    }
    question(blocks, &region, &asked, out);
    let mut count = 0;
    for (n, (text, at, cue)) in runs.iter().enumerate() {
        let unclear = unclear && n == 0;
        let mut said = String::new();
        let mut add = |text: &str| {
            said.push_str(if said.is_empty() { "" } else { "\n\n" });
            said.push_str(text.trim());
        };
        text.iter().for_each(|&at| add(&unmarked(blocks[at].body())));
        if unclear {
            add(blocks[*at].body());
        } else if !cue.before.is_empty() {
            add(&cue.before);
        }
        let by = (!unclear).then(|| cue.who.clone());
        let first = text.first().copied().unwrap_or(*at);
        let mut left = (by.as_deref().map_or(0, words) + words(&said)).saturating_sub(words(&blocks[first].text));
        for &at in text.iter().skip(1).chain([at]).filter(|&&at| at != first) {
            let own = words(&blocks[at].text).min(left);
            left -= own;
            out[at] = Some(Turn::Label(own));
        }
        count += usize::from(by.is_some());
        let why = if unclear { UNCLEAR } else { WHY };
        out[first] = Some(Turn::Answer(Said {
            by,
            text: said,
            why,
            ..Said::default()
        }));
    }
    if let Some(&first) = rest.first() {
        // Nobody signs the only answer below a line such as `Answers`.
        out[first] = match label.is_some_and(|label| runs.is_empty() && first > label) {
            true => Some(Turn::Answer(Said {
                text: blocks[first].body().to_string(),
                why: UNCLEAR,
                ..Said::default()
            })),
            false => Some(Turn::Aside),
        };
    }
    if let Some(end) = region.end {
        out[end] = Some(ended(&blocks[end]));
    }
    count
}

/// Reports whether the text at `at`, directly below the question and who asks it, is surely no part of the question.
fn answers_at_once(blocks: &[Block], region: &Region, at: usize) -> bool {
    let text = &blocks[at].text;
    let said = matches!(blocks[at].look, Look::Paragraph | Look::Item);
    said && region.opener.title.trim_end().ends_with('?') && !text.contains('?') && !replies::opens_own(text)
}

/// Returns what the block below a region is: a heading, or a heading with its text.
fn ended(block: &Block) -> Turn {
    match block.text.contains('\n') {
        true => Turn::Aside,
        false => Turn::Section,
    }
}

/// Reports whether text of this form is set off so clearly that it opens something.
fn set_off(form: Form) -> bool {
    match form.kind {
        Kind::Colon => form.mark == Mark::Bold,
        Kind::Bracket => true,
        _ => false,
    }
}

/// Reports whether a line of a few words heads what is below it.
fn is_heading(blocks: &[Block], at: usize) -> bool {
    let text = blocks[at].text.trim();
    let next = (at + 1..blocks.len()).find(|&at| blocks[at].is_seen());
    let short =
        words(text) <= 4 && !text.contains('\n') && !text.ends_with(['.', '!', '?', ',', ';', '…', '"', '”', ')']);
    let body = next.is_some_and(|next| matches!(blocks[next].look, Look::Paragraph | Look::Item));
    blocks[at].look == Look::Paragraph && short && body && text.starts_with(|c: char| !c.is_lowercase())
}

/// Words of people who write about themselves, as askers do.
const OWN: [&str; 10] = ["i", "im", "ive", "we", "my", "our", "us", "me", "ich", "wir"];

/// Reports whether the first run is the asker's: surely, surely not, or unclear (`None`).
fn asks(blocks: &[Block], first: &(Vec<usize>, usize, &Cue), rest: &[(Vec<usize>, usize, &Cue)]) -> Option<bool> {
    let (text, _, cue) = first;
    let last = match cue.before.as_str() {
        "" => text.last().map_or("", |&at| blocks[at].text.as_str()),
        before => before,
    };
    let ends = |text: &str| {
        text.trim_end()
            .trim_end_matches(['"', '”', '*', '_', ')'])
            .ends_with('?')
    };
    let role = |cue: &Cue| names::says_role(&cue.who);
    if ends(last) || !role(cue) && rest.iter().all(|(.., cue)| role(cue)) && rest.len() > 1 {
        return Some(true);
    }
    let again: HashSet<String> = rest.iter().map(|(.., cue)| key(&cue.who)).collect();
    let whole = text
        .iter()
        .map(|&at| blocks[at].text.as_str())
        .chain([cue.before.as_str()])
        .collect::<Vec<_>>()
        .join(" ");
    // With a role, as the others have, the first sentence decides.
    let scope = if role(cue) && rest.iter().any(|(.., cue)| role(cue)) {
        replies::first_sentence(&whole)
    } else {
        &whole
    };
    let own = key(scope).split(' ').any(|word| OWN.contains(&word)) && !replies::opens(&whole);
    let own = own || whole.contains('?');
    if !own || again.contains(&key(&cue.who)) {
        Some(false)
    } else {
        None
    }
}
