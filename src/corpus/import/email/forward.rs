//! Finds a forwarded message inside another by the lines that mail programs put above it.
//!
//! It works on plain text or on the blocks of a page. It returns the sender, day and subject of the original, and
//! separates the note above its header from the text below.

use crate::corpus::import::block::{Block, Document, Look};
use crate::corpus::import::clean::{bounded_line, clean, key, words};
use crate::corpus::import::dates;

/// The header of a forwarded message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Original {
    pub from: Option<String>,
    pub date: Option<String>,
    pub subject: Option<String>,
}

/// How often a message that was forwarded may have been forwarded again.
const MOST_FORWARDS: usize = 8;

impl Original {
    /// Whether its subject says that it forwards another: `Fwd: …`.
    fn is_forward(&self) -> bool {
        let answers = |subject: &str| {
            ["re:", "aw:"]
                .iter()
                .any(|mark| subject.to_lowercase().starts_with(mark))
        };
        let subject = self.subject.as_deref().map(str::trim).unwrap_or_default();
        without_prefix(subject) != subject && !answers(subject)
    }
}

/// A header in a list of lines: what it says, its first line, and the first line below it.
struct Found {
    original: Original,
    start: usize,
    end: usize,
}

/// The text of the line above the header, in the languages of common mail programs.
const MARKERS: [&str; 22] = [
    "forwarded message",
    "begin forwarded message",
    "original message",
    "original email",
    "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht",
    "ursprüngliche nachricht",
    "message transféré",
    "début du message transféré",
    "message d origine",
    "mensaje reenviado",
    "mensagem encaminhada",
    "messaggio inoltrato",
    "doorgestuurd bericht",
    "vidarebefordrat meddelande",
    "videresendt meddelelse",
    "inizio messaggio inoltrato",
    "início da mensagem reencaminhada",
    "oprindelig meddelelse",
    "ursprungligt meddelande",
    "wiadomość przekazana dalej",
    "messaggio originale",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Date,
    Subject,
    Other,
}

fn field(line: &str) -> Option<(Field, &str)> {
    // Some programs put the header in a table.
    let line = line.trim_start_matches(['>', ' ', '*', '_', '|']);
    let (name, value) = line.split_once([':', '：'])?;
    let value = value.trim_matches([' ', '|']);
    let name = name.trim_matches(['*', '_', ' ', '\u{a0}']).to_lowercase();
    let field = match name.as_str() {
        "from" | "von" | "de" | "da" | "van" | "från" | "fra" | "od" => Field::From,
        "date" | "sent" | "datum" | "gesendet" | "fecha" | "enviado" | "enviado el" | "envoyé" | "data" | "inviato"
        | "verzonden" | "skickat" | "sendt" | "wysłano" | "enviada em" | "enviado em" | "enviada" | "dato" => {
            Field::Date
        }
        "subject" | "betreff" | "objet" | "asunto" | "assunto" | "oggetto" | "onderwerp" | "ämne" | "emne"
        | "sujet" | "temat" => Field::Subject,
        "to" | "cc" | "bcc" | "an" | "à" | "a" | "para" | "aan" | "till" | "til" | "reply-to" | "antwort an"
        | "importance" | "attachments" | "pour" | "do" | "dw" | "kopia" | "kopi" | "kopie" => Field::Other,
        _ => return None,
    };
    Some((field, value.trim_matches(['*', '_', ' ', '\u{a0}'])))
}

fn is_marker(line: &str) -> bool {
    if line.len() > 120 {
        return false;
    }
    let key = key(line);
    // `----- Forwarded message from Dana <d@e.org> -----`
    let from = line.trim_start().starts_with("---") && key.starts_with("forwarded message from ");
    from || MARKERS.contains(&key.as_str())
}

/// Finds the first forwarded header in `lines`. Without a marker line above it, the mail's subject must say so.
fn find(lines: &[&str], subject_says_so: bool) -> Option<Found> {
    for (start, line) in lines.iter().enumerate() {
        let marked = is_marker(line);
        let bare = subject_says_so && matches!(field(line), Some((Field::From | Field::Date | Field::Subject, _)));
        if !marked && !bare {
            continue;
        }
        if let Some((original, end)) = header(lines, start + usize::from(marked), marked) {
            return Some(Found { original, start, end });
        }
    }
    None
}

