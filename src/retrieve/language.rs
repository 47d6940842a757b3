//! Detects the language of a question, and whether the corpus has it.
//!
//! Words of another language find nothing, and the answer "nothing in the corpus" would mislead. But a short question
//! is little evidence, and one full of English jargon (`RICE vs MoSCoW`) can look like any language. So a language is
//! reported only if one of these holds:
//!
//! - The script is not Latin.
//! - Trigrams are reliable (the crate `whatlang`).
//! - There are at least two signs of the language, and more signs than English function words. A sign is a function
//!   word that English does not have, or an accent.
//!
//! Words in capitals are abbreviations and do not count as function words.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tantivy::DocAddress;
use tantivy::tokenizer::{Language, SimpleTokenizer, StopWordFilter, TextAnalyzer};
use whatlang::{Detector, Info, Script};

pub use whatlang::Lang;

use super::query;
use crate::index::analyzer::has_lower_case;
use crate::index::{IndexError, Store};

/// Maximum number of bytes of a text that are read: more than any question has, and enough to be sure about a passage.
const MOST_READ: usize = 1_000;

/// Number of passages of the corpus that are sampled.
const SAMPLE: usize = 24;

/// A language belongs to the corpus if at least one passage in this many is in it.
const ONE_OF: usize = 8;

/// Languages that short texts are classified among. Of all seventy that `whatlang` knows, one always resembles any text
/// a little. These are the widespread ones.
const WIDESPREAD: [Lang; 23] = [
    Lang::Eng,
    Lang::Deu,
    Lang::Fra,
    Lang::Spa,
    Lang::Ita,
    Lang::Por,
    Lang::Nld,
    Lang::Pol,
    Lang::Swe,
    Lang::Dan,
    Lang::Fin,
    Lang::Ces,
    Lang::Tur,
    Lang::Vie,
    Lang::Rus,
    Lang::Ukr,
    Lang::Cmn,
    Lang::Jpn,
    Lang::Kor,
    Lang::Ara,
    Lang::Hin,
    Lang::Heb,
    Lang::Ell,
];

/// Languages with a known list of function words. The third field adds words that begin a question, which those lists
/// lack.
const LISTED: [(Lang, Language, &str); 9] = [
    (
        Lang::Deu,
        Language::German,
        "wer wie warum wann welche welcher welches wo",
    ),
    (
        Lang::Fra,
        Language::French,
        "comment pourquoi quand quel quelle quels quelles qui combien",
    ),
    (Lang::Spa, Language::Spanish, "cómo qué cuál cuáles cuándo cuánto quién"),
    (Lang::Ita, Language::Italian, "perché quando quale quali chi quanto"),
    (Lang::Por, Language::Portuguese, "como quais qual quando quanto quem"),
    (Lang::Nld, Language::Dutch, "hoe welke welk waarom wanneer wie"),
    (Lang::Swe, Language::Swedish, "hur vilken vilka varför när vem"),
    (
        Lang::Dan,
        Language::Danish,
        "hvordan hvilken hvilke hvorfor hvornår hvem",
    ),
    (Lang::Fin, Language::Finnish, "miten mikä mitä miksi milloin kuka"),
];

/// Minimum number of words of a question in Latin script that is classified.
const SHORTEST: usize = 3;

/// Minimum number of signs of a language.
const FEWEST: usize = 2;

/// Returns a note for a question in a language that the corpus of `store` does not have, such as "the question looks
/// like German; the corpus is in English".
///
/// Returns `None` if the corpus has the language, if the question's language is uncertain, or if the index cannot be
/// read. A search reports an unreadable index.
pub fn language_note(question: &str, store: &Store) -> Option<String> {
    // If the question's language is uncertain, the corpus need not be sampled.
    spoken(question)?;
    // Reading a damaged file can panic inside the search engine.
    let corpus = catch_unwind(AssertUnwindSafe(|| languages(store))).ok()?.ok()?;
    let asked = name(foreign(question, &corpus)?);
    let names: Vec<&str> = corpus.iter().map(|lang| name(*lang)).collect();
    Some(format!(
        "the question looks like {asked}; the corpus is in {}",
        listed(&names)
    ))
}

