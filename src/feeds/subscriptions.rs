//! Reads and writes lists of feeds as OPML 2.0, the format in which feed readers export subscriptions.
//!
//! A file is untrusted. Its size and depth are bounded, and a document type is refused, because its entities can expand
//! without end. Only `http` and `https` addresses are taken.

use std::error::Error as _;

use opml::{Head, OPML, Outline};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::{Feed, feed, is_address, shown};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// The deepest element. Readers nest folders a few levels.
const MAX_DEPTH: usize = 64;

/// The most folders that a feed is kept in.
const MAX_FOLDERS: usize = 8;

/// The title of a written list.
const TITLE: &str = "Feeds of askpm";

/// The feeds of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// In order, each address once.
    pub feeds: Vec<Feed>,
    /// What is listed as a feed and cannot be fetched, because its address is not `http` or `https`.
    pub refused: Vec<String>,
}

/// Why a text is not a list of feeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("line {0}: it has a document type, which askpm does not read")]
    DocumentType(usize),
    #[error("line {0}: its elements are nested deeper than {MAX_DEPTH} levels")]
    TooDeep(usize),
    #[error("{0}")]
    Xml(String),
}

/// Returns the feeds of the outlines of `text`, at any depth. Outlines that are commented out are left out.
///
/// # Errors
/// The text is not OPML, or exceeds a limit.
pub fn read(text: &str) -> Result<Listed, OpmlError> {
    if text.len() > MAX_BYTES {
        return Err(OpmlError::TooLarge);
    }
    let text = text.trim_start_matches('\u{feff}');
    // The parser of the document calls itself for each level, so this must come first.
    check(text)?;
    let document = OPML::from_str(text).map_err(|error| OpmlError::Xml(plain(&error)))?;
    let mut listed = Listed::default();
    document
        .body
        .outlines
        .iter()
        .for_each(|outline| take(outline, &[], &mut listed));
    Ok(listed)
}

/// Returns `feeds` as an OPML document, in their folders.
pub fn write(feeds: &[Feed]) -> Result<String, OpmlError> {
    let mut document = OPML {
        head: Some(Head {
            title: Some(TITLE.into()),
            ..Head::default()
        }),
        ..OPML::default()
    };
    for feed in feeds {
        folder(&mut document.body.outlines, feed.folders().take(MAX_FOLDERS)).push(outline(feed));
    }
    let text = document.to_string().map_err(|error| OpmlError::Xml(plain(&error)))?;
    // A line for each feed, so that a list in version control shows what changed.
    let text = text
        .replace("<outline ", "\n    <outline ")
        .replace("</body>", "\n  </body>");
    let text = text
        .replace("<head>", "\n  <head>")
        .replace("<body", "\n  <body")
        .replace("</opml>", "\n</opml>");
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n"))
}

fn outline(feed: &Feed) -> Outline {
    Outline {
        text: feed.name.clone().unwrap_or_else(|| shown(&feed.address)),
        r#type: Some("rss".into()),
        xml_url: Some(feed.address.clone()),
        html_url: feed.page.clone(),
        ..Outline::default()
    }
}

/// Returns the outlines of the folder with these names, the outermost first. A folder that is missing is added.
fn folder<'a>(mut outlines: &'a mut Vec<Outline>, names: impl Iterator<Item = &'a str>) -> &'a mut Vec<Outline> {
    for name in names {
        let known = outlines
            .iter()
            .position(|one| one.xml_url.is_none() && one.text == name);
        let at = known.unwrap_or(outlines.len());
        if known.is_none() {
            outlines.push(Outline {
                text: name.to_string(),
                ..Outline::default()
            });
        }
        outlines = &mut outlines[at].outlines;
    }
    outlines
}

