//! Reads a GGUF header forward and reports errors with the field in which they occur.
//!
//! Every length is checked against the bytes left in the file before memory is allocated for it.

use std::io::Read;
use std::path::Path;

use crate::Error;
use crate::metadata::Value;

type Result<T> = std::result::Result<T, Error>;

/// Maximum length of an array: far above any vocabulary (the largest known are below 300,000) and far below what would
/// exhaust memory.
const MAX_ARRAY: u64 = 1 << 23;

/// A position in the header, with the current field and the length of the file.
pub(super) struct Cursor<'a, R> {
    inner: R,
    pub at: u64,
    pub len: u64,
    path: &'a Path,
    pub field: String,
}

impl<'a, R: Read> Cursor<'a, R> {
    /// Starts at the magic number of a file of `len` bytes.
    pub fn new(inner: R, len: u64, path: &'a Path) -> Self {
        Self {
            inner,
            at: 0,
            len,
            path,
            field: "magic".into(),
        }
    }

    pub fn fail<T>(&self, problem: impl Into<String>) -> Result<T> {
        Err(Error::gguf(self.path, self.field.clone(), problem))
    }

    pub fn left(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    fn exact<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0u8; N];
        if self.left() < N as u64 {
            return self.fail("the file ends here");
        }
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        // The length was checked, so a short read means that the file shrank meanwhile or that I/O failed.
        let path = self.path;
        self.inner.read_exact(bytes).map_err(|source| Error::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.exact().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.exact().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let len = self.u64()?;
        if len > self.left() {
            return self.fail(format!(
                "a string of {len} bytes does not fit in the {} left in the file",
                self.left()
            ));
        }
        let mut bytes = vec![0u8; len as usize];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<String> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes).or_else(|_| self.fail("a name that is not valid UTF-8"))
    }

    fn boolean(&mut self) -> Result<bool> {
        match self.exact::<1>()?[0] {
            0 => Ok(false),
            1 => Ok(true),
            other => self.fail(format!("{other} is not a truth value")),
        }
    }

    pub fn value(&mut self, kind: u32) -> Result<Value> {
        Ok(match kind {
            0 | 2 | 4 | 10 => Value::Unsigned(self.unsigned(kind)?),
            1 | 3 | 5 | 11 => Value::Signed(self.signed(kind)?),
            6 | 12 => Value::Float(self.float(kind)?),
            7 => Value::Bool(self.boolean()?),
            8 => Value::Text(self.bytes()?),
            9 => self.array()?,
            other => return self.fail(format!("{other} is not a value type")),
        })
    }

    fn unsigned(&mut self, kind: u32) -> Result<u64> {
        Ok(match kind {
            0 => u64::from(self.exact::<1>()?[0]),
            2 => u64::from(u16::from_le_bytes(self.exact()?)),
            4 => u64::from(self.u32()?),
            _ => self.u64()?,
        })
    }

    fn signed(&mut self, kind: u32) -> Result<i64> {
        Ok(match kind {
            1 => i64::from(i8::from_le_bytes(self.exact()?)),
            3 => i64::from(i16::from_le_bytes(self.exact()?)),
            5 => i64::from(i32::from_le_bytes(self.exact()?)),
            _ => i64::from_le_bytes(self.exact()?),
        })
    }

    fn float(&mut self, kind: u32) -> Result<f64> {
        Ok(match kind {
            6 => f64::from(f32::from_le_bytes(self.exact()?)),
            _ => f64::from_le_bytes(self.exact()?),
        })
    }

    fn array(&mut self) -> Result<Value> {
        let kind = self.u32()?;
        let len = self.u64()?;
        let smallest = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 => return self.fail("arrays of arrays are not read"),
            other => return self.fail(format!("{other} is not a value type")),
        };
        if len > MAX_ARRAY || len.saturating_mul(smallest) > self.left() {
            return self.fail(format!(
                "an array of {len} does not fit in the {} bytes left in the file",
                self.left()
            ));
        }
        Ok(match kind {
            6 | 12 => Value::Floats(
                (0..len)
                    .map(|_| self.float(kind).map(|v| v as f32))
                    .collect::<Result<_>>()?,
            ),
            7 => Value::Integers((0..len).map(|_| self.boolean().map(i64::from)).collect::<Result<_>>()?),
            8 => Value::Texts((0..len).map(|_| self.bytes()).collect::<Result<_>>()?),
            1 | 3 | 5 | 11 => Value::Integers((0..len).map(|_| self.signed(kind)).collect::<Result<_>>()?),
            // Valid metadata has no number beyond i64. Such a number saturates and then fails its range check.
            _ => Value::Integers(
                (0..len)
                    .map(|_| self.unsigned(kind).map(|v| i64::try_from(v).unwrap_or(i64::MAX)))
                    .collect::<Result<_>>()?,
            ),
        })
    }
}
