//! Lists the editions as resources, and reads an edition or a part of one as Markdown.
//!
//! The address of a resource is `askpm://edition/` and an identifier: `EDITION`, `EDITION/q1`, `EDITION/q1/a`.

use rmcp::ErrorData;
use rmcp::model::{ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult, Resource};
use rmcp::model::{ResourceContents, ResourceTemplate};

use crate::jobs::EditionEntry;

const PREFIX: &str = "askpm://edition/";
const MARKDOWN: &str = "text/markdown";

/// Number of editions in one reply.
const PAGE: usize = 500;

/// Returns the page of `editions` that begins at `cursor`.
///
/// # Errors
/// Fails if the cursor is not one that an earlier page gave.
pub fn list(editions: &[EditionEntry], cursor: Option<&str>) -> Result<ListResourcesResult, ErrorData> {
    let start = match cursor.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(start)) if start % PAGE == 0 => start,
        Some(_) => return Err(ErrorData::invalid_params("the cursor is not one of this server", None)),
    };
    let rest = editions.get(start..).unwrap_or_default();
    let mut result = ListResourcesResult::with_all_items(rest.iter().take(PAGE).map(resource).collect());
    result.next_cursor = (rest.len() > PAGE).then(|| (start + PAGE).to_string());
    Ok(result)
}

fn resource(edition: &EditionEntry) -> Resource {
    let mut about = edition.date.clone().unwrap_or_else(|| "undated".into());
    for title in &edition.discussions {
        about.push_str("\n- ");
        about.push_str(title);
    }
    Resource::new(format!("{PREFIX}{}", edition.slug), edition.slug.clone())
        .with_title(edition.title.clone())
        .with_description(about)
        .with_mime_type(MARKDOWN)
}

/// Returns the form of the addresses.
pub fn templates() -> ListResourceTemplatesResult {
    let template = ResourceTemplate::new(format!("{PREFIX}{{+id}}"), "edition or part")
        .with_description(
            "EDITION, EDITION/q1, EDITION/q1/a, EDITION/s1 or EDITION/r1, as `search` and `ask` return them",
        )
        .with_mime_type(MARKDOWN);
    ListResourceTemplatesResult::with_all_items(vec![template])
}

/// Returns the identifier of an address, or `None` if it is the address of something else.
pub fn identifier(uri: &str) -> Option<&str> {
    uri.strip_prefix(PREFIX).filter(|id| !id.is_empty())
}

/// Returns the Markdown `text` of the resource at `uri`.
pub fn contents(uri: &str, text: String) -> ReadResourceResult {
    ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(MARKDOWN)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editions(count: usize) -> Vec<EditionEntry> {
        (0..count)
            .map(|n| EditionEntry {
                slug: format!("issue-{n}"),
                title: format!("Issue {n}"),
                date: None,
                discussions: vec!["How do I price an API?".into()],
            })
            .collect()
    }

    #[test]
    fn every_edition_is_on_exactly_one_page() {
        for count in [0, 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 7] {
            let editions = editions(count);
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = list(&editions, cursor.as_deref()).unwrap();
                seen.extend(page.resources.into_iter().map(|resource| resource.uri));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            let expected: Vec<String> = (0..count).map(|n| format!("askpm://edition/issue-{n}")).collect();
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_cursor_of_another_server_is_refused() {
        for cursor in ["", "x", "-500", "7", "99999999999999999999"] {
            assert!(list(&editions(3), Some(cursor)).is_err(), "{cursor}");
        }
        assert_eq!(list(&editions(3), Some("500")).unwrap().resources, []);
    }

    #[test]
    fn only_addresses_of_editions_are_read() {
        assert_eq!(identifier("askpm://edition/a/q1/b"), Some("a/q1/b"));
        for uri in ["askpm://edition/", "file:///etc/passwd", "askpm://other/a", ""] {
            assert_eq!(identifier(uri), None, "{uri}");
        }
    }
}