/// Checks the syntax, the depth, and that there is no document type.
fn check(text: &str) -> Result<(), OpmlError> {
    let mut depth = 0usize;
    for token in Tokenizer::from(text) {
        match token.map_err(|error| OpmlError::Xml(format!("line {}: it is not valid XML", error.pos().row)))? {
            Token::DtdStart { span, .. } | Token::EmptyDtd { span, .. } => {
                return Err(OpmlError::DocumentType(line(text, span.start())));
            }
            Token::ElementStart { span, .. } => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(OpmlError::TooDeep(line(text, span.start())));
                }
            }
            Token::ElementEnd { end, .. } if !matches!(end, ElementEnd::Open) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Adds the feeds of `outline`, which is in `folders`.
fn take(outline: &Outline, folders: &[String], listed: &mut Listed) {
    if outline.is_comment == Some(true) {
        return;
    }
    if let Some(address) = outline
        .xml_url
        .as_deref()
        .map(str::trim)
        .filter(|address| !address.is_empty())
    {
        let known = |feed: &Feed| feed.address == address;
        if !is_address(address) {
            let refused = address.to_string();
            if !listed.refused.contains(&refused) {
                listed.refused.push(refused);
            }
        } else if !listed.feeds.iter().any(known) {
            listed.feeds.push(Feed {
                address: address.to_string(),
                name: name(outline, address),
                folder: Some(folders.join("/")).filter(|folder| !folder.is_empty()),
                page: page(outline),
            });
        }
    }
    let mut inside = folders.to_vec();
    if !outline.outlines.is_empty() && folders.len() < MAX_FOLDERS {
        // A name with the separator would be two folders.
        inside.extend(name(outline, "").map(|name| name.replace('/', "-")));
    }
    outline.outlines.iter().for_each(|inner| take(inner, &inside, listed));
}

/// The address of the website of a feed, if it is one.
fn page(outline: &Outline) -> Option<String> {
    let page = outline.html_url.as_deref().map(str::trim);
    page.filter(|page| is_address(page)).map(str::to_string)
}

/// The name of a feed or a folder. A reader that has no name for a feed writes its address.
fn name(outline: &Outline, address: &str) -> Option<String> {
    let texts = [Some(outline.text.as_str()), outline.title.as_deref()];
    let mut names = texts.into_iter().flatten().filter_map(feed::name);
    names.find(|name| name != address && (address.is_empty() || *name != shown(address)))
}

/// The 1-based line of a byte of `text`.
fn line(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// Returns the cause of an error on one line.
fn plain(error: &opml::Error) -> String {
    let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    format!(
        "it is not OPML: {}",
        why.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(body: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><head><title>T</title></head>\n<body>{body}</body></opml>"
        )
    }

    #[test]
    fn feeds_are_found_at_any_depth_once_and_only_of_the_web() {
        let text = document(
            "<outline text='Folder'><outline text='In/ner'>\
             <outline type='rss' text='A &amp; B' xmlUrl='https://a.example/feed?x=1&amp;y=2' htmlUrl='https://a.example/' \
             odd='z'/></outline></outline>\
             <outline text='again' xmlUrl=' https://a.example/feed?x=1&amp;y=2 '/>\
             <outline title='no text' xmlUrl='http://b.example/' htmlUrl='javascript:alert(1)'/>\
             <outline text='gone' isComment='true'><outline text='x' xmlUrl='http://c.example/'/></outline>\
             <outline text='bad' xmlUrl='file:///etc/passwd'/><outline text='bad' xmlUrl='javascript:alert(1)'/>\
             <outline text='none' xmlUrl=''/>",
        );
        let listed = read(&text).unwrap();
        let named = |address: &str, name: &str, folder: Option<&str>| Feed {
            address: address.into(),
            name: Some(name.into()),
            folder: folder.map(String::from),
            page: None,
        };
        let first = Feed {
            page: Some("https://a.example/".into()),
            ..named("https://a.example/feed?x=1&y=2", "A & B", Some("Folder/In-ner"))
        };
        assert_eq!(listed.feeds, [first, named("http://b.example/", "no text", None)]);
        assert_eq!(listed.refused, ["file:///etc/passwd", "javascript:alert(1)"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let inside = |address: &str, folder: &str| Feed {
            address: address.into(),
            name: Some("<A> & \"B\"".into()),
            folder: Some(folder.into()),
            page: Some("https://site.example/?a&b".into()),
        };
        let feeds = [
            Feed::at("https://a.example/f?k=\"1\"&l=<2>"),
            inside("http://b.example/", "Work"),
            inside("http://c.example/", "Work/Product & price"),
            Feed::at("http://d.example/"),
        ];
        let text = write(&feeds).unwrap();
        assert_eq!(read(&text).unwrap().feeds, feeds);
        assert!(
            text.contains("<opml version=\"2.0\">") && text.lines().count() == 12,
            "{text}"
        );
        let again = write(&[feeds[2].clone(), feeds[0].clone(), feeds[1].clone()]).unwrap();
        assert_eq!(again.matches("text=\"Work\"").count(), 1, "{again}");
    }

    #[test]
    fn hostile_and_broken_files_are_refused_with_their_line() {
        let deep = format!(
            "{}{}",
            "<outline text='x'>".repeat(100_000),
            "</outline>".repeat(100_000)
        );
        let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE opml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n\
             <opml version='2.0'><body><outline text='&b;'/></body></opml>";
        for (text, what) in [
            (document(&deep), "line 3: its elements are nested deeper"),
            (bomb.to_string(), "line 2: it has a document type"),
            (
                "<opml version='2.0'>\n<body>\n<outline text=x/></body></opml>".into(),
                "line 3: it is not valid XML",
            ),
            (document(""), "it is not OPML"),
            ("<rss version='2.0'><channel/></rss>".into(), "it is not OPML"),
            (document("<outline text='&undefined;'/>"), "it is not OPML"),
            ("".into(), "it is not OPML"),
            (" ".repeat(MAX_BYTES + 1), "larger than"),
        ] {
            let told = read(&text).unwrap_err().to_string();
            assert!(told.contains(what), "{told}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in "(<opml version='2.0'>)?(<body>)?(<outline text='a'( xmlUrl='http://a/')?/?>|</outline>|&|x){0,8}(</body>)?(</opml>)?") {
            let _ = read(&text);
        }
    }
}
