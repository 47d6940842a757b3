//! Plans the year: when each issue is sent, what goes wrong with it, and where answers are planted.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::forms::Form;
use super::plants::{SAVED, Saved};
use super::{Answer, Discussion, Fault, HOLIDAYS, Issue, SENDERS, WEEKS, Words, Year};

/// What is wrong with the server of a feed for a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    Status(u16),
    /// A page in place of the feed, with status 200.
    ErrorPage,
    /// The feed breaks off in its last entry. The entries before it can still be read in XML, and none in JSON.
    Cut,
}

const MONDAY: Date = date(2025, 1, 6);

impl Year {
    pub fn plan(seed: u64) -> Year {
        let mut words = Words::new(seed);
        let mut year = Year {
            issues: issues(&mut words),
            down: BTreeMap::new(),
            broken: broken(&mut words),
        };
        year.plant(&mut words);
        year.take_servers_down(&mut words);
        year.deal_faults(&mut words);
        year
    }

    /// Adds the planted discussions, and those that only look so, each to an issue of its own.
    fn plant(&mut self, words: &mut Words) {
        for saved in SAVED {
            let Saved { name, plants, near, .. } = saved;
            let plants = plants.iter().map(|plant| (plant, Some(*name)));
            for ((question, answer), answers_saved) in plants.chain(near.iter().map(|near| (near, None))) {
                let free = |issue: &Issue| issue.week > 0 && issue.discussions.len() < 4;
                let at = loop {
                    let at = words.below(self.issues.len());
                    if free(&self.issues[at]) {
                        break at;
                    }
                };
                let contributor = words.people(1).remove(0);
                let place = words.below(self.issues[at].discussions.len() + 1);
                let planted = Discussion {
                    question: words.fill(question),
                    answers: vec![Answer {
                        contributor,
                        text: words.fill(answer),
                    }],
                    answers_saved,
                };
                self.issues[at].discussions.insert(place, planted);
            }
        }
    }

    /// Lets feeds fail for a week. What they would have had then, they have a week later.
    fn take_servers_down(&mut self, words: &mut Words) {
        let kinds = [
            Down::Status(500),
            Down::Status(503),
            Down::Status(404),
            Down::ErrorPage,
            Down::Cut,
        ];
        for (kind, _) in kinds.iter().flat_map(|kind| [(kind, 0), (kind, 1), (kind, 2)]) {
            let (sender, week) = loop {
                let sender = words.below(SENDERS.len());
                let week = 6 + words.below(WEEKS - 10);
                let near = (week - 1..=week + 2)
                    .any(|week| self.down.contains_key(&(sender, week)) || HOLIDAYS.contains(&week));
                let sends = self
                    .issues
                    .iter()
                    .any(|issue| issue.sender == sender && issue.week == week);
                if SENDERS[sender].form.is_feed() && sends && !near {
                    break (sender, week);
                }
            };
            self.down.insert((sender, week), *kind);
            if *kind != Down::Cut || SENDERS[sender].form == Form::Json {
                let of = |issue: &&mut Issue| issue.sender == sender && issue.week == week;
                self.issues.iter_mut().filter(of).for_each(|issue| issue.week += 1);
            }
        }
    }

