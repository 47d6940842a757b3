//! Maps the elements of the many feed dialects to roles in an entry.
//!
//! The role depends on the kind of feed, the namespace and the element's name. This module also decides how the text of
//! an element is encoded.

use xml5ever::tokenizer::Tag;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Rss,
    Atom,
    /// An export of Evernote notes.
    Notes,
}

/// The namespace of an element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// The feed's own.
    Feed,
    Content,
    Dublin,
    Media,
    Itunes,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Id,
    Link,
    Author,
    Published,
    Updated,
    Summary,
    Content,
    /// A description in an extension, for entries that have no other text.
    Fallback,
    /// The type and the state of an item in a WordPress export.
    Kind,
    Status,
}

/// How the text of an element is encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    /// HTML, escaped as text.
    Html,
    /// HTML, as XML elements.
    Elements,
    /// A text of some kind, as base64.
    Base64,
}

pub(super) fn space_of(address: &str) -> Space {
    let has = |part: &str| address.to_ascii_lowercase().contains(part);
    if has("modules/content") {
        Space::Content
    } else if has("purl.org/dc/") {
        Space::Dublin
    } else if has("mrss") {
        Space::Media
    } else if has("itunes.com") {
        Space::Itunes
    } else if has("2005/atom") || has("atom/ns") || has("purl.org/rss/") || has("netscape.com/rdf") || has("rdf-syntax")
    {
        Space::Feed
    } else {
        Space::Other
    }
}

pub(super) fn role(form: Form, space: Space, name: &str) -> Option<Role> {
    Some(match (form, space, name) {
        (_, Space::Feed, "title") => Role::Title,
        (Form::Notes, Space::Feed, "created") => Role::Published,
        (Form::Notes, Space::Feed, "content") => Role::Content,
        (Form::Notes, Space::Feed, "source-url") => Role::Link,
        (Form::Notes, ..) => return None,
        (_, Space::Feed, "guid" | "id") => Role::Id,
        (Form::Rss, Space::Feed, "link") => Role::Link,
        // In Atom, the name is an element inside of the author.
        (Form::Atom, Space::Feed, "name") | (Form::Rss, Space::Feed, "author") | (_, Space::Dublin, "creator") => {
            Role::Author
        }
        (_, Space::Feed, "pubdate" | "published" | "issued" | "created")
        | (_, Space::Dublin, "date" | "issued" | "available") => Role::Published,
        // An entry may be created long before it is published.
        (_, Space::Feed, "updated" | "modified" | "date") | (_, Space::Dublin, "created" | "modified") => Role::Updated,
        (_, Space::Feed, "description" | "summary") => Role::Summary,
        (_, Space::Feed, "content" | "encoded" | "body" | "fulltext") | (_, Space::Content, "encoded") => Role::Content,
        (_, Space::Other, "body") if form == Form::Rss => Role::Content,
        (Form::Rss, Space::Other, "post_type") => Role::Kind,
        (Form::Rss, Space::Other, "status") => Role::Status,
        (_, Space::Dublin | Space::Media, "description") | (_, Space::Itunes, "summary") => Role::Fallback,
        _ => return None,
    })
}

/// Reports whether an element only contains others that are read.
pub(super) fn is_transparent(form: Form, space: Space, name: &str) -> bool {
    match space {
        Space::Media => matches!(name, "group" | "content"),
        Space::Feed => matches!(name, "channel" | "note-attributes") || form == Form::Atom && name == "author",
        _ => false,
    }
}

pub(super) fn sort(form: Form, role: Role, tag: &Tag) -> Sort {
    let kind = attribute(tag, "type").unwrap_or_default().to_ascii_lowercase();
    let is_text = matches!(role, Role::Title | Role::Summary | Role::Content | Role::Fallback);
    match (form, kind.as_str()) {
        _ if !is_text => Sort::Plain,
        _ if attribute(tag, "mode").is_some_and(|mode| mode.eq_ignore_ascii_case("base64")) => Sort::Base64,
        (_, "xhtml" | "application/xhtml+xml") => Sort::Elements,
        (_, "html" | "text/html") => Sort::Html,
        (_, "text" | "plain" | "text/plain") => Sort::Plain,
        (Form::Atom, "") => Sort::Plain,
        (Form::Atom, kind) if kind.starts_with("text/") => Sort::Plain,
        // RFC 4287, section 4.1.3.3.
        (Form::Atom, kind) if kind.contains('/') && !kind.ends_with("xml") => Sort::Base64,
        (Form::Notes, _) if role == Role::Title => Sort::Plain,
        _ => Sort::Html,
    }
}

/// Reports whether an unclosed element ends where the element `name` begins.
pub(super) fn ends_before(open: (&str, Role, Sort), form: Form, space: Space, name: &str) -> bool {
    let (opened, role_of_open, sort) = open;
    let next = role(form, space, name);
    let text = matches!(role_of_open, Role::Summary | Role::Content | Role::Fallback);
    // HTML also has these names, so they may be part of the text.
    let in_html = matches!(name, "title" | "link" | "summary" | "body" | "content");
    match next {
        Some(_) if !text => opened != name,
        Some(_) => space != Space::Feed || (!in_html && name.len() > 2),
        None => space == Space::Feed && matches!(name, "enclosure" | "category" | "comments") && sort != Sort::Elements,
    }
}

pub(super) fn attribute(tag: &Tag, name: &str) -> Option<String> {
    let found = tag
        .attrs
        .iter()
        .find(|a| str::eq_ignore_ascii_case(&a.name.local, name))?;
    Some(found.value.to_string())
}
