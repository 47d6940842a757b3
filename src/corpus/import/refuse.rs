//! Recognizes files that are not newsletters, and says how to get the newsletters in them.
//!
//! It looks at the beginning of a file and its name. A doubtful file is read, because a refusal must never lose a
//! newsletter.

use serde::de::IgnoredAny;

use super::slug;

/// The first bytes of files without readable text, and what they are.
const MAGIC: [(&[u8], &str); 26] = [
    (
        b"PK\x03\x04",
        "a zip archive (or an office document): save it as a file of its own, and import that",
    ),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "gzip data: unpack it first"),
    (b"BZh", "bzip2 data: unpack it first"),
    (b"\xfd7zXZ\0", "xz data: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it first"),
    (b"%!PS", "a PostScript document: save it as text first"),
    (b"{\\rtf", "an RTF document: save it as HTML or text first"),
    (
        b"\xd0\xcf\x11\xe0",
        "an old Word or Office document (.doc), or an Outlook message: save it as .docx, .eml or text first",
    ),
    (
        b"!BDN",
        "an Outlook data file: export its folders as .eml or mbox first",
    ),
    (
        b"\x78\x9f\x3e\x22",
        "winmail.dat, Outlook's own format: save the mail as HTML or text from Outlook",
    ),
    (b"SQLite format 3\0", "a database (SQLite)"),
    (
        b"bplist00",
        "an Apple property list or web archive: save the page as HTML first",
    ),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"ID3", "a sound file: import its transcript"),
    (b"OggS", "a sound file: import its transcript"),
    (b"fLaC", "a sound file: import its transcript"),
    (b"RIFF", "a picture, sound or film: import its text, if it has one"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
];

/// Extensions of text files that are not newsletters.
const ENDINGS: [(&[&str], &str); 6] = [
    (
        &["csv", "tsv", "tab", "psv"],
        "it is a table of data: export the letters themselves as HTML, Markdown or mail, and import those",
    ),
    (
        &["json", "jsonl", "ndjson", "geojson", "ipynb", "har"],
        "it is JSON data and no JSON Feed: export the letters themselves as HTML, Markdown or mail, and import those",
    ),
    (
        &[
            "rs", "py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "c", "h", "cc", "cpp", "hpp", "cs", "java", "kt", "go",
            "rb", "php", "swift", "scala", "pl", "pm", "lua", "r", "jl", "hs", "ex", "exs", "clj", "sh", "bash", "zsh",
            "fish", "ps1", "bat", "cmd", "css", "scss", "sass", "less", "vue", "svelte", "asm", "dart", "m", "mm",
            "f90", "zig", "nim", "gradle", "cmake", "diff", "patch",
        ],
        "it is source code, not a letter",
    ),
    (&["sql", "dump"], "it is a dump of a database, not a letter"),
    (
        &[
            "yml",
            "yaml",
            "toml",
            "ini",
            "cfg",
            "conf",
            "lock",
            "properties",
            "env",
            "editorconfig",
            "gitignore",
        ],
        "it holds settings of a program, not a letter",
    ),
    (
        &["pem", "crt", "key", "asc", "gpg", "sig"],
        "it is a key, a certificate or a signature, not a letter",
    ),
];

/// Beginnings of text files that are not newsletters.
const BEGINNINGS: [(&str, &str); 18] = [
    (
        "// <!-- <mdb:mork",
        "it is Thunderbird's index of a mail folder: import the file of the same name without .msf, which has the mail",
    ),
    (
        "version https://git-lfs",
        "it is a pointer of Git LFS: fetch the file itself first (`git lfs pull`)",
    ),
    (
        "<!doctype netscape-bookmark",
        "it is a list of bookmarks: save the pages themselves as HTML, and import those",
    ),
    (
        "\\documentclass",
        "it is LaTeX: save it as Markdown or HTML first (`pandoc FILE -o letter.md`)",
    ),
    (
        "\\begin{document}",
        "it is LaTeX: save it as Markdown or HTML first (`pandoc FILE -o letter.md`)",
    ),
    ("begin:vcalendar", "it is a calendar, not a letter"),
    ("begin:vcard", "it is an address book, not a letter"),
    (
        "[internetshortcut]",
        "it is a link to a page: save the page itself as HTML, and import that",
    ),
    ("diff --git ", "it is source code (a patch), not a letter"),
    ("#!/", "it is source code (a script), not a letter"),
    (
        "-----begin pgp message",
        "it is encrypted: open it in your mail program and save its text",
    ),
    ("-----begin ", "it is a key or a certificate, not a letter"),
    ("-- mysql dump", "it is a dump of a database, not a letter"),
    ("-- mariadb dump", "it is a dump of a database, not a letter"),
    ("--\n-- postgresql database", "it is a dump of a database, not a letter"),
    ("pragma foreign_keys", "it is a dump of a database, not a letter"),
    ("<?php", "it is source code, not a letter"),
    ("%yaml ", "it holds settings of a program, not a letter"),
];

/// Returns why a file cannot be read, if its first bytes identify it.
pub(super) fn by_magic(bytes: &[u8]) -> Option<String> {
    let film = bytes.get(4..8) == Some(b"ftyp");
    let tape = bytes.get(257..262) == Some(b"ustar");
    let known = MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what);
    let what = known
        .or(film.then_some("a sound or film file, or a picture: import its transcript, if it has one"))
        .or(tape.then_some("a tar archive: unpack it first"))?;
    Some(format!("it is {what}"))
}

