//! Finds the menu above a letter and the footer below it by how they are built, whatever their language and words.
//!
//! A footer is a run of blocks at the end: a way to unsubscribe, rows of short links, a postal address, a copyright line.
//! One block must be the way to unsubscribe or a copyright line, or there must be an address and a row of links. A sentence
//! about such things is none of these. A menu is a row of short links above the title.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::phrases;

/// Most words in the label of a link in a menu or a footer.
const LABEL_WORDS: usize = 6;

/// Most words in a notice that has a way to unsubscribe.
const NOTICE_WORDS: usize = 70;

/// Most words in a call to pass the letter on.
const SHARE_WORDS: usize = 20;

/// Most words in a line above the parts of a footer, such as `Our mailing address is:`.
const LEAD_WORDS: usize = 8;

/// Most words in a heading over nothing but furniture.
const HEADING_WORDS: usize = 6;

/// Parts of the addresses that mail programs give to the links of a footer. Programs use English in any letter.
const ADDRESSES: [&str; 17] = [
    "unsub",
    "optout",
    "opt-out",
    "opt_out",
    "signoff",
    "abmeld",
    "desinscri",
    "desabon",
    "disable_email",
    "email-settings",
    "email_settings",
    "email-preferences",
    "manage-preferences",
    "manage_preferences",
    "update-profile",
    "update_profile",
    "list-manage.com/profile",
];

/// Ways to say that a reader can end the letter, as a link or a sentence of its own, by language.
const WAYS_OUT: &str = "unsubscribe|opt out|update your preferences|unsubscribe here|click here to unsubscribe|unsubscribe from this list|unsubscribe me|\
    abmelden|abbestellen|newsletter abbestellen|newsletter abmelden|vom newsletter abmelden|hier abmelden|austragen|\
    se désabonner|se désinscrire|désinscription|me désabonner|me désinscrire|désabonnement|\
    darse de baja|cancelar suscripción|cancelar la suscripción|anular suscripción|dar de baja|darme de baja|\
    annulla iscrizione|disiscriviti|cancella iscrizione|annulla liscrizione|cancellati|cancella liscrizione|\
    cancelar inscrição|cancelar a inscrição|cancelar subscrição|descadastrar|sair da lista|cancelar assinatura|\
    afmelden|uitschrijven|uitschrijven nieuwsbrief|avregistrera|avregistrera dig|avsluta prenumeration|avprenumerera|\
    afmeld|afmeld nyhedsbrev|frameld|avmeld|meld deg av|avslutt abonnement|peruuta tilaus|lopeta tilaus|\
    wypisz się|wypisz|zrezygnuj|odhlásit|odhlásit se|odhlásiť|leiratkozás|leiratkozom|dezabonare|odjava|odjavi se|\
    abonelikten çık|abonelikten ayrıl|listeden çık|отписаться|відписатися|διαγραφή|退订|退訂|取消订阅|取消訂閱|配信停止|\
    購読解除|配信停止はこちら|구독 취소|수신거부|구독취소";

/// What a block at the end of a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It has a way to unsubscribe.
    WayOut,
    Rights,
    Postal,
    /// Two or more short links and nothing else.
    Row,
    /// One short link and nothing else.
    Link,
    /// What the known words say.
    Known(&'static str),
    /// A short text with a link to pass the letter on.
    Share,
    /// A line that ends in a colon.
    Lead,
}

