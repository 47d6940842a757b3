//! Invents what newsletters say: questions, answers and people, from templates and a seed.

use std::collections::HashSet;

use askpm_fixtures::Numbers;

/// The same seed always invents the same year.
pub struct Words {
    numbers: Numbers,
    asked: HashSet<String>,
}

impl Words {
    pub fn new(seed: u64) -> Words {
        Words {
            numbers: Numbers(seed),
            asked: HashSet::new(),
        }
    }

    /// Returns a number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.numbers.below(end)
    }

    /// Picks one of `list`, which is separated by bars.
    fn pick(&mut self, list: &'static str) -> &'static str {
        let all: Vec<&str> = list.split('|').collect();
        all[self.below(all.len())]
    }

    /// Fills the gaps of a template: `{thing}`, `{team}`, `{month}`, `{event}`, `{number}`, `{unit}` and `{did}`.
    pub fn fill(&mut self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (gap, end) = after.split_once('}').expect("a gap ends");
            out += before;
            match gap {
                "thing" => out += self.pick(THINGS),
                "team" => out += self.pick(TEAMS),
                "month" => out += self.pick(MONTHS),
                "event" => out += self.pick(EVENTS),
                "unit" => out += self.pick(UNITS),
                "did" => out += self.pick(DID),
                "number" => out += &(3 + self.below(90)).to_string(),
                other => panic!("no words for {other}"),
            }
            rest = end;
        }
        out + rest
    }

    /// Returns a question that it has not returned before.
    pub fn question(&mut self) -> String {
        loop {
            let template = QUESTIONS[self.below(QUESTIONS.len())];
            let question = self.fill(template);
            if self.asked.insert(question.clone()) {
                return question;
            }
        }
    }

    /// Returns an answer of two to four sentences.
    pub fn answer(&mut self) -> String {
        let count = 2 + self.below(3);
        let mut left: Vec<&str> = SENTENCES.to_vec();
        let sentences: Vec<String> = (0..count)
            .map(|_| {
                let template = left.swap_remove(self.below(left.len()));
                capital(&self.fill(template))
            })
            .collect();
        sentences.join(" ")
    }

    /// Returns `count` different contributors.
    pub fn people(&mut self, count: usize) -> Vec<String> {
        let mut left: Vec<&str> = PEOPLE.split('|').collect();
        let names = (0..count).map(|_| left.swap_remove(self.below(left.len())).to_string());
        names.collect()
    }

    /// Returns a title for an issue.
    pub fn title(&mut self) -> String {
        let template = TITLES[self.below(TITLES.len())];
        capital(&self.fill(template))
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

const THINGS: &str = "\
    the spare keys|the release calendar|the support queue|the glossary|the error pages|the old printer|\
    the search box|the partner portal|the sample data|the invoice export|the dark theme|the audit log|\
    the style sheet|the mobile menu|the test devices|the status page|the address book|the map view|\
    the trial account|the import wizard|the help videos|the password reset|the shared drive|\
    the weekly numbers|the tax form|the demo script|the wish list|the bug bash|the translation file|\
    the photo upload|the seating plan|the on-call rota|the data dictionary|the beta group|\
    the store listing|the paper archive|the barcode reader|the quiet hours|the feature flags|\
    the calendar sync";

const TEAMS: &str = "\
    the billing team|two designers|the field engineers|our lawyers|the night shift|the founders|\
    the research group|three interns|the platform crew|the sales office|the warehouse|the help desk|\
    the security people|our translators|the finance clerk|the Lisbon office";

const MONTHS: &str = "\
    January|February|March|April|May|June|July|August|September|October|November|December";

const EVENTS: &str = "\
    the audit|the spring launch|the board meeting|the summer break|the data move|the trade fair|\
    the next contract|the office move|the tax season|the winter freeze";

const UNITS: &str = "\
    hours|days|tickets|calls|screens|rows|branches|complaints";

const DID: &str = "\
    counted|dropped|rewrote|split|renamed|froze|handed over|repaired|sorted|measured";

const TITLES: &[&str] = &[
    "On {thing} and {thing}",
    "What {team} did with {thing}",
    "{thing}, {number} months on",
    "A {month} with {thing}",
    "Before {event}: {thing}",
];

const QUESTIONS: &[&str] = &[
    "How do {team} look after {thing} before {event}?",
    "Who should own {thing} once {event} is over?",
    "What do we lose if nobody touches {thing} until {event}?",
    "How do we get {team} to care about {thing}?",
    "Is it worth moving {thing} in {month}?",
    "Why does {thing} take {team} {number} {unit}?",
    "Should {team} see {thing} before {event}?",
    "How do we stop {thing} from eating {number} {unit} a week?",
];

const SENTENCES: &[&str] = &[
    "in {month} {team} {did} {thing}, and it saved {number} {unit}.",
    "we gave {thing} to {team} because nobody else had {number} {unit} to spare.",
    "write down who {did} {thing}, or you will ask again before {event}.",
    "{team} told us that {thing} broke {number} times after {event}.",
    "my rule is that {thing} waits until {team} have seen {event} through.",
    "it took {number} {unit}, most of which went into {thing}.",
    "do not start with {thing} when {team} are busy with {event}.",
    "once {team} {did} {thing}, the {unit} fell by {number} percent.",
    "our first try in {month} failed, since {thing} was never shown to {team}.",
    "pick {number} {unit} by hand, and let {team} explain {thing} with them.",
    "after {event} we {did} {thing} and kept only what {team} used.",
    "there were {number} {unit} left in {month}, all of them about {thing}.",
    "ask {team} which part of {thing} they would keep if {event} came tomorrow.",
    "we hid {thing} for {number} days, and only {team} noticed.",
];

const PEOPLE: &str = "\
    Ann Lee, head of support|Bo Quist, product manager|Cleo Marsh, designer|Dov Amir, founder|\
    Elin Strand, product lead|Farid Noor, engineer|Greta Holm, researcher|Hugo Bianchi, data analyst|\
    Iris Okafor, product manager|Jonas Weil, head of product|Kaja Lund, writer|Luca Ferri, engineer|\
    Mina Sato, designer|Nils Berg, consultant|Olga Petrov, product owner|Pia Roth, head of growth|\
    Quentin Dale, founder|Rosa Vidal, coach|Sven Falk, product manager|Tara Quinn, researcher|\
    Uma Rao, product lead|Viktor Hahn, engineer|Wanda Kurek, support lead|Yara Haddad, director";
