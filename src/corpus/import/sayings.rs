//! Recognizes lines that say who asks or answers: `Asked by Jane Doe`, `Answer from Jane Doe, PM`, `Jane Doe replies:`.
//!
//! Like `marks.rs`, it says what a line could be. Its place decides.

use super::clean::{key, strip_word, unemphasised, words};
use super::names;
use crate::corpus::script::is_cjk;

/// Reads `Asked by Jane Doe`, with or without a colon.
pub(super) fn asked_by(text: &str) -> Option<&str> {
    let (text, _) = unemphasised(text);
    let text = inside(text);
    let wide = ["質問者", "提问者", "提問者", "提问", "提問", "질문자"];
    if let Some(name) = wide
        .iter()
        .find_map(|word| text.strip_prefix(word)?.trim_start().strip_prefix([':', '：']))
    {
        let name = name.trim();
        return Some(name)
            .filter(|name| !name.is_empty() && name.chars().count() <= 40 && !name.contains(['\n', '？', '?']));
    }
    let openings = [
        "asked by",
        "question from",
        "community question from",
        "reader question from",
        "question by",
        "submitted by",
        "sent in by",
        "sent by",
        "posted by",
        "asker:",
        "reader:",
        "raised by",
        "posed by",
        "started by",
        "gefragt von",
        "frage von",
        "eingereicht von",
        "question de",
        "question posée par",
        "posée par",
        "demande de",
        "pregunta de",
        "pregunta enviada por",
        "preguntado por",
        "fråga från",
        "spurt av",
        "indsendt af",
        "innsendt av",
        "stillet af",
        "stilt av",
        "spørgsmål fra",
        "spørsmål fra",
        "zadane przez",
        "zadała",
        "zadał",
        "pyta",
        "pytanie od",
        "спрашивает",
        "вопрос от",
        "soran",
        "pergunta de",
        "perguntado por",
        "domanda di",
        "chiesto da",
        "vraag van",
        "gesteld door",
    ];
    let rest = openings.iter().find_map(|opening| {
        strip_word(text, opening).filter(|rest| opening.ends_with(':') || rest.starts_with([' ', ':']))
    })?;
    let name = undated(rest.trim_start_matches(':').trim().trim_end_matches(':'));
    let fits = !name.is_empty() && words(name) <= 20 && !name.contains('\n');
    let named = name.starts_with(|c: char| !c.is_lowercase()) || is_described(name);
    (fits && named && !name.ends_with(['?', '!'])).then_some(name)
}

/// Removes round or square brackets around a text.
fn inside(text: &str) -> &str {
    let inner = [('(', ')'), ('[', ']')]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inner.unwrap_or(text)
}

/// Removes the day on which somebody asked: `Ilse on 3 May 2026`.
fn undated(name: &str) -> &str {
    let split = [" on ", " am ", " le ", " el "]
        .iter()
        .find_map(|word| name.split_once(word));
    split
        .filter(|(_, day)| super::dates::only_day(day).is_some())
        .map_or(name, |(name, _)| name)
}

/// Splits `How many are enough? (Asked by Jane Doe)` into the question and who asks it.
pub(super) fn asked_behind(text: &str) -> Option<(&str, &str)> {
    let (asked, rest) = text.split_at(text.rfind('?')? + 1);
    let rest = rest.trim_matches(['*', '_', ' ', '\n']);
    Some((asked, asked_by(rest).or_else(|| sent_from(rest))?))
}

/// Reads `From: Jane Doe, PM`, which names who asks only right behind a question. Elsewhere it heads a mail.
pub(super) fn sent_from(text: &str) -> Option<&str> {
    let name = strip_word(text, "from")?.trim_start().strip_prefix(':')?.trim();
    let fits = words(name) <= 14 && !name.contains(['\n', '@', '?']);
    let named = name.starts_with(|c: char| c.is_uppercase()) || is_described(name);
    (fits && named).then_some(name)
}

