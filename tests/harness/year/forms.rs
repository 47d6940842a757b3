//! Writes issues as senders do: plain and HTML mail, mailboxes, RSS, Atom and JSON feeds, and web pages.

use serde_json::json;

use super::{Issue, SENDERS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    PlainMail,
    HtmlMail,
    Mailbox,
    Rss,
    Atom,
    Json,
    Page,
}

impl Form {
    pub fn is_feed(self) -> bool {
        matches!(self, Form::Rss | Form::Atom | Form::Json)
    }
}

/// The file that the reader saves.
pub fn file(issue: &Issue) -> Vec<u8> {
    let text = match issue.form() {
        Form::Page => page(issue),
        _ => mail(issue),
    };
    text.into_bytes()
}

/// Where a message breaks off if only half of it is written: in its last answer.
pub fn half(message: &[u8]) -> usize {
    let text = std::str::from_utf8(message).expect("the message is text");
    text.rfind("\n\n– ").expect("a message has a signature") - 15
}

/// Where a feed breaks off: in the middle of its last entry.
pub fn cut(feed: &str) -> usize {
    let last = ["<item>", "<entry>", "\"content_html\""].map(|start| feed.rfind(start));
    let last = last.into_iter().flatten().max().expect("a feed has entries");
    let middle = last + (feed.len() - last) / 2;
    (middle..)
        .find(|at| feed.is_char_boundary(*at))
        .expect("the end is one")
}

fn plain(issue: &Issue) -> String {
    let mut out = String::from("Hi all,\n\n");
    for (number, discussion) in (1..).zip(&issue.discussions) {
        out += &format!("Question {number}) {}\n\n", discussion.question);
        for (letter, answer) in ('A'..).zip(&discussion.answers) {
            out += &format!("{letter}] {}\n\n– {}\n\n", answer.text, answer.contributor);
        }
    }
    out + "You get this letter because you signed up. Unsubscribe: https://letters.example/u\n"
}

fn html(issue: &Issue) -> String {
    let mut out = String::new();
    for (number, discussion) in (1..).zip(&issue.discussions) {
        out += &format!("<h2>Question {number}) {}</h2>\n", discussion.question);
        for (letter, answer) in ('A'..).zip(&discussion.answers) {
            out += &format!("<p>{letter}] {}</p>\n<p>– {}</p>\n", answer.text, answer.contributor);
        }
    }
    out
}

fn mail(issue: &Issue) -> String {
    let sender = SENDERS[issue.sender].name;
    let host = sender.to_lowercase().replace(' ', "-");
    let (kind, body) = match issue.form() {
        Form::HtmlMail => (
            "html",
            format!(
                "<html><body><div>{}</div><p>You get this letter because you signed up. <a \
                 href=\"https://letters.example/u\">Unsubscribe</a></p></body></html>\n",
                html(issue)
            ),
        ),
        _ => ("plain", plain(issue)),
    };
    let date = issue.date.strftime("%a, %d %b %Y 09:00:00 +0000");
    format!(
        "From: {sender} <letter@{host}.example>\nTo: me@home.example\nSubject: {}\nDate: {date}\nMessage-ID: \
         <{}@{host}.example>\nMIME-Version: 1.0\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: \
         8bit\n\n{body}",
        issue.title, issue.number
    )
}

/// The issue as a message of a mailbox.
pub fn in_mailbox(issue: &Issue) -> String {
    let date = issue.date.strftime("%a %b %e 09:00:00 %Y");
    format!("From letter@post.example {date}\n{}\n", mail(issue))
}

fn page(issue: &Issue) -> String {
    let (title, sender) = (&issue.title, SENDERS[issue.sender].name);
    format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{title} | {sender}</title>\n<meta \
         property=\"article:published_time\" content=\"{}T09:00:00Z\"></head>\n<body><nav><a href=\"/\">Home</a> <a \
         href=\"/archive\">Archive</a></nav>\n<article><h1>{title}</h1>\n{}</article>\n<footer>© {sender}. All rights \
         reserved.</footer></body></html>\n",
        issue.date,
        html(issue)
    )
}

/// The feed of a sender, with these entries.
pub fn feed(sender: usize, entries: &[Issue]) -> String {
    let name = SENDERS[sender].name;
    let link = |issue: &Issue| format!("https://feed{sender}.example/{}", issue.number);
    let escaped = |issue: &Issue| {
        html(issue)
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    match SENDERS[sender].form {
        Form::Json => {
            let item = |issue: &Issue| {
                json!({"id": link(issue), "url": link(issue), "title": issue.title,
                    "content_html": html(issue), "date_published": format!("{}T09:00:00Z", issue.date)})
            };
            let items: Vec<_> = entries.iter().map(item).collect();
            json!({"version": "https://jsonfeed.org/version/1.1", "title": name, "items": items}).to_string()
        }
        Form::Atom => {
            let entry = |issue: &Issue| {
                format!(
                    "<entry><title>{}</title><id>tag:feed{sender}.example,2025:{}</id><link href=\"{}\"/><published>\
                     {date}T09:00:00Z</published><updated>{date}T09:00:00Z</updated><content type=\"html\">{}</content>\
                     </entry>\n",
                    issue.title,
                    issue.number,
                    link(issue),
                    escaped(issue),
                    date = issue.date,
                )
            };
            let all: String = entries.iter().map(entry).collect();
            format!(
                "<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>{name}</title><id>tag:feed\
                 {sender}.example,2025:feed</id><updated>2025-01-01T00:00:00Z</updated>\n{all}</feed>\n"
            )
        }
        _ => {
            let item = |issue: &Issue| {
                format!(
                    "<item><title>{}</title><link>{}</link><guid isPermaLink=\"false\">{}</guid><pubDate>{}</pubDate>\
                     <description>{}</description></item>\n",
                    issue.title,
                    link(issue),
                    issue.number,
                    issue.date.strftime("%a, %d %b %Y 09:00:00 +0000"),
                    escaped(issue)
                )
            };
            let all: String = entries.iter().map(item).collect();
            format!(
                "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>{name}</title><link>https://feed{sender}\
                 .example/</link>\n{all}</channel></rss>\n"
            )
        }
    }
}
