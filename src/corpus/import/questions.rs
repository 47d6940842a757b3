//! Finds the question above the answers, and who asks it.
//!
//! Each block that opens a question or names its asker gets a turn. Each pass reads every block a bounded number of
//! times.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::marks::{self, Label};
use super::turns::turn::{self, Asked, Turn};
use super::{dates, links, names, resources};

/// Finds the questions that the answers belong to.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) {
    let opens = |of: &[Option<Turn>], at: usize| match &of[at] {
        Some(Turn::Answer(said)) => said.index.is_none_or(|index| index == 0),
        Some(Turn::Choice) => false,
        _ => blocks[at].is_seen() && marks::answer(&blocks[at].text).is_some_and(|mark| mark.index == 0),
    };
    // For each block, whether an answer or a signature comes before the next question.
    let mut answered = vec![false; blocks.len()];
    let mut ahead = false;
    for at in (0..blocks.len()).rev() {
        let signs = blocks[at].is_seen() && turn::is_signed_off(blocks, at);
        answered[at] = ahead;
        if blocks[at].is_seen()
            && (turn::is_question(&blocks[at])
                || from(blocks, at).is_some()
                || marks::label(&blocks[at].text) == Some(Label::Contents))
        {
            ahead = false;
        }
        ahead |= opens(of, at) || signs;
    }
    // Letters can also number the parts of an article, so they are not enough.
    let signed = (0..blocks.len()).any(|at| blocks[at].is_seen() && turn::is_signed_off(blocks, at));
    let mut asked: Option<usize> = None;
    let mut since = 0;
    for at in 0..blocks.len() {
        let block = &blocks[at];
        if !block.is_seen() {
            continue;
        }
        if matches!(of[at], Some(Turn::Question(_))) {
            asked = Some(at);
            continue;
        }
        let title = marks::asks(&block.text);
        if let Some(title) = title.filter(|_| answered[at] && of[at].is_none()) {
            of[at] = Some(question(0, title, "`Q:` with an answer below it"));
            asked = Some(at);
        } else if title.is_some_and(|title| title.ends_with('?')) && asked.is_some() && of[at].is_none() {
            // It is no part of the answer above it, even if it is not clear who answers it.
            of[at] = Some(Turn::Section);
        } else if let Some((name, said)) = from(blocks, at).filter(|_| answered[at] && of[at].is_none()) {
            let line = (since..at).rev().find(|&at| blocks[at].is_seen());
            let heading = line.filter(|&at| matches!(blocks[at].look, Look::Heading(2..)));
            if asked.is_none_or(|asked| asked < since) && heading.is_none() {
                let title = line.filter(|&line| said.is_empty() && is_one_question(&blocks[line]));
                if let Some(title) = title {
                    of[title] = Some(question(0, &blocks[title].text, "a line below it says who asks"));
                    of[at] = Some(Turn::Asker(asker_name(name), String::new()));
                    asked = Some(title);
                } else if let Some(below) = turn::next_seen(blocks, at).filter(|_| said.is_empty()) {
                    of[at] = Some(Turn::Label(words(&asker_name(name))));
                    of[below] = Some(question_of(name, &blocks[below].text));
                    asked = Some(below);
                } else {
                    of[at] = Some(question_of(name, said));
                    asked = Some(at);
                }
                continue;
            }
            // A question that has a title already.
            of[at] = Some(Turn::Asker(asker_name(name), said.to_string()));
            if let Some(title) = heading.filter(|_| asked.is_none_or(|asked| asked < since)) {
                of[title] = Some(question(
                    0,
                    &blocks[title].text,
                    "a line under the heading says who asks",
                ));
                asked = Some(title);
            }
        } else if marks::question(&block.text).is_some_and(|q| q.sure && !q.short || answered[at]) {
            asked = Some(at);
        } else if marks::label(&block.text).is_some_and(|label| label != Label::Answers)
            && asked.is_none_or(|asked| asked < since)
        {
            since = since.max(at + 1);
        }
        if !opens(of, at) {
            if matches!(&of[at], Some(Turn::Answer(_))) {
                since = at + 1;
            }
            continue;
        }
        // Without letters, a heading inside an answer may be above the next answer. There, only a question counts.
        let named = match &of[at] {
            Some(Turn::Answer(said)) => said.index.is_some() || asked.is_none(),
            _ => false,
        };
        if asked.is_none_or(|asked| asked < since) {
            match above(blocks, since, at, named) {
                Some(_) if !named && !signed && of[at].is_none() => {}
                Some(found) => {
                    let text = names::bare(&blocks[found].text);
                    let title = resources::unnumbered(text);
                    let number = text.split(['.', ')']).next().and_then(|n| n.parse().ok());
                    let number = number.filter(|_| title.len() < text.len()).unwrap_or(0);
                    of[found] = Some(question(number, title, "it stands over the first answer"));
                    asked = Some(found);
                }
                // No question was asked, so this is not an answer.
                None if asked.is_none() => {
                    of[at] = None;
                    since = at + 1;
                    continue;
                }
                None => {}
            }
        }
        since = at + 1;
    }
}

