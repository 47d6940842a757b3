//! Turns feeds as they occur in practice into a well-formed Atom feed, so that feed-rs loses nothing.
//!
//! It reads RSS 0.9–2.0, RDF, Atom and Evernote exports. It accepts text before and after the feed, stray `<` and `&`,
//! unclosed and self-closed elements and undeclared prefixes. The Atom feed has only the fields that an edition needs,
//! each as one text. The tokenizer of xml5ever continues after every error. Entities that a feed defines are not
//! expanded, and nothing is fetched.

use std::cell::RefCell;
use std::collections::HashMap;

use xml5ever::buffer_queue::BufferQueue;
use xml5ever::tendril::StrTendril;
use xml5ever::tokenizer::{EmptyTag, EndTag, ProcessResult, ShortTag, StartTag, Tag, Token, TokenSink, XmlTokenizer};

use super::super::relative::resolved;
use super::atom::{base_tag, element, escape};
use super::fields::{Form, Role, Sort, Space, attribute, ends_before, is_transparent, role, sort, space_of};
use super::lined;
use super::omitted::no_letter;
use super::signs::{self, VOID};
use super::values::{author_name, decoded, longer};

/// A repaired feed.
pub(super) struct Repaired {
    pub atom: String,
    /// Number of entries in the file. `atom` has at most as many as requested.
    pub count: usize,
    /// Items of an export that are not published posts: their position, and the reason.
    pub omitted: Vec<(usize, String)>,
    /// Whether the file is truncated.
    pub cut: bool,
    pub is_notes: bool,
}

/// The element whose text is being collected.
struct Open {
    name: String,
    role: Role,
    sort: Sort,
    /// Number of open elements of the same name inside it.
    same: usize,
    text: String,
}

#[derive(Default)]
struct Entry {
    title: Option<(String, Sort)>,
    id: Option<String>,
    link: Option<String>,
    /// Whether the link is known to lead to the entry's page.
    sure_link: bool,
    author: Option<String>,
    published: Option<String>,
    updated: Option<String>,
    summary: Option<(String, Sort)>,
    content: Option<(String, Sort)>,
    fallback: Option<(String, Sort)>,
    kind: Option<String>,
    status: Option<String>,
    /// The address that links in the entry are relative to.
    base: Option<String>,
}

struct State {
    max: usize,
    out: String,
    count: usize,
    form: Option<Form>,
    /// Whether the file is a single entry.
    alone: bool,
    ended: bool,
    prefixes: HashMap<String, Space>,
    title: Option<(String, Sort)>,
    omitted: Vec<(usize, String)>,
    /// The address that links in the feed are relative to.
    base: Option<String>,
    entry: Option<Entry>,
    open: Option<Open>,
    /// An element that is skipped, and the number of open elements of the same name inside it.
    skip: Option<(String, usize)>,
}

struct Sink(RefCell<State>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token) -> ProcessResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::Tag(tag) => match tag.kind {
                StartTag => state.start(&tag, false),
                EmptyTag => state.start(&tag, true),
                EndTag => state.end(&tag),
                ShortTag => {}
            },
            Token::Characters(text) => state.text(&text),
            _ => {}
        }
        ProcessResult::Continue
    }
}

/// Repairs the feed in `text`. Keeps the first `max` entries.
pub(super) fn repaired(text: &str, max: usize) -> Repaired {
    let state = State {
        max,
        out: String::with_capacity(text.len() / 2),
        count: 0,
        form: None,
        alone: false,
        ended: false,
        prefixes: HashMap::new(),
        title: None,
        omitted: Vec::new(),
        base: None,
        entry: None,
        open: None,
        skip: None,
    };
    let tokenizer = XmlTokenizer::new(Sink(RefCell::new(state)), Default::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from_slice(&signs::escaped(text)));
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    let mut state = tokenizer.sink.0.into_inner();
    state.finish_entry();
    let title = state
        .title
        .as_ref()
        .map(|title| element("title", title))
        .unwrap_or_default();
    Repaired {
        atom: format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\">{title}{}</feed>",
            state.out
        ),
        count: state.count,
        omitted: state.omitted,
        cut: state.form.is_some() && !state.ended,
        is_notes: state.form == Some(Form::Notes),
    }
}

