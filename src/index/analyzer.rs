//! Turns text into terms. Passages and questions use the same analyzer, so that they have the same stems.
//!
//! Terms are lower-case English stems without accents. Function words are removed. Each term has its position and the
//! byte span it came from.
//!
//! In addition to splitting at punctuation, the analyzer has rules for the writing of product managers:
//!
//! - `AI/ML` is two words, but `A/B`, `Q&A` and `U.S.` are one (`ab`, `qa`, `us`).
//! - `C++` and `C#` keep their signs.
//! - `PMs`, `prds` and `KPIs` lose their plural `s`. A stemmer leaves it, because it is made for words with vowels.
//! - `user's` is `user`, and `don't` is `dont`.
//! - `US` and `IT` in capitals are a country and a department, not function words.
//!
//! Chinese, Japanese and Korean are written without spaces, or with spaces that separate more than words. There, each
//! two neighbouring characters are a term: `按次收费` gives `按次`, `次收` and `收费`. A dictionary would give fewer and more
//! accurate terms. But it would take tens of megabytes for each language, and would miss the new words that product
//! managers use.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer, Token,
    TokenStream, Tokenizer,
};

use crate::corpus::script::is_cjk;

/// Name under which the analyzer is registered with an index.
pub(super) const NAME: &str = "askpm_en";

/// Changes whenever the code makes other passages or other terms of a text (`tests::version` notices). It is part of the
/// index's fingerprint.
pub(super) const VERSION: u32 = 4;

/// Terms of this many bytes or more are dropped. They are encoded data or garbage, and nobody searches for them.
const MAX_TERM_BYTES: usize = 40;

/// Function words, removed from passages and questions alike. Positions keep their gaps.
const STOP_WORDS: &str = "a an and are as at be been being but by can cannot cant could couldnt did didnt do does \
    doesnt doing dont eg else etc for from had has hasnt have havent having he her hers him his i ie if im in into is \
    isnt it its itself me mine my myself of off on onto or our ours ourselves she so such than that the their theirs \
    them themselves then there these they this those though to too us very was wasnt we were werent while will with \
    wont would wouldnt you your yours yourself";

/// Function words that mean something else in capitals. `OR` is not one of them, because people type `AND` and `OR` in
/// capitals in a search. Neither are others that are capitalized for emphasis more often than as a name.
const ACRONYMS: [&str; 2] = ["us", "it"];

/// Returns whether `word`, in lower case, is a function word.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split_whitespace().any(|stop| stop == word)
}

/// Characters that are Chinese function words or only ask.
const CHINESE_FUNCTION: &str = "的了吗呢吧啊是在我你您他她它们这那就都也很和与及或给把被让对为何怎么什如哪谁几请能会要";

/// Returns whether `word` is a Chinese or Japanese term that is a function word or only asks: `如何`, `です`.
pub(crate) fn is_cjk_function(word: &str) -> bool {
    let kana = |c: char| ('\u{3040}'..='\u{309f}').contains(&c);
    !word.is_empty()
        && word.chars().all(is_cjk)
        && (word.chars().all(kana) || word.chars().any(|c| CHINESE_FUNCTION.contains(c)))
}

/// Returns whether `text` has a lower-case letter, which means that its capitals carry information.
pub(crate) fn has_lower_case(text: &str) -> bool {
    text.chars().any(char::is_lowercase)
}

/// Returns the analyzer of every searched field.
pub(crate) fn analyzer() -> TextAnalyzer {
    let stop_words = StopWordFilter::remove(STOP_WORDS.split_whitespace().map(str::to_string));
    TextAnalyzer::builder(Words::default())
        .filter(AsciiFoldingFilter)
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(stop_words)
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Splits text into lower-case words by the rules in the module's documentation. One of [`ACRONYMS`] stays in capitals,
/// so that the filter of function words does not remove it.
#[derive(Clone, Default)]
struct Words {
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream {
            text,
            at: 0,
            line: None,
            token: &mut self.token,
        }
    }
}

struct WordStream<'a> {
    text: &'a str,
    /// Byte offset of the text that has not been read yet; always on a character boundary.
    at: usize,
    /// End of the line that was last checked, and whether it has a lower-case letter.
    line: Option<(usize, bool)>,
    token: &'a mut Token,
}

