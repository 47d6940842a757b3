//! Lists the names of months in the languages of our readers' newsletters.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Abbreviated names of months, in the languages of our readers' newsletters. A word must match one exactly.
const MONTHS: [&[&str]; 12] = [
    &["jan", "janv", "enero", "ene", "gennaio", "gen", "янв"],
    &[
        "feb", "fév", "fev", "févr", "fevr", "febbraio", "lut", "фев", "февр", "şub",
    ],
    &["mar", "mär", "mrt", "maart", "мар"],
    &["apr", "avr", "abr", "kwi", "апр", "nis"],
    &["may", "mai", "mayo", "maggio", "mag", "mei", "maj"],
    &["jun", "juin", "giugno", "giu", "cze", "июн", "haz"],
    &["jul", "juil", "luglio", "lug", "lip", "июл", "tem"],
    &["aug", "aoû", "aou", "ago", "авг", "ağu"],
    &["sep", "set", "wrz", "сен", "сент", "eyl"],
    &["oct", "okt", "ott", "out", "paź", "окт", "eki"],
    &["nov", "нояб", "kas"],
    &["dec", "déc", "dez", "dic", "des", "дек"],
];

/// Full names of months. A word that only begins like one (`marketing`) does not match.
const NAMES: [&str; 12] = [
    "january januar janvier enero gennaio janeiro januari jänner stycznia ledna января січня ocak",
    "february februar février fevrier febrero febbraio fevereiro februari lutego února февраля лютого şubat",
    "march märz marz mars marzo março marco maart marts marca března марта березня mart",
    "april avril abril aprile kwietnia dubna апреля квітня nisan",
    "may mai mayo maggio maio mei maja května мая травня mayıs",
    "june juni juin junio giugno junho czerwca června июня червня haziran",
    "july juli juillet julio luglio julho lipca července июля липня temmuz",
    "august août aout agosto augustus augusti sierpnia srpna августа серпня ağustos",
    "september septembre septiembre settembre setembro września září сентября вересня eylül",
    "october oktober octobre octubre ottobre outubro października října октября жовтня ekim",
    "november novembre noviembre novembro listopada listopadu ноября листопада kasım",
    "december dezember décembre decembre diciembre dicembre dezembro desember grudnia prosince декабря грудня aralık",
];

/// The number of each month by its names. Where two languages have the same word, the first month counts, and full names
/// count before abbreviations.
static NUMBERS: LazyLock<HashMap<&str, u32>> = LazyLock::new(|| {
    let full = NAMES.iter().zip(1..);
    let full = full.flat_map(|(names, number)| names.split(' ').map(move |name| (name, number)));
    let short = MONTHS.iter().zip(1..);
    let short = short.flat_map(|(names, number)| names.iter().map(move |name| (*name, number)));
    let mut numbers = HashMap::new();
    for (name, number) in full.chain(short).chain([("sept", 9)]) {
        numbers.entry(name).or_insert(number);
    }
    numbers
});

/// A word with more bytes is no name of a month, whatever its case.
const LONGEST: usize = 40;

/// Returns the number of a month by its name or abbreviation.
pub(super) fn month(word: &str) -> Option<u32> {
    // Every word of a text may be asked about.
    if word.len() > LONGEST || !word.starts_with(char::is_alphabetic) {
        return None;
    }
    NUMBERS.get(word.to_lowercase().as_str()).copied()
}
