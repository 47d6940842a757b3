//! Reads and writes the front matter of an edition's file: YAML between two lines `---`.

use serde::{Deserialize, Serialize};

use super::edition::{Edition, MAX_TAG, is_slug, tag};

/// A 1-based line, and what is wrong there.
pub(super) type Fault = (usize, String);

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    slug: String,
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

/// Returns the YAML between the two `---` lines, and the offset where the rest begins.
pub(super) fn front_matter(text: &str) -> Result<(&str, usize), Fault> {
    let Some(after) = text.strip_prefix("---\n") else {
        return Err((
            1,
            "front matter is missing: the first line must be `---`, then `slug:` and `title:`".into(),
        ));
    };
    let end = if after.starts_with("---") {
        Some(0)
    } else {
        after.find("\n---").map(|at| at + 1)
    };
    let closes = |at: &usize| matches!(after.as_bytes().get(at + 3), None | Some(b'\n'));
    let Some(end) = end.filter(closes) else {
        return Err((1, "front matter does not end: a line `---` must close it".into()));
    };
    Ok((&after[..end], (4 + end + 4).min(text.len())))
}

/// Returns an edition with what its front matter says, and nothing else.
pub(super) fn header(yaml: &str) -> Result<Edition, Fault> {
    let front: FrontMatter = serde_saphyr::from_str(yaml).map_err(|error| {
        let error = error.without_snippet();
        let line = error.location().map_or(1, |at| at.line() as usize);
        let what = error.to_string();
        let what = what.lines().next().unwrap_or("unreadable YAML").to_string();
        (line + 1, format!("front matter: {what}"))
    })?;
    let line = |key: &str| 2 + yaml.lines().position(|l| l.starts_with(key)).unwrap_or(0);
    if !is_slug(&front.slug) {
        let what = format!(
            "slug `{}` must have 1 to 80 characters of a-z, 0-9 and, between them, hyphens",
            front.slug
        );
        return Err((line("slug"), what));
    }
    if front.title.trim().is_empty() {
        return Err((line("title"), "title is empty".into()));
    }
    if let Some(date) = &front.date
        && !is_day(date)
    {
        return Err((line("date"), format!("date `{date}` is not a day written YYYY-MM-DD")));
    }
    Ok(Edition {
        slug: front.slug,
        title: front.title.trim().to_string(),
        date: front.date,
        // Outer spaces are not kept: a long line is written folded, and folding loses the space at its end.
        source: front.source.map(|source| source.trim().to_string()),
        tags: tags(&front.tags).map_err(|what| (line("tags"), what))?,
        ..Edition::default()
    })
}

/// Returns tags in lower case, without repeats.
fn tags(written: &[String]) -> Result<Vec<String>, String> {
    let mut tags = Vec::new();
    for one in written {
        let tag = tag(one).ok_or_else(|| {
            format!("tag `{one}` must have 1 to {MAX_TAG} bytes of letters, digits and, between them, hyphens")
        })?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// Returns whether `text` is a day of the calendar as `YYYY-MM-DD`.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Returns the front matter of `edition` with its two lines `---`.
pub(super) fn front(edition: &Edition) -> String {
    let front = FrontMatter {
        slug: edition.slug.clone(),
        title: edition.title.clone(),
        date: edition.date.clone(),
        source: edition.source.clone(),
        tags: edition.tags.clone(),
    };
    // These strings always serialize. An error would be a bug in the library, and would show up as a parse error.
    let yaml = serde_saphyr::to_string(&front).unwrap_or_default();
    format!("---\n{}\n---\n", yaml.trim_end())
}