/// Who asks at `at`, and what: `Question from Marta: How many …?`. The question may also be the paragraph below the line.
fn from(blocks: &[Block], at: usize) -> Option<(&str, &str)> {
    let text = &blocks[at].text;
    if let Some(found) = marks::question_from(text) {
        return Some(found);
    }
    let name = marks::asked_by(text).filter(|_| names::bare(text).ends_with(':') && blocks[at].look != Look::Item)?;
    let below = turn::next_seen(blocks, at).map(|below| &blocks[below])?;
    let asks = below.look == Look::Paragraph && names::bare(&below.text).ends_with('?');
    (asks && !turn::is_question(below) && marks::answer(&below.text).is_none()).then_some((name, ""))
}

/// Removes emphasis and quotation marks around a text.
fn unquoted(text: &str) -> &str {
    names::bare(text).trim_matches(['"', '“', '”', '„', '«', '»'])
}

/// Reports whether a paragraph is one question and nothing else.
fn is_one_question(block: &Block) -> bool {
    let text = unquoted(asker_beside(&block.text).0);
    block.look == Look::Paragraph && text.ends_with('?') && ![". ", "! ", "? "].iter().any(|end| text.contains(end))
}

fn question(number: u32, text: &str, why: &'static str) -> Turn {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let (title, asker) = asker_beside(title);
    let (line, rest) = body.split_once('\n').unwrap_or((body, ""));
    let below = asker.is_none() && (names::is_placed(line) || marks::asked_by(line).is_some());
    let (asker, body) = match below {
        true => (Some(marks::asked_by(line).unwrap_or(line)), rest),
        false => (asker, body),
    };
    let title = match number {
        // Quotation marks around the whole question are no part of it.
        0 if unquoted(title).ends_with('?') && title.trim_end().ends_with(['"', '”', '»']) => unquoted(title),
        _ => names::bare(title),
    };
    Turn::Question(Asked {
        number,
        title: title.to_string(),
        body: body.trim().to_string(),
        asker: asker.map(asker_name),
        why,
    })
}

/// `Question from Marta: How many …?`
fn question_of(name: &str, said: &str) -> Turn {
    let mut turn = question(0, said, "a line says who asks and what");
    if let Turn::Question(asked) = &mut turn {
        asked.asker = Some(asker_name(name)).filter(|name| !name.is_empty());
    }
    turn
}

/// `How many …? – Marta, Wrocław`, `How many …? (Asked by Marta)` → the question and who asks it.
fn asker_beside(title: &str) -> (&str, Option<&str>) {
    if let Some((asked, name)) = marks::asked_behind(title) {
        return (asked, Some(name));
    }
    let Some(at) = title.rfind('?') else {
        return (title, None);
    };
    let (asked, rest) = title.split_at(at + 1);
    // A quotation mark may close the question.
    let quoted = rest.trim_start_matches(['*', '_', '"', '”', '»']);
    let name = names::after_dash(quoted).map(|(name, _)| name);
    let name = name.map(|name| marks::asked_by(name).unwrap_or(name));
    let beside = names::bare(rest);
    let beside = Some(beside).filter(|name| rest.trim_start().starts_with(['*', '_']) && names::is_sure_byline(name));
    match name
        .filter(|name| names::is_name(name) || names::is_byline(name))
        .or(beside)
    {
        Some(name) => (asked, Some(name)),
        None => (title, None),
    }
}

