//! Finds credits of pictures: who made a picture and who owns it. What a picture shows is content, and stays.

use dom_query::NodeRef;

use super::tags;

/// Most words in a credit.
const WORDS: usize = 12;

/// How many elements above a credit may say that they have a picture.
const ABOVE: usize = 3;

/// Words before a credit, in the languages that newsletters often have.
const SIGNS: [&str; 18] = [
    "©",
    "copyright",
    "credit",
    "credits",
    "crédit",
    "crédito",
    "foto",
    "fotos",
    "fot",
    "fotografie",
    "photo",
    "photos",
    "photograph",
    "photography",
    "quelle",
    "source",
    "fuente",
    "bildquelle",
];

/// Reports whether the element `node`, called `name`, only names the maker or owner of a picture.
pub(super) fn is_credit(node: &NodeRef, name: &str, words: usize) -> bool {
    if words > WORDS || !(tags::is_block(name) || matches!(name, "span" | "small" | "cite" | "em" | "i")) {
        return false;
    }
    let labels = tags::labels(node);
    let has = |wanted: &[&str]| labels.iter().any(|l| wanted.contains(&l.as_str()));
    // An author by a picture may be whose portrait it is.
    let labelled = has(&["credit", "credits", "copyright", "photographer"])
        || has(&["author"]) && has(&["image", "img", "photo"]) && !has(&["info", "name", "box", "bio"]);
    (labelled || says_credit(&tags::text_of(*node))) && has_picture(node) && !names_speaker(node)
}

/// Reports whether an element is below a quotation in the same figure, and so names who said it.
fn names_speaker(node: &NodeRef) -> bool {
    let is = |node: &NodeRef, wanted: &str| tags::name_of(node).is_some_and(|name| &*name == wanted);
    let figure = node.ancestors_it(Some(ABOVE)).find(|above| is(above, "figure"));
    figure.is_some_and(|figure| figure.children_it(false).any(|child| is(&child, "blockquote")))
}

/// Reports whether a text begins as a credit does: `Photo: Jane Doe`, `(Source: Press)`, `© Jane Doe`.
fn says_credit(text: &str) -> bool {
    let text = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '(' | '['))
        .to_lowercase();
    SIGNS.iter().any(|sign| {
        text.strip_prefix(sign).is_some_and(|rest| {
            let rest = rest.trim_start();
            *sign == "©"
                || rest.starts_with([':', '©', '.'])
                || ["by ", "via ", "von ", "de "].iter().any(|by| rest.starts_with(by))
        })
    })
}

/// Reports whether an element belongs to a picture, by an element above it.
fn has_picture(node: &NodeRef) -> bool {
    let is_picture = |node: &NodeRef| {
        tags::name_of(node).is_some_and(|name| matches!(&*name, "figure" | "figcaption"))
            || tags::labels(node).iter().any(|label| {
                matches!(
                    label.as_str(),
                    "caption" | "image" | "img" | "photo" | "picture" | "figure" | "foto"
                )
            })
    };
    is_picture(node) || node.ancestors_it(Some(ABOVE)).any(|above| is_picture(&above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_no_captions() {
        for (html, expected) in [
            (
                "<figure><figcaption class=x>Photo: Jane Doe / Press</figcaption></figure>",
                true,
            ),
            (
                "<figure><figcaption class=x>The old mill in spring</figcaption></figure>",
                false,
            ),
            (
                "<figure><figcaption>The old mill <span class='x copyright'>Jane Doe</span></figcaption></figure>",
                true,
            ),
            ("<div class=img><p class='x'>© Jane Doe</p></div>", true),
            (
                "<figure><blockquote>We sell rain.</blockquote><figcaption class='x credit'>Jane Doe</figcaption></figure>",
                false,
            ),
            (
                "<div class=photo><img><span class='x author-name'>Jane Doe</span></div>",
                false,
            ),
            ("<div><p class=x>Source: the ministry of works</p></div>", false),
        ] {
            let document = dom_query::Document::from(html);
            let node = document.select(".x").nodes()[0];
            let name = tags::name_of(&node).unwrap();
            assert_eq!(is_credit(&node, &name, 4), expected, "{html}");
        }
    }
}
