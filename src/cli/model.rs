//! Chooses, downloads and loads the model that writes answers.
//!
//! If the user did not choose a model and the default is missing, the answer consists of quotes. A model that the user
//! chose must be available.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::ModelChoice;
use super::context::Context;
use super::error::Failure;
use super::generator::Generator;
use super::memory::{self, available_memory_mb, megabytes};
use super::progress::Bar;
use crate::ask::{WRITES_FROM, Writer};
use crate::engine::lora::Adapter;
use crate::engine::{DeviceChoice, Engine, LocalEngine, Message, Role, Runner};
use crate::models::{self, Choice, Model, ModelError, ModelKind, Net, Places};
use crate::prompt::Prompts;
use crate::retrieve::dense::ARCHITECTURE;

/// A model ready to answer any number of questions.
pub struct Loaded {
    engine: Box<dyn Engine + Send>,
    sha256: Option<String>,
    prompts: Prompts,
    /// The load time. The first answer takes it.
    load: Duration,
}

impl Loaded {
    /// The model's name.
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

/// A local model that was just loaded.
pub struct Local {
    pub engine: LocalEngine,
    pub sha256: Option<String>,
    /// The load time.
    pub load: Duration,
    /// See [`called`].
    called: String,
}

/// The source of the text: a local model or a server.
enum Source {
    Here(Choice),
    Served(Generator),
}

/// The model to use, and whether the user chose it.
pub struct ModelSelection {
    source: Source,
    named: bool,
    device: DeviceChoice,
    adapter: Option<PathBuf>,
    /// Why the download together with the embedding model failed. It is not tried again.
    unfetched: OnceCell<Failure>,
}

/// Chooses the model from the arguments, the settings and the machine. It finds every error in them before a download
/// starts.
pub fn wanted(context: &Context, args: &ModelChoice) -> Result<ModelSelection, Failure> {
    let registry = context.registry()?;
    let name = args.model.as_ref().or(context.config.model.as_ref());
    let asked = args.model.is_some();
    let source = match (&context.config.generator, name) {
        // The command line overrides the settings. In the settings, a server overrides a model.
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
                "`--device` needs a model on this machine, but [generator] names a server",
            ));
        }
        // Report errors in its settings before anything is downloaded.
        generator.engine(context.net)?;
    }
    // An adapter belongs to one model, so one in the settings is for the model there.
    let usual = context
        .config
        .adapter
        .clone()
        .filter(|_| args.model.is_none() || args.model == context.config.model);
    let adapter = match (&source, args.adapter.clone()) {
        (Source::Here(Choice::NoModel), Some(_)) => {
            return Err(Failure::usage("`--adapter` needs a model").hinted("name it with --model"));
        }
        (Source::Served(_), Some(_)) => {
            return Err(Failure::usage(
                "`--adapter` needs a model on this machine, but [generator] names a server",
            ));
        }
        (_, given) => given.or(usual),
    };
    let device = args.device.as_ref().or(context.config.device.as_ref());
    if let Source::Here(choice) = &source {
        context.prompts(&[&called(choice)])?;
    }
    Ok(ModelSelection {
        named: name.is_some() || matches!(source, Source::Served(_)),
        source,
        device: device.map_or(Ok(DeviceChoice::Auto), |text| text.parse())?,
        adapter,
        unfetched: OnceCell::new(),
    })
}

/// Whether a default model writes answers if the user chose none. A small one makes answers worse.
pub fn writes_unasked(model: &Model) -> bool {
    model.parameters.is_none_or(|count| count >= WRITES_FROM)
}

/// Whether this build can run a listed model.
pub fn supported(model: &Model) -> bool {
    match model.kind {
        ModelKind::Generation => Runner::of(&model.architecture, &model.quantization).is_some(),
        ModelKind::Embedding => model.architecture == ARCHITECTURE,
    }
}

