//! Recognizes the names and roles of people: `Ana Lima`, `Ana Lima, PM at a bank`, `Head of product at a bank`.
//!
//! Each function says whether a line could name somebody, and how surely. `turns.rs` and `discussion.rs` decide whether
//! it does in its place. A name that is found where there is none puts a quote under a wrong name.

mod given;
mod trust;

use super::clean::{key, words};
use crate::corpus::script::is_cjk;

pub(super) use given::is_given;
pub(super) use trust::{Trust, trust};

/// Longest line with a role, in characters and words.
const LONGEST: usize = 130;
const MOST_WORDS: usize = 18;

/// Words for what somebody does.
const ROLES: &str = "pm pms po manager lead leader head director founder cofounder engineer designer ceo cto cpo coo cfo cmo cio \
    vp svp president coach analyst researcher consultant scientist developer owner officer chief editor writer \
    recruiter marketer physician doctor nurse teacher student professor lecturer architect investor advisor \
    adviser specialist strategist graduate entrepreneur freelancer administrator tester principal expert trainer \
    mentor author scrum operations anonymous reader lawyer accountant programmer team executive associate intern \
    planner buyer seller agent";

/// Words that begin sentences and headings but not names.
const NO_NAME: &str = "the a an how what why when who where which our my your their his her this that these those if in on for to \
    from with and or but it its we i you they he she yes no not do does dont is are was can could should would \
    will must use start stop ask make take get keep tell give send never always measure put talk write read \
    every each most some many more less good great bad new old hire find be as at by of about after before over \
    under all any one two three first second third last next here there now then also only just let lets see \
    look learn build ship set say show try think know definitely absolutely maybe perhaps hello hi dear thanks \
    thank please welcome note update question answer part step chapter issue too very because so than up down \
    out run work pricing price prices product products user users customer customers roadmap roadmaps feature \
    features growth hiring metrics strategy discovery interviews testing data design research";

/// Words before a colon that are not speakers.
pub(super) const NO_SPEAKER: &str = "note notes update tip tips ps pps example question answer re subject date title from to link links \
    source sources pros cons pro con before after problem solution why how what when where who result \
    results context action price cost warning important summary conclusion author published tags \
    category http https read watch listen more also q a step day week month pricing event sponsor \
    location time goal goals task risk myth fact do dont good bad short yes no tldr verdict next upcoming";

/// Words that make a line a statement rather than a role.
const VERBS: &str = "is are was were should can will must have do does need needs why how what";

/// Words that end a role in Chinese, Japanese and Korean.
const ROLES_CJK: &str = "長 长 担当 责任者 責任者 代表 顾问 顧問 经理 經理 主管 总监 總監 负责人 創業者 创始人 工程师 工程師 \
    设计师 設計師 研究员 研究員 分析师 マネージャー マネジャー エンジニア デザイナー ディレクター \
    リーダー コンサルタント 팀장 담당 담당자 책임자 기획자 실장 과장 본부장 대표 매니저 디자이너 개발자 연구원 이사 부장";

/// Most characters in a name and in a role in these scripts.
const NAME_CJK: usize = 12;
const ROLE_CJK: usize = 24;

const PARTICLES: &str = "de da di du del van von der den bin al la le y dos ter ten zu el";

/// What stands where nobody is named, in the languages that letters come in, separated by `|`.
const NOBODY: &str = "anonymous|anon|anonymously|anonym|anonyme|anónimo|anónima|anônimo|anônima|anonimo|anoniem|a reader|name withheld|\
    no name|no name given|name and address supplied|name and address withheld|匿名|匿名希望";

/// Reports whether `text` says that somebody is not named.
pub(super) fn is_nobody(text: &str) -> bool {
    let text = key(text);
    NOBODY.split('|').any(|nobody| text == nobody)
}

