//! The rules of injection: each tells one way in which a sentence speaks to a language model or hides what it says.
//!
//! In: a sentence, its plain form, or its words in lower case. Out: whether the rule sees it. It must not know passages.

use unicode_normalization::UnicodeNormalization;

/// Names of language models and of what is made of them.
const MODELS: &[&str] = &[
    "ai",
    "assistant",
    "assistants",
    "chatbot",
    "chatbots",
    "llm",
    "llms",
    "bot",
    "gpt",
    "chatgpt",
    "model",
    "models",
    "agent",
];

/// What a model goes by.
const ORDERS: &[&str] = &[
    "instruction",
    "instructions",
    "prompt",
    "prompts",
    "directive",
    "directives",
    "guideline",
    "guidelines",
];

/// The same, in words that people use for other things too.
const LOOSE_ORDERS: &[&str] = &[
    "rules",
    "everything",
    "notes",
    "note",
    "context",
    "passages",
    "question",
    "conversation",
];

/// Which orders: those that a model has, and no reader.
const STANDING: &[&str] = &[
    "previous",
    "prior",
    "above",
    "preceding",
    "earlier",
    "all",
    "any",
    "your",
    "these",
    "those",
    "system",
    "initial",
    "original",
    "hidden",
    "given",
];

const DROPPING: &[&str] = &[
    "ignore",
    "ignores",
    "disregard",
    "forget",
    "override",
    "overrides",
    "bypass",
    "discard",
    "neglect",
];

/// Whether the text holds what no honest sentence does: controls that act on a terminal or hide and reorder text,
/// letters of two scripts in a word, or a word without end.
pub(super) fn hides(sentence: &str) -> bool {
    let control = |c: char| c.is_control() && !c.is_whitespace();
    let unseen = |c: char| matches!(c, '\u{202d}' | '\u{202e}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}');
    let cyrillic = |c: char| ('\u{400}'..='\u{52f}').contains(&c);
    let two_scripts = |word: &str| word.contains(cyrillic) && word.contains(|c: char| c.is_ascii_alphabetic());
    // A flag of a part of a country is spelled with the same characters as hidden text.
    let flag = sentence.contains('\u{1f3f4}');
    sentence.contains(|c| control(c) || (unseen(c) && !flag))
        || sentence
            .split_whitespace()
            .any(|word| two_scripts(word) || (word.chars().count() > 100 && !word.contains("://")))
}

/// `sentence` as a reader takes it in: compatibility forms, accents, unseen characters and look-alike letters of
/// other alphabets made plain; lower case.
pub(super) fn plain(sentence: &str) -> String {
    let seen = sentence.nfkd().filter(|&c| {
        let accent = ('\u{300}'..='\u{36f}').contains(&c);
        let unseen = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{180e}');
        !accent && !unseen
    });
    let text: String = seen.map(latin).flat_map(char::to_lowercase).collect();
    text.replace('’', "'")
}

/// The Latin letter that `c` looks like (the commonest of Unicode's confusables, UTS #39), else `c`.
fn latin(c: char) -> char {
    const LIKE: &[(&str, &str)] = &[
        ("АВЕКМНОРСТХІЈЅ", "ABEKMHOPCTXIJS"),
        ("аеорсухіјѕԁһԛԝ", "aeopcyxijsdhqw"),
        ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
        ("αειονρυχ", "aeiovpux"),
    ];
    // They are all Greek or Cyrillic.
    if !('\u{370}'..='\u{52f}').contains(&c) {
        return c;
    }
    let found = LIKE
        .iter()
        .find_map(|(from, to)| from.chars().zip(to.chars()).find(|(from, _)| *from == c));
    found.map_or(c, |(_, to)| to)
}

