//! Runs `askpm feeds`: lists the subscribed feeds, and imports and exports them as OPML.
//!
//! The subscribed feeds are `feeds` of the settings. Adding some keeps the comments and the order of the file.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use toml_edit::{Array, DocumentMut, InlineTable, Item, Value};

use super::args::{FeedsAction, FeedsArgs};
use super::config::Config;
use super::context::Context;
use super::error::{Exit, Failure};
use super::files::{self, Readers};
use crate::feeds::{Feed, subscriptions};
use crate::render::sanitise;
use crate::render::terminal::count;

pub fn run(context: &Context, args: &FeedsArgs) -> Result<Exit, Failure> {
    let feeds = &context.config.feeds;
    let mut out = io::stdout().lock();
    match &args.action {
        FeedsAction::Import { file } => import(context, file),
        FeedsAction::List => {
            for feed in feeds {
                writeln!(out, "{}", line(feed))?;
            }
            if feeds.is_empty() {
                none(context);
            }
            Ok(Exit::Done)
        }
        FeedsAction::Export => {
            if feeds.is_empty() {
                return Err(Failure::new("cannot export the feeds", "there are none").hinted(
                    "subscribe to feeds with `askpm feeds import FILE.opml`, or name them as `feeds` in the settings",
                ));
            }
            let text = subscriptions::write(feeds).map_err(|error| Failure::new("cannot export the feeds", error))?;
            out.write_all(text.as_bytes())?;
            Ok(Exit::Done)
        }
    }
}

/// Adds the feeds of the OPML file `file` to the settings.
fn import(context: &Context, file: &Path) -> Result<Exit, Failure> {
    let name = if file == Path::new("-") {
        "standard input".into()
    } else {
        file.display().to_string()
    };
    let what = format!("cannot import feeds from {name}");
    let hint = "export the subscriptions of your feed reader as OPML 2.0 in UTF-8";
    let text = text(file).map_err(|error| Failure::new(&what, error).hinted(hint))?;
    let listed = subscriptions::read(&text).map_err(|error| Failure::new(&what, error).hinted(hint))?;
    for address in &listed.refused {
        context.warn(&format!(
            "not subscribed to {address}: it is not an http or https address"
        ));
    }
    let known = &context.config.feeds;
    let is_known = |feed: &&Feed| known.iter().any(|known| known.address == feed.address);
    let new: Vec<Feed> = listed.feeds.iter().filter(|feed| !is_known(feed)).cloned().collect();
    if !new.is_empty() {
        let path = &context.settings;
        let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot write {}", path.display()), error);
        let before = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(cannot(&error)),
        };
        let after = with_feeds(&before, &new).map_err(|error| cannot(&error))?;
        // The settings are replaced only by valid ones.
        Config::parse(&after, path)?;
        let folder = path
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
            .map_or(Ok(()), files::private_folder);
        folder
            .and_then(|()| files::replace(path, after.as_bytes(), Readers::Owner))
            .map_err(|error| cannot(&error).hinted("correct the permissions of its folder"))?;
    }
    let there = listed.feeds.len() - new.len();
    let mut out = io::stdout().lock();
    new.iter().try_for_each(|feed| writeln!(out, "added {}", line(feed)))?;
    writeln!(
        out,
        "{} added, {there} known before, {} refused",
        count(new.len(), "feed"),
        listed.refused.len()
    )?;
    if !new.is_empty() {
        context.note("`askpm refresh` fetches them");
    }
    Ok(if listed.feeds.is_empty() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Reads `file`, or standard input for `-`, up to a byte more than an OPML file may have.
fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = subscriptions::MAX_BYTES as u64 + 1;
    if file == Path::new("-") {
        io::stdin().lock().take(limit).read_to_string(&mut text)?;
    } else {
        fs::File::open(file)?.take(limit).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// A feed on a line: its address, and then its name in its folder.
fn line(feed: &Feed) -> String {
    let names: Vec<&str> = feed.folders().chain(feed.name.as_deref()).collect();
    let gap = if names.is_empty() { "" } else { "  " };
    sanitise::line(&feed.address) + gap + &sanitise::line(&names.join(" / "))
}

/// Returns the settings `text` with the `new` feeds at the end of `feeds`.
fn with_feeds(text: &str, new: &[Feed]) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let item = document
        .entry("feeds")
        .or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let Some(array) = item.as_array_mut() else {
        return Ok(text.to_string());
    };
    // A comment after the last address stays behind it.
    let end = array.trailing().as_str().unwrap_or_default().to_string();
    let comment = if end.contains('#') { end.trim_end() } else { "" };
    for (at, feed) in new.iter().enumerate() {
        let before = if at == 0 { comment } else { "" };
        array.push_formatted(value(feed).decorated(format!("{before}\n    "), ""));
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
    Ok(document.to_string())
}

/// A feed as the settings have it.
fn value(feed: &Feed) -> Value {
    if feed.is_bare() {
        return Value::from(feed.address.as_str());
    }
    let given = [
        ("url", Some(&feed.address)),
        ("name", feed.name.as_ref()),
        ("folder", feed.folder.as_ref()),
        ("page", feed.page.as_ref()),
    ];
    let given = given.into_iter().filter_map(|(key, text)| Some((key, text?.as_str())));
    Value::InlineTable(InlineTable::from_iter(given))
}

fn none(context: &Context) {
    context.note("no feeds are subscribed; `askpm feeds import FILE.opml` subscribes to those of an OPML file");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_added_and_what_people_wrote_stays() {
        let named = Feed {
            name: Some("M \"notes\"".into()),
            folder: Some("Work/PM".into()),
            ..Feed::at("https://m.example/")
        };
        let new = [Feed::at("https://n.example/"), named];
        let table = "{ url = \"https://m.example/\", name = 'M \"notes\"', folder = \"Work/PM\" }";
        for (before, after) in [
            (
                "top_k = 3 # few\n",
                "top_k = 3 # few\nfeeds = [\n    \"https://n.example/\",\n    \"https://m.example/\",\n]\n",
            ),
            (
                "# Mine\nfeeds = [\n    \"https://a.example/\", # good\n]\ntop_k = 3\n",
                "# Mine\nfeeds = [\n    \"https://a.example/\", # good\n    \"https://n.example/\",\n    \
                 \"https://m.example/\",\n]\ntop_k = 3\n",
            ),
            (
                "feeds = ['https://a.example/']\n[generator]\nkind = \"x\"\n",
                "feeds = ['https://a.example/',\n    \"https://n.example/\",\n    \"https://m.example/\",\n]\n\
                 [generator]\nkind = \"x\"\n",
            ),
        ] {
            let after = after.replace("\"https://m.example/\"", table);
            assert_eq!(with_feeds(before, &new).unwrap(), after);
        }
        let table = with_feeds("[generator]\nkind = \"x\"\n", &new[..1]).unwrap();
        assert!(table.starts_with("feeds = ["), "{table}");
    }
}