fn header(lines: &[&str], from: usize, marked: bool) -> Option<(Original, usize)> {
    let mut original = Original::default();
    let (mut at, mut end, mut count) = (from, from, 0);
    // Mail programs leave blank lines around fields and fold long ones.
    while let Some(line) = lines.get(at) {
        let bare = line.trim_matches(['>', ' ']);
        match field(line) {
            Some((field, value)) => {
                count += 1;
                let value = bounded_line(&clean(value), 300);
                let filled = Some(value).filter(|value| !value.is_empty());
                match field {
                    Field::From if original.from.is_some() => break,
                    Field::From => original.from = filled.map(|value| sender(&value)),
                    Field::Date => original.date = original.date.or(filled.and_then(|value| dates::day(&value))),
                    Field::Subject => original.subject = original.subject.or(filled),
                    Field::Other => {}
                }
                end = at + 1;
            }
            None if bare.is_empty() && at - end < 2 && (count < 4 || next_is_field(lines, at)) => {}
            // A name of the field in another language: marked, first, and with an address.
            None if marked && count == 0 && at == from && unknown_sender(line).is_some() => {
                (count, end) = (1, at + 1);
                original.from = unknown_sender(line);
            }
            // The rule below the first row of a table.
            None if count > 0 && !bare.is_empty() && bare.chars().all(|c| matches!(c, '|' | '-' | ' ' | ':')) => {
                end = at + 1
            }
            // An address did not fit on the line of its field.
            None if count > 0 && at == end && line.contains('@') && words(line) < 30 => end = at + 1,
            None => break,
        }
        at += 1;
    }
    let named = original.from.is_some() && (original.date.is_some() || original.subject.is_some());
    let enough = if marked { 2 } else { 3 };
    (named && count >= enough).then_some((original, end))
}

/// Returns the sender in a header that is all of `text`.
pub(super) fn field_lines(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let (original, end) = header(&lines, 0, false)?;
    original.from.filter(|_| end == lines.len())
}

/// Returns the sender in `WORD: Name <address>`.
fn unknown_sender(line: &str) -> Option<String> {
    let (word, value) = line.trim_start_matches(['>', ' ', '*']).split_once(':')?;
    let value = value.trim_matches([' ', '*']);
    let address = value.strip_suffix('>')?.rsplit_once('<')?.1;
    let is_word = words(word) == 1 && word.chars().all(char::is_alphabetic);
    (is_word && address.contains('@') && !address.contains(' ')).then(|| sender(value))
}

fn next_is_field(lines: &[&str], at: usize) -> bool {
    lines.get(at + 1).and_then(|line| field(line)).is_some()
}

/// Returns the name in `Name <address>`, or the address if there is no name.
fn sender(value: &str) -> String {
    let quiet = |text: &str| text.trim_matches(['"', '\'', '*', '_', ' ']).to_string();
    let name = value.split(['<', '[', '(']).next().map(quiet).unwrap_or_default();
    if !name.is_empty() {
        return name;
    }
    quiet(value.trim_matches(['<', '>', '[', ']', '(', ')']))
}

/// The original in a plain text, what was written above it, and its own text. Of a forward of a forward it is the
/// innermost.
pub(super) fn in_text(text: &str, subject_says_so: bool) -> Option<(Original, String, String)> {
    let (mut original, mut note, mut body) = outermost(text, subject_says_so)?;
    for _ in 0..MOST_FORWARDS {
        let again = original.is_forward();
        let Some((inner, between, rest)) = outermost(&body, again).filter(|(_, note, _)| again || words(note) == 0)
        else {
            break;
        };
        note = [note.trim(), between.trim()].join("\n");
        (original, body) = (inner, rest);
    }
    Some((original, note, body))
}

fn outermost(text: &str, subject_says_so: bool) -> Option<(Original, String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let found = find(&lines, subject_says_so)?;
    let note = lines[..found.start].join("\n");
    let below = &lines[found.end..];
    let quoted = below
        .iter()
        .filter(|line| !line.trim().is_empty())
        .all(|line| line.starts_with('>'));
    let unquoted = |line: &&str| {
        let bare = if quoted {
            line.strip_prefix('>').unwrap_or(line)
        } else {
            line
        };
        bare.strip_prefix(' ').filter(|_| quoted).unwrap_or(bare).to_string()
    };
    let body = below.iter().map(unquoted).collect::<Vec<_>>().join("\n");
    // A letter that quotes a shorter one is not a forwarded letter.
    (words(&note) <= words(&body)).then_some((found.original, note, body))
}

