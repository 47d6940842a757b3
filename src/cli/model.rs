//! Chooses, fetches and loads the model that answers.
//!
//! In: what the user asked for with `--model` and `--device`. Out: a loaded engine, or none with the reason told. A
//! model that nobody asked for by name may be missing: the answer is then quoted. One that was asked for may not.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::ModelChoice;
use super::context::Context;
use super::error::Failure;
use super::generator::Generator;
use super::memory::{self, available_memory_mb};
use super::progress::Bar;
use crate::ask::{WRITES_FROM, Writer};
use crate::engine::{CandleEngine, DeviceChoice, Engine, Message, Role};
use crate::models::{self, Choice, Model, ModelError, Net, Places};
use crate::prompt::Prompts;

/// A model ready to answer any number of questions.
pub struct Loaded {
    engine: Box<dyn Engine + Send>,
    sha256: Option<String>,
    prompts: Prompts,
    /// Of the load; taken by the first answer.
    load: Duration,
}

impl Loaded {
    /// What the model calls itself.
    pub fn name(&self) -> String {
        self.engine.info().name.clone()
    }

    pub fn writer(&mut self) -> Writer<'_> {
        Writer {
            engine: &mut *self.engine,
            sha256: self.sha256.clone(),
            prompts: &self.prompts,
            load: std::mem::take(&mut self.load),
        }
    }
}

/// A model of this machine, just loaded.
pub struct Local {
    pub engine: CandleEngine,
    pub sha256: Option<String>,
    /// What loading took.
    pub load: Duration,
    /// See [`called`].
    called: String,
}

/// What writes: a model of this machine, or a server's.
enum Source {
    Here(Choice),
    Served(Generator),
}

/// Which model to use and whether it was asked for.
pub struct Wanted {
    source: Source,
    named: bool,
    device: DeviceChoice,
    /// Why it could not be fetched together with the embedding model: it is not tried again.
    unfetched: OnceCell<Failure>,
}

/// What the arguments, the settings and the machine ask for. Everything that can be wrong with it is found here, before
/// anything is fetched.
pub fn wanted(context: &Context, args: &ModelChoice) -> Result<Wanted, Failure> {
    let registry = context.registry()?;
    let name = args.model.as_ref().or(context.config.model.as_ref());
    let asked = args.model.is_some();
    let source = match (&context.config.generator, name) {
        // What is asked for now goes before the settings, and there the server before a model.
        (Some(generator), _) if !asked => Source::Served(generator.clone()),
        (_, Some(name)) => Source::Here(registry.resolve(name)?),
        (_, None) => {
            let model = registry
                .default_for(available_memory_mb())
                .filter(|model| writes_unasked(model));
            Source::Here(model.map_or(Choice::NoModel, |model| Choice::Listed(model.clone().into())))
        }
    };
    if let Source::Served(generator) = &source {
        if args.device.is_some() {
            return Err(Failure::usage(
                "`--device` is about a model of this machine, and [generator] names a server",
            ));
        }
        // What is wrong with it is told before anything is looked for.
        generator.engine(context.net)?;
    }
    let device = args.device.as_ref().or(context.config.device.as_ref());
    if let Source::Here(choice) = &source {
        context.prompts(&[&called(choice)])?;
    }
    Ok(Wanted {
        named: name.is_some() || matches!(source, Source::Served(_)),
        source,
        device: device.map_or(Ok(DeviceChoice::Auto), |text| text.parse())?,
        unfetched: OnceCell::new(),
    })
}

