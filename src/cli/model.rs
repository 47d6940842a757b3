//! Chooses, fetches and loads the model that answers.
//!
//! In: what the user asked for with `--model` and `--device`. Out: a loaded engine, or none with the reason told. A
//! model that nobody asked for by name may be missing: the answer is then quoted. One that was asked for may not.

use std::time::{Duration, Instant};

use super::args::ModelChoice;
use super::context::Context;
use super::error::Failure;
use super::memory;
use super::progress::Bar;
use crate::answer::ModelUsed;
use crate::ask::{self, Writer};
use crate::engine::{CandleEngine, DeviceChoice, Engine};
use crate::models::{self, Choice, Model, Net};
use crate::prompt::Prompts;

/// A model ready to answer any number of questions.
pub struct Loaded {
    engine: CandleEngine,
    sha256: Option<String>,
    prompts: Prompts,
    /// Of the load; taken by the first answer.
    load: Duration,
}

impl Loaded {
    pub fn writer(&mut self) -> Writer<'_> {
        let load = std::mem::take(&mut self.load);
        self.writer_at(load)
    }

    fn writer_at(&mut self, load: Duration) -> Writer<'_> {
        Writer {
            engine: &mut self.engine,
            sha256: self.sha256.clone(),
            prompts: &self.prompts,
            load,
        }
    }

    /// The engine itself, for what is not answering.
    pub fn engine(&mut self) -> &mut CandleEngine {
        &mut self.engine
    }

    /// How long loading took, if no answer has taken that yet.
    pub fn load_ms(&self) -> f64 {
        self.load.as_secs_f64() * 1e3
    }

    /// What an answer would say of the model.
    pub fn used(&mut self) -> ModelUsed {
        ask::used(&self.writer_at(Duration::ZERO))
    }
}

/// Which model to use and whether it was asked for.
pub struct Wanted {
    choice: Choice,
    named: bool,
    device: DeviceChoice,
}

/// What the arguments, the settings and the machine ask for. Everything that can be wrong with it is found here, before
/// anything is fetched.
pub fn wanted(context: &Context, args: &ModelChoice) -> Result<Wanted, Failure> {
    let registry = context.registry()?;
    let name = args.model.as_ref().or(context.config.model.as_ref());
    let choice = match name {
        Some(name) => registry.resolve(name)?,
        None => registry
            .default_for(memory::available_memory_mb())
            .map_or(Choice::NoModel, |model| Choice::Listed(model.clone().into())),
    };
    let device = args.device.as_ref().or(context.config.device.as_ref());
    context.prompts(&[&called(&choice)])?;
    Ok(Wanted {
        choice,
        named: name.is_some(),
        device: device.map_or(Ok(DeviceChoice::Auto), |text| text.parse())?,
    })
}

/// The name that a model's own prompts are looked up by: that of the list, or its file's without the extension.
fn called(choice: &Choice) -> String {
    match choice {
        Choice::NoModel => String::new(),
        Choice::Listed(model) => model.name.clone(),
        Choice::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

impl Wanted {
    pub fn is_none(&self) -> bool {
        self.choice == Choice::NoModel
    }

    /// The same, for who cannot do without: a model that cannot be had is then an error even if nobody named it.
    pub fn needed(self) -> Self {
        Wanted { named: true, ..self }
    }

    /// Fetches the model if it is not there yet, and loads it. `None` if none is wanted, or if the default one cannot
    /// be had or used, which is told once.
    pub fn load(self, context: &Context) -> Result<Option<Loaded>, Failure> {
        let named = self.named;
        match self.try_load(context) {
            Err(Failure::Told { message, .. }) if !named => {
                context.note(&format!(
                    "answering without a model: {message}; `askpm models pull` fetches one, `-m PATH` takes a file"
                ));
                Ok(None)
            }
            other => other,
        }
    }

    fn try_load(self, context: &Context) -> Result<Option<Loaded>, Failure> {
        let name = called(&self.choice);
        let (path, sha256) = match self.choice {
            Choice::NoModel => return Ok(None),
            Choice::File(path) => (path, None),
            Choice::Listed(model) => (ensure(context, &model)?, Some(model.sha256)),
        };
        memory::room_for(&path)?;
        let started = Instant::now();
        let engine = CandleEngine::load(&path, self.device)?;
        let load = started.elapsed();
        let prompts = context.prompts(&[&name, &engine.info().architecture])?;
        context.detail(&format!(
            "loaded {} in {:.0} ms",
            path.display(),
            load.as_secs_f64() * 1e3
        ));
        Ok(Some(Loaded {
            engine,
            sha256,
            prompts,
            load,
        }))
    }
}

/// The path of `model`, fetched first where it is missing, after saying what and how much.
pub fn ensure(context: &Context, model: &Model) -> Result<std::path::PathBuf, Failure> {
    let places = context.places()?;
    context.make_private_folders();
    if context.net == Net::Online && models::path(model, &places).is_err() {
        let size = megabytes(model.total_size());
        let keep = places.hub_cache.display();
        context.note(&format!(
            "fetching {} ({size}, {}) once, into {keep}",
            model.name, model.licence
        ));
    }
    Ok(models::ensure(model, &places, context.net, &mut Bar::new(context))?)
}

/// `98 MB`: bytes as a reader wants them.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}