/// Returns the language of `question` if it is certain and not among `corpus_languages`. Returns `None` if
/// `corpus_languages` is empty, because then nothing is known about the corpus.
pub fn foreign(question: &str, corpus_languages: &[Lang]) -> Option<Lang> {
    if corpus_languages.is_empty() {
        return None;
    }
    spoken(question).filter(|lang| !corpus_languages.contains(lang))
}

/// Returns the languages of `store`, estimated from a sample, the most frequent first.
///
/// # Errors
/// Fails if an index file cannot be read; `askpm refresh` rebuilds it.
pub fn languages(store: &Store) -> Result<Vec<Lang>, IndexError> {
    let mut counts: Vec<(Lang, usize)> = Vec::new();
    let mut sure = 0;
    for address in sample(store) {
        let passage = store.passage(address)?;
        let text = format!("{}. {}", passage.discussion, passage.text);
        let Some(lang) = by_trigrams(beginning(&text)) else {
            continue;
        };
        sure += 1;
        match counts.iter_mut().find(|(known, _)| *known == lang) {
            Some((_, count)) => *count += 1,
            None => counts.push((lang, 1)),
        }
    }
    counts.retain(|(_, count)| count * ONE_OF >= sure);
    counts.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.code().cmp(b.code())));
    Ok(counts.into_iter().map(|(lang, _)| lang).collect())
}

/// Returns passages at even distances.
fn sample(store: &Store) -> Vec<DocAddress> {
    let mut all = Vec::new();
    for (ordinal, segment) in store.searcher().segment_readers().iter().enumerate() {
        let step = (store.searcher().num_docs() as usize / SAMPLE).max(1);
        let alive = segment.doc_ids_alive().step_by(step);
        all.extend(alive.map(|doc| DocAddress::new(ordinal as u32, doc)));
    }
    let step = all.len().div_ceil(SAMPLE).max(1);
    all.into_iter().step_by(step).collect()
}

/// Returns the language of a question if it is certain.
fn spoken(question: &str) -> Option<Lang> {
    let text = beginning(question);
    if whatlang::detect_script(text)? != Script::Latin {
        // The script rules English out. If none of the languages that share it is certain, the likeliest is returned.
        let likely = among_widespread(text).or_else(|| whatlang::detect(text));
        return by_trigrams(text).or_else(|| likely.map(|info| info.lang()));
    }
    let words = words(text);
    if words.len() < SHORTEST {
        return None;
    }
    let likely = among_widespread(text).map(|info| info.lang());
    by_trigrams(text).or_else(|| by_function_words(&words, likely))
}

/// Returns the language that trigrams give, if they are reliable.
fn by_trigrams(text: &str) -> Option<Lang> {
    let sure = |info: &Info| info.is_reliable();
    let widespread = among_widespread(text).filter(sure)?.lang();
    let of_all = whatlang::detect(text).filter(sure).map(|info| info.lang());
    of_all.filter(|_| widespread != Lang::Eng).or(Some(widespread))
}

fn among_widespread(text: &str) -> Option<Info> {
    Detector::with_allowlist(WIDESPREAD.to_vec()).detect(text)
}

