//! Opens a GGUF file and proves its header sound before anything else reads from it.
//!
//! In: a path. Out: [`Gguf`]: typed metadata and a table of tensors whose sizes, types and places have all been checked
//! against the file, so that later code can read without fear. It must not know architectures or tokenizers.
//!
//! Layout after the specification at <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md> (versions 2 and 3,
//! little endian). Files are untrusted: no count in the header is believed before it is checked against the bytes left.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor, ggml_file::qtensor_from_ggml};

use super::error::EngineError;
use super::metadata::{Metadata, Value};

type Result<T> = std::result::Result<T, EngineError>;

const MAGIC: u32 = 0x4655_4747; // "GGUF"
const DEFAULT_ALIGNMENT: u64 = 32;
/// Far above any vocabulary (the largest known are below 300,000) and far below what would exhaust memory.
const MAX_ARRAY: u64 = 1 << 23;
const MAX_DIMENSIONS: u32 = 4;

/// One tensor of the file. `shape` is outermost dimension first (the file has it the other way round).
#[derive(Debug, Clone)]
pub(crate) struct TensorEntry {
    pub shape: Vec<usize>,
    pub dtype: GgmlDType,
    /// Place of the first byte, counted from the start of the file.
    start: u64,
    pub bytes: usize,
}

impl TensorEntry {
    fn elements(&self) -> u64 {
        self.shape.iter().map(|&d| d as u64).product()
    }
}

/// An opened, checked GGUF file.
#[derive(Debug)]
pub(crate) struct Gguf {
    pub path: PathBuf,
    pub metadata: Metadata,
    tensors: BTreeMap<String, TensorEntry>,
    file: File,
}

impl Gguf {
    /// Opens and checks the header; no tensor data is read.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| EngineError::Unreadable { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if about.is_dir() {
            return Err(unreadable(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        let (metadata, tensors) = parse(BufReader::with_capacity(1 << 16, &file), about.len(), path)?;
        Ok(Self { path: path.to_path_buf(), metadata, tensors, file })
    }

    pub fn entry(&self, name: &str) -> Option<&TensorEntry> {
        self.tensors.get(name)
    }

    pub fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Reads one tensor onto a device, quantized as it is in the file.
    pub fn read(&self, name: &str, device: &Device) -> Result<QTensor> {
        let entry = self
            .entry(name)
            .ok_or_else(|| EngineError::gguf(&self.path, format!("tensor {name}"), "is missing"))?;
        let unreadable = |source| EngineError::Unreadable { path: self.path.clone(), source };
        let mut bytes = vec![0u8; entry.bytes];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(entry.start)).map_err(unreadable)?;
        file.read_exact(&mut bytes).map_err(unreadable)?;
        qtensor_from_ggml(entry.dtype, &bytes, entry.shape.clone(), device)
            .map_err(|e| EngineError::compute(&self.path, format!("reading tensor {name}"), &e))
    }

    /// Number of weights in the file.
    pub fn parameters(&self) -> u64 {
        self.tensors.values().map(TensorEntry::elements).fold(0, u64::saturating_add)
    }

    /// Name of the type that most bytes of weights are stored in, such as `Q4_1`.
    pub fn quantization(&self) -> String {
        let mut bytes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for tensor in self.tensors.values() {
            *bytes.entry(dtype_name(tensor.dtype)).or_default() += tensor.bytes as u64;
        }
        bytes.into_iter().max_by_key(|&(_, n)| n).map_or_else(|| "none".into(), |(name, _)| name.into())
    }
}

