//! Fails when the code makes other passages or other terms of the same text and the index's version did not change.
//! Otherwise an index of the code before would be read as if it were current.

use crate::corpus::markdown::parse;
use crate::corpus::passage::passages;
use crate::index::analyzer::{VERSION, analyzer};
use crate::index::sha256;

/// An edition with what the parser and the analyzer have rules for.
const EDITION: &str = "---
slug: rules
title: Rules of reading
date: 2024-02-29
tags: [pricing, b2b]
---

## Q1. Is A/B testing worth it for AI/ML PMs?

Asked by: PM, the U.S.
In short: It isn't, says *Zoë*.
Also asked: split tests for PRDs

We've 300 users’ résumés in **Jira**, and [a page](https://example.org/a?utm_source=x). The US team said *no*.

### A. Zoë, R&D

Also asked: how many users does a test need

It isn't. C++ and C# are languages[^1]; e.g. 按次收费.

- First, count 1,200.5 visits.
- Then wait.

1. Ask.
2. Decide.

> Somebody else's words.

| plan | price |
|---|---|
| Team | $12 |

[^1]: A note.

## S1. A section

Text without a question. It has `code`, a line  
break and \\*stars\\*.

## Resources

### R1. A Book (An Author)

Kind: book
Link: https://example.org/book

What it says about churn.
";

/// [`VERSION`], and the hash of what this code makes of [`EDITION`].
const RECORDED: (u32, &str) = (4, "a9d77bf17199c241b8e5a0271b746671915f9ec96b1b3492bc9baabbfd6c3e49");

#[test]
fn other_passages_or_terms_need_another_version() {
    // Long enough to be cut into several passages.
    let long = format!("{EDITION}\nA sentence about retention and about pricing.").replace(
        "Text without a question.",
        &"Sentences of a long section are many. They have six or seven words each.\n\n".repeat(60),
    );
    let edition = parse("rules.md", &long).unwrap();
    let mut made = String::new();
    for passage in passages(&edition, "rules.md") {
        made += &format!("{passage:?}\n");
        let texts = [&passage.discussion, &passage.question, &passage.text];
        for text in texts.into_iter().chain(&passage.also_asked) {
            analyzer()
                .token_stream(text)
                .process(&mut |term| made += &format!("{} {} ", term.text, term.position));
        }
    }
    assert!(made.matches("part: 1").count() >= 1 && made.len() > 10_000, "{made}");
    let hash = crate::hex::hex(&sha256(made.as_bytes()));
    assert_eq!(
        (VERSION, hash.as_str()),
        RECORDED,
        "askpm would read indexes of the code before as current: raise `analyzer::VERSION`, and record the new hash:\n{made}"
    );
}