/// Reports whether `word` is in `list`, whose words are separated by spaces.
pub(super) fn among(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// Removes emphasis, Markdown quotation marks and spaces around `text`.
pub(super) fn bare(text: &str) -> &str {
    text.trim().trim_start_matches("> ").trim_matches(['*', '_', ' '])
}

/// Returns the text after the opening dashes, and whether the dash is a hyphen, which also opens list items.
pub(super) fn after_dash(text: &str) -> Option<(&str, bool)> {
    let text = text.trim().trim_start_matches("> ").trim_start_matches(['*', '_']);
    let name = text.trim_start_matches(['-', '–', '—', '―', '−', '~']);
    let dash = &text[..text.len() - name.len()];
    let name = bare(name);
    let hyphen = dash == "-";
    (!dash.is_empty() && dash.chars().count() <= 3 && !name.is_empty()).then_some((name, hyphen))
}

/// Reports whether `text` looks like a person's name, possibly with a role after a comma.
pub(super) fn is_name(text: &str) -> bool {
    let (name, role) = text.split_once(',').map_or((text, None), |(n, r)| (n, Some(r)));
    let short = !text.contains('\n') && text.chars().count() <= 120 && words(name) <= 5 && words(text) <= 14;
    let named = |word: &str| {
        let first = word.trim_start_matches(['(', '"', '“']).chars().next();
        first.is_some_and(|c| c.is_alphabetic() && !c.is_lowercase())
            || among(PARTICLES, word)
            || matches!(word, "&" | "/" | "+")
    };
    let handle = text.starts_with('@') || text.starts_with("u/");
    short
        && words(name) >= 1
        && !ends_open(text)
        && role.is_none_or(|role| !role.contains(". "))
        && (name.split_whitespace().all(named) || handle && words(text) == 1)
}

/// Reports whether `text` is almost certainly a name.
///
/// It must have two to four capitalized words, and none that begins sentences.
pub(super) fn is_person(text: &str) -> bool {
    let text = bare(text);
    let parts: Vec<&str> = text.split_whitespace().take(6).collect();
    let part = |word: &&str| {
        let first = word.trim_start_matches(['"', '“', '‘']).chars().next();
        let capital = first.is_some_and(|c| c.is_alphabetic() && !c.is_lowercase());
        let lettered = word
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’' | '"' | '“' | '”'));
        among(PARTICLES, word) || capital && lettered && !among(NO_NAME, &key(word))
    };
    (2..=4).contains(&parts.len()) && parts.iter().all(part) && !ends_open(text) && sentence_free(text)
}

/// Reports whether `text` could say who speaks: a person, a name with a role, or only a role.
pub(super) fn is_byline(text: &str) -> bool {
    is_person(text) || is_sure_byline(text)
}

/// Reports whether `text` is a given name and a place, as askers sign: `Ilse, Ghent`. Its place must say so too.
pub(super) fn is_placed(text: &str) -> bool {
    let text = bare(text);
    let capital = |word: &str| word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
    let lettered = |word: &str| {
        word.chars()
            .all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
    };
    let Some((name, place)) = text.split_once(", ") else {
        return false;
    };
    let fits =
        |part: &str, most| (1..=most).contains(&words(part)) && part.split(' ').all(|w| capital(w) && lettered(w));
    let opens = key(name)
        .split(' ')
        .next()
        .is_some_and(|word| among(NO_NAME, word) || among(NO_SPEAKER, word));
    fits(name, 3) && fits(place, 3) && !opens && !text.ends_with(['.', '?', '!', ':'])
}

/// Reports whether `text` names a person and their role, or only a role.
pub(super) fn is_sure_byline(text: &str) -> bool {
    let text = bare(text);
    if text.starts_with(is_cjk) {
        return is_byline_cjk(text);
    }
    let fits = !text.contains('\n')
        && text.chars().count() <= LONGEST
        && words(text) <= MOST_WORDS
        && text.starts_with(|c: char| c == '@' || c.is_alphabetic() && !c.is_lowercase())
        && !ends_open(text)
        && !text.contains(['?', '!', ':', ';'])
        && sentence_free(text);
    if !fits {
        return false;
    }
    let (name, role) = match text.find([',', '(']) {
        Some(at) => (text[..at].trim(), Some(text[at + 1..].trim_matches([' ', ')']))),
        None => (text, None),
    };
    let k = key(text);
    let first = k.split(' ').next().unwrap_or_default();
    if let Some(role) = role.filter(|r| words(r) > 0) {
        let lone = words(name) == 1 && is_name(name) && !among(NO_NAME, first);
        if is_person(name) || lone && says_role(role) {
            return true;
        }
    }
    let open = |w: &str| among(VERBS, w);
    says_role(text)
        && (!among(NO_NAME, first)
            || matches!(
                first,
                "product" | "data" | "growth" | "design" | "first" | "user" | "customer" | "research" | "pricing"
            ))
        && !k.split(' ').any(open)
}

/// Reports whether the first word begins sentences and not names.
pub(super) fn opens_sentence(text: &str) -> bool {
    let k = key(text);
    let first = k.split(' ').next().unwrap_or_default();
    among(NO_NAME, first)
        || matches!(
            first,
            "everybody" | "everyone" | "nobody" | "somebody" | "someone" | "others" | "readers"
        )
}

/// Reports whether `text` has a word for a role.
pub(super) fn says_role(text: &str) -> bool {
    let last = text.trim_end_matches(['）', ')', '：', ':', ' ']);
    key(text).split(' ').any(|word| among(ROLES, word)) || ROLES_CJK.split(' ').any(|role| last.ends_with(role))
}

/// Reports whether `text` could be a name in Chinese, Japanese or Korean: only their characters, and few of them.
pub(super) fn is_name_cjk(text: &str) -> bool {
    (2..=NAME_CJK).contains(&text.chars().count())
        && text.chars().all(|c| is_cjk(c) || matches!(c, ' ' | '　' | '·' | '・'))
}

/// The family names that most Chinese people have.
const FAMILIES: &str = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖董袁潘蒋蔣蔡杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪廖贾賈邹鄒熊秦邱尹薛闫侯黎贺賀顾顧郝龚龔邵钱錢覃戴";

/// Reports whether `text` is surely a Chinese name: a family name, and one or two characters.
pub(super) fn is_chinese(text: &str) -> bool {
    let text = bare(text);
    (2..=3).contains(&text.chars().count()) && is_name_cjk(text) && text.starts_with(|c| FAMILIES.contains(c))
}

/// Reports whether `text` is a name with a role in brackets or after a comma: `田中 恵（サポート部長）`.
fn is_byline_cjk(text: &str) -> bool {
    let Some(at) = text.find(['(', '（', ',', '，', '、']) else {
        return false;
    };
    let name = text[..at].trim();
    let in_brackets = text[at..].starts_with(['(', '（']) && text.ends_with([')', '）']);
    let role = text[at..].trim_matches(['(', '（', ',', '，', '、', ')', '）', ' ']);
    let short = (1..=ROLE_CJK).contains(&role.chars().count());
    is_name_cjk(name)
        && short
        && !role.contains(['。', '！', '？', '：', '；', '\n'])
        && (in_brackets || says_role(role))
}

/// Reports whether `text` could be a name with a role in a script without capital letters: `अनिता शर्मा, उत्पाद प्रबंधक`.
pub(super) fn is_uncased_byline(text: &str) -> bool {
    let uncased = |c: char| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase();
    let Some(at) = text
        .find(['(', '（', ',', '，', '、', '،', '·', '・'])
        .filter(|_| text.starts_with(uncased))
    else {
        return false;
    };
    let (name, role) = (
        text[..at].trim(),
        text[at..].trim_matches(|c: char| !c.is_alphanumeric()),
    );
    (1..=30).contains(&name.chars().count())
        && words(name) <= 4
        && (1..=40).contains(&role.chars().count())
        && !text.contains(['。', '！', '？', '।', '؟', '.', '!', '?', ':', '：', '\n'])
}

/// Reports whether `text` could be the name of a speaker.
pub(super) fn is_speaker(text: &str) -> bool {
    let k = key(text);
    let numbered = k.strip_prefix("speaker ").is_some_and(|n| words(n) == 1);
    let opens = k.split(' ').next().is_some_and(|word| among(NO_SPEAKER, word));
    let named = is_person(text)
        || words(text) == 1 && is_name(text) && (!text.contains(['.', '/', '#']) || text.starts_with("u/"));
    let titled = words(text) <= 4 && is_name(text) && !text.contains(',');
    text.chars().count() <= 50 && !opens && (numbered || named || titled)
}

/// Splits `Name (role): text` or `Name, role: text` into the speaker and what they say.
pub(super) fn spoken_line(text: &str) -> Option<(&str, &str)> {
    let at = text.find([':', '：']).filter(|&at| at <= 160)?;
    let wide = text[at..].starts_with('：');
    let after = &text[at + if wide { '：'.len_utf8() } else { 1 }..];
    let (who, said) = (bare(&text[..at]), after.trim_start_matches(['*', '_']));
    let apart = wide || said.starts_with([' ', '\n']) || said.is_empty();
    (apart && !who.is_empty() && !who.contains('\n')).then(|| (who, said.trim()))
}

/// Reports whether `text` ends like a sentence or the lead-in of a list.
fn ends_open(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or_default();
    let initial = last.chars().count() <= 4 || last.matches('.').count() > 1;
    let initial = initial && last.starts_with(|c: char| !c.is_lowercase());
    text.ends_with(['?', '!', ':', ';', ',']) || text.ends_with('.') && !initial
}

/// Reports whether no sentence ends within `text`. Initials and titles have full stops too.
pub(super) fn sentence_free(text: &str) -> bool {
    text.match_indices(". ").all(|(at, _)| {
        let last = text[..at].rsplit([' ', '.', '(']).next().unwrap_or_default();
        last.chars().count() <= 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn people_and_what_they_do_are_told_from_headings_and_sentences() {
        for text in [
            "Ana Lima",
            "J. R. Doe",
            "Ludwig van Beethoven",
            "Ana Lima, Porto",
            "Joana, analyst",
            "Nadia, support specialist at a property management software maker",
            "Ben Osei (Acme)",
            "Ruth A. (product director in agriculture technology)",
            "Head of product at a veterinary software house",
            "CTO of a mapping company",
            "Data scientist at a regional bank",
            "Founder who hired a PM too early",
            "Product lead at a producer of laboratory information systems",
            "PM, software for opticians",
            "田中 恵（サポート部長）",
            "佐藤、料金担当",
            "佐々木 恵（料金担当）",
            "王芳，定价顾问",
            "김민준 (요금 담당)",
        ] {
            assert!(is_byline(text), "{text}");
        }
        for text in [
            "Pricing Pages",
            "How To Hire",
            "How to be a product manager",
            "Start small",
            "Yes, always",
            "The product manager decides.",
            "Ask the engineer who wrote it",
            "Is a director needed",
            "We moved between three of them in a year",
            "Notes: a manager writes",
            "Retention (in percent)",
            "新しい客だけにします",
            "はい、そうです",
            "まず、サポートが読みます。",
            "",
        ] {
            assert!(!is_byline(text), "{text}");
        }
    }

    #[test]
    fn dashes_open_signatures_and_hyphens_may_open_items() {
        assert_eq!(after_dash("– Ana Lima"), Some(("Ana Lima", false)));
        assert_eq!(after_dash("> — *Ana Lima, PM*"), Some(("Ana Lima, PM", false)));
        assert_eq!(after_dash("- Wiki"), Some(("Wiki", true)));
        assert_eq!(after_dash("-- Ana"), Some(("Ana", false)));
        assert_eq!(after_dash("Ana"), None);
        assert_eq!(after_dash("-----"), None);
        assert_eq!(
            spoken_line("Ana Lima (PM): Dates help."),
            Some(("Ana Lima (PM)", "Dates help."))
        );
        assert_eq!(spoken_line("**Ana:** Dates help."), Some(("Ana", "Dates help.")));
        assert_eq!(spoken_line("at 10:30 we met"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_harm(text in "(?s).{0,80}|[-–—>*_ ]{0,4}[A-Z][a-z]{0,6}[,.(: ]{0,3}.{0,30}") {
            let _ = (is_name(&text), is_person(&text), is_byline(&text), after_dash(&text), spoken_line(&text));
        }
    }
}