impl State {
    fn start(&mut self, tag: &Tag, empty: bool) {
        self.declare(tag);
        let (space, name) = self.name(tag);
        let Some(form) = self.form else {
            self.form = match name.as_str() {
                "rss" | "rdf" => Some(Form::Rss),
                "feed" => Some(Form::Atom),
                "entry" if attribute(tag, "xmlns").is_some_and(|ns| ns.contains("Atom")) => Some(Form::Atom),
                "en-export" => Some(Form::Notes),
                _ => None,
            };
            self.base = attribute(tag, "base");
            if name == "entry" && self.form.is_some() {
                self.entry = Some(Entry::default());
                self.alone = true;
            }
            return;
        };
        if self.opens_entry(form, space, &name) {
            self.finish_entry();
            if !empty {
                self.entry = Some(Entry {
                    base: self.base_of(tag, self.base.as_deref()),
                    ..Entry::default()
                });
            }
            return;
        }
        if let Some((skipped, same)) = &mut self.skip {
            *same += usize::from(!empty && *skipped == name);
            return;
        }
        if let Some(open) = &self.open
            && ends_before((&open.name, open.role, open.sort), form, space, &name)
        {
            self.close();
        }
        if let Some(open) = &mut self.open {
            open.start(tag, &name, empty);
            return;
        }
        if self.entry.is_some() && name == "link" && attribute(tag, "href").is_some() {
            self.link(tag);
        }
        match role(form, space, &name).filter(|_| self.entry.is_some() || (name == "title" && space == Space::Feed)) {
            Some(_) if empty => {}
            Some(role) => {
                let sort = sort(form, role, tag);
                if role == Role::Content && attribute(tag, "base").is_some() {
                    let base = self.entry.as_ref().and_then(|entry| entry.base.as_deref());
                    let base = self.base_of(tag, base.or(self.base.as_deref()));
                    if let Some(entry) = &mut self.entry {
                        entry.base = base;
                    }
                }
                self.open = Some(Open {
                    name,
                    role,
                    sort,
                    same: 0,
                    text: String::new(),
                });
            }
            None if empty || is_transparent(form, space, &name) => {}
            None => self.skip = Some((name, 0)),
        }
    }

    /// Returns the base address of links in `tag` (XML Base). `outer` is that of the enclosing element.
    fn base_of(&self, tag: &Tag, outer: Option<&str>) -> Option<String> {
        match (attribute(tag, "base"), outer) {
            (Some(own), Some(outer)) => resolved(outer, &own).or(Some(own)),
            (Some(own), None) => Some(own),
            (None, outer) => outer.map(str::to_string),
        }
    }

    /// Records the namespaces of the prefixes that `tag` declares.
    fn declare(&mut self, tag: &Tag) {
        for attribute in &tag.attrs {
            let declares = attribute
                .name
                .prefix
                .as_ref()
                .is_some_and(|prefix| &**prefix == "xmlns");
            if declares && self.prefixes.len() < 100 {
                let space = space_of(&attribute.value);
                self.prefixes.insert(attribute.name.local.to_string(), space);
            }
        }
    }

    fn name(&self, tag: &Tag) -> (Space, String) {
        let local = str::to_ascii_lowercase(&tag.name.local);
        let Some(prefix) = tag.name.prefix.as_ref() else {
            return (Space::Feed, local);
        };
        let known = || match &**prefix {
            "content" => Space::Content,
            "dc" | "dcterms" => Space::Dublin,
            "media" => Space::Media,
            "itunes" => Space::Itunes,
            "atom" | "rss" | "rdf" => Space::Feed,
            _ => Space::Other,
        };
        (self.prefixes.get(&**prefix).copied().unwrap_or_else(known), local)
    }

    fn opens_entry(&self, form: Form, space: Space, name: &str) -> bool {
        let entry = match form {
            Form::Rss => "item",
            Form::Atom => "entry",
            Form::Notes => "note",
        };
        space == Space::Feed && name == entry
    }

    /// Stores the address of the entry's page. Ignores links to comments or enclosures.
    fn link(&mut self, tag: &Tag) {
        let Some(entry) = &mut self.entry else { return };
        let sure = attribute(tag, "rel").is_none_or(|rel| rel.is_empty() || rel == "alternate");
        if sure && !entry.sure_link {
            let href = attribute(tag, "href");
            let whole = |href: &String| resolved(entry.base.as_deref()?, href);
            entry.link = href.as_ref().and_then(whole).or(href);
            entry.sure_link = true;
        }
    }

