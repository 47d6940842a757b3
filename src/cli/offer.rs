//! Offers a model that writes, once, at the first question on a terminal.
//!
//! Scripts, pipes, `--quiet` and `--yes` are not asked: they get quotes and the small embedding model. So does a user who
//! already chose a model, or whose machine suits none.

use std::fs::{self, File};
use std::io::{self, BufRead, IsTerminal, Write};

use toml_edit::{DocumentMut, value};

use super::args::{AskArgs, By, ModelChoice};
use super::context::Context;
use super::error::Failure;
use super::progress::Bar;
use super::recommend::{Machine, best, judge, time};
use super::{files, memory, model};
use crate::models::{self, Net};

/// The file that records that the offer was made.
const OFFERED: &str = "model-offered";

/// Returns the model to use: what the arguments say, or the offered one if the user accepts it. An accepted model is also
/// written to the settings.
pub fn choice(context: &Context, args: &AskArgs) -> Result<ModelChoice, Failure> {
    let unchanged = || args.model.clone();
    if !may_ask(context, args)? {
        return Ok(unchanged());
    }
    let registry = context.registry()?;
    let candidates = judge(&registry, Machine::measure());
    let Some(chosen) = best(&candidates) else {
        return Ok(unchanged());
    };
    let offered = chosen.model;
    let wait = chosen.seconds.map(|_| format!(", {} an answer", time(chosen.seconds)));
    let wait = wait.unwrap_or_default();
    let mut screen = io::stderr().lock();
    write!(
        screen,
        "Answers are quotes. {} can add a lead sentence ({}{wait}; this project has not run it).\n\
         Download it too, and use it from now on? `askpm models recommend` says more. [y/N] ",
        offered.name,
        memory::megabytes(offered.total_size())
    )?;
    screen.flush()?;
    drop(screen);
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    if !matches!(line.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(unchanged());
    }
    match model::ensure(context, offered, Bar::calm(context)) {
        Ok(_) => {}
        // The quotes are still worth reading.
        Err(Failure::Told { message, .. }) => {
            context.note(&format!("answering without a model: {message}"));
            return Ok(unchanged());
        }
        Err(other) => return Err(other),
    }
    keep(context, &offered.name)?;
    context.note(&format!(
        "model = \"{}\" is now in {}",
        offered.name,
        context.settings.display()
    ));
    Ok(ModelChoice {
        model: Some(offered.name.clone()),
        ..unchanged()
    })
}

/// Whether this is the first question of a person who has not chosen a model. Records that the offer is made.
fn may_ask(context: &Context, args: &AskArgs) -> Result<bool, Failure> {
    let config = &context.config;
    let chosen = args.model.model.is_some() || config.model.is_some() || config.generator.is_some();
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal() && context.draws();
    if chosen || !terminal || args.yes || context.net == Net::Offline || args.retrieval.by == Some(By::Words) {
        return Ok(false);
    }
    // Somebody who has the embedding model is no newcomer.
    let registry = context.registry()?;
    let places = context.places()?;
    if registry
        .embedder()
        .is_none_or(|model| models::path(model, &places).is_ok())
    {
        return Ok(false);
    }
    let folder = &context.folders.state;
    Ok(files::private_folder(folder).is_ok() && File::create_new(folder.join(OFFERED)).is_ok())
}

/// Writes `model = NAME` to the settings. Keeps everything else in them, comments included.
fn keep(context: &Context, name: &str) -> Result<(), Failure> {
    let path = &context.settings;
    let cannot = |why: String| Failure::new(format!("cannot write {}", path.display()), why);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cannot(error.to_string())),
    };
    if let Some(folder) = path.parent() {
        files::private_folder(folder).map_err(|error| cannot(error.to_string()))?;
    }
    let text = with_model(&text, name).map_err(|error| cannot(error.to_string()))?;
    files::replace(path, text.as_bytes(), files::Readers::Owner).map_err(|error| cannot(error.to_string()))
}

fn with_model(text: &str, name: &str) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    document["model"] = value(name);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_goes_before_the_tables_and_nothing_else_changes() {
        let before = "# mine\ntop_k = 3\n\n[generator]\nurl = \"http://127.0.0.1:1\" # local\n";
        let after = with_model(before, "qwen3-0.6b").unwrap();
        assert_eq!(
            after,
            "# mine\ntop_k = 3\nmodel = \"qwen3-0.6b\"\n\n[generator]\nurl = \"http://127.0.0.1:1\" # local\n"
        );
        assert_eq!(with_model("", "m").unwrap(), "model = \"m\"\n");
    }
}
