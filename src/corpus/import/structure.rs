//! Recovers the structure of a newsletter: turns a [`Document`] into an [`Edition`](crate::corpus::edition::Edition).
//!
//! Finds discussions with askers and signed answers, and resources. All other content becomes sections. One pass over
//! the blocks tracks the current place. Every word of a block goes either into the edition or into the list of what was
//! left out, with a reason. This module knows nothing about files.

pub(super) mod built;
pub(super) mod parts;

use std::collections::{HashMap, HashSet};

use self::built::Built;
use super::block::{Block, Document, Look};
use super::clean::words;
use super::contents::Contents;
use super::furniture::Furniture;
use super::marks::{self, Label};
use super::titles::masthead;
use super::turns::{self, Turns};
use super::why::Why;
use super::{Dropped, closing, contents, dates, phrases, quarters, resources, roles, tidy};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before anything that has a place.
    Before,
    Contents,
    /// In the asker's text.
    Question,
    /// After the asker's text, before an answer.
    Asked,
    /// In an answer that nobody has signed yet.
    Answer,
    /// After a signed answer.
    Signed,
    Section,
    Resources,
    Footer,
}

/// Builds an edition from `document`. `name` is the title if the document gives none.
pub(super) fn build(document: Document, name: &str) -> Built {
    let Document {
        title,
        page_title,
        date,
        source,
        blocks,
        keep_all,
    } = document;
    let blocks = if keep_all { all_shown(blocks) } else { blocks };
    let mut blocks = masthead::split_masthead(turns::split(roles::join(blocks)));
    contents::numbered_headings(&mut blocks);
    closing::set_apart(&mut blocks);
    let pass = |lists_contents: bool| {
        let mut builder = Builder::new(&blocks, keep_all);
        builder.lists_contents = lists_contents;
        builder.why.date = "the mail, the feed, the page or the front matter gives it";
        builder.built.edition.date.clone_from(&date);
        builder.built.edition.source.clone_from(&source);
        builder.title(title.clone(), page_title.clone(), &blocks, name);
        builder.masthead(&blocks, page_title.as_deref(), name);
        for at in 0..blocks.len() {
            builder.block(at, &blocks);
        }
        builder.finish()
    };
    let built = pass(true);
    let empty =
        built.edition.sections.is_empty() && built.edition.discussions.is_empty() && built.edition.resources.is_empty();
    // A table of contents that never ends is the text itself.
    if empty && blocks.iter().any(|b| marks::label(&b.text) == Some(Label::Contents)) {
        return pass(false);
    }
    built
}

/// The state of the pass over the blocks. `discussion.rs` finds discussions, and `prose.rs` places text.
pub(super) struct Builder {
    pub(super) built: Built,
    pub(super) place: Place,
    pub(super) contents: Contents,
    /// Whether a line such as `In this issue` begins a table of contents.
    pub(super) lists_contents: bool,
    pub(super) furniture: Furniture,
    /// For each block, whether `A]` is in it or later, before the next question. If so, `A.` here is text.
    pub(super) strong_ahead: Vec<bool>,
    /// Whether the open discussion marks answers with `A]` rather than `A)` and the like. Marks of the other kind are
    /// text.
    pub(super) strong_marks: Option<bool>,
    /// Whether answers have letters. If not, a signature ends an answer, and the next paragraph begins another.
    pub(super) lettered: bool,
    pub(super) why: Why,
    /// Who speaks where, according to the layout of the whole letter.
    pub(super) turns: Turns,
    /// The look of the last answer's opening. A heading of its level or higher ends that answer.
    pub(super) opening: Look,
    /// Whether names after a hyphen sign answers, apart from those below lists.
    pub(super) hyphens_sign: bool,
    /// Whether the text has no question.
    pub(super) article: bool,
    /// Whether the headings are days, as in a changelog.
    pub(super) days_head: bool,
    /// Whether entries of a diary follow lines that are only a day.
    pub(super) dated_entries: bool,
    /// Indexes of blocks that became part of the title.
    pub(super) in_title: HashSet<usize>,
    /// The level of the heading above the resources, if there is one.
    pub(super) resources_level: Option<u8>,
    /// Index of the sentence between that heading and the first resource.
    pub(super) lead_in: Option<usize>,
    /// Number of `Top discussions` lines still to come.
    pub(super) labels_left: usize,
    pub(super) numbers: HashSet<u32>,
    /// Places in the table of contents of the titles that head sections.
    pub(super) listed_sections: HashSet<u32>,
    /// Whether `Q3: …` is a quarter of the year.
    pub(super) quarters: bool,
    /// Title of the open question still to come: its number stood on a line of its own.
    pub(super) untitled: bool,
    after_rule: bool,
    pub(super) resources: Vec<Block>,
    /// For each question number, the index of the last block that opens it.
    pub(super) last_question: HashMap<u32, usize>,
    /// The highest question number so far.
    pub(super) highest: u32,
    /// Index of the last answer's letter. `None` if the discussion has no answer yet.
    pub(super) last_answer: Option<u32>,
    /// Whether the title is a block of the text that has not been met yet.
    pub(super) title_to_come: bool,
    /// The key of the edition's title, for comparison.
    pub(super) title_key: String,
    /// Number of words in the edition that are not in the document.
    pub(super) made_up: usize,
    pub(super) label_words: usize,
}