/// Whether a default model writes where nobody names one: a small one makes answers worse.
pub fn writes_unasked(model: &Model) -> bool {
    model.parameters.is_none_or(|count| count >= WRITES_FROM)
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
        matches!(self.source, Source::Here(Choice::NoModel))
    }

    /// The listed model that has to be fetched before it can write; `None` where it is there, or is not one to fetch.
    pub fn missing(&self, places: &Places) -> Option<&Model> {
        match &self.source {
            Source::Here(Choice::Listed(model)) => Some(&**model).filter(|model| models::path(model, places).is_err()),
            _ => None,
        }
    }

    /// Keeps why fetching [`Wanted::missing`] failed, for [`Wanted::load`] to report instead of trying again.
    pub fn could_not_fetch(&self, why: ModelError) {
        let _ = self.unfetched.set(why.into());
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
        if let Source::Served(generator) = &self.source {
            return Ok(Some(Loaded {
                engine: Box::new(generator.engine(context.net)?),
                sha256: None,
                prompts: context.prompts(&[])?,
                load: Duration::ZERO,
            }));
        }
        let Some(mut local) = self.local(context)? else {
            return Ok(None);
        };
        let prompts = context.prompts(&[&local.called, &local.engine.info().architecture])?;
        let (system, user) = prompts.answer.opening();
        let opening = [(Role::System, system), (Role::User, user)].map(|(role, content)| Message {
            role,
            content: content.into(),
        });
        context.make_private_folders();
        local.engine.keep_openings(context.prefixes(), &[opening.to_vec()]);
        Ok(Some(Loaded {
            engine: Box::new(local.engine),
            sha256: local.sha256,
            prompts,
            load: local.load,
        }))
    }

    /// The model itself, for who does more with it than answer. `None` if none is wanted here.
    ///
    /// # Errors
    /// A model that cannot be had or used, even if nobody named it.
    pub fn local(self, context: &Context) -> Result<Option<Local>, Failure> {
        let Source::Here(choice) = self.source else {
            return Ok(None);
        };
        if let Some(failure) = self.unfetched.into_inner() {
            return Err(failure);
        }
        let called = called(&choice);
        let bar = match self.named {
            true => Bar::new(context),
            false => Bar::calm(context),
        };
        let (path, sha256) = match choice {
            Choice::NoModel => return Ok(None),
            Choice::File(path) => (path, None),
            Choice::Listed(model) => (ensure(context, &model, bar)?, Some(model.sha256)),
        };
        memory::room_for(&path)?;
        let started = Instant::now();
        let engine = CandleEngine::load(&path, self.device)?;
        let load = started.elapsed();
        context.detail(&format!(
            "loaded {} in {:.0} ms",
            path.display(),
            load.as_secs_f64() * 1e3
        ));
        Ok(Some(Local {
            engine,
            sha256,
            load,
            called,
        }))
    }
}

/// The path of `model`, fetched first where it is missing, after saying what and how much.
pub fn ensure(context: &Context, model: &Model, mut bar: Bar) -> Result<PathBuf, Failure> {
    let places = context.places()?;
    if context.net == Net::Offline || models::path(model, &places).is_ok() {
        context.make_private_folders();
        return Ok(models::ensure(model, &places, context.net, &mut bar)?);
    }
    let mut paths = fetch(context, &[model], &places, bar);
    let paths = paths.pop().unwrap_or_else(|| {
        Err(ModelError::Missing {
            model: model.name.clone(),
        })
    })?;
    Ok(paths.into_iter().next().unwrap_or_default())
}

/// Fetches `models` as one, after saying what they are and how much: the paths of each one's files, in their order.
pub fn fetch(
    context: &Context,
    models: &[&Model],
    places: &Places,
    mut bar: Bar,
) -> Vec<Result<Vec<PathBuf>, ModelError>> {
    context.make_private_folders();
    context.note(&announcement(models, places));
    models::ensure_together(models, places, context.net, &mut bar)
}

/// `fetching NAME (92 MB, LICENCE) and NAME (99 MB, LICENCE) once, 191 MB in all, into FOLDER`.
fn announcement(models: &[&Model], places: &Places) -> String {
    let each = models.iter().map(|model| {
        let size = megabytes(model.total_size());
        format!("{} ({size}, {})", model.name, model.licence)
    });
    let each: Vec<String> = each.collect();
    // The sum of the sizes as they are shown, so that it adds up.
    let sum: u64 = models.iter().map(|model| model.total_size().div_ceil(MEGABYTE)).sum();
    let sum = match models.len() {
        0 | 1 => String::new(),
        _ => format!(", {sum} MB in all"),
    };
    let here = match models::amount(models, places).here {
        0 => String::new(),
        here => format!("; {} of it are here already", megabytes(here)),
    };
    let keep = places.hub_cache.display();
    format!("fetching {} once{sum}, into {keep}{here}", each.join(" and "))
}

const MEGABYTE: u64 = 1_000_000;

/// `98 MB`: bytes as a reader wants them.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(MEGABYTE))
}