    fn deal_faults(&mut self, words: &mut Words) {
        let is_file = |issue: &Issue| matches!(issue.form(), Form::PlainMail | Form::HtmlMail);
        for _ in 0..4 {
            let at = self.healthy(words, |issue| issue.form() != Form::Mailbox && !issue.form().is_feed());
            self.issues[at].fault = Fault::Twice;
            let at = self.healthy(words, is_file);
            self.issues[at].fault = Fault::Moved;
            let at = self.healthy(words, is_file);
            let by = if self.issues[at].sender == 0 { 3 } else { 0 };
            self.issues[at].fault = Fault::PassedOn { by };
            let at = self.healthy(words, |issue| issue.form() == Form::PlainMail && !issue.is_planted());
            self.issues[at].fault = Fault::Half;
            let at = self.healthy(words, |_| true);
            self.issues[at].date = date(2031, 5, 5);
            self.issues[at].fault = Fault::Future;
            let at = self.healthy(words, |issue| issue.week < 30);
            self.issues[at].week = loop {
                let week = self.issues[at].week + 5 + words.below(15);
                if !HOLIDAYS.contains(&week) && !self.down.contains_key(&(self.issues[at].sender, week)) {
                    break week;
                }
            };
            self.issues[at].fault = Fault::Late;
        }
        for _ in 0..8 {
            let at = self.healthy(words, |issue| issue.form().is_feed() && !issue.is_planted());
            let issue = &self.issues[at];
            let week = issue.week + 1;
            if HOLIDAYS.contains(&week) || self.down.contains_key(&(issue.sender, week)) {
                continue;
            }
            let before = issue.discussions.clone();
            let more = words.fill(" We first wrote {number} here, and the right figure is {number}.");
            self.issues[at].discussions[0].answers[0].text += &more;
            self.issues[at].fault = Fault::Corrected { week, before };
        }
        for _ in 0..4 {
            let from = self.healthy(words, |issue| !issue.is_planted());
            let original = self.issues[from].clone();
            let to = self.healthy(words, |issue| {
                let weeks = original.week + 1..original.week + 6;
                weeks.contains(&issue.week) && issue.sender != original.sender && !issue.is_planted()
            });
            let mut copied = original.discussions[0].clone();
            copied.answers[0].text += &words.fill(" So it went in {month}.");
            self.issues[to].discussions = vec![copied];
            self.issues[to].fault = Fault::Copy;
            // Nothing else may happen to the original.
            self.issues[from].fault = Fault::Moved;
        }
    }

    /// Returns an issue without a fault for which `fits` holds.
    fn healthy(&self, words: &mut Words, fits: impl Fn(&Issue) -> bool) -> usize {
        for _ in 0..100_000 {
            let at = words.below(self.issues.len());
            let issue = &self.issues[at];
            let near_holiday = HOLIDAYS.iter().any(|week| (issue.week..issue.week + 2).contains(week));
            if issue.fault == Fault::None && issue.week > 2 && !near_holiday && fits(issue) {
                return at;
            }
        }
        panic!("no issue is left for this fault");
    }
}

impl Issue {
    fn is_planted(&self) -> bool {
        self.discussions.iter().any(|one| one.answers_saved.is_some())
    }
}

fn issues(words: &mut Words) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (number, sender) in SENDERS.iter().enumerate() {
        let weeks = (number % sender.every..WEEKS).step_by(sender.every);
        for (at, week) in weeks.filter(|week| !HOLIDAYS.contains(week)).enumerate() {
            let days = 7 * i64::try_from(week).unwrap() + i64::try_from(number % 5).unwrap();
            let count = 1 + words.below(3);
            issues.push(Issue {
                sender: number,
                number: at + 1,
                title: if sender.titled {
                    words.title()
                } else {
                    sender.name.into()
                },
                date: MONDAY.saturating_add(days.days()),
                week,
                discussions: (0..count).map(|_| discussion(words)).collect(),
                fault: Fault::None,
            });
        }
    }
    issues
}

fn discussion(words: &mut Words) -> Discussion {
    let count = 1 + words.below(3);
    let people = words.people(count);
    let answer = |contributor| Answer {
        contributor,
        text: words.answer(),
    };
    let answers = people.into_iter().map(answer).collect();
    Discussion {
        question: words.question(),
        answers,
        answers_saved: None,
    }
}

fn broken(words: &mut Words) -> Vec<(usize, String, Vec<u8>)> {
    let mut noise = |count: usize| (0..count).map(|_| words.below(256) as u8).collect::<Vec<u8>>();
    vec![
        (4, "noise.eml".into(), noise(4000)),
        (9, "noise.html".into(), noise(2000)),
        (15, "empty.eml".into(), Vec::new()),
        (22, "broken.pdf".into(), [b"%PDF-1.7\n".to_vec(), noise(900)].concat()),
        (37, "broken.docx".into(), [b"PK\x03\x04".to_vec(), noise(900)].concat()),
        (44, "noise.mbox".into(), noise(3000)),
    ]
}