/// Finds the question in `from..to` that belongs to the answer at `to`, by how it is set off.
///
/// If the answer is not `named`, the question must end in a question mark.
fn above(blocks: &[Block], from: usize, to: usize, named: bool) -> Option<usize> {
    let region = || (from..to).rev().filter(|&at| blocks[at].is_seen());
    let asks = |at: usize| unquoted(asker_beside(&blocks[at].text).0).ends_with('?');
    let short = |at: usize| words(&blocks[at].text) <= 40 && !blocks[at].text.contains('\n');
    let is_heading = |at: usize| matches!(blocks[at].look, Look::Heading(_)) && short(at);
    let is_rule = |at: Option<usize>| at.and_then(|at| blocks.get(at)).is_some_and(|b| b.look == Look::Rule);
    let enclosed = |at: usize| is_rule(at.checked_sub(1)) && is_rule(Some(at + 1)) && short(at);
    let is_bold = |at: usize| blocks[at].text.starts_with("**") && blocks[at].text.trim_end().ends_with("**");
    let heading = region().find(|&at| (is_heading(at) || is_bold(at) && short(at)) && asks(at));
    // The title of a letter heads no discussion if a line below it asks.
    let masthead = |at: &usize| {
        let first = !blocks[..*at].iter().any(Block::is_seen) || dates::day_in(&blocks[*at].text).is_some();
        !(first && !asks(*at) && (at + 1..to).any(|at| is_one_question(&blocks[at])))
    };
    let heading = heading.or_else(|| region().find(|&at| is_heading(at)).filter(|_| named).filter(masthead));
    let set_off = heading.or_else(|| region().find(|&at| enclosed(at) && (named && masthead(&at) || asks(at))));
    if set_off.is_some() || !named {
        return set_off;
    }
    // Without a heading, take the first short question below the last rule.
    let start = (from..to)
        .rev()
        .find(|&at| blocks[at].look == Look::Rule)
        .unwrap_or(from);
    let found = (start..to).find(|&at| blocks[at].is_seen() && short(at) && asks(at) && words(&blocks[at].text) >= 3);
    // What the asker adds may stand on the next line.
    let asks_first = |at: &usize| {
        let line = blocks[*at].text.split('\n').next().unwrap_or_default();
        blocks[*at].is_seen() && unquoted(line).ends_with('?') && (3..=40).contains(&words(line))
    };
    found.or_else(|| (start..to).find(asks_first))
}

/// Finds who asks each question.
pub(super) fn askers(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut at = 0;
    while at < blocks.len() {
        let opens = blocks[at].is_seen()
            && (matches!(of[at], Some(Turn::Question(_)))
                || marks::question(&blocks[at].text)
                    .is_some_and(|q| q.sure || q.title.starts_with(char::is_uppercase)));
        if !opens {
            at += 1;
            continue;
        }
        let is_end = |of: &[Option<Turn>], at: usize| {
            of[at].is_some() || turn::is_question(&blocks[at]) || marks::answer(&blocks[at].text).is_some()
        };
        let end = (at + 1..blocks.len()).find(|&at| is_end(of, at));
        asker(
            blocks,
            of,
            at + 1..end.unwrap_or(blocks.len()),
            end.is_some_and(|end| !turn::is_question(&blocks[end])),
        );
        at = end.unwrap_or(blocks.len());
    }
}

/// Finds the asker in `region`, the blocks between a question's title and its first answer.
fn asker(blocks: &[Block], of: &mut [Option<Turn>], region: std::ops::Range<usize>, answered: bool) {
    let seen: Vec<usize> = region.filter(|&at| blocks[at].is_seen()).take(60).collect();
    let label = |at: &usize| marks::label(&blocks[*at].text) == Some(Label::Answers);
    let seen: Vec<usize> = seen.into_iter().filter(|at| !label(at)).collect();
    let Some((&first, rest)) = seen.split_first() else {
        return;
    };
    if let Some((at, name)) = seen
        .iter()
        .find_map(|&at| Some((at, marks::asked_by(&blocks[at].text)?)))
    {
        of[at] = Some(Turn::Asker(asker_name(name), String::new()));
        return;
    }
    let text = &blocks[first].text;
    if let Some((name, said)) = marks::asker_says(text) {
        of[first] = Some(Turn::Asker(asker_name(name), said.to_string()));
        return;
    }
    if let Some((name, _)) = names::after_dash(text)
        && !rest.is_empty()
        && blocks[first].look == Look::Paragraph
        && names::is_sure_byline(name)
    {
        of[first] = Some(Turn::Asker(asker_name(name), String::new()));
        return;
    }
    let bare = names::bare(text);
    let inner = bare.strip_prefix('(').and_then(|t| t.strip_suffix(')')).map(str::trim);
    if let Some(name) = inner.filter(|name| names::is_name(name) || names::is_byline(name)) {
        of[first] = Some(Turn::Asker(asker_name(name), String::new()));
        return;
    }
    if let Some((name, said)) = from_somebody(text).filter(|(_, said)| answered || !said.is_empty()) {
        of[first] = Some(Turn::Asker(asker_name(name), said.to_string()));
        return;
    }
    let dashed = |at: usize| blocks[at].text.starts_with(['–', '—']);
    let listed = |n: usize| n > 0 && dashed(seen[n]) && dashed(seen[n - 1]);
    for n in [seen.len() - 1, 0] {
        let at = seen[n];
        let line = answered && blocks[at].look == Look::Paragraph && !listed(n);
        if let Some(name) = signs(&blocks[at].text).filter(|_| line) {
            of[at] = Some(Turn::Asker(asker_name(name), String::new()));
            return;
        }
    }
    let signed_below = rest.last().filter(|&&at| {
        let text = &blocks[at].text;
        let sure = names::is_sure_byline(names::bare(text)) || names::is_placed(text);
        names::after_dash(text).is_none() && sure
    });
    if !answered {
    } else if let Some(&at) = signed_below {
        of[at] = Some(Turn::Asker(asker_name(names::bare(&blocks[at].text)), String::new()));
    } else if !rest.is_empty() && names::is_sure_byline(bare) && names::after_dash(text).is_none()
        || names::is_placed(bare)
    {
        of[first] = Some(Turn::Asker(asker_name(bare), String::new()));
    }
}

