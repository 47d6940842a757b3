//! Splits where an edition is from, such as `Ana Lima <ana@news.example>, https://news.example/7`, into its sender and its
//! address on the web.

use super::{Edition, is_builtin};

/// Returns who sent an edition, and its address. All built-in editions have the same sender.
pub fn sender(edition: &Edition, path: &str) -> (Option<String>, Option<String>) {
    if is_builtin(path) {
        return (Some("askpm starter corpus".into()), None);
    }
    match &edition.source {
        Some(source) => split(source),
        None => (None, None),
    }
}

/// Returns the sender and the address of a source, if it has them.
pub fn split(source: &str) -> (Option<String>, Option<String>) {
    let is_address = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
    let link = source.split_whitespace().find(is_address);
    let sender = match link {
        Some(link) => source.replacen(link, "", 1),
        None => source.to_string(),
    };
    let sender = sender.trim().trim_end_matches(',').trim().to_string();
    let link = link.map(|link| link.trim_end_matches([',', ';', ')', '.']).to_string());
    (Some(sender).filter(|sender| !sender.is_empty()), link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_a_sender_an_address_or_both() {
        let of = |source: &str| {
            let (sender, link) = split(source);
            [sender.unwrap_or_default(), link.unwrap_or_default()]
        };
        assert_eq!(
            of("Ana <a@b.example>, https://b.example/7"),
            ["Ana <a@b.example>", "https://b.example/7"]
        );
        assert_eq!(of("Mail from Ana"), ["Mail from Ana", ""]);
        assert_eq!(of("http://b.example/7."), ["", "http://b.example/7"]);
    }
}
