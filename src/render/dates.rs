//! Formats ISO 8601 dates as a locale writes them.
//!
//! The input is the name of a locale (`de_DE.UTF-8`) and a date. The formats come from the locale tables of the GNU C
//! Library. If a locale's numeric month could be read as a day, the month is written as a name: 03/04/2026 means two
//! different days to different readers.

use jiff::civil::Date;
use pure_rust_locales::{Locale, locale_match};

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// As in ISO 8601: `2026-10-20`.
    Iso,
    /// By this `strftime` pattern, made of numbers and text.
    Numbers(&'static str),
    /// `20 Okt 2026`, with these month names.
    DayFirst(&'static [&'static str]),
    /// `Oct 20, 2026`.
    MonthFirst(&'static [&'static str]),
}

impl Dates {
    /// Returns the format of the locale `name`, as in `LC_TIME`. It is ISO for `C`, `POSIX` and unknown locales.
    pub fn of(name: &str) -> Dates {
        // `de_DE.UTF-8@euro`: the encoding is ignored, because askpm always writes UTF-8.
        let (base, modifier) = match name.split_once('@') {
            Some((base, modifier)) => (base, Some(modifier)),
            None => (name, None),
        };
        let base = base.split('.').next().unwrap_or(base);
        let modified = modifier.and_then(|modifier| Locale::try_from(format!("{base}@{modifier}").as_str()).ok());
        let locale = modified.or_else(|| Locale::try_from(base).ok());
        match locale {
            None | Some(Locale::POSIX) => Dates::Iso,
            Some(locale) => Dates::by(
                locale_match!(locale => LC_TIME::D_FMT),
                locale_match!(locale => LC_TIME::ABMON),
            ),
        }
    }

    /// Chooses a format from a locale's date pattern and short month names.
    fn by(pattern: &'static str, months: &'static [&'static str]) -> Dates {
        let find = |kinds: &[char]| specifiers(pattern).position(|kind| kinds.contains(&kind));
        let (Some(day), Some(month), Some(year)) = (find(&['d', 'e']), find(&['m', 'b', 'B']), find(&['Y', 'y']))
        else {
            return Dates::Iso;
        };
        let numbers = specifiers(pattern).all(|kind| matches!(kind, 'd' | 'e' | 'm' | 'Y' | 'y'));
        let year_first = year < month && year < day;
        match () {
            // Written out, as in Japan. Otherwise the order is that of ISO.
            () if year_first && numbers && !pattern.is_ascii() => Dates::Numbers(pattern),
            () if year_first => Dates::Iso,
            // With dots, the order is always day, month, year.
            () if day < month && numbers && pattern.contains('.') => Dates::Numbers(pattern),
            () if months.len() != 12 => Dates::Iso,
            () if day < month => Dates::DayFirst(months),
            () => Dates::MonthFirst(months),
        }
    }

    /// Formats `iso` if it is a complete date. Anything else is returned unchanged.
    pub fn show(self, iso: &str) -> String {
        let whole = Some(iso)
            .filter(|iso| iso.len() == 10)
            .and_then(|iso| iso.parse::<Date>().ok());
        let Some(date) = whole else {
            return iso.to_string();
        };
        let name = |months: &[&str]| {
            let month = usize::try_from(date.month() - 1).ok();
            month
                .and_then(|month| months.get(month))
                .map_or("", |name| name.trim())
                .to_string()
        };
        match self {
            Dates::Iso => iso.to_string(),
            Dates::Numbers(pattern) => numbers(pattern, date),
            Dates::DayFirst(months) => format!("{} {} {}", date.day(), name(months), date.year()),
            Dates::MonthFirst(months) => format!("{} {}, {}", name(months), date.day(), date.year()),
        }
    }
}

/// Returns the letters of `pattern` that stand for a part of a date, without the flags before them.
fn specifiers(pattern: &str) -> impl Iterator<Item = char> {
    parts(pattern).filter_map(|part| part.err())
}

/// Splits the pattern into literal characters (`Ok`) and parts of a date (`Err`).
fn parts(pattern: &str) -> impl Iterator<Item = Result<char, char>> {
    let mut chars = pattern.chars();
    std::iter::from_fn(move || match chars.next()? {
        '%' => chars.find(|c| !matches!(c, '-' | 'E' | 'O' | '_' | '0')).map(Err),
        plain => Some(Ok(plain)),
    })
}

/// Formats `date` by a pattern of numbers only. The year is always written in full.
fn numbers(pattern: &str, date: Date) -> String {
    parts(pattern)
        .map(|part| match part {
            Ok(plain) => plain.to_string(),
            Err('d') => format!("{:02}", date.day()),
            Err('e') => date.day().to_string(),
            Err('m') => format!("{:02}", date.month()),
            Err(_) => date.year().to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_the_locale_has_it_and_never_ambiguously() {
        for (locale, written) in [
            ("de_DE.UTF-8", "04.03.2026"),
            ("de_DE.UTF-8@euro", "04.03.2026"),
            ("en_US.UTF-8", "Mar 4, 2026"),
            ("en_GB.UTF-8", "4 Mar 2026"),
            ("fr_FR", "4 mars 2026"),
            ("es_ES.utf8", "4 mar 2026"),
            ("pl_PL.UTF-8", "04.03.2026"),
            ("ja_JP.UTF-8", "2026年03月04日"),
            ("ko_KR.UTF-8", "2026년 03월 04일"),
            ("sv_SE.UTF-8", "2026-03-04"),
            ("hu_HU.UTF-8", "2026-03-04"),
        ] {
            assert_eq!(Dates::of(locale).show("2026-03-04"), written, "{locale}");
        }
    }

    #[test]
    fn without_a_locale_that_is_known_dates_stay_as_they_are() {
        for locale in ["", "C", "POSIX", "C.UTF-8", "en", "tlh_XX.UTF-8", "../../etc", "@", "."] {
            assert_eq!(Dates::of(locale), Dates::Iso, "{locale}");
        }
        for text in [
            "undated",
            "2026",
            "2026-13-40",
            "2026-1-1",
            "-02026-01-01",
            "2026-03-04T10:00:00Z",
            "",
        ] {
            assert_eq!(Dates::of("en_US").show(text), text);
        }
    }

    #[test]
    fn every_locale_writes_the_year_whole_and_the_day() {
        for language in [
            "ar_EG", "am_ET", "bo_CN", "br_FR", "eu_ES", "fa_IR", "fi_FI", "hi_IN", "lt_LT", "lv_LV",
        ] {
            let written = Dates::of(language).show("2026-03-14");
            assert!(
                written.contains("2026") && written.contains("14"),
                "{language}: {written}"
            );
        }
    }
}
