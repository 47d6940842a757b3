//! Lines that head something other than a question or an answer: `Jobs`, `In brief`, `Termine`.

use super::block::{Block, Look};
use super::clean::{key, words};
use super::names;

/// Most words in such a line.
const HEAD_WORDS: usize = 6;

/// Such lines, in the languages that letters come in, separated by `|`.
const HEADS: &str = "jobs|job board|the job board|job openings|open roles|open positions|vacancies|were hiring|we are hiring|whos hiring|\
    hiring|careers|opportunities|news|small news|in the news|news of the week|news of the month|briefly|in brief|short news|announcements|\
    events|upcoming events|calendar|dates|dates for the diary|diary|agenda|meetups|links|quick links|quick hits|elsewhere|also this week|\
    worth a click|books|podcasts|talks|housekeeping|notices|notice board|small ads|classifieds|classified ads|credits|next week|next time|\
    next month|next issue|coming up|bits and pieces|odds and ends|leftovers|community news|member news|who is who|whos who|about us|\
    about this letter|a recipe|mentioned|mentioned in this episode|show notes|links from the episode|follow us|upcoming|termine|stellen|stellenangebote|neuigkeiten|nachrichten|lesetipps|brèves|offres d emploi|\
    agenda du mois|à lire|noticias|empleo|ofertas de empleo|para leer|vagas|notícias|para ler|notizie|offerte di lavoro|nieuws|vacatures|\
    お知らせ|求人|通知|招聘";

/// Lines above an advertisement, after which answers may go on.
const SPONSORS: &str = "sponsor|sponsors|our sponsor|sponsored|a message from our sponsor|a word from our sponsor|from our sponsor|\
    a message from our sponsors|from our sponsors|advertisement|advert|anzeige|publicité|anuncio";

/// Reports whether `block` heads something other than a question or an answer.
pub(super) fn is_head(block: &Block) -> bool {
    is_among(block, HEADS)
}

/// Reports whether `block` heads an advertisement, with or without its text on the lines below.
pub(super) fn is_sponsor(block: &Block) -> bool {
    let line = block.text.split('\n').next().unwrap_or_default();
    is_among(&Block::new(block.look, line), SPONSORS)
        || key(line).starts_with("together with ") && words(line) <= HEAD_WORDS
}

/// Reports whether `block` is a notice in one paragraph: `Next month: pricing.`
pub(super) fn is_notice(block: &Block) -> bool {
    let text = names::bare(&block.text);
    let labelled = || {
        let (label, rest) = text.split_once(": ")?;
        (!rest.is_empty()).then(|| Block::new(Look::Paragraph, label))
    };
    block.look == Look::Paragraph && labelled().is_some_and(|label| is_among(&label, HEADS))
}

fn is_among(block: &Block, list: &str) -> bool {
    let text = block.text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let line = matches!(block.look, Look::Heading(_) | Look::Paragraph) && !text.contains('\n');
    let text = names::bare(text).trim_end_matches(':');
    if !line || !(1..=HEAD_WORDS).contains(&words(text)) {
        return false;
    }
    let text = key(text);
    list.split('|').any(|head| head == text)
}
