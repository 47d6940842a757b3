//! Runs `askpm ask`: answers one question with citations.

use std::io::{self, Write};

use super::args::{AskArgs, Format};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::text::words_or_stdin;
use super::{answering, batch, conversation, guide, model, offer, save};
use crate::answer::{Answer, Sentence};
use crate::ask::{self, Listener, MAX_QUESTION_BYTES};
use crate::chat::{self, Turn};
use crate::render::terminal::{self, Look, Paragraph};
use crate::render::{json, sources};
use crate::retrieve;

pub fn run(context: &Context, args: &AskArgs) -> Result<Exit, Failure> {
    answering::refuse_what_quoting_cannot_honour(context, &args.model, &args.sampling, args.keep_unsupported)?;
    if let Some(file) = &args.batch {
        return batch::run(context, args, file);
    }
    if let Some(path) = &args.save {
        save::format_of(path)?;
    }
    let question = words_or_stdin(&args.question, MAX_QUESTION_BYTES, "question")?;
    let mut settings = answering::settings(context, args);
    let wanted = model::wanted(context, &offer::choice(context, args)?)?;
    let (store, finder) = Finder::open(context, args.retrieval.by, Some(&wanted))?;
    let mut conversation = conversation::begin(context, &args.conversation)?;
    let reading = chat::read(&conversation.turns, &question);
    settings.shown = conversation::shown(&conversation);
    let search = ask::Search {
        store: &store,
        retriever: &*finder.retriever(&store),
        meaning: finder.meaning(),
    };
    let (found, leaning) = search.find_turn(&question, reading, &mut settings)?;
    conversation::tell_leaning(context, leaning.as_deref());
    let format = args.output.format();
    let machine = format == Format::Json || args.jsonl;

    if let Some(line) = retrieve::language_note(&question, &store) {
        context.note(&line);
    }
    let mut loaded = None;
    if !found.abstains {
        loaded = wanted.load(context)?;
    }
    let mut out = io::stdout().lock();
    let stream = !machine && !args.no_stream && format == Format::Text;
    let mut voice = Voice::new(context, &mut out, stream.then(|| context.look()));
    let writer = loaded.as_mut().map(|l| l.writer());
    let answer = ask::write(&found, writer, finder.meaning(), &settings, &mut voice)?;
    voice.finish()?;

    let document = matches!(format, Format::Md | Format::Html) && !answer.abstained;
    if format == Format::Json || document {
        save::write(&mut out, &answer, format)?;
    } else if args.jsonl {
        json::line(&mut out, &answer)?;
    } else if !answer.abstained {
        if args.no_stream {
            let mut paragraph = Paragraph::new(&mut out, context.look());
            answer
                .sentences
                .iter()
                .try_for_each(|sentence| paragraph.sentence(sentence))?;
            paragraph.end()?;
        }
        sources::sources(&mut out, &answer, context.look())?;
    }
    out.flush()?;
    tell_timings(context, &answer);
    match &args.save {
        Some(path) if answer.abstained => context.note(&format!("no answer to save in {}", path.display())),
        Some(path) => save::save(&answer, path)?,
        None => {}
    }
    if args.explain {
        terminal::why(&mut io::stderr().lock(), &found.signals, &answer, context.error_look())?;
    }
    if let Err(error) = conversation.push(Turn::new(&question, leaning, &answer)) {
        let text = format!("this answer is not saved, so `-c` cannot continue from it: {error}");
        // Only a user who continues a conversation expects it to be saved.
        if args.conversation.resume {
            context.note(&text);
        } else {
            context.detail(&text);
        }
    }
    if answer.abstained {
        if !machine {
            tell_abstention(context, &answer)?;
        }
        return Ok(Exit::NoAnswer);
    }
    if format == Format::Text && !machine {
        guide::after_an_answer(context, &answer);
    }
    Ok(Exit::Done)
}

/// Prints to standard error that the corpus has no answer, and the related discussions. Standard output is for answers.
pub fn tell_abstention(context: &Context, answer: &Answer) -> io::Result<()> {
    context.warn(answer.verdict());
    sources::related(&mut io::stderr().lock(), answer, context.error_look())
}

pub fn tell_timings(context: &Context, answer: &Answer) {
    let t = &answer.timings;
    context.detail(&format!(
        "retrieved in {:.1} ms, loaded in {:.0} ms, {} prompt tokens read in {:.0} ms, {} written in {:.0} ms, {:.0} ms in all",
        t.retrieve_ms, t.load_ms, t.prompt_tokens, t.prefill_ms, t.generated_tokens, t.decode_ms, t.total_ms
    ));
}

/// Streams sentences to standard output and notes to standard error.
pub struct Voice<'a> {
    context: &'a Context,
    paragraph: Option<Paragraph<'a>>,
    failed: Option<io::Error>,
}

impl<'a> Voice<'a> {
    /// Streams to `out` in the given look. Without a look, the caller prints the sentences.
    pub fn new(context: &'a Context, out: &'a mut dyn Write, look: Option<Look>) -> Self {
        Voice {
            context,
            paragraph: look.map(|look| Paragraph::new(out, look)),
            failed: None,
        }
    }

    /// Ends the paragraph, and returns the error of any write.
    pub fn finish(self) -> io::Result<()> {
        match (self.failed, self.paragraph) {
            (Some(error), _) => Err(error),
            (None, Some(paragraph)) => paragraph.end(),
            (None, None) => Ok(()),
        }
    }
}

impl Listener for Voice<'_> {
    fn sentence(&mut self, sentence: &Sentence) -> std::ops::ControlFlow<()> {
        if let Some(paragraph) = &mut self.paragraph
            && let Err(error) = paragraph.sentence(sentence)
        {
            self.failed = Some(error);
            return std::ops::ControlFlow::Break(());
        }
        std::ops::ControlFlow::Continue(())
    }

    fn note(&mut self, text: &str) {
        self.context.note(text);
    }
}