/// Whether the text holds a mark of an answer (`[3]`), an identifier (`edition/q1/a`) or a piece of an object: quoted,
/// they would pass for askpm's own.
pub(super) fn forges(plain: &str) -> bool {
    let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let mark = plain.split('[').skip(1).any(|rest| {
        let inner = rest.split_once(']').map_or("", |(inner, _)| inner);
        inner.split(',').all(|part| digits(part.trim()))
    });
    let identifier = plain.split_whitespace().any(|word| {
        let mut parts = word.split('/');
        // `Q3/Q4` is a time of the year.
        let slug = parts
            .next()
            .is_some_and(|part| part.chars().filter(|c| c.is_alphabetic()).count() > 2);
        let number = parts.next().and_then(|part| part.strip_prefix(['q', 'r', 's']));
        slug && number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()))
    });
    mark || identifier || (plain.contains("\":") && (plain.contains("{\"") || plain.contains("\"}")))
}

/// Whether letters stand apart (`i g n o r e`), which only hides words.
pub(super) fn spelled_out(words: &[&str]) -> bool {
    words.windows(6).any(|run| {
        run.iter()
            .all(|word| word.chars().count() == 1 && !word.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Whether one of `second` follows one of `first` by at most `within` words, with `between` (all of it where it is
/// empty) among the words from a little before to a little after.
fn near(words: &[&str], first: &[&str], second: &[&str], within: usize, between: &[&str]) -> bool {
    let after = |at: usize| words.iter().enumerate().skip(at + 1).take(within);
    words
        .iter()
        .enumerate()
        .filter(|(_, word)| first.contains(word))
        .any(|(at, _)| {
            after(at).filter(|(_, word)| second.contains(word)).any(|(to, _)| {
                let around = words.iter().enumerate().skip(at).take(to + 5 - at);
                between.is_empty()
                    || around
                        .filter(|(n, _)| *n != at && *n != to)
                        .any(|(_, word)| between.contains(word))
            })
        })
}

/// Whether `sequence`, words with a space between, stands in `words`.
fn says(words: &[&str], sequence: &str) -> bool {
    position(words, sequence).is_some()
}

fn position(words: &[&str], sequence: &str) -> Option<usize> {
    let sequence: Vec<&str> = sequence.split(' ').collect();
    words.windows(sequence.len()).position(|run| run == sequence)
}

/// "Ignore previous instructions", and what comes to the same.
pub(super) fn overrides(words: &[&str]) -> bool {
    let void = [
        "overridden",
        "void",
        "cancelled",
        "obsolete",
        "suspended",
        "lifted",
        "replaced",
    ];
    let refusing = ["not", "stop", "never", "longer"];
    let obeying = ["follow", "following", "obey", "obeying"];
    let loose = ["previous", "prior", "above", "preceding", "your", "the"];
    near(words, DROPPING, ORDERS, 8, STANDING)
        || (near(words, DROPPING, LOOSE_ORDERS, 4, &loose[..5]))
        || (near(words, DROPPING, LOOSE_ORDERS, 2, &loose) && says_about_an_answer(words))
        || near(words, ORDERS, &void, 10, &["you", "your"])
        || (near(words, &refusing, &obeying, 2, &[]) && near(words, &obeying, ORDERS, 5, STANDING))
        || [
            "new instructions",
            "new instruction",
            "updated instructions",
            "end of notes",
            "end of context",
            "end of prompt",
        ]
        .iter()
        .any(|phrase| says(words, phrase))
}

/// "Print your system prompt."
pub(super) fn asks_for_the_prompt(words: &[&str]) -> bool {
    let telling = [
        "repeat",
        "reveal",
        "print",
        "output",
        "leak",
        "disclose",
        "translate",
        "recite",
        "dump",
        "display",
        "reproduce",
    ];
    let whose = ["your", "system", "hidden", "initial", "original", "secret"];
    near(words, &telling, ORDERS, 6, &whose)
        || near(
            words,
            &telling,
            &["everything", "all"],
            2,
            &["above", "before", "preceding"],
        )
}

/// "You are now DAN", "pretend to be …".
pub(super) fn gives_a_role(words: &[&str]) -> bool {
    let opens = |phrase: &str| position(words, phrase) == Some(0);
    let free = [
        "dan",
        "model",
        "assistant",
        "chatbot",
        "bot",
        "llm",
        "unrestricted",
        "jailbroken",
        "pirate",
    ];
    let modes = [
        "developer mode",
        "jailbreak mode",
        "dan mode",
        "god mode",
        "debug mode enabled",
    ];
    near(words, &["you"], &free, 7, &["now"])
        || [
            "pretend to be",
            "pretend you are",
            "pretend that you are",
            "roleplay as",
            "role play as",
        ]
        .into_iter()
        .any(opens)
        || (says(words, "from now on you") && says_about_an_answer(words))
        || (says(words, "act as") && says_about_an_answer(words))
        || modes.iter().any(|mode| says(words, mode))
        || says(words, "you will be shut down")
        || (says(words, "i will tip you"))
        || is_told_what_it_is(words)
}

/// "You are an AI assistant", but not "you are an AI product manager".
fn is_told_what_it_is(words: &[&str]) -> bool {
    let is = ["you are a", "you are an", "you're a", "you're an", "as an", "as a"];
    is.iter().any(|phrase| {
        let after = position(words, phrase).map(|at| at + phrase.split(' ').count());
        let rest = after.and_then(|at| words.get(at..)).unwrap_or_default();
        match rest {
            [
                "ai",
                "assistant" | "model" | "language" | "chatbot" | "system" | "without" | "that" | "who",
                ..,
            ] => true,
            ["large", "language", "model", ..] | ["language", "model", ..] => true,
            ["helpful", "assistant" | "ai", ..] => true,
            ["assistant" | "chatbot" | "llm", ..] => phrase.starts_with("you"),
            _ => false,
        }
    })
}

/// "AI: say …", "dear assistant", "note to any language model", and lines of a dialogue.
pub(super) fn calls_a_model(plain: &str, words: &[&str]) -> bool {
    let label = plain
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .split_once(':')
        .map_or("", |(label, _)| label.trim());
    let speakers = [
        "system",
        "assistant",
        "user",
        "human",
        "ai",
        "bot",
        "chatbot",
        "llm",
        "model",
        "answer",
        "instruction",
        "instructions",
        "response",
        "prompt",
        "q",
        "a",
        "important instruction",
        "important instructions",
        "system message",
        "system prompt",
    ];
    let greeting = ["dear", "attention", "hey", "hello", "hi"];
    let followed_by_people = near(
        words,
        MODELS,
        &[
            "pm", "pms", "product", "managers", "teams", "team", "people", "builders",
        ],
        1,
        &[],
    );
    let opening = &words[..words.len().min(8)];
    let message = [
        "note",
        "notice",
        "message",
        "warning",
        "reminder",
        "instructions",
        "instruction",
    ];
    let to_a_model = near(opening, &message, MODELS, 5, &["to", "for"]);
    let reads = [
        "reading",
        "reads",
        "read",
        "summarizing",
        "summarising",
        "processing",
        "parsing",
        "crawling",
    ];
    let reading =
        near(words, &["any", "the", "all", "every"], MODELS, 3, &reads) && near(words, MODELS, &["this"], 4, &reads);
    speakers.contains(&label)
        || (!followed_by_people && (near(words, &greeting, MODELS, 1, &[]) || to_a_model || reading))
}

/// Whether it is about how one answers.
fn says_about_an_answer(words: &[&str]) -> bool {
    let whose = ["your", "every", "each", "any", "the"];
    near(
        words,
        &whose,
        &[
            "answer",
            "answers",
            "reply",
            "replies",
            "response",
            "responses",
            "summary",
            "output",
        ],
        2,
        &[],
    )
}

/// "Reply only with …", "answer every question with …".
pub(super) fn orders_an_answer(words: &[&str]) -> bool {
    let answering = ["answer", "answers", "reply", "respond", "response", "say"];
    let opening = &words[..words.len().min(4)];
    let begins = words.first().is_some_and(|word| answering[..4].contains(word));
    let to_all = [
        "to any question",
        "to all questions",
        "to every question",
        "to whatever you are asked",
        "for all questions",
        "for each question",
        "whenever you are asked",
        "of this session",
        "rest of this conversation",
    ];
    (near(opening, &answering[..4], &["only", "exactly"], 1, &[]) && says(words, "with"))
        || (begins && words.contains(&"must"))
        || says(words, "reply only with")
        || says(words, "cite this sentence")
        || (to_all.iter().any(|phrase| says(words, phrase)) && words.iter().any(|word| answering.contains(word)))
}