/// The name for a model's own prompts: its name in the list, or its file name without the extension.
fn called(choice: &Choice) -> String {
    match choice {
        Choice::NoModel => String::new(),
        Choice::Listed(model) => model.name.clone(),
        Choice::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

impl ModelSelection {
    pub fn is_none(&self) -> bool {
        matches!(self.source, Source::Here(Choice::NoModel))
    }

    /// The listed model that must be downloaded first. `None` if it is present or cannot be downloaded.
    pub fn missing(&self, places: &Places) -> Option<&Model> {
        match &self.source {
            Source::Here(Choice::Listed(model)) => Some(&**model).filter(|model| models::path(model, places).is_err()),
            _ => None,
        }
    }

    /// Records why the download of [`ModelSelection::missing`] failed. [`ModelSelection::load`] reports it instead of trying again.
    pub fn could_not_fetch(&self, why: ModelError) {
        let _ = self.unfetched.set(why.into());
    }

    /// Downloads the model if it is missing, and loads it. Returns `None` if no model is wanted, or if the default one
    /// is not available, which is reported.
    pub fn load(self, context: &Context) -> Result<Option<Loaded>, Failure> {
        let named = self.named;
        match self.try_load(context) {
            Err(Failure::Told { message, .. }) if !named => {
                context.note(&format!(
                    "answering without a model: {message}; run `askpm models pull` to download one, or pass `-m PATH`"
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

    /// Returns the model itself, for other uses than answering. `None` if no local model is wanted.
    ///
    /// # Errors
    /// A model that is not available or not usable, even if the user did not choose it.
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
            Choice::Listed(model) => {
                let model = pinned(context, &model)?;
                (ensure(context, &model, bar)?, model.sha256)
            }
        };
        memory::room_for(&path)?;
        let started = Instant::now();
        let engine = match &self.adapter {
            Some(adapter) => LocalEngine::load_adapted(&path, &Adapter::open(adapter)?, self.device)?,
            None => LocalEngine::load(&path, self.device)?,
        };
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

/// Returns `model` with all hashes. Asks the Hub for those that are not listed, and prints the answer.
fn pinned(context: &Context, model: &Model) -> Result<Model, Failure> {
    if model.is_pinned() {
        return Ok(model.clone());
    }
    context.make_private_folders();
    let pinned = models::pin(
        model,
        &context.lock(),
        &context.places()?,
        context.net,
        &mut Bar::new(context),
    )?;
    context.note(&format!(
        "no sha256 is listed for {}; the Hub states {}, which {} now records",
        model.name,
        pinned.sha256.as_deref().unwrap_or_default(),
        context.lock().display()
    ));
    Ok(pinned)
}

/// Returns the path of `model`. Downloads it first if it is missing, and prints its name and size.
pub fn ensure(context: &Context, model: &Model, mut bar: Bar) -> Result<PathBuf, Failure> {
    let places = context.places()?;
    let model = &pinned(context, model)?;
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

/// Downloads `models` together, and prints their names and sizes. Returns the paths of each model's files, in their
/// order.
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

/// `downloading NAME (92 MB, LICENCE) and NAME (99 MB, LICENCE), 191 MB in total, to FOLDER`.
fn announcement(models: &[&Model], places: &Places) -> String {
    let each = models.iter().map(|model| {
        let size = megabytes(model.total_size());
        format!("{} ({size}, {})", model.name, model.licence)
    });
    let each: Vec<String> = each.collect();
    // The sum of the rounded sizes, so that the printed numbers add up.
    let sum: u64 = models.iter().map(|model| models::megabytes(model.total_size())).sum();
    let sum = match models.len() {
        0 | 1 => String::new(),
        _ => format!(", {sum} MB in total"),
    };
    let here = match models::amount(models, places).here {
        0 => String::new(),
        here => format!("; {} are already on this machine", megabytes(here)),
    };
    let keep = places.hub_cache.display();
    format!("downloading {}{sum}, to {keep}{here}", each.join(" and "))
}
