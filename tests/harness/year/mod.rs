//! Invents a year of newsletters: twelve senders, 52 weeks, and the faults that mail, feeds and files have.
//!
//! Everything follows from a seed. The generator keeps its own list of what it sent, and works out from it what each week
//! should bring. It knows nothing about askpm.

pub mod forms;
mod plan;
pub mod plants;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::feed_server::Served;
use forms::Form;
pub use plan::Down;
pub use words::Words;

pub const WEEKS: usize = 52;

/// Weeks in which nothing is sent.
pub const HOLIDAYS: [usize; 2] = [30, 51];

/// The entries that a feed shows.
const WINDOW: usize = 6;

pub struct Sender {
    pub name: &'static str,
    pub form: Form,
    /// Weeks between two issues.
    every: usize,
    /// Whether each issue has a title of its own. Others have the name of the sender.
    titled: bool,
}

const fn sender(name: &'static str, form: Form, every: usize, titled: bool) -> Sender {
    Sender {
        name,
        form,
        every,
        titled,
    }
}

pub const SENDERS: [Sender; 12] = [
    sender("The Backlog Letter", Form::PlainMail, 1, true),
    sender("Harbour Notes", Form::HtmlMail, 2, true),
    sender("Product Post", Form::Mailbox, 2, true),
    sender("Field Mail", Form::PlainMail, 4, false),
    sender("Quiet Launch", Form::Mailbox, 4, true),
    sender("The Changelog Review", Form::Rss, 1, true),
    sender("North Desk", Form::Rss, 2, true),
    sender("Open Questions", Form::Atom, 2, true),
    sender("Slow Trains", Form::Json, 4, true),
    sender("Desk Research", Form::Rss, 4, false),
    sender("Ask the Bench", Form::Page, 4, true),
    sender("Corner Office Hours", Form::Page, 2, true),
];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    pub contributor: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Discussion {
    pub question: String,
    pub answers: Vec<Answer>,
    /// The saved question that it was planted for.
    pub answers_saved: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub struct Issue {
    pub sender: usize,
    /// Counts the issues of the sender.
    pub number: usize,
    pub title: String,
    pub date: Date,
    /// The week in which it can first be read.
    pub week: usize,
    pub discussions: Vec<Discussion>,
    pub fault: Fault,
}

/// What goes wrong with an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The message arrives again a week later.
    Twice,
    /// The reader moves its file to another folder a week later.
    Moved,
    /// Another sender passes it on a week later, word for word.
    PassedOn {
        by: usize,
    },
    /// It has nothing but a copy of a discussion that another sender had, with a sentence more.
    Copy,
    /// It is weeks late, so later issues came before.
    Late,
    /// The clock of the sender is wrong.
    Future,
    /// The entry of the feed is corrected in this week, under its identifier.
    Corrected {
        week: usize,
        before: Vec<Discussion>,
    },
    /// The file is half written at first, and whole a week later.
    Half,
}

/// What the reader's machine sees.
#[derive(Debug, Clone)]
pub enum Event {
    /// A file appears in the drop folder, or is replaced.
    Drop(String, Vec<u8>),
    Remove(String),
    /// The feed's address answers like this from now on.
    Serve(String, Served),
}

/// An issue as a digest names it: title, date, and whether it is a changed one.
pub type Named = (String, String, bool);

pub struct Year {
    pub issues: Vec<Issue>,
    /// What is wrong with the server of a feed: sender, week.
    pub down: BTreeMap<(usize, usize), Down>,
    /// Broken files: week, name, bytes. Each is removed a week later.
    pub broken: Vec<(usize, String, Vec<u8>)>,
}

impl Issue {
    pub fn day(&self) -> String {
        self.date.to_string()
    }

    pub fn form(&self) -> Form {
        SENDERS[self.sender].form
    }

    /// The issue as it is in `week`.
    fn at(&self, week: usize) -> Issue {
        let mut issue = self.clone();
        if let Fault::Corrected { week: from, before } = &self.fault
            && week < *from
        {
            issue.discussions.clone_from(before);
        }
        issue
    }

    fn file(&self) -> String {
        let extension = if self.form() == Form::Page { "html" } else { "eml" };
        format!("{:02}-{:03}.{extension}", self.sender, self.number)
    }
}

