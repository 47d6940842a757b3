//! Folder names and dates in the form that IMAP has for them.
//!
//! A name with characters outside ASCII is sent in modified UTF-7 (RFC 3501, section 5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// Returns `name` in modified UTF-7.
pub fn encoded(name: &str) -> String {
    let mut out = String::new();
    let mut wide: Vec<u8> = Vec::new();
    let flush = |wide: &mut Vec<u8>, out: &mut String| {
        if !wide.is_empty() {
            *out += &format!("&{}-", BASE64.encode(std::mem::take(wide)));
        }
    };
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut wide, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            wide.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut wide, &mut out);
    out
}

/// Returns the name that `sent` encodes, or `sent` itself if it is not modified UTF-7.
pub fn decoded(sent: &str) -> String {
    read(sent).unwrap_or_else(|| sent.to_string())
}

fn read(sent: &str) -> Option<String> {
    let mut parts = sent.split('&');
    let mut out = parts.next()?.to_string();
    for part in parts {
        let (wide, plain) = part.split_once('-')?;
        if wide.is_empty() {
            out.push('&');
        } else {
            let bytes = BASE64.decode(wide).ok()?;
            let units: Vec<u16> = bytes
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            out += &String::from_utf16(&units).ok()?;
        }
        out += plain;
    }
    Some(out)
}

/// Returns `text` as a quoted string. It must have no control character and no character outside ASCII.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns `day` as a date of IMAP: `5-Mar-2026`.
pub fn date(day: jiff::civil::Date) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = usize::try_from(day.month() - 1)
        .ok()
        .and_then(|month| MONTHS.get(month));
    format!("{}-{}-{:04}", day.day(), month.unwrap_or(&"Jan"), day.year())
}

/// Returns numbers in order as a set of IMAP: `1:3,7`.
pub fn set(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let shown = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}:{last}"),
    };
    ranges.iter().map(shown).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_those_of_the_specification() {
        for (name, sent) in [
            ("INBOX", "INBOX"),
            ("News & Co", "News &- Co"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("😀", "&2D3eAA-"),
        ] {
            assert_eq!(encoded(name), sent);
            assert_eq!(decoded(sent), name);
        }
        for odd in ["&", "a&b", "&AP-", "&!-", "&2D0-"] {
            assert_eq!(decoded(odd), odd);
        }
    }

    #[test]
    fn sets_and_dates_are_written_as_imap_has_them() {
        assert_eq!(set(&[1, 2, 3, 7, 9, 10, u32::MAX]), "1:3,7,9:10,4294967295");
        assert_eq!(set(&[]), "");
        assert_eq!(date(jiff::civil::date(2026, 3, 5)), "5-Mar-2026");
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in "\\PC{0,20}") {
            prop_assert_eq!(decoded(&encoded(&name)), name);
        }
    }
}