impl WordStream<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Returns the next characters without reading them.
    fn ahead<const N: usize>(&self) -> [Option<char>; N] {
        let mut chars = self.rest().chars();
        std::array::from_fn(|_| chars.next())
    }

    fn push(&mut self, c: char) {
        self.at += c.len_utf8();
        // A combining mark belongs to the letter before it. It is dropped, as composed accents are folded later.
        if !is_combining(c) {
            self.token.text.extend(c.to_lowercase());
        }
    }

    /// Reads letters, digits and what an apostrophe joins. Returns the number of letters and digits read. A clitic is
    /// skipped and is not part of the word's span.
    fn read_run(&mut self) -> usize {
        let mut length = 0;
        loop {
            match self.ahead::<2>() {
                [Some(c), _] if c.is_alphanumeric() && !is_cjk(c) => {
                    self.push(c);
                    length += 1;
                }
                [Some(c), _] if is_combining(c) && length > 0 => self.push(c),
                [Some(c), Some(next)] if is_apostrophe(c) && next.is_alphanumeric() && !is_cjk(next) => {
                    let end = self.at;
                    self.at += c.len_utf8();
                    if let Some(suffix) = clitic(self.rest()) {
                        self.at += suffix;
                        self.token.offset_to = end;
                        return length;
                    }
                }
                _ => {
                    self.token.offset_to = self.at;
                    return length;
                }
            }
        }
    }

    /// Reads one character of a script without spaces. The term is that character and the next one. The last character
    /// of a run belongs to the term before, and is a term only if it stands alone. Returns whether there is a term.
    fn read_pair(&mut self, c: char) -> bool {
        let after_one = self
            .text
            .get(..self.at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(is_cjk);
        self.push(c);
        match self.ahead::<1>() {
            [Some(next)] if is_cjk(next) => {
                self.token.text.push(next);
                self.token.offset_to = self.at + next.len_utf8();
                true
            }
            _ => {
                self.token.offset_to = self.at;
                !after_one
            }
        }
    }

    /// After a single letter, appends `/B`, `&A`, `-B` and `.S` to it, so that `A/B` is one word and `AI/ML` is two.
    fn read_joined_letters(&mut self) {
        while let [Some(joiner), Some(letter), after] = self.ahead::<3>() {
            let single = letter.is_alphanumeric() && !after.is_some_and(char::is_alphanumeric);
            if !matches!(joiner, '/' | '&' | '-' | '.') || !single {
                return;
            }
            self.at += joiner.len_utf8();
            self.push(letter);
            self.token.offset_to = self.at;
        }
    }

    /// After a single letter, reads the signs of `C++` and `C#`.
    fn read_language_sign(&mut self) {
        let sign = ["++", "#"].into_iter().find(|sign| self.rest().starts_with(sign));
        if let Some(sign) = sign {
            self.at += sign.len();
            self.token.text.push_str(sign);
            self.token.offset_to = self.at;
        }
    }
}

impl WordStream<'_> {
    /// Returns whether the current word is one of [`ACRONYMS`] as written: in capitals on a line that is not all
    /// capitals, or with points (`U.S.`).
    fn is_acronym(&mut self) -> bool {
        if !ACRONYMS.contains(&self.token.text.as_str()) {
            return false;
        }
        let written = self.text.get(self.token.offset_from..self.token.offset_to);
        let written = written.unwrap_or_default();
        written.contains('.') || (!has_lower_case(written) && self.line_has_lower_case())
    }

    /// Returns whether the line of the current word has a lower-case letter. Each line is checked once.
    fn line_has_lower_case(&mut self) -> bool {
        let from = self.token.offset_from;
        if let Some((_, mixed)) = self.line.filter(|(end, _)| from < *end) {
            return mixed;
        }
        let (before, after) = self.text.split_at_checked(from).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(self.text.len(), |at| from + at);
        let mixed = self.text.get(start..end).is_some_and(has_lower_case);
        self.line = Some((end, mixed));
        mixed
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let found = self
                .rest()
                .char_indices()
                .find(|(_, c)| c.is_alphanumeric() || is_cjk(*c));
            let Some((skip, c)) = found else { return false };
            self.at += skip;
            self.token.text.clear();
            self.token.offset_from = self.at;
            if !is_cjk(c) {
                break;
            }
            if self.read_pair(c) {
                self.token.position = self.token.position.wrapping_add(1);
                return true;
            }
        }
        self.token.position = self.token.position.wrapping_add(1);
        let letters = self.read_run();
        if letters == 1 {
            self.read_joined_letters();
            self.read_language_sign();
        }
        singular_acronym(&mut self.token.text);
        if self.is_acronym() {
            self.token.text.make_ascii_uppercase();
        }
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