/// Reads a line that signs a letter above the answers to it: `Ilse from Ghent writes:`, `— Confused in Ghent`, `Thanks,
/// Ilse`, `Asked anonymously`.
fn signs(text: &str) -> Option<&str> {
    let line = names::bare(text).trim_end_matches(':');
    if line.contains('\n') || words(line) > 8 || line.ends_with(['.', '?', '!', ',', ';']) {
        return None;
    }
    let anonymous = [
        "asked anonymously",
        "sent in anonymously",
        "anonymous asks",
        "name withheld",
    ];
    if anonymous.contains(&key(line).as_str()) {
        return Some("Anonymous");
    }
    let named = |name: &&str| {
        let opens = names::opens_sentence(name) && !name.starts_with("A ");
        (1..=6).contains(&words(name)) && name.starts_with(|c: char| c.is_uppercase() || c == '@') && !opens
    };
    let sent = || {
        from_somebody(line)
            .filter(|(_, said)| said.is_empty())
            .map(|(by, _)| by)
    };
    let asks = || {
        let verbs = [" asks", " writes", " wants to know", " wonders"];
        verbs
            .iter()
            .find_map(|verb| line.strip_suffix(verb))
            .map(|by| by.trim_end_matches(','))
    };
    let greets = || {
        let greetings = ["Signed, ", "Sincerely, ", "Thanks, ", "Yours, ", "Best, ", "Cheers, "];
        greetings.iter().find_map(|greeting| line.strip_prefix(greeting))
    };
    let dashed = || {
        names::after_dash(text)
            .filter(|(_, hyphen)| !hyphen)
            .map(|(name, _)| name)
    };
    let found = sent().or_else(|| marks::sent_from(line)).or_else(asks);
    found.or_else(greets).or_else(dashed).filter(named)
}

/// Reads `From Ilse in Ghent` and `From Ilse in Ghent: We have nine schools.` directly below a question.
fn from_somebody(text: &str) -> Option<(&str, &str)> {
    let rest = names::bare(text).strip_prefix("From ")?;
    let (by, said) = rest.split_once(':').unwrap_or((rest, ""));
    let by = by.trim_matches(['*', '_', ' ']);
    let named = by.starts_with(char::is_uppercase) || by.starts_with("a ") || by.starts_with("an ");
    let days = "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august \
                september october november december today tomorrow";
    let first = key(by.split(' ').next().unwrap_or_default());
    let timed = days.split(' ').any(|day| day == first);
    let opens = !by.starts_with('a') && names::opens_sentence(by);
    let fits = (1..=8).contains(&words(by)) && !by.contains(['\n', '?', '.', '!']) && !timed && !opens;
    (named && fits).then(|| (by, said.trim_start_matches(['*', '_']).trim()))
}

/// Returns a name as it is stored. The name of an anonymous asker is empty.
fn asker_name(name: &str) -> String {
    let name = links::unlinked(names::bare(name).trim_end_matches(':'));
    let name = name.trim();
    if names::is_nobody(name) {
        String::new()
    } else {
        name.to_string()
    }
}