/// Returns why a text with the root element `root` is not a newsletter, or `None` if it may be one.
pub(super) fn by_root(root: &str) -> Option<String> {
    let what = match root {
        "opml" => "a list of feeds (OPML): `askpm feeds import FILE` subscribes to them",
        "svg" => "a picture (SVG)",
        "plist" => "a property list: import the file that it belongs to",
        "urlset" | "sitemapindex" => "a site map: save the pages that it lists, and import those",
        "kml" | "gpx" => "a map, not a letter",
        "project" | "configuration" | "manifest" => "settings of a program, not a letter",
        _ => return None,
    };
    Some(format!("it is {what}"))
}

/// Returns why a text called `name` that begins with `head` is not a newsletter.
///
/// `whole` returns the whole text. It is called only if the beginning is not enough.
pub(super) fn by_text(name: &str, head: &str, whole: impl FnOnce() -> String) -> Option<String> {
    let start = head.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_lowercase();
    if let Some((_, why)) = BEGINNINGS.iter().find(|(beginning, _)| lower.starts_with(beginning)) {
        return Some((*why).into());
    }
    let file = slug::file_name(name).to_lowercase();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    if matches!(ending, "csv" | "tsv") && lower.starts_with("post_id,") {
        return Some(
            "it is the list of posts of a Substack export: import the folder that it is in, with the posts as .html"
                .into(),
        );
    }
    if let Some((_, why)) = ENDINGS.iter().find(|(endings, _)| endings.contains(&ending)) {
        return Some((*why).into());
    }
    if is_licence(&file, &lower) {
        return Some("it is a licence, not a letter".into());
    }
    if start.starts_with(['{', '[']) && is_json(&whole()) {
        return Some(ENDINGS.get(1).map_or("", |(_, why)| why).into());
    }
    None
}

/// Reports whether a text is a JSON value, or has one on each line.
fn is_json(text: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let object = |line: &str| line.trim_start().starts_with('{') && value(line);
    value(text) || lines.clone().count() > 1 && lines.by_ref().take(3).all(object)
}

/// Reports whether a text is a licence, by its name or first line and by words that only licences have.
fn is_licence(file: &str, lower: &str) -> bool {
    const SAID: [&str; 9] = [
        "permission is hereby granted, free of charge",
        "permission to use, copy, modify",
        "redistribution and use in source and binary forms",
        "terms and conditions for use, reproduction, and distribution",
        "gnu general public license",
        "gnu lesser general public license",
        "mozilla public license version",
        "this is free and unencumbered software",
        "creative commons corporation",
    ];
    const NAMES: [&str; 6] = ["license", "licence", "copying", "unlicense", "copyright", "notice"];
    const FIRST: [&str; 8] = [
        "mit license",
        "the mit license",
        "apache license",
        "gnu ",
        "mozilla public license",
        "bsd ",
        "isc license",
        "boost software",
    ];
    let named = NAMES.iter().any(|name| file.starts_with(name));
    let opens = FIRST
        .iter()
        .any(|first| lower.trim_start_matches(['#', ' ']).starts_with(first));
    let title_is_short = lower.lines().next().is_some_and(|line| line.len() <= 60);
    (named || opens && title_is_short) && SAID.iter().any(|said| lower.contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(name: &str, text: &str) -> Option<String> {
        by_text(name, text, || text.to_string())
    }

    #[test]
    fn what_is_no_letter_is_named_with_a_way_out() {
        for (name, text, says) in [
            (
                "Newsletters.msf",
                "// <!-- <mdb:mork:z v=\"1.4\"/> -->\n<",
                "without .msf",
            ),
            ("posts.csv", "post_id,post_date\n1.a,2026", "import the folder"),
            ("table.csv", "a,b\n1,2\n", "table of data"),
            ("data.txt", "{\"a\": [1, 2]}", "JSON"),
            ("-", "{\"a\": 1}\n{\"a\": 2}\n", "JSON"),
            ("broken.json", "{\"a\": ", "JSON"),
            ("main.rs", "fn main() {}", "source code"),
            ("-", "#!/bin/sh\necho", "source code"),
            (
                "LICENSE",
                "MIT License\n\nPermission is hereby granted, free of charge, to any",
                "licence",
            ),
            ("dump.txt", "-- MySQL dump 10.13", "database"),
            ("a.vcf", "BEGIN:VCARD\nFN:Dana", "address book"),
            ("a.url", "[InternetShortcut]\nURL=https://example.org", "save the page"),
        ] {
            assert!(
                why(name, text).is_some_and(|why| why.contains(says)),
                "{name} {:?}",
                why(name, text)
            );
        }
    }

    #[test]
    fn letters_that_look_a_little_like_it_are_read() {
        for (name, text) in [
            ("a.md", "[A link](https://example.org) opens this letter."),
            ("a.txt", "{Sponsored} This week: plans."),
            ("licences.md", "# MIT License or not?\n\nWe asked three lawyers."),
            ("license-to-ship.md", "# License to ship\n\nNobody waits for leave."),
            ("notes", "Begin: with why."),
        ] {
            assert_eq!(why(name, text), None, "{name}");
        }
    }
}