/// The original in a page; what was written above it is marked as such, and its header goes. Of a forward of a forward it
/// is the innermost.
pub(super) fn in_blocks(document: &mut Document, subject_says_so: bool) -> Option<Original> {
    let mut original = outermost_block(document, subject_says_so)?;
    for _ in 0..MOST_FORWARDS {
        if !original.is_forward() {
            break;
        }
        let Some(inner) = outermost_block(document, true) else {
            break;
        };
        original = inner;
    }
    Some(original)
}

fn outermost_block(document: &mut Document, subject_says_so: bool) -> Option<Original> {
    let lines: Vec<(usize, &str)> = document
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| !matches!(block.look, Look::Unseen(_)))
        .flat_map(|(at, block)| block.text.split('\n').map(move |line| (at, line)))
        .collect();
    let texts: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
    let found = find(&texts, subject_says_so)?;
    let count = |lines: &[&str]| lines.iter().map(|line| words(line)).sum::<usize>();
    if count(&texts[..found.start]) > count(&texts[found.end..]) {
        return None;
    }
    let joined = |from: usize, to: usize, block: usize| {
        let of_block = lines[from..to].iter().filter(|(at, _)| *at == block);
        of_block.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
    };
    let first = lines.get(found.start).map_or(0, |(at, _)| *at);
    let last = lines.get(found.end.saturating_sub(1)).map_or(first, |(at, _)| *at);
    let note = joined(0, found.start, first);
    let rest = joined(found.end, lines.len(), last);
    let blocks = std::mem::take(&mut document.blocks);
    for (at, block) in blocks.into_iter().enumerate() {
        let text = match at {
            at if at < first => block.text.clone(),
            at if at == first => note.clone(),
            _ => String::new(),
        };
        if !text.trim().is_empty() && block.look != Look::Rule {
            document.blocks.push(note_block(text));
        }
        if matches!(block.look, Look::Unseen(_)) && at >= first || at > last {
            document.blocks.push(block);
        } else if at == last && !rest.trim().is_empty() {
            document.blocks.push(Block {
                text: rest.clone(),
                ..block
            });
        }
    }
    Some(found.original)
}

/// Returns a block for what the person who forwarded a message wrote above it. It is not part of the original.
pub(super) fn note_block(text: String) -> Block {
    Block::new(Look::Unseen("note of the person who forwarded it"), text)
}

/// A message with an attachment may be only a covering note if it has fewer words than this: `See the file.`
const COVERING_NOTE: usize = 25;

/// Reports whether a mail of `count` words only announces its attachment.
pub(super) fn is_covering_note(document: &Document, count: usize) -> bool {
    let says = |block: &Block| {
        let text = block.text.to_lowercase();
        let phrases = [
            "attach",
            "enclosed",
            "see below",
            "here is",
            "here's",
            "here’s",
            "please find",
            "fyi",
        ];
        phrases.iter().any(|phrase| text.contains(phrase))
    };
    let seen = || {
        document
            .blocks
            .iter()
            .filter(|block| !matches!(block.look, Look::Unseen(_)))
    };
    let figures = seen().any(|block| block.text.contains(|c: char| c.is_ascii_digit()));
    count < COVERING_NOTE && (seen().any(says) || count <= 6 && !figures)
}

