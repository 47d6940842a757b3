//! "Did you mean": the known word that a mistyped one is nearest to.
//!
//! In: what was typed and what there is. Out: at most one of the latter. It must not know what the words are for.

/// Largest share of a word's characters that may be wrong for it to be taken for another.
const WRONG: f64 = 0.34;

/// The word of `known` that `typed` is nearest to by edits (Damerau-Levenshtein, restricted), if it is near at all.
/// Among equals the first wins.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for word in known {
        let edits = strsim::osa_distance(&typed, &word.to_lowercase());
        if best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, word));
        }
    }
    let (edits, word) = best?;
    let length = typed.chars().count().max(word.chars().count());
    (edits as f64 <= (length as f64 * WRONG).max(1.0) && edits < length).then_some(word)
}

/// `did you mean `x`? `, to begin a hint with; empty where nothing is near.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, known).map_or(String::new(), |word| format!("did you mean `{word}`? "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["model", "top_k", "min_score", "max_tokens"];

    #[test]
    fn a_slip_finds_the_word_and_another_word_finds_none() {
        for (typed, meant) in [
            ("modle", Some("model")),
            ("Model", Some("model")),
            ("topk", Some("top_k")),
            ("min-score", Some("min_score")),
            ("max_token", Some("max_tokens")),
            ("colour", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, KNOWN), meant, "{typed}");
        }
        assert_eq!(nearest("a", []), None);
    }

    #[test]
    fn the_hint_is_a_question_or_nothing() {
        assert_eq!(did_you_mean("modle", KNOWN), "did you mean `model`? ");
        assert_eq!(did_you_mean("colour", KNOWN), "");
    }
}
