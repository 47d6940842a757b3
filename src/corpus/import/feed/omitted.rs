//! Reports the items of a WordPress export that are not published posts: pages, drafts, private posts, files, settings.

use std::collections::BTreeMap;

use super::super::ImportReport;
use super::super::clean::{bounded_line, clean};

/// Returns why an item of a WordPress export is not a published post, or `None` if it is one.
pub(super) fn no_letter(title: Option<&str>, kind: Option<&str>, status: Option<&str>) -> Option<String> {
    // Other feeds have elements with these names too.
    let kind = kind?;
    let title = title.unwrap_or("without a title");
    let title = format!("“{}”", bounded_line(&clean(title), 80));
    let hidden = [
        "wp_",
        "nav_menu_item",
        "revision",
        "custom_css",
        "customize_changeset",
        "oembed_cache",
    ];
    match (kind, status) {
        ("attachment", _) => Some("a picture or a file of the export, not a post".into()),
        ("page", _) => Some(format!("{title} is a page of the site, not a post")),
        (kind, _) if hidden.iter().any(|start| kind.starts_with(start)) => {
            Some("settings of the site, not a post".into())
        }
        (_, Some("draft" | "auto-draft" | "pending")) => Some(format!("{title} is a draft: it was not published")),
        (_, Some("private")) => Some(format!("{title} is a private post")),
        (_, Some("future")) => Some(format!("{title} is not published yet")),
        (_, Some("trash")) => Some(format!("{title} is in the trash")),
        _ => None,
    }
}

/// Reports the omitted items: pages and drafts one by one, files and settings by their number.
pub(super) fn report(name: &str, omitted: Vec<(usize, String)>, report: &mut ImportReport) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (place, why) in omitted {
        if why.starts_with('“') {
            report.skip(&format!("{name}#{place}"), why);
        } else {
            *counts.entry(why).or_default() += 1;
        }
    }
    for (why, count) in counts {
        report.skip(
            name,
            if count == 1 {
                why
            } else {
                format!("{count} times {why}")
            },
        );
    }
}
