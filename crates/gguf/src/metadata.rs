//! The key-value section of a GGUF header, with typed access. Errors name the file and the key.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::Error;

type Result<T> = std::result::Result<T, Error>;

/// A metadata value. Strings stay bytes, because token texts in real files are not always UTF-8.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// A signed integer of any width.
    Signed(i64),
    /// A number of either precision.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A text, in bytes.
    Text(Vec<u8>),
    /// An array of integers of any width.
    Integers(Vec<i64>),
    /// An array of numbers.
    Floats(Vec<f32>),
    /// An array of texts, in bytes.
    Texts(Vec<Vec<u8>>),
}

/// The metadata of a file, by key. Each reader checks the type, and names the key in its error.
#[derive(Debug)]
pub struct Metadata {
    path: PathBuf,
    values: HashMap<String, Value>,
}

impl Metadata {
    /// Returns empty metadata of the file at `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            values: HashMap::new(),
        }
    }

    /// Adds a value. Returns false if the key already had one.
    pub fn insert(&mut self, key: String, value: Value) -> bool {
        self.values.insert(key, value).is_none()
    }

    /// Returns the value of a key, of whatever type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the error that `key` has a `problem`.
    pub fn fail<T>(&self, key: &str, problem: impl Into<String>) -> Result<T> {
        Err(Error::gguf(&self.path, key, problem))
    }

    fn need<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.map_or_else(|| self.fail(key, "is missing"), Ok)
    }

    /// Returns an integer that is not negative.
    pub fn unsigned(&self, key: &str) -> Result<Option<u64>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Unsigned(v)) => Ok(Some(*v)),
            Some(Value::Signed(v)) => match u64::try_from(*v) {
                Ok(v) => Ok(Some(v)),
                Err(_) => self.fail(key, format!("{v} is negative")),
            },
            Some(_) => self.fail(key, "is not an integer"),
        }
    }

    /// Returns a size between 1 and `max`.
    pub fn size(&self, key: &str, max: usize) -> Result<Option<usize>> {
        match self.unsigned(key)? {
            None => Ok(None),
            Some(v) => match usize::try_from(v) {
                Ok(v) if v >= 1 && v <= max => Ok(Some(v)),
                _ => self.fail(key, format!("{v} is not between 1 and {max}")),
            },
        }
    }

    /// Like [`Metadata::size`], for a key that must be there.
    pub fn need_size(&self, key: &str, max: usize) -> Result<usize> {
        let value = self.size(key, max)?;
        self.need(key, value)
    }

    /// Returns a finite number.
    pub fn float(&self, key: &str) -> Result<Option<f64>> {
        let value = match self.get(key) {
            None => return Ok(None),
            Some(Value::Float(v)) => *v,
            Some(Value::Unsigned(v)) => *v as f64,
            Some(Value::Signed(v)) => *v as f64,
            Some(_) => return self.fail(key, "is not a number"),
        };
        if value.is_finite() {
            Ok(Some(value))
        } else {
            self.fail(key, format!("{value} is not finite"))
        }
    }

    /// Returns a finite number above zero.
    pub fn positive(&self, key: &str) -> Result<Option<f64>> {
        match self.float(key)? {
            Some(v) if v <= 0.0 => self.fail(key, format!("{v} is not above zero")),
            other => Ok(other),
        }
    }

    /// Like [`Metadata::positive`], for a key that must be there.
    pub fn need_positive(&self, key: &str) -> Result<f64> {
        let value = self.positive(key)?;
        self.need(key, value)
    }

    /// Returns a truth value.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Bool(v)) => Ok(Some(*v)),
            Some(_) => self.fail(key, "is not a truth value"),
        }
    }

    /// Returns a text, which must be UTF-8.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(text)),
                Err(e) => self.fail(key, format!("is not valid UTF-8 at byte {}", e.valid_up_to())),
            },
            Some(_) => self.fail(key, "is not a text"),
        }
    }

    /// Like [`Metadata::text`], for a key that must be there.
    pub fn need_text(&self, key: &str) -> Result<&str> {
        let value = self.text(key)?;
        self.need(key, value)
    }

    /// Returns a list of strings. Bytes that are not UTF-8 become U+FFFD, because a token must keep its index in the
    /// list.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Texts(list)) => Ok(Some(
                list.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect(),
            )),
            Some(_) => self.fail(key, "is not a list of texts"),
        }
    }

    /// Returns a list of strings as the bytes in the file.
    pub fn raw_texts(&self, key: &str) -> Result<Option<&[Vec<u8>]>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Texts(list)) => Ok(Some(list)),
            Some(_) => self.fail(key, "is not a list of texts"),
        }
    }

    /// Returns an array of integers.
    pub fn integers(&self, key: &str) -> Result<Option<&[i64]>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Integers(list)) => Ok(Some(list)),
            Some(_) => self.fail(key, "is not a list of integers"),
        }
    }

    /// Returns an array of numbers.
    pub fn floats(&self, key: &str) -> Result<Option<&[f32]>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Floats(list)) => Ok(Some(list)),
            Some(_) => self.fail(key, "is not a list of numbers"),
        }
    }
}
