//! Makes slugs and titles from the titles and file names of editions.
//!
//! A slug is safe as a file name on every system, even if the title is hostile. The same title always gives the same
//! slug.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::clean::one_line;
use crate::corpus::edition::{MAX_SLUG, is_slug};
use crate::hex::hex;

/// Longest slug made from a title. The rest of [`MAX_SLUG`] is for a date or a number that makes it unique.
const LONGEST: usize = 64;

/// Names with a special meaning to an operating system or in the corpus folder.
const RESERVED: [&str; 5] = ["readme", "con", "nul", "aux", "prn"];

/// Returns the slug of an edition called `title`: its letters and digits without accents, joined by hyphens.
///
/// A title in a script without such letters gets a slug made from its hash.
pub(super) fn of(title: &str) -> String {
    let mut slug = String::new();
    for c in title.nfkd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'ß' => slug.push_str("ss"),
            'æ' => slug.push_str("ae"),
            'ø' => slug.push('o'),
            'ł' => slug.push('l'),
            // Accents and apostrophes do not separate words.
            '\'' | '’' | '‘' => {}
            c if unicode_normalization::char::is_combining_mark(c) => {}
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() > LONGEST {
            break;
        }
    }
    if slug.len() > LONGEST {
        slug.truncate(LONGEST);
        // Drop the last word rather than cut it in two.
        if let Some((whole, _)) = slug.rsplit_once('-').filter(|(whole, _)| whole.len() > LONGEST / 2) {
            slug = whole.to_string();
        }
    }
    let slug = slug.trim_matches('-').to_string();
    // A number is not enough: `通信 第7号` and `Выпуск 7` are different newsletters.
    let only_number =
        !slug.contains(|c: char| c.is_ascii_lowercase()) && title.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    if slug.is_empty() || only_number {
        return format!("edition-{}", hex(&Sha256::digest(title)[..4]));
    }
    if RESERVED.contains(&slug.as_str()) {
        return format!("{slug}-edition");
    }
    slug
}

/// Returns slugs to try if `base` is taken: with the date, then with a number.
pub(super) fn others(base: &str, date: Option<&str>) -> impl Iterator<Item = String> {
    let dated = date.map(|date| format!("{base}-{date}"));
    let stem = dated.clone().unwrap_or_else(|| base.to_string());
    let numbered = (2u32..).map(move |n| format!("{stem}-{n}"));
    // A slug chosen by the user may leave no room for a suffix.
    let fit = |slug: String| if is_slug(&slug) { slug } else { squeezed(&slug) };
    dated.into_iter().chain(numbered).map(fit)
}

/// Shortens a slug that is too long. Keeps its end, which makes it unique, and as much of its beginning as fits.
fn squeezed(slug: &str) -> String {
    let tail = slug.len().saturating_sub(22);
    let head = slug.get(..MAX_SLUG - 24).unwrap_or(slug).trim_matches('-');
    format!("{head}-{}", slug.get(tail..).unwrap_or_default().trim_matches('-'))
}

/// Returns the last part of a path.
pub(super) fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Returns a title made from a file's name, without folder and extension. Hyphens and underscores become spaces.
pub(super) fn file_stem(name: &str) -> String {
    let file = file_name(name);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let title = one_line(&super::clean::clean(&stem.replace(['-', '_'], " ")));
    if title.is_empty() { "Untitled".into() } else { title }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_are_made_of_a_titles_words() {
        for (title, slug) in [
            ("Pathways to Becoming an AI/ML PM!", "pathways-to-becoming-an-ai-ml-pm"),
            ("  Élan — Straße  ", "elan-strasse"),
            ("Who’s next?", "whos-next"),
            ("../../etc/passwd", "etc-passwd"),
            ("README", "readme-edition"),
        ] {
            assert_eq!(of(title), slug);
        }
        assert!(of("製品管理").starts_with("edition-"));
        assert_ne!(of("製品管理"), of("製品"));
    }

    #[test]
    fn long_titles_are_cut_at_a_word() {
        let slug = of(&"several words ".repeat(20));
        assert!(slug.len() <= LONGEST, "{slug}");
        assert!(
            slug.split('-').all(|word| matches!(word, "several" | "words")),
            "{slug}"
        );
    }

    #[test]
    fn a_second_edition_of_a_name_gets_its_date_then_a_number() {
        let with: Vec<_> = others("a", Some("2024-01-02")).take(3).collect();
        assert_eq!(with, ["a-2024-01-02", "a-2024-01-02-2", "a-2024-01-02-3"]);
        let without: Vec<_> = others("a", None).take(2).collect();
        assert_eq!(without, ["a-2", "a-3"]);
    }

    proptest! {
        #[test]
        fn every_slug_is_a_slug_and_every_other_differs(title in "(?s).{0,120}", date in proptest::option::of("20[0-9]{2}-0[1-9]-1[0-9]")) {
            let slug = of(&title);
            prop_assert!(is_slug(&slug), "{slug}");
            let others: Vec<_> = others(&slug, date.as_deref()).take(12).collect();
            prop_assert!(others.iter().all(|s| is_slug(s) && *s != slug), "{others:?}");
        }

        #[test]
        fn even_a_longest_slug_can_be_told_apart(slug in "[a-z]{80}") {
            let others: Vec<_> = others(&slug, Some("2024-01-02")).take(12).collect();
            let distinct: std::collections::HashSet<_> = others.iter().collect();
            prop_assert!(others.iter().all(|s| is_slug(s)) && distinct.len() == others.len(), "{others:?}");
        }
    }
}