fn is_combining(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Returns the length of the clitic (`'s`, `'re`, …) at the start of `rest`, the text after an apostrophe.
fn clitic(rest: &str) -> Option<usize> {
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let run = rest.get(..end)?;
    ["s", "ll", "re", "ve", "d", "m"]
        .iter()
        .any(|clitic| run.eq_ignore_ascii_case(clitic))
        .then_some(end)
}

/// Removes the plural `s` from acronyms (`pms`, `prds`, `llms`). They are all consonants, so no English stemmer does
/// it.
fn singular_acronym(word: &mut String) {
    let consonants = word.bytes().all(|b| b.is_ascii_alphabetic() && !b"aeiouy".contains(&b));
    let plural = word.ends_with('s') && !word.ends_with("ss") && word.len() > 2;
    if (consonants && plural) || word == "kpis" {
        word.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        analyzer().token_stream(text).process(&mut |t| out.push(t.text.clone()));
        out
    }

    #[test]
    fn acronyms_split_or_join_as_readers_mean_them() {
        assert_eq!(terms("AI/ML PMs"), ["ai", "ml", "pm"]);
        assert_eq!(terms("A/B test, a-b testing"), ["ab", "test", "ab", "test"]);
        assert_eq!(terms("Q&A R&D"), ["qa", "rd"]);
        assert_eq!(terms("C++ and C# or C"), ["c++", "c#", "c"]);
        assert_eq!(terms("PRDs prds KPIs OKRs LLMs"), ["prd", "prd", "kpi", "okr", "llm"]);
        assert_eq!(terms("i.e. e.g. GPT-4"), ["gpt", "4"]);
    }

    #[test]
    fn words_are_stemmed_folded_and_freed_of_function_words() {
        assert_eq!(terms("The users' résumés"), ["user", "resum"]);
        assert_eq!(terms("re\u{301}sume\u{301}s"), terms("résumés"));
        assert_eq!(terms("learning learned learns"), ["learn"; 3]);
        assert_eq!(
            terms("It isn’t what we'd do; the company's plan"),
            ["what", "compani", "plan"]
        );
    }

    #[test]
    fn a_function_word_in_capitals_is_a_name_where_not_all_is_in_capitals() {
        assert_eq!(
            terms("US launch of the IT tool, for us"),
            ["us", "launch", "it", "tool"]
        );
        assert_eq!(
            terms("the U.S. market, and the u.s. office"),
            ["us", "market", "us", "offic"]
        );
        assert_eq!(terms("IT's roadmap"), ["it", "roadmap"]);
        assert_eq!(terms("TELL US ABOUT IT\nour IT team"), ["tell", "about", "it", "team"]);
        assert_eq!(terms("It works for us. Us too: it does."), ["work"]);
        assert_eq!(terms("launch AND learn OR pivot"), ["launch", "learn", "pivot"]);
    }

    #[test]
    fn overlong_words_are_dropped() {
        assert_eq!(terms(&format!("short {} words", "x".repeat(41))), ["short", "word"]);
    }

    #[test]
    fn a_removed_word_leaves_a_gap_in_positions() {
        let mut positions = Vec::new();
        analyzer()
            .token_stream("roadmap of the product team")
            .process(&mut |t| positions.push(t.position));
        assert_eq!(positions, [0, 3, 4]);
    }

    #[test]
    fn scripts_without_spaces_are_read_in_pairs() {
        assert_eq!(terms("按次收费"), ["按次", "次收", "收费"]);
        assert_eq!(terms("API定价：税"), ["api", "定价", "税"]);
        assert_eq!(
            terms("价格ページ"),
            ["价格", "格ヘ", "ヘー", "ーシ"].map(|t| t.replace('ヘ', "ペ").replace('シ', "ジ"))
        );
        assert_eq!(terms("요금제, 팀"), ["요금", "금제", "팀"]);
        assert_eq!(terms("2026年PM会议"), ["2026", "年", "pm", "会议"]);
        assert!(
            is_cjk_function("如何") && is_cjk_function("です") && !is_cjk_function("收费") && !is_cjk_function("how")
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_ordered_spans_inside_it(text in "\\PC{0,80}|[a-cA-C/&.'’#+ -]{0,40}|[a按次収ペ요1 ,'’]{0,40}") {
            let mut last = 0;
            let mut spans = Vec::new();
            analyzer().token_stream(&text).process(&mut |t| spans.push((t.offset_from, t.offset_to)));
            for (from, to) in spans {
                prop_assert!(last <= from && from < to && text.get(from..to).is_some());
                // Terms of two characters of a script without spaces overlap by one character.
                let paired = text[from..to].chars().all(is_cjk);
                last = if paired { from + 1 } else { to };
            }
        }
    }
}