/// Marks the menu and the footer of a letter in `what`, and returns for each block whether it is in the footer.
pub(super) fn mark(blocks: &[Block], head: usize, what: &mut [Option<&'static str>]) -> Vec<bool> {
    let mut inside = vec![false; blocks.len()];
    let titled = blocks.iter().position(|b| matches!(b.look, Look::Heading(1..=2)));
    for at in 0..head.min(blocks.len()) {
        let above_title = titled.is_some_and(|title| at < title);
        let row = blocks[at].is_seen() && matches!(blocks[at].look, Look::Paragraph | Look::Heading(7));
        let menu = row.then(|| links(&blocks[at])).flatten().is_some_and(|links| {
            let short = |most: usize| links.iter().all(|(label, _)| words(label) <= most);
            links.len() >= 2 && short(3) || above_title && short(LABEL_WORDS)
        });
        if menu && what[at].is_none() && blocks.len() > head {
            what[at] = Some("navigation");
        }
    }
    // Words alone do not end an answer, because it may quote them.
    let mut built = false;
    for (at, part) in footer(blocks, head, what) {
        built |= !matches!(part, Part::Known(_));
        inside[at] = built;
        what[at] = what[at].or(Some("subscription notice"));
    }
    empty_headings(blocks, &inside, what);
    inside
}

/// Returns the blocks of the footer.
fn footer(blocks: &[Block], head: usize, what: &[Option<&'static str>]) -> Vec<(usize, Part)> {
    let mut parts: Vec<(usize, Part)> = Vec::new();
    for at in (head..blocks.len()).rev() {
        let block = &blocks[at];
        if !block.is_seen() {
            continue;
        }
        let Some(part) = part(block, what[at]) else {
            break;
        };
        parts.push((at, part));
    }
    parts.reverse();
    // What only may belong to the footer does not begin it.
    let above = |at: usize| blocks[..at].iter().rev().find(|b| b.is_seen());
    let announced =
        |at: usize| above(at).is_some_and(|b| matches!(b.look, Look::Heading(_)) || b.text.trim_end().ends_with(':'));
    let begins = |(n, (at, part)): (usize, &(usize, Part))| match part {
        Part::WayOut | Part::Rights | Part::Known(_) => true,
        Part::Postal | Part::Row | Part::Share => !announced(*at),
        Part::Lead => parts
            .get(n + 1)
            .is_some_and(|(_, next)| matches!(next, Part::Postal | Part::WayOut)),
        Part::Link => false,
    };
    let Some(first) = parts.iter().enumerate().position(begins) else {
        return Vec::new();
    };
    let ends = |part: &Part| {
        matches!(
            part,
            Part::WayOut | Part::Rights | Part::Known("subscription notice" | "legal notice")
        )
    };
    let parts = &parts[first..];
    let has = |wanted: Part| parts.iter().any(|(_, part)| *part == wanted);
    if !(parts.iter().any(|(_, part)| ends(part)) || has(Part::Postal) && has(Part::Row)) {
        return Vec::new();
    }
    parts.to_vec()
}

fn part(block: &Block, what: Option<&'static str>) -> Option<Part> {
    if matches!(block.look, Look::Heading(1..=2)) || block.text.starts_with("| ") {
        return None;
    }
    if let Some(what) = what {
        return Some(Part::Known(what));
    }
    let count = words(&block.text);
    let links = links(block);
    if count <= NOTICE_WORDS && is_way_out(block) {
        return Some(Part::WayOut);
    }
    if block.look == Look::Item {
        return None;
    }
    if count <= SHARE_WORDS && addresses(block.body()).any(passes_on) {
        return Some(Part::Share);
    }
    if let Some(links) = links
        && links.iter().all(|(label, _)| words(label) <= LABEL_WORDS)
    {
        return Some(if links.len() >= 2 { Part::Row } else { Part::Link });
    }
    if block.text.contains('©') && count <= 25 {
        return Some(Part::Rights);
    }
    if is_postal(&block.text) {
        return Some(Part::Postal);
    }
    (count <= LEAD_WORDS && block.text.ends_with(':')).then_some(Part::Lead)
}

/// Reports whether a block has a link to unsubscribe, or says how in a sentence of its own.
fn is_way_out(block: &Block) -> bool {
    let body = block.body();
    let by_address = addresses(body).any(|address| {
        let address = address.to_lowercase();
        ADDRESSES.iter().any(|part| address.contains(part))
    });
    let linked = block.linked || body.contains("](") || body.contains("://");
    // `or unsubscribe from this list`
    let says = |part: &str| {
        let part = key(part);
        !part.is_empty()
            && WAYS_OUT.split('|').any(|way| {
                let before = part.strip_suffix(&*key(way));
                before.is_some_and(|before| before.is_empty() || before.ends_with(' ') && words(before) <= 2)
            })
    };
    let mut parts = block
        .text
        .split([
            '.', '!', '?', '|', '·', '•', ':', '–', '—', '\n', '[', ']', '(', ')', '<', '/', ',', '。',
        ])
        .chain(addressed(body));
    by_address || (linked || block.text.contains(['|', '·', '•', '?'])) && parts.any(says)
}

/// Reports whether an address is that of a page to send the letter to somebody else.
fn passes_on(address: &str) -> bool {
    let path = address.split_once("://").map_or("", |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default().to_lowercase();
    path.split('/').skip(1).any(|part| {
        matches!(
            part,
            "fwd" | "forward" | "forward-to-friend" | "share" | "sharer" | "refer" | "referral"
        )
    })
}

/// Returns the labels of the links in Markdown.
fn addressed(body: &str) -> impl Iterator<Item = &str> {
    body.split("](").filter_map(|before| Some(before.rsplit_once('[')?.1))
}

/// Returns the addresses in a text, in Markdown or written out.
fn addresses(body: &str) -> impl Iterator<Item = &str> {
    body.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']'))
        .filter(|word| word.contains("://") || word.starts_with("mailto:"))
}

/// Returns the labels and addresses of a block that has only links. Separators may stand between them.
fn links(block: &Block) -> Option<Vec<(String, String)>> {
    let mut rest = block.body().trim();
    let mut found = Vec::new();
    let apart = |c: char| {
        c.is_whitespace() || matches!(c, '|' | '·' | '•' | '/' | ',' | '–' | '—' | '-' | '›' | '»' | '*' | '_')
    };
    loop {
        rest = rest.trim_start_matches(apart);
        if rest.is_empty() {
            break;
        }
        let (label, after) = rest.strip_prefix('[')?.split_once("](")?;
        let (address, after) = after.split_once(')')?;
        if label.contains(['[', ']']) || words(label) == 0 {
            return None;
        }
        found.push((label.to_string(), address.to_string()));
        rest = after;
    }
    if found.is_empty() && block.linked {
        // A counting service hides where the links lead.
        let labels = block
            .text
            .split(['|', '·', '•'])
            .map(str::trim)
            .filter(|label| !label.is_empty());
        found.extend(labels.map(|label| (label.to_string(), String::new())));
    }
    (!found.is_empty()).then_some(found)
}

/// Reports whether the last sentence of a text is a postal address in any of the usual orders: a house number beside a
/// street, and a postcode beside a place.
fn is_postal(text: &str) -> bool {
    let last = text
        .trim()
        .trim_end_matches('.')
        .rsplit(". ")
        .next()
        .unwrap_or_default();
    if phrases::postal(last) {
        return true;
    }
    if words(last) > 24 || text.ends_with(['?', '!']) || words(text) > 40 {
        return false;
    }
    let parts: Vec<&str> = last
        .split([',', '·', '|', '•', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let is_number = |word: &str, least: usize, most: usize| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        (least..=most).contains(&digits)
            && word
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b'-' || b.is_ascii_uppercase() && digits > 1)
    };
    let capital = |word: &str| word.starts_with(char::is_uppercase);
    let split = |part: &str| -> Vec<String> { part.split_whitespace().map(str::to_string).collect() };
    // `Hauptstraße 12`, `12 rue des Lilas`.
    let street = |part: &&str| {
        let words = split(part);
        let house = |word: &String| is_number(word.trim_end_matches(|c: char| c.is_ascii_lowercase()), 1, 4);
        let lettered = words
            .iter()
            .any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2);
        (2..=6).contains(&words.len())
            && lettered
            && (words.last().is_some_and(house) || words.first().is_some_and(house))
    };
    // `10115 Berlin`, `1100-053 Lisboa`, `London SE1 2AB`.
    let town = |part: &&str| {
        let words = split(part);
        let postcode = words.iter().any(|word| is_number(word, 4, 8));
        (2..=5).contains(&words.len()) && postcode && words.iter().any(|word| capital(word) && !is_number(word, 2, 8))
    };
    let streets = parts.iter().position(street);
    let towns = parts.iter().rposition(town);
    matches!((streets, towns), (Some(street), Some(town)) if street < town)
}