impl Builder {
    fn new(blocks: &[Block], keep_all: bool) -> Self {
        let marks = || {
            blocks
                .iter()
                .filter_map(|b| marks::answer(&b.text))
                .filter(|a| a.index == 0)
        };
        let discussions = |b: &&Block| marks::label(&b.text) == Some(Label::Discussions);
        let mut last_question = HashMap::new();
        for (at, block) in blocks.iter().enumerate() {
            if let Some(question) = marks::question(&block.text) {
                last_question.insert(question.number, at);
            }
        }
        let turns = turns::read(blocks);
        let asks = blocks
            .iter()
            .any(|b| marks::question(&b.text).is_some_and(|q| q.sure && !q.short));
        let day_headings = blocks
            .iter()
            .filter(|b| matches!(b.look, Look::Heading(_)) && dates::day_in(&b.text).is_some());
        let labelled = |b: &Block| matches!(marks::label(&b.text), Some(Label::Discussions | Label::Answers));
        let talks = turns.asks() || asks || marks().next().is_some() || blocks.iter().any(labelled);
        let mut contents = Contents::default();
        if !talks {
            contents.list_sections();
        }
        Builder {
            article: !turns.asks() && !asks && marks().next().is_none(),
            days_head: day_headings.count() > 1,
            dated_entries: dated_entries(blocks),
            why: Why::default(),
            hyphens_sign: hyphens_sign(blocks),
            opening: Look::Paragraph,
            in_title: HashSet::new(),
            resources_level: None,
            lead_in: None,
            built: Built {
                words_in: blocks.iter().map(|b| words(&b.text)).sum(),
                ..Built::default()
            },
            place: Place::Before,
            contents,
            lists_contents: true,
            furniture: Furniture::of(blocks, keep_all),
            strong_ahead: strong_ahead(blocks),
            strong_marks: None,
            lettered: marks().next().is_some() || turns.opens_answers(),
            quarters: quarters::head(blocks, &turns),
            listed_sections: HashSet::new(),
            turns,
            labels_left: blocks.iter().filter(discussions).count(),
            numbers: HashSet::new(),
            untitled: false,
            after_rule: false,
            resources: Vec::new(),
            last_question,
            highest: 0,
            last_answer: None,
            title_to_come: false,
            title_key: String::new(),
            made_up: 0,
            label_words: 0,
        }
    }

    fn block(&mut self, at: usize, blocks: &[Block]) {
        let Some(block) = blocks.get(at) else { return };
        let after_rule = std::mem::take(&mut self.after_rule);
        match block.look {
            Look::Unseen(what) => {
                self.after_rule = after_rule;
                return self.drop(what, block);
            }
            Look::Rule => return self.rule(),
            _ => {}
        }
        if self.in_title.contains(&at) {
            return;
        }
        if let Some(turn) = self.turns.take(at)
            && self.turn(turn, at, blocks)
        {
            return;
        }
        if self.answer_is_over(at, block, after_rule) {
            self.end_answer();
            self.place = Place::Signed;
        }
        if let Some(label) = marks::label(&block.text)
            && self.label(label, at, blocks)
        {
            return;
        }
        if self.place == Place::Contents && self.contents.are_over(block) {
            self.place = Place::Before;
        }
        if self.question(at, blocks, after_rule) || self.answer(at, block) || self.signature(at, blocks) {
            return;
        }
        if self.place == Place::Footer {
            return self.drop("footer", block);
        }
        if self.is_furniture(at, block, after_rule) {
            return;
        }
        if self.place == Place::Resources && self.lead_in == Some(at) {
            return self.lead_in_text(block);
        }
        if self.place == Place::Resources && self.resources_are_over(block, after_rule) {
            self.place = Place::Signed;
        }
        self.text(at, blocks, after_rule);
    }

