//! Parses `models.toml` and reports format errors with line and field.
//!
//! It checks every field that ends up in a path, a command line or a comparison of hashes. Later code can rely on that:
//! no path leads out of the cache, and every hash has the right form.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::digest::{is_commit, is_sha256};
use super::error::ModelError;
use super::model::{Model, ModelFile, ModelKind, Source};

/// The only format version so far.
const VERSION: i64 = 1;

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "version")]
    _version: i64,
    #[serde(default)]
    model: Vec<Spanned<RawModel>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    name: Spanned<String>,
    kind: Option<Spanned<String>>,
    title: String,
    architecture: Spanned<String>,
    quantization: String,
    parameters: Option<u64>,
    context: Spanned<u64>,
    licence: Spanned<String>,
    size: Spanned<u64>,
    sha256: Spanned<String>,
    min_memory_mb: u64,
    #[serde(default)]
    default: bool,
    #[serde(default = "yes")]
    verified: bool,
    notes: Option<String>,
    #[serde(default)]
    file: Vec<RawModelFile>,
    #[serde(default)]
    source: Vec<Spanned<RawSource>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModelFile {
    name: Spanned<String>,
    size: Spanned<u64>,
    sha256: Spanned<String>,
}

/// A source as written. It is flat, because serde buffers tagged enums and loses the positions of their fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    kind: Spanned<String>,
    repo: Option<Spanned<String>>,
    revision: Option<Spanned<String>>,
    file: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    version: Option<Spanned<String>>,
    member: Option<Spanned<String>>,
}

const HASH_HINT: &str = "write 64 lower-case hexadecimal digits, as `sha256sum FILE` prints them";

fn yes() -> bool {
    true
}

/// Parses the models of `text`, in file order. `file` is used only in errors.
pub(super) fn parse(text: &str, file: &Path) -> Result<Vec<Model>, ModelError> {
    let place = Place { text, file };
    // Read the version before anything else, so that a newer format is not reported as a misspelt key.
    let version: VersionOnly = toml::from_str(text).map_err(|error| place.toml(&error))?;
    match version.version {
        Some(found) if *found.get_ref() == VERSION => {}
        Some(found) => {
            let why = format!("version {} of the format is unknown", found.get_ref());
            return Err(place.error(found.span(), "version", why, "write `version = 1`, or update askpm"));
        }
        None => return Err(place.error(0..0, "version", "missing".into(), "begin the file with `version = 1`")),
    }
    let raw: RawFile = toml::from_str(text).map_err(|error| place.toml(&error))?;
    let mut models: Vec<Model> = Vec::new();
    for entry in raw.model {
        let span = entry.span();
        let raw = entry.into_inner();
        if models.iter().any(|model| model.name == *raw.name.get_ref()) {
            let why = format!("{:?} is listed twice", raw.name.get_ref());
            return Err(place.error(raw.name.span(), "name", why, "rename or remove one of the two"));
        }
        models.push(place.model(span, raw)?);
    }
    Ok(models)
}