    fn end(&mut self, tag: &Tag) {
        let Some(form) = self.form else { return };
        let (space, name) = self.name(tag);
        if self.opens_entry(form, space, &name) {
            self.ended |= self.alone;
            return self.finish_entry();
        }
        if matches!(name.as_str(), "rss" | "feed" | "rdf" | "en-export") {
            self.finish_entry();
            self.ended = true;
            return;
        }
        if let Some((skipped, same)) = &mut self.skip {
            if *skipped == name {
                match same.checked_sub(1) {
                    Some(left) => *same = left,
                    None => self.skip = None,
                }
            }
            return;
        }
        match &mut self.open {
            Some(open) if open.name == name && open.same == 0 => self.close(),
            Some(open) => {
                open.same -= usize::from(open.name == name);
                open.text.push_str(&format!("</{name}>"));
            }
            None => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.open {
            Some(open) if open.sort == Sort::Elements => escape(text, &mut open.text),
            Some(open) => open.text.push_str(text),
            None => {}
        }
    }

    /// Ends the open element and stores its text.
    fn close(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if open.sort == Sort::Base64 {
            (open.text, open.sort) = decoded(open.text);
        }
        let text = without_wrapping(&open.text);
        if text.is_empty() {
            return;
        }
        let whole = Some((text.to_string(), open.sort));
        let plain = Some(text.to_string());
        let Some(entry) = &mut self.entry else {
            self.title = self.title.take().or(whole);
            return;
        };
        match open.role {
            Role::Title => entry.title = entry.title.take().or(whole),
            Role::Id => entry.id = entry.id.take().or(plain),
            Role::Link => {
                entry.sure_link |= entry.link.is_none();
                entry.link = entry.link.take().or(plain);
            }
            Role::Author => entry.author = entry.author.take().or(plain),
            Role::Published => entry.published = entry.published.take().or(plain),
            Role::Updated => entry.updated = entry.updated.take().or(plain),
            Role::Summary => entry.summary = longer(entry.summary.take(), whole),
            Role::Content => entry.content = longer(entry.content.take(), whole),
            Role::Fallback => entry.fallback = longer(entry.fallback.take(), whole),
            Role::Kind => entry.kind = entry.kind.take().or(plain),
            Role::Status => entry.status = entry.status.take().or(plain),
        }
    }

    fn finish_entry(&mut self) {
        self.close();
        self.skip = None;
        let Some(entry) = self.entry.take() else { return };
        self.count += 1;
        if self.count > self.max {
            return;
        }
        let title = entry.title.as_ref().map(|(title, _)| title.as_str());
        if let Some(why) = no_letter(title, entry.kind.as_deref(), entry.status.as_deref()) {
            return self.omitted.push((self.count, why));
        }
        let plain = |text: Option<String>| text.map(|text| (text, Sort::Plain));
        let summary = entry.summary.or(entry.fallback);
        // Without a base, links in the text are relative to the entry's page.
        let base = entry.base.or(entry.link.clone());
        let based = |text: Option<(String, Sort)>| {
            text.map(|(text, sort)| match &base {
                Some(base) if sort != Sort::Plain && text.contains("href") => {
                    (format!("{}{text}", base_tag(base)), sort)
                }
                _ => (text, sort),
            })
        };
        let wordpress = entry.kind.is_some();
        let lined = |text: Option<(String, Sort)>| match text {
            Some((text, Sort::Html)) => Some((lined::marked(&text, wordpress).into_owned(), Sort::Html)),
            other => other,
        };
        let (summary, content) = (based(lined(summary)), based(lined(entry.content)));
        self.out.push_str("<entry>");
        for (name, text) in [
            ("title", entry.title),
            ("id", plain(entry.id)),
            ("published", plain(entry.published)),
            ("updated", plain(entry.updated)),
            ("summary", summary),
            ("content", content),
        ] {
            if let Some(text) = text {
                self.out.push_str(&element(name, &text));
            }
        }
        if let Some(author) = entry.author {
            let mut name = String::new();
            escape(author_name(&author), &mut name);
            self.out.push_str(&format!("<author><name>{name}</name></author>"));
        }
        if let Some(link) = entry.link {
            let mut href = String::new();
            escape(&link, &mut href);
            self.out.push_str(&format!("<link href=\"{href}\"/>"));
        }
        self.out.push_str("</entry>");
    }
}

impl Open {
    fn start(&mut self, tag: &Tag, name: &str, empty: bool) {
        if self.sort == Sort::Plain {
            // A plain text has no elements, so this one is HTML.
            let text = std::mem::take(&mut self.text);
            escape(&text, &mut self.text);
            self.sort = Sort::Elements;
        }
        self.same += usize::from(!empty && self.name == name);
        self.text.push('<');
        self.text.push_str(name);
        for attribute in &tag.attrs {
            self.text.push_str(&format!(" {}=\"", attribute.name.local));
            escape(&attribute.value, &mut self.text);
            self.text.push('"');
        }
        self.text.push('>');
        // HTML has no self-closing elements. `<iframe/>` would swallow everything after it.
        if empty && !VOID.contains(&name) {
            self.text.push_str(&format!("</{name}>"));
        }
    }
}

/// Removes a `<![CDATA[…]]>` wrapper that the feed escaped by mistake.
pub(super) fn without_wrapping(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
    inner.map_or(text, str::trim)
}