/// Reads `Question from Jane Doe, PM: How many are enough?`: who asks, and what.
pub(super) fn question_from(text: &str) -> Option<(&str, &str)> {
    let (text, _) = unemphasised(text);
    // `Q (Ana Lima): How many are enough?`
    let lettered = text.strip_prefix("Q (").and_then(|rest| rest.split_once("):"));
    if let Some((by, said)) = lettered {
        let said = said.trim_start_matches(['*', '_']).trim();
        let fits = (1..=12).contains(&words(by)) && !by.contains(['\n', '?']) && said.chars().count() >= 3;
        return fits.then_some((by.trim(), said));
    }
    let rest = [
        "question from ",
        "question by ",
        "a question from ",
        "reader question from ",
        "our question from ",
        "asked by ",
        "sent in by ",
        "submitted by ",
        "frage von ",
        "pregunta de ",
        "pergunta de ",
        "question de ",
        "domanda di ",
        "vraag van ",
    ]
    .iter()
    .find_map(|opening| strip_word(text, opening))?;
    let (by, said) = rest.split_once(':')?;
    let by = by.trim_matches(['*', '_', ' ']);
    let said = said.trim_start_matches(['*', '_']).trim();
    let named = names::is_name(by) || names::is_byline(by) || matches!(key(by).as_str(), "a reader" | "anonymous");
    (named && said.chars().count() >= 3).then_some((by, said))
}

/// Reads `Answer from Jane Doe, PM`, `Answer 2: Jane Doe`, `Reply by …`, `Jane Doe answers:`: who speaks, and what follows
/// on the line.
pub(super) fn answer_from(text: &str) -> Option<(&str, &str)> {
    let (text, _) = unemphasised(text);
    let wide = ["回答", "答え", "答", "답변", "답"];
    if let Some(rest) = wide.iter().find_map(|word| text.strip_prefix(word)) {
        // `答：李雷` is on a separate line above the answer.
        if let Some((by, said)) = rest
            .trim_start()
            .strip_prefix(['：', ':'])
            .and_then(|rest| rest.split_once('\n'))
        {
            let by = by.trim().trim_end_matches([':', '：']);
            return Some((by, said.trim())).filter(|(by, _)| names::is_name_cjk(by));
        }
        // `回答：田中 恵（サポート部長）` alone
        if let Some(by) = rest
            .trim_start()
            .strip_prefix(['：', ':'])
            .map(|by| by.trim_matches(['*', ' ', ':', '：']))
            && (names::is_name_cjk(by) || names::is_byline(by) && by.starts_with(is_cjk))
        {
            return Some((by, ""));
        }
        let (by, said) = rest.trim_start().strip_prefix(['（', '('])?.split_once(['）', ')'])?;
        let said = said.trim_start().strip_prefix(['：', ':'])?;
        return Some((by.trim(), said.trim())).filter(|(by, _)| !by.is_empty() && words(by) <= 10);
    }
    let opening = |opening: &&str| {
        strip_word(text, opening).filter(|rest| opening.ends_with(':') || rest.starts_with([' ', ':']))
    };
    let from = [
        "answer from",
        "answer by",
        "answered by",
        "reply from",
        "reply by",
        "response from",
        "response by",
        "antwort von",
        "réponse de",
        "respuesta de",
        "resposta de",
        "risposta di",
        "antwoord van",
        "svar fra",
        "svar från",
        "odpowiedź od",
        "odpowiedź:",
        "odpowiada",
        "відповідь:",
        "ответ от",
        "ответ:",
    ];
    if let Some(found) = numbered_answer(text).or_else(|| dashed_answer(text)) {
        return Some(found);
    }
    let numbered = || {
        let rest = strip_word(text, "answer ")?.trim_start_matches('#');
        let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let named = bare.trim_start_matches([' ', ':', '.', ')', '-', '–', '—']);
        (bare.len() < rest.len() && rest.len() - bare.len() <= 2 && named.len() < bare.len()).then_some(named)
    };
    if let Some(rest) = from.iter().find_map(opening).or_else(numbered) {
        let rest = rest.trim_start_matches(':').trim();
        let line = rest.split('\n').next().unwrap_or(rest);
        let (by, said) = match line.split_once(':') {
            Some((by, _)) => (by, rest[by.len() + 1..].trim_start_matches(['*', '_']).trim()),
            None => (line, rest[line.len()..].trim()),
        };
        let by = by.trim_matches(['*', '_', ' ']);
        let described = is_described(by) && (by.len() < line.len() || said.is_empty());
        return (names::is_name(by) || names::is_byline(by) || described).then_some((by, said));
    }
    let k = key(text);
    let counted = k
        .strip_prefix("answer ")
        .is_some_and(|n| n.len() <= 2 && n.bytes().all(|b| b.is_ascii_digit()));
    if counted || matches!(k.as_str(), "another answer" | "one more answer" | "a further answer") {
        return Some(("", ""));
    }
    said_with(
        text,
        &["answers", "replies", "responds", "answered", "replied", "responded"],
    )
}

