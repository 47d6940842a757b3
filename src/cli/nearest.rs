//! Finds the known word that is nearest to a mistyped one, for "did you mean" hints.

/// The largest share of wrong characters at which a word still counts as near.
const WRONG: f64 = 0.34;

/// Returns the word of `known` with the fewest edits from `typed` (restricted Damerau-Levenshtein distance), if it is
/// near enough. The first of equal words wins.
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

/// Returns `did you mean `x`? ` as the start of a hint, or an empty string if nothing is near.
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