/// Turns byte spans into errors with file and line.
struct Place<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Place<'_> {
    fn error(&self, span: Range<usize>, field: &str, why: String, hint: impl Into<String>) -> ModelError {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        ModelError::Registry {
            file: self.file.to_path_buf(),
            line: 1 + before.iter().filter(|byte| **byte == b'\n').count(),
            field: field.to_string(),
            why,
            hint: hint.into(),
        }
    }

    /// Converts an error of the TOML parser: its message on one line, and the key of the line that it points at.
    fn toml(&self, error: &toml::de::Error) -> ModelError {
        let span = error.span().unwrap_or(0..0);
        let bytes = self.text.as_bytes();
        let start = bytes
            .get(..span.start)
            .unwrap_or_default()
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned();
        let line = line.lines().next().unwrap_or_default();
        let key = line.split('=').next().unwrap_or_default().trim();
        let field = if key.is_empty() || key.chars().count() > 40 {
            "(text)"
        } else {
            key
        };
        let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        self.error(
            span,
            field,
            why,
            "use the keys of the built-in models.toml, which the README shows",
        )
    }

    fn model(&self, span: Range<usize>, raw: RawModel) -> Result<Model, ModelError> {
        self.check(
            &raw.name,
            "name",
            is_name,
            "use only lower-case letters, digits, `.`, `-` and `_`, and not `none`",
        )?;
        self.check(&raw.sha256, "sha256", is_sha256, HASH_HINT)?;
        self.check(
            &raw.architecture,
            "architecture",
            is_word,
            "write the GGUF `general.architecture`, such as `llama`, or `bert`",
        )?;
        self.check(
            &raw.licence,
            "licence",
            |text| !text.trim().is_empty(),
            "name the licence of the weights",
        )?;
        for (number, field) in [(&raw.size, "size"), (&raw.context, "context")] {
            if *number.get_ref() == 0 {
                return Err(self.error(
                    number.span(),
                    field,
                    "must not be 0".into(),
                    "write the value of the file",
                ));
            }
        }
        if raw.source.is_empty() {
            let hint = "add a [[model.source]], or use --model PATH for a local file";
            return Err(self.error(span, "source", format!("{:?} has no source", raw.name.get_ref()), hint));
        }
        let kind = self.kind(raw.kind.as_ref())?;
        let files = self.files(raw.file)?;
        let sources = raw
            .source
            .into_iter()
            .map(|source| self.source(source))
            .collect::<Result<_, _>>()?;
        Ok(Model {
            name: raw.name.into_inner(),
            kind,
            title: raw.title,
            architecture: raw.architecture.into_inner(),
            quantization: raw.quantization,
            parameters: raw.parameters,
            context: raw.context.into_inner(),
            licence: raw.licence.into_inner(),
            size: raw.size.into_inner(),
            sha256: raw.sha256.into_inner(),
            min_memory_mb: raw.min_memory_mb,
            default: raw.default,
            verified: raw.verified,
            notes: raw.notes,
            files,
            sources,
        })
    }

    fn kind(&self, kind: Option<&Spanned<String>>) -> Result<ModelKind, ModelError> {
        let Some(kind) = kind else {
            return Ok(ModelKind::default());
        };
        match kind.get_ref().as_str() {
            "generation" => Ok(ModelKind::Generation),
            "embedding" => Ok(ModelKind::Embedding),
            other => {
                let why = format!("{other:?} is not a model kind");
                let hint = "set `kind` to `generation` (the default) or `embedding`";
                Err(self.error(kind.span(), "kind", why, hint))
            }
        }
    }

    fn files(&self, raw: Vec<RawModelFile>) -> Result<Vec<ModelFile>, ModelError> {
        let mut files: Vec<ModelFile> = Vec::new();
        for file in raw {
            let plain = |name: &str| is_relative_path(name) && !name.contains('/');
            self.check(&file.name, "name", plain, "write the file name without a folder")?;
            self.check(&file.sha256, "sha256", is_sha256, HASH_HINT)?;
            if *file.size.get_ref() == 0 {
                let hint = "write the value of the file";
                return Err(self.error(file.size.span(), "size", "must not be 0".into(), hint));
            }
            if files.iter().any(|known| known.name == *file.name.get_ref()) {
                let why = format!("{:?} is listed twice", file.name.get_ref());
                return Err(self.error(file.name.span(), "name", why, "remove one of the two"));
            }
            files.push(ModelFile {
                name: file.name.into_inner(),
                size: file.size.into_inner(),
                sha256: file.sha256.into_inner(),
            });
        }
        Ok(files)
    }

    fn source(&self, entry: Spanned<RawSource>) -> Result<Source, ModelError> {
        let span = entry.span();
        let raw = entry.into_inner();
        match raw.kind.get_ref().as_str() {
            "hub" => {
                self.absent(
                    "hub",
                    &[
                        ("package", &raw.package),
                        ("version", &raw.version),
                        ("member", &raw.member),
                    ],
                )?;
                let path_hint = "write a relative path inside the repository, without `..`";
                let revision_hint = "write a commit (40 lower-case hexadecimal digits) or the name of a branch or tag";
                Ok(Source::Hub {
                    repo: self.need(&span, raw.repo, "repo", is_repo, "write `ORG/NAME` as on the Hub")?,
                    revision: self.need(&span, raw.revision, "revision", is_revision, revision_hint)?,
                    file: self.need(&span, raw.file, "file", is_relative_path, path_hint)?,
                })
            }
            "package" => {
                self.absent(
                    "package",
                    &[("repo", &raw.repo), ("revision", &raw.revision), ("file", &raw.file)],
                )?;
                let path_hint = "write a relative path inside the wheel, without `..`";
                Ok(Source::Package {
                    package: self.need(
                        &span,
                        raw.package,
                        "package",
                        is_part,
                        "write the name on the package index",
                    )?,
                    version: self.need(
                        &span,
                        raw.version,
                        "version",
                        is_version,
                        "write one version, such as `0.1.2`",
                    )?,
                    member: self.need(&span, raw.member, "member", is_relative_path, path_hint)?,
                })
            }
            other => {
                let why = format!("{other:?} is not a source kind");
                Err(self.error(raw.kind.span(), "kind", why, "set `kind` to `hub` or `package`"))
            }
        }
    }

    fn check(
        &self,
        value: &Spanned<String>,
        field: &str,
        good: fn(&str) -> bool,
        hint: &str,
    ) -> Result<(), ModelError> {
        if good(value.get_ref()) {
            return Ok(());
        }
        Err(self.error(value.span(), field, format!("{:?} is not valid", value.get_ref()), hint))
    }

    fn need(
        &self,
        source: &Range<usize>,
        value: Option<Spanned<String>>,
        field: &str,
        good: fn(&str) -> bool,
        hint: &str,
    ) -> Result<String, ModelError> {
        let Some(value) = value else {
            return Err(self.error(
                source.clone(),
                field,
                "missing".into(),
                format!("add `{field}`: {hint}"),
            ));
        };
        self.check(&value, field, good, hint)?;
        Ok(value.into_inner())
    }

    fn absent(&self, kind: &str, fields: &[(&str, &Option<Spanned<String>>)]) -> Result<(), ModelError> {
        for (field, value) in fields {
            if let Some(value) = value {
                let why = format!("is not allowed with kind {kind:?}");
                return Err(self.error(value.span(), field, why, format!("remove `{field}`")));
            }
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    text != "none" && text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Returns whether `text` is a word that begins with a letter or digit. It is neither `..` nor a command-line option.
fn is_part(text: &str) -> bool {
    is_word(text) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns whether `text` is `ORG/NAME`. `--` is refused, because the cache's folder names use it as a separator.
fn is_repo(text: &str) -> bool {
    text.split('/').count() == 2 && text.split('/').all(|part| is_part(part) && !part.contains("--"))
}

fn is_revision(text: &str) -> bool {
    is_commit(text) || (is_part(text) && text.len() != 40)
}

fn is_version(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'!');
    text.bytes().all(good) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Returns whether all segments are plain names: no `..`, no root, no drive, no backslash, no control character.
fn is_relative_path(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    !text.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) && text.split('/').all(plain)
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