/// Removes prefixes such as `Fwd:` and `Re:` from a subject.
pub(super) fn without_prefix(subject: &str) -> &str {
    let mut rest = subject.trim();
    loop {
        let marks = [
            "fwd:", "fw:", "re:", "wg:", "aw:", "tr:", "rv:", "enc:", "doorst:", "vb:", "vs:", "pd:", "i:", "sv:",
        ];
        let found = marks
            .iter()
            .find(|m| rest.get(..m.len()).is_some_and(|head| head.eq_ignore_ascii_case(m)));
        match found {
            Some(mark) => rest = rest[mark.len()..].trim_start(),
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_of_many_mail_programs_are_found() {
        for header in [
            "---------- Forwarded message ---------\nFrom: Dana <d@e.org>\nDate: Mon, Jan 5, 2026 at 9:00 AM\nSubject: Plans\nTo: <r@e.org>\n\n",
            "Begin forwarded message:\n\n> From: Dana <d@e.org>\n> Subject: Plans\n> Date: January 5, 2026 at 9:00:00 AM GMT\n> To: r@e.org\n> \n> ",
            "-------- Original Message --------\nSubject: \tPlans\nDate: \tMon, 5 Jan 2026 09:00:00 +0000\nFrom: \tDana <d@e.org>\nTo: \tr@e.org,\n\ts@e.org\n\n",
            "________________________________\nFrom: Dana\nSent: Monday, January 5, 2026 9:00 AM\nTo: R <r@e.org>\nSubject: Plans\n\n",
            "---------- Weitergeleitete Nachricht ----------\nVon: Dana <d@e.org>\nDatum: 5. Januar 2026\nBetreff: Plans\n\n",
            "*From:* Dana <d@e.org>\n*Date:* 5 January 2026\n*Subject:* Plans\n\n",
            "Inizio messaggio inoltrato:\n\nDa: Dana <d@e.org>\nOggetto: Plans\nData: 5 gennaio 2026\nA: r@e.org\n\n",
            "Från: Dana <d@e.org>\nSkickat: den 5 januari 2026\nTill: R <r@e.org>\nÄmne: Plans\n\n",
            "Od: Dana <d@e.org>\nWysłano: 5 stycznia 2026\nDo: R <r@e.org>\nTemat: Plans\n\n",
            "De: Dana <d@e.org>\nEnviada em: 5 de janeiro de 2026\nPara: R <r@e.org>\nAssunto: Plans\n\n",
            "-------- Message transféré --------\nSujet : Plans\nDate : 5 janvier 2026\nDe : Dana <d@e.org>\nPour : r@e.org\n\n",
            "----- Forwarded message from Dana <d@e.org> -----\n\nDate: Mon, 5 Jan 2026 09:00:00 +0000\nFrom: Dana <d@e.org>\nTo: r@e.org\nSubject: Plans\n\n",
            "Gesendet: Montag, 05. Januar 2026 um 09:00 Uhr\nVon: Dana <d@e.org>\nAn: r@e.org\nBetreff: Plans\n\n",
            "-------- Forwarded Message --------\n| Subject: | Plans |\n| --- | --- |\n| Date: | Mon, 5 Jan 2026 09:00:00 +0000 |\n| From: | Dana <d@e.org> |\n| To: | r@e.org |\n\n",
        ] {
            let text = format!("Have a look!\n\n{header}The plan is short.\nIt fits.\n");
            let (original, note, body) = in_text(&text, true).unwrap();
            assert_eq!(original.from.as_deref(), Some("Dana"), "{header}");
            assert_eq!(original.date.as_deref(), Some("2026-01-05"), "{header}");
            assert_eq!(original.subject.as_deref(), Some("Plans"), "{header}");
            assert!(
                body.contains("The plan is short.\n") && note.starts_with("Have a look!"),
                "{header}{body}"
            );
        }
    }

    #[test]
    fn a_letter_that_speaks_of_messages_is_left_alone() {
        for text in [
            "From: the desk of Dana\n\nWe plan.",
            "Forwarded message\n\nis what I call a second-hand order. From: nobody.",
            "We plan every week, and we write it down for all of us to read.\n\n--- Original Message ---\nFrom: Dana\nSubject: Plans\n\nShort.",
        ] {
            assert!(in_text(text, false).is_none(), "{text}");
        }
    }

    #[test]
    fn in_a_page_the_note_above_is_marked_and_the_header_goes() {
        let block = |text: &str| Block::new(Look::Paragraph, text);
        let mut document = Document {
            blocks: vec![
                block("Look at this"),
                block("---------- Forwarded message ---------\nFrom: Dana <d@e.org>\nDate: 5 Jan 2026\nSubject: Plans"),
                block("The plan is short and fits on a page."),
            ],
            ..Document::default()
        };
        let original = in_blocks(&mut document, true).unwrap();
        assert_eq!(original.subject.as_deref(), Some("Plans"));
        let texts: Vec<_> = document.blocks.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["Look at this", "The plan is short and fits on a page."]);
        assert!(matches!(document.blocks[0].look, Look::Unseen(_)));
    }

    proptest! {
        #[test]
        fn any_lines_are_read_without_harm(text in "(From: a\n|Date: 2026-01-05\n|Subject: x\n|-- Forwarded message --\n|> |\n|[a-z@]{1,4} ){0,30}") {
            let _ = in_text(&text, true);
            let blocks = text.split("\n\n").map(|t| note_block(t.into())).map(|b| Block { look: Look::Paragraph, ..b });
            let mut document = Document { blocks: blocks.collect(), ..Document::default() };
            let _ = in_blocks(&mut document, true);
        }
    }
}