fn words(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

/// Returns the language with the most function words in `words`, if there are enough of them and more than English
/// ones. A tie goes to the `likely` language.
fn by_function_words(words: &[&str], likely: Option<Lang>) -> Option<Lang> {
    let lower = words.iter().filter(|word| has_lower_case(word));
    let lower = lower.map(|word| word.to_lowercase());
    let (english, others): (Vec<String>, Vec<String>) = lower.partition(|word| query::is_function_word(word));
    // An accent is a sign too, but it does not identify the language.
    let accents = usize::from(others.iter().any(|word| !word.is_ascii()));
    let counted =
        LISTED.map(|(lang, list, asking)| (function_words(&others, list, asking), Some(lang) == likely, lang));
    // Related languages share many function words. A tie among languages that are not likely goes to the first in the
    // list.
    let best = counted
        .into_iter()
        .rev()
        .max_by_key(|(count, likely, _)| (*count, *likely));
    let (most, _, lang) = best?;
    let signs = most + accents;
    // `en route` and `de facto` are English.
    let fewest = FEWEST + usize::from(!english.is_empty());
    (most > 0 && signs >= fewest && signs > english.len()).then_some(lang)
}

/// Counts the `words`, which must be in lower case, that are function words of `language` or among those `asking`.
fn function_words(words: &[String], language: Language, asking: &str) -> usize {
    let Some(filter) = StopWordFilter::new(language) else {
        return 0;
    };
    let mut analyzer = TextAnalyzer::builder(SimpleTokenizer::default()).filter(filter).build();
    let mut count = words.len();
    analyzer.token_stream(&words.join(" ")).process(&mut |token| {
        let asks = asking.split(' ').any(|word| word == token.text);
        count -= usize::from(!asks && count > 0);
    });
    count
}

/// Returns the first [`MOST_READ`] bytes of `text`, or slightly fewer to end on a whole character.
fn beginning(text: &str) -> &str {
    let end = (0..=MOST_READ.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Returns the English name of a language.
fn name(lang: Lang) -> &'static str {
    match lang {
        Lang::Cmn => "Chinese",
        Lang::Pes => "Persian",
        other => other.eng_name(),
    }
}

/// Joins names: `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => one.to_string(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::tests::edition;
    use proptest::prelude::*;

    const ENGLISH: [&str; 40] = [
        "roadmap prioritization",
        "PRD template",
        "RICE vs MoSCoW",
        "OKR examples",
        "churn retention metrics",
        "A/B test sample size",
        "how do I say no to stakeholders",
        "say no to sales",
        "go to market B2B SaaS",
        "product sense interview",
        "AI/ML PM transition",
        "AI in a B2B product",
        "North Star metric",
        "MVP scope creep",
        "kanban or scrum",
        "pricing tiers freemium",
        "JTBD interviews",
        "data scientist vs PM",
        "sprint retro ideas",
        "estimation poker",
        "stakeholder management",
        "TAM SAM SOM",
        "LLM eval golden set",
        "onboarding funnel drop-off",
        "CAC LTV payback",
        "platform team KPIs",
        "beta exit criteria",
        "Figma handoff",
        "résumé gap parental leave",
        "burnout",
        "Kano model survey",
        "vendor selection RFP",
        "TPM vs PM vs EM",
        "salary negotiation PM Berlin",
        "scrum master certification worth it",
        "data pipeline SLA incident postmortem",
        "sunset legacy SKU",
        "de facto PM en route to lead PM",
        "do viscous effects seriously modify pressure distributions",
        "behaviorial interveiw stories when my startup died",
    ];

    const OTHERS: [(Lang, &str); 40] = [
        (Lang::Deu, "Wie werde ich Produktmanager ohne technischen Hintergrund?"),
        (Lang::Deu, "Was tun, wenn Stakeholder ständig neue Features verlangen?"),
        (Lang::Deu, "Wie priorisiere ich den Backlog?"),
        (Lang::Deu, "Wer schreibt das PRD?"),
        (Lang::Deu, "Lohnt sich ein MBA für Product Manager?"),
        (Lang::Fra, "Comment devenir chef de produit sans expérience technique ?"),
        (Lang::Fra, "Comment dire non aux parties prenantes ?"),
        (Lang::Fra, "Quelle est la différence entre un PM et un PO ?"),
        (Lang::Fra, "Comment prioriser une roadmap produit ?"),
        (Lang::Fra, "Qui rédige le cahier des charges ?"),
        (Lang::Spa, "¿Cómo puedo convertirme en gerente de producto?"),
        (Lang::Spa, "Cómo decir que no a los stakeholders"),
        (Lang::Spa, "¿Qué métricas debo usar para medir la retención?"),
        (Lang::Spa, "como priorizar el backlog del producto"),
        (Lang::Ita, "Come si diventa product manager senza esperienza?"),
        (Lang::Ita, "Quali metriche devo usare per il churn?"),
        (Lang::Ita, "Come dire di no agli stakeholder?"),
        (Lang::Por, "Como me torno gerente de produto?"),
        (Lang::Por, "Quais métricas devo usar para medir a retenção?"),
        (Lang::Por, "Como dizer não aos stakeholders?"),
        (Lang::Nld, "Hoe word ik product manager zonder technische achtergrond?"),
        (Lang::Nld, "Hoe zeg ik nee tegen stakeholders?"),
        (Lang::Pol, "Jak zostać product managerem bez doświadczenia?"),
        (Lang::Pol, "Jak ustalać priorytety w backlogu?"),
        (Lang::Tur, "Ürün yöneticisi nasıl olunur?"),
        (Lang::Tur, "Paydaşlara nasıl hayır denir?"),
        (Lang::Swe, "Hur blir jag produktchef utan teknisk bakgrund?"),
        (Lang::Swe, "Hur prioriterar man en backlog?"),
        (Lang::Dan, "Hvordan bliver jeg produktchef?"),
        (Lang::Fin, "Miten tuotepäälliköksi pääsee ilman kokemusta?"),
        (Lang::Ces, "Jak se stát produktovým manažerem?"),
        (Lang::Rus, "Как стать продакт-менеджером без опыта?"),
        (Lang::Ukr, "Як стати менеджером продукту?"),
        (Lang::Cmn, "如何成为产品经理？"),
        (Lang::Cmn, "怎么拒绝利益相关者的需求"),
        (Lang::Jpn, "ロードマップの優先順位はどう決めますか"),
        (Lang::Kor, "로드맵 우선순위를 어떻게 정하나요"),
        (Lang::Ara, "كيف أصبح مدير منتج؟"),
        (Lang::Hin, "मैं प्रोडक्ट मैनेजर कैसे बनूँ?"),
        (Lang::Heb, "איך הופכים למנהל מוצר?"),
    ];

    #[test]
    fn no_english_question_is_called_foreign() {
        for question in ENGLISH {
            assert_eq!(foreign(question, &[Lang::Eng]), None, "{question}");
        }
    }

    #[test]
    fn most_questions_in_other_languages_are_told_and_named() {
        let told = |(lang, question): &&(Lang, &str)| foreign(question, &[Lang::Eng]) == Some(*lang);
        let missed: Vec<_> = OTHERS.iter().filter(|one| !told(one)).collect();
        assert!(missed.len() <= 4, "{missed:?}");
        for (lang, question) in OTHERS {
            assert_eq!(
                foreign(question, &[Lang::Eng, lang]).filter(|other| *other == lang),
                None
            );
            assert_eq!(foreign(question, &[]), None);
        }
    }

    #[test]
    fn the_note_names_the_question_s_language_and_those_of_the_corpus() {
        let english = [
            "The product manager writes the plan for the quarter, and the designers review it with the whole team.",
            "Tell the stakeholders what leaves the roadmap when something new comes in, and let them choose.",
        ];
        let german = "Der Produktmanager schreibt den Plan für das Quartal, und die Entwickler prüfen ihn gemeinsam.";
        let dir = tempfile::tempdir().unwrap();
        let files = [edition("e", &[("Who should write the plan?", &english)])];
        let (store, _) = Store::refresh(dir.path(), &files).unwrap();
        let note = |question: &str| language_note(question, &store);
        assert_eq!(
            note("Wie werde ich Produktmanager?").as_deref(),
            Some("the question looks like German; the corpus is in English")
        );
        assert_eq!(note("Who writes the plan for the team?"), None);
        let files = [files[0].clone(), edition("g", &[("Wer schreibt den Plan?", &[german])])];
        let (store, _) = Store::refresh(dir.path(), &files).unwrap();
        assert_eq!(language_note("Wie werde ich Produktmanager?", &store), None);
        assert_eq!(
            language_note("Comment devenir chef de produit ?", &store).as_deref(),
            Some("the question looks like French; the corpus is in English and German")
        );
    }

    #[test]
    fn of_a_long_text_the_beginning_is_read_up_to_a_whole_letter() {
        let text = "é".repeat(MOST_READ);
        assert_eq!(beginning(&format!("a{text}")).len(), MOST_READ - 1);
        assert_eq!((beginning("short"), beginning("")), ("short", ""));
    }

    #[test]
    fn an_empty_corpus_has_no_language_to_name() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::refresh(dir.path(), &[]).unwrap();
        assert_eq!(language_note("Wie werde ich Produktmanager?", &store), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked(text in "\\PC{0,200}") {
            let _ = foreign(&text, &[Lang::Eng]);
        }
    }
}