    fn rule(&mut self) {
        self.after_rule = true;
        if self.place == Place::Contents && !self.contents.is_empty() {
            self.place = Place::Before;
        }
    }

    pub(super) fn is_furniture(&mut self, at: usize, block: &Block, after_rule: bool) -> bool {
        let outside = match self.place {
            Place::Question | Place::Asked | Place::Contents => false,
            // An unsigned answer ends at the rule below it.
            Place::Answer => {
                after_rule
                    || self.furniture.is_footer(at)
                    || self.furniture.at(at).is_some() && phrases::template(&block.text).is_some()
            }
            _ => true,
        };
        if !outside {
            return false;
        }
        let ended = matches!(self.place, Place::Answer | Place::Signed | Place::Resources);
        if ended && (after_rule || self.place == Place::Signed) && self.furniture.is_about(at) {
            self.end_answer();
            self.place = Place::Footer;
            self.drop("footer", block);
            return true;
        }
        let Some(what) = self.furniture.at(at) else {
            return false;
        };
        if ended && after_rule {
            self.end_answer();
            self.place = Place::Footer;
        }
        self.drop(what, block);
        true
    }

    pub(super) fn drop(&mut self, what: &str, block: &Block) {
        self.note(what, words(&block.text), &block.text);
    }

    pub(super) fn note(&mut self, what: &str, words: usize, text: &str) {
        if words > 0 {
            self.built.dropped.push(Dropped::new(what, words, text));
        }
    }

    fn finish(mut self) -> Built {
        self.end_answer();
        self.name_behind();
        if self.title_to_come {
            // The title's block was also something else, such as a question.
            self.made_up += words(&self.built.edition.title);
        }
        let found = resources::pair(&self.resources, self.contents.resources());
        self.made_up += found.made_up;
        self.label_words += found.label_words;
        self.built.edition.resources = found.resources;
        tidy::tidy(&mut self.built, &mut self.contents, &mut self.made_up);
        self.contents.note_unused(&found.used_titles, &mut self.built.dropped);
        self.note(
            "labels",
            self.label_words,
            "question numbers, answer letters and lines such as `Discussion`",
        );
        self.built.why = self.why.reasons(&self.built.edition);
        self.built.words_kept = tidy::edition_words(&self.built.edition).saturating_sub(self.made_up);
        self.built
    }
}

/// See [`Builder::hyphens_sign`].
fn hyphens_sign(blocks: &[Block]) -> bool {
    let below_text = |pair: &[Block]| {
        let is_item = |b: &Block| b.look == Look::Item || b.text.starts_with("- ");
        pair[1].text.starts_with("- ")
            && pair[1].look != Look::Item
            && !is_item(&pair[0])
            && !pair[0].text.ends_with(':')
            && marks::signature(&pair[1].text).is_some()
    };
    blocks.windows(2).any(below_text)
}

/// Shows all text again, except what no reader of the page saw.
fn all_shown(mut blocks: Vec<Block>) -> Vec<Block> {
    for block in &mut blocks {
        if matches!(block.look, Look::Unseen(what) if !matches!(what, "hidden text" | "description of a picture")) {
            block.look = Look::Paragraph;
        }
    }
    blocks
}

/// See [`Builder::dated_entries`]. One such line may be the date of the letter, so it takes three, or two in bold.
fn dated_entries(blocks: &[Block]) -> bool {
    let is_bold = |b: &Block| b.look == Look::Heading(7) || b.look == Look::Paragraph && b.text.starts_with("**");
    let of_look = |bold: bool| {
        let alike = move |b: &Block| is_bold(b) == bold && (bold || b.look == Look::Paragraph);
        let days = blocks.iter().enumerate().filter(move |(_, b)| alike(b));
        let followed = |at: usize| {
            let next = turns::turn::next_seen(blocks, at).and_then(|next| blocks.get(next));
            next.is_some_and(|next| dates::only_day(&next.text).is_none())
        };
        days.filter(|(at, b)| dates::only_day(super::names::bare(&b.text)).is_some() && followed(*at))
            .count()
    };
    of_look(false) >= 3 || of_look(true) >= 2
}

/// See [`Builder::strong_ahead`].
fn strong_ahead(blocks: &[Block]) -> Vec<bool> {
    let mut ahead = false;
    let mut out: Vec<bool> = blocks
        .iter()
        .rev()
        .map(|block| {
            if marks::question(&block.text).is_some_and(|q| q.sure) || marks::asks(&block.text).is_some() {
                ahead = false;
            } else if marks::answer(&block.text).is_some_and(|a| a.strong && a.index == 0) {
                ahead = true;
            }
            ahead
        })
        .collect();
    out.reverse();
    out
}