/// The types of `enum ggml_type` that Candle has kernels for, by their number in the file.
fn dtype(id: u32) -> Option<GgmlDType> {
    Some(match id {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

fn dtype_name(dtype: GgmlDType) -> &'static str {
    match dtype {
        GgmlDType::F32 => "F32",
        GgmlDType::F16 => "F16",
        GgmlDType::BF16 => "BF16",
        GgmlDType::Q4_0 => "Q4_0",
        GgmlDType::Q4_1 => "Q4_1",
        GgmlDType::Q5_0 => "Q5_0",
        GgmlDType::Q5_1 => "Q5_1",
        GgmlDType::Q8_0 => "Q8_0",
        GgmlDType::Q8_1 => "Q8_1",
        GgmlDType::Q2K => "Q2_K",
        GgmlDType::Q3K => "Q3_K",
        GgmlDType::Q4K => "Q4_K",
        GgmlDType::Q5K => "Q5_K",
        GgmlDType::Q6K => "Q6_K",
        GgmlDType::Q8K => "Q8_K",
    }
}

/// Reads forward through the header, knowing what field it is in and how many bytes the file still has.
struct Cursor<'a, R> {
    inner: R,
    at: u64,
    len: u64,
    path: &'a Path,
    field: String,
}

impl<R: Read> Cursor<'_, R> {
    fn fail<T>(&self, problem: impl Into<String>) -> Result<T> {
        Err(EngineError::gguf(self.path, self.field.clone(), problem))
    }

    fn left(&self) -> u64 {
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
        // The length was checked; a short read now means that the file shrank while it was read, or a real I/O error.
        let path = self.path;
        self.inner
            .read_exact(bytes)
            .map_err(|source| EngineError::Unreadable { path: path.to_path_buf(), source })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn u32(&mut self) -> Result<u32> {
        self.exact().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.exact().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let len = self.u64()?;
        if len > self.left() {
            return self.fail(format!("a string of {len} bytes does not fit in the {} left in the file", self.left()));
        }
        let mut bytes = vec![0u8; len as usize];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String> {
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

    fn value(&mut self, kind: u32) -> Result<Value> {
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
            return self.fail(format!("an array of {len} does not fit in the {} bytes left in the file", self.left()));
        }
        Ok(match kind {
            6 | 12 => Value::Floats((0..len).map(|_| self.float(kind).map(|v| v as f32)).collect::<Result<_>>()?),
            7 => Value::Integers((0..len).map(|_| self.boolean().map(i64::from)).collect::<Result<_>>()?),
            8 => Value::Texts((0..len).map(|_| self.bytes()).collect::<Result<_>>()?),
            1 | 3 | 5 | 11 => Value::Integers((0..len).map(|_| self.signed(kind)).collect::<Result<_>>()?),
            // A number beyond i64 is nothing that metadata legitimately holds; it saturates and fails its range check.
            _ => Value::Integers(
                (0..len)
                    .map(|_| self.unsigned(kind).map(|v| i64::try_from(v).unwrap_or(i64::MAX)))
                    .collect::<Result<_>>()?,
            ),
        })
    }
}

/// Parses a header of a file of `len` bytes.
fn parse(inner: impl Read, len: u64, path: &Path) -> Result<(Metadata, BTreeMap<String, TensorEntry>)> {
    let mut cursor = Cursor { inner, at: 0, len, path, field: "magic".into() };
    let magic = cursor.u32()?;
    if magic != MAGIC {
        return cursor.fail("the file does not begin with `GGUF`");
    }
    cursor.field = "version".into();
    match cursor.u32()? {
        2 | 3 => {}
        v if v.swap_bytes() == 2 || v.swap_bytes() == 3 => return cursor.fail("big-endian files are not read"),
        v => return cursor.fail(format!("{v} is not read (2 and 3 are)")),
    }
    cursor.field = "tensor count".into();
    let tensor_count = cursor.u64()?;
    cursor.field = "metadata count".into();
    let metadata_count = cursor.u64()?;
    // The smallest metadata entry takes 13 bytes, the smallest tensor entry 24.
    let least = metadata_count.saturating_mul(13).saturating_add(tensor_count.saturating_mul(24));
    if least > cursor.left() {
        return cursor.fail(format!(
            "{metadata_count} entries and {tensor_count} tensors do not fit in the {} bytes left in the file",
            cursor.left()
        ));
    }
    let mut metadata = Metadata::new(path);
    for index in 0..metadata_count {
        cursor.field = format!("name of metadata entry {index}");
        let key = cursor.text()?;
        cursor.field = key.clone();
        let kind = cursor.u32()?;
        let value = cursor.value(kind)?;
        if !metadata.insert(key, value) {
            return cursor.fail("appears twice");
        }
    }
    let tensors = parse_tensors(&mut cursor, tensor_count, &metadata)?;
    Ok((metadata, tensors))
}

fn parse_tensors<R: Read>(
    cursor: &mut Cursor<R>,
    count: u64,
    metadata: &Metadata,
) -> Result<BTreeMap<String, TensorEntry>> {
    let alignment = metadata.unsigned("general.alignment")?.unwrap_or(DEFAULT_ALIGNMENT);
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        cursor.field = "general.alignment".into();
        return cursor.fail(format!("{alignment} is not a usable alignment"));
    }
    let mut tensors = BTreeMap::new();
    for index in 0..count {
        cursor.field = format!("name of tensor {index}");
        let name = cursor.text()?;
        cursor.field = format!("tensor {name}");
        let entry = parse_tensor(cursor)?;
        if tensors.insert(name, entry).is_some() {
            return cursor.fail("appears twice");
        }
    }
    let data = cursor.at.div_ceil(alignment) * alignment;
    for (name, entry) in &mut tensors {
        cursor.field = format!("tensor {name}");
        if entry.start % alignment != 0 {
            return cursor.fail(format!("offset {} is not a multiple of the alignment {alignment}", entry.start));
        }
        let start = data.checked_add(entry.start);
        let end = start.and_then(|s| s.checked_add(entry.bytes as u64));
        match (start, end) {
            (Some(start), Some(end)) if end <= cursor.len => entry.start = start,
            _ => {
                return cursor.fail(format!(
                    "needs {} bytes at offset {} of the data, past the end of the file ({} bytes)",
                    entry.bytes, entry.start, cursor.len
                ));
            }
        }
    }
    Ok(tensors)
}

/// Reads one entry; `start` is still the offset within the data section.
fn parse_tensor<R: Read>(cursor: &mut Cursor<R>) -> Result<TensorEntry> {
    let dimensions = cursor.u32()?;
    if dimensions == 0 || dimensions > MAX_DIMENSIONS {
        return cursor.fail(format!("has {dimensions} dimensions (1 to {MAX_DIMENSIONS} are read)"));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let size = cursor.u64()?;
        match usize::try_from(size) {
            Ok(size) if size > 0 => shape.push(size),
            _ => return cursor.fail(format!("has a dimension of {size}")),
        }
    }
    let id = cursor.u32()?;
    let Some(dtype) = dtype(id) else {
        return cursor.fail(format!("has type {id}, which is not read"));
    };
    let start = cursor.u64()?;
    let row = shape.first().copied().unwrap_or(0);
    if row % dtype.block_size() != 0 {
        return cursor.fail(format!("rows of {row} do not divide into blocks of {}", dtype.block_size()));
    }
    let bytes = shape
        .iter()
        .try_fold(1usize, |product, &d| product.checked_mul(d))
        .map(|elements| elements / dtype.block_size())
        .and_then(|blocks| blocks.checked_mul(dtype.type_size()));
    let Some(bytes) = bytes else {
        return cursor.fail(format!("dimensions {shape:?} overflow"));
    };
    shape.reverse();
    Ok(TensorEntry { shape, dtype, start, bytes })
}

#[cfg(test)]
#[path = "gguf_tests.rs"]
mod tests;