impl Year {
    /// What the reader's machine sees in one `half` of a week.
    pub fn events(&self, week: usize, half: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for (_, issue) in self.issues.iter().enumerate().filter(|(at, _)| at % 2 == half) {
            if matches!(issue.form(), Form::PlainMail | Form::HtmlMail | Form::Page) {
                self.file_events(issue, week, &mut events);
            }
        }
        for (number, sender) in SENDERS.iter().enumerate().filter(|(number, _)| number % 2 == half) {
            match sender.form {
                Form::Mailbox if self.arrived(number, week).any(|issue| issue.week == week) => {
                    let mut messages: Vec<&Issue> = self.arrived(number, week).collect();
                    messages.sort_by_key(|issue| (issue.week, issue.number));
                    let text: String = messages.iter().map(|issue| forms::in_mailbox(issue)).collect();
                    events.push(Event::Drop(format!("{number:02}.mbox"), text.into_bytes()));
                }
                Form::Rss | Form::Atom | Form::Json => events.extend(self.feed_event(number, week)),
                _ => {}
            }
        }
        for (from, name, bytes) in &self.broken {
            if *from == week && half == 0 {
                events.push(Event::Drop(name.clone(), bytes.clone()));
            } else if *from + 1 == week && half == 0 {
                events.push(Event::Remove(name.clone()));
            }
        }
        events
    }

    fn file_events(&self, issue: &Issue, week: usize, events: &mut Vec<Event>) {
        let whole = forms::file(issue);
        let drop = |name: String, bytes: &[u8]| Event::Drop(name, bytes.to_vec());
        if issue.week == week {
            match issue.fault {
                Fault::Half => events.push(drop(issue.file(), &whole[..forms::half(&whole)])),
                _ => events.push(drop(issue.file(), &whole)),
            }
        }
        if issue.week + 1 == week {
            match &issue.fault {
                Fault::Half => events.push(drop(issue.file(), &whole)),
                Fault::Twice => events.push(drop(format!("again-{}", issue.file()), &whole)),
                Fault::Moved => {
                    events.push(Event::Remove(issue.file()));
                    events.push(drop(format!("kept/{}", issue.file()), &whole));
                }
                Fault::PassedOn { by } => {
                    let passed = Issue {
                        sender: *by,
                        number: 900 + issue.number,
                        title: format!("Worth reading: {}", issue.title),
                        date: issue.date.saturating_add(7.days()),
                        ..issue.clone()
                    };
                    events.push(drop(passed.file(), &forms::file(&passed)));
                }
                _ => {}
            }
        }
    }

    /// What the feed of a sender answers from this week on, if that changes.
    fn feed_event(&self, number: usize, week: usize) -> Option<Event> {
        let down = self.down.get(&(number, week));
        let was_down = week > 0 && self.down.contains_key(&(number, week - 1));
        let is_new = |issue: &Issue| {
            issue.week == week || matches!(issue.fault, Fault::Corrected { week: from, .. } if from == week)
        };
        let changed = week == 0 || self.arrived(number, week).any(is_new);
        if !changed && !was_down && down.is_none() {
            return None;
        }
        let mut entries: Vec<Issue> = self.arrived(number, week).map(|issue| issue.at(week)).collect();
        entries.sort_by_key(|issue| std::cmp::Reverse((issue.week, issue.number)));
        entries.truncate(WINDOW);
        let text = forms::feed(number, &entries);
        let tag = format!("\"{number}-{week}\"");
        let served = match down {
            Some(Down::Status(code)) => Served::Status(*code),
            Some(Down::ErrorPage) => Served::Plain(
                "<!doctype html><html><head><title>Sorry</title></head><body><p>We are moving house. Please come back \
                 tomorrow.</p></body></html>"
                    .into(),
            ),
            Some(Down::Cut) => Served::Plain(text[..forms::cut(&text)].to_string()),
            // The server keeps tags for the length of the test.
            None => Served::Tagged(tag.leak(), text),
        };
        Some(Event::Serve(feed_path(number), served))
    }

    fn arrived(&self, sender: usize, week: usize) -> impl Iterator<Item = &Issue> {
        let of = move |issue: &&Issue| issue.sender == sender && issue.week <= week;
        self.issues.iter().filter(of)
    }

    /// What a digest should name in this week.
    pub fn named(&self, week: usize) -> Vec<Named> {
        let mut named = Vec::new();
        for issue in &self.issues {
            let again = match &issue.fault {
                Fault::Corrected { week, .. } => Some(*week),
                Fault::Half => Some(issue.week + 1),
                _ => None,
            };
            let mut name = |changed: bool| named.push((issue.title.clone(), issue.day(), changed));
            if issue.week == week {
                name(false);
            }
            if again == Some(week) {
                name(true);
            }
        }
        named.sort();
        named
    }

    /// The saved questions that should report something in this week, each with the question of the discussion.
    pub fn planted(&self, week: usize) -> BTreeSet<(String, String)> {
        let came = self.issues.iter().filter(|issue| issue.week == week);
        let all = came.flat_map(|issue| &issue.discussions);
        all.filter_map(|one| Some((one.answers_saved?.to_string(), one.question.clone())))
            .collect()
    }
}

/// The path of a sender's feed on the server.
pub fn feed_path(sender: usize) -> String {
    format!("/{sender:02}/feed")
}