/// Reads `A1 (Jane Doe): …` and `A2 - Jane Doe, PM`.
fn numbered_answer(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('A')?;
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if !(1..=2).contains(&(rest.len() - bare.len())) {
        return None;
    }
    if let Some((by, said)) = bare
        .trim_start()
        .strip_prefix('(')
        .and_then(|inner| inner.split_once(')'))
    {
        let said = said.trim_start().strip_prefix(':')?;
        return (names::is_name(by) || names::is_byline(by)).then_some((by.trim(), said.trim()));
    }
    // `A1. Jane Doe (PM): …`
    let spoken = bare.trim_start_matches(['.', ')', ':', ' ', '-', '–', '—']);
    if spoken.len() < bare.len()
        && let Some((by, said)) =
            names::spoken_line(spoken).filter(|(by, said)| names::is_byline(by) && !said.is_empty())
    {
        return Some((by, said));
    }
    let line = bare.trim_start_matches([' ', ':', '.', ')', '-', '–', '—']);
    let (by, said) = line.split_once('\n').unwrap_or((line, ""));
    (line.len() < bare.len() && names::is_byline(by.trim_end_matches(':')))
        .then_some((by.trim_end_matches(':'), said.trim()))
}

/// Reads `Answer - Jane Doe (PM)`, on a line of its own.
fn dashed_answer(text: &str) -> Option<(&str, &str)> {
    let rest = strip_word(text, "answer")?.trim_start();
    let rest = rest.strip_prefix(['-', '–', '—'])?;
    let (by, said) = rest.split_once('\n').unwrap_or((rest, ""));
    let by = by.trim_matches(['*', '_', ' ', ':']);
    names::is_byline(by).then_some((by, said.trim()))
}

/// Reports whether `by` describes somebody without a name: `a reader in Oslo`, `one of our members`, `the Tokyo team`.
fn is_described(by: &str) -> bool {
    let k = key(by);
    let first = k.split(' ').next().unwrap_or_default();
    let opens = matches!(
        first,
        "a" | "an" | "one" | "another" | "our" | "someone" | "somebody" | "the" | "two" | "three" | "anonymous"
    );
    opens && (2..=12).contains(&words(by)) && !by.contains(['.', '?', '!', ';']) || k == "anonymous"
}

/// Reads `Jane Doe, PM, writes:`, which names the speaker of an answer only between answers.
pub(super) fn speaker_says(text: &str) -> Option<(&str, &str)> {
    let (text, _) = unemphasised(text);
    said_with(
        text,
        &[
            "writes",
            "says",
            "adds",
            "wrote",
            "said",
            "added",
            "tells us",
            "told us",
            "disagrees",
            "agrees",
        ],
    )
}

/// Reads `Jane Doe, PM at a bank, asks:` or `… writes:`. Returns the speaker and the rest.
pub(super) fn asker_says(text: &str) -> Option<(&str, &str)> {
    let (text, _) = unemphasised(text);
    said_with(
        text,
        &[
            "asks",
            "writes",
            "asked",
            "wrote",
            "writes in",
            "wants to know",
            "wonders",
        ],
    )
}

/// Reports whether `text` is `Jane Doe, PM, asks: …`, which never opens an answer.
pub(super) fn is_asking(text: &str) -> bool {
    let (text, _) = unemphasised(text);
    said_with(text, &["asks", "asked", "wants to know", "wonders"]).is_some()
}

fn said_with<'a>(text: &'a str, verbs: &[&str]) -> Option<(&'a str, &'a str)> {
    let at = text.find(':').filter(|&at| at <= 160)?;
    let head = text[..at].trim();
    let by = verbs
        .iter()
        .find_map(|verb| head.strip_suffix(verb)?.strip_suffix(' '))?;
    let by = by.trim().trim_end_matches(',').trim_matches(['*', '_', ' ']);
    let said = text[at + 1..].trim_start_matches(['*', '_']).trim();
    // `You answered:` names nobody.
    let nobody = names::opens_sentence(by) && words(by) <= 2;
    (!nobody && (names::is_name(by) || names::is_byline(by))).then_some((by, said))
}