/// Marks headings over nothing but furniture.
fn empty_headings(blocks: &[Block], inside: &[bool], what: &mut [Option<&'static str>]) {
    // For each level, what stands below the block up to the next heading of that level or a higher one: whether it is
    // nothing but furniture, and the kind of the first.
    let mut below = [(true, None); 8];
    for at in (0..blocks.len()).rev().filter(|&at| blocks[at].is_seen()) {
        let level = if let Look::Heading(level) = blocks[at].look {
            usize::from(level.min(7))
        } else {
            8
        };
        if (2..=7).contains(&level) && what[at].is_none() && words(&blocks[at].text) <= HEADING_WORDS {
            let (none, first) = below[level];
            what[at] = first.filter(|_| none);
        }
        let furniture = what[at].is_some() && (inside[at] || blocks[at].look != Look::Item);
        for (own, (none, first)) in below.iter_mut().enumerate() {
            (*none, *first) = match level <= own {
                true => (true, None),
                false => (*none && furniture, what[at].or(*first)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str) -> Block {
        Block::new(Look::Paragraph, text)
    }

    #[test]
    fn postal_addresses_are_told_from_sentences() {
        for text in [
            "Produktbrief GmbH, Hauptstraße 12, 10115 Berlin",
            "Lettre, 12 rue des Lilas, 75011 Paris",
            "Sent with care from Lisbon. Field Notes Lda, Rua Augusta 12, 1100-053 Lisboa",
            "Carta S.L., Calle Mayor 12, 28013 Madrid",
        ] {
            assert!(is_postal(text), "{text}");
        }
        for text in [
            "We asked 12 teams, 2026 Berlin visitors, and one editor.",
            "Berlin, 12 May 2026",
            "Version 12, released in 2026",
            "Monday, 12 March, Room 4",
        ] {
            assert!(!is_postal(text), "{text}");
        }
    }

    #[test]
    fn a_way_out_is_a_link_or_a_sentence_of_its_own() {
        for text in [
            "Sie lesen gern? [Abmelden](https://x.example/a)",
            "[Se désinscrire](https://x.example/a) | [Archives](https://x.example/b)",
            "Darse de baja: https://x.example/baja",
            "[Stop these emails](https://x.example/unsubscribe?u=1)",
        ] {
            assert!(is_way_out(&paragraph(text)), "{text}");
        }
        for text in [
            "Abmelden war unser meistgeklickter Link.",
            "Se désabonner devrait prendre un clic, disait [notre juriste](https://x.example/j).",
            "Unsubscribe rates fell by a third. [The numbers](https://x.example/n)",
        ] {
            assert!(!is_way_out(&paragraph(text)), "{text}");
        }
    }

    #[test]
    fn a_letter_of_links_has_no_menu_and_no_footer() {
        let text = [
            "[One page](https://x.example/1)",
            "[Another page](https://x.example/2)",
            "© 2026 Lettre",
        ];
        let blocks: Vec<Block> = text.iter().map(|text| paragraph(text)).collect();
        let mut what = vec![None; 3];
        let inside = mark(&blocks, 3, &mut what);
        assert_eq!((inside[0], inside[1]), (false, false));
    }
}
