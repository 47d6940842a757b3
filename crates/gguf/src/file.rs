//! Opens a GGUF file and checks its header before anything else reads from it.
//!
//! A [`Gguf`] holds typed metadata and a table of tensors. The size, type and offset of each tensor have been checked
//! against the file, so later code can rely on them.
//!
//! The layout follows the specification at <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md> (versions 2 and
//! 3, little-endian). Files are untrusted: every count in the header is checked against the bytes left in the file
//! before it is used.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use candle_core::Device;
use candle_core::quantized::gguf_file::TensorInfo;
use candle_core::quantized::{GgmlDType, QTensor, ggml_file::qtensor_from_ggml};
use memmap2::Mmap;

use crate::Error;
use crate::cursor::Cursor;
use crate::metadata::Metadata;

type Result<T> = std::result::Result<T, Error>;

const MAGIC: u32 = 0x4655_4747; // "GGUF"
const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_DIMENSIONS: u32 = 4;

/// A tensor of the file. `shape` starts with the outermost dimension; the file stores the reverse order.
#[derive(Debug, Clone)]
pub struct TensorEntry {
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// How the weights are stored.
    pub dtype: GgmlDType,
    /// Offset of the first byte from the start of the file.
    start: u64,
    /// Bytes in the file.
    pub bytes: usize,
}

impl TensorEntry {
    /// Returns the name of the tensor's type, such as `Q4_1`.
    pub fn kind(&self) -> &'static str {
        dtype_name(self.dtype)
    }

    fn place(&self, shape: Vec<usize>, after: u64) -> TensorInfo {
        TensorInfo {
            ggml_dtype: self.dtype,
            shape: shape.into(),
            offset: self.start + after,
        }
    }

    fn elements(&self) -> u64 {
        self.shape.iter().map(|&d| d as u64).product()
    }
}

/// An open GGUF file whose header has been checked.
#[derive(Debug)]
pub struct Gguf {
    /// Path of the file, for errors.
    pub path: PathBuf,
    /// Everything in the header except the tensors.
    pub metadata: Metadata,
    tensors: BTreeMap<String, TensorEntry>,
    source: Source,
}

/// Where the bytes of tensors are.
#[derive(Debug)]
enum Source {
    File { file: File, map: OnceLock<Mmap> },
    Memory(&'static [u8]),
}

impl Gguf {
    /// Opens the file and checks its header. It reads no tensor data.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| Error::Unreadable {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if about.is_dir() {
            return Err(unreadable(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        let (metadata, tensors) = parse(BufReader::with_capacity(1 << 16, &file), about.len(), path)?;
        Ok(Self {
            path: path.to_path_buf(),
            metadata,
            tensors,
            source: Source::File {
                file,
                map: OnceLock::new(),
            },
        })
    }

    /// Reads a file that is built into the program. Errors call it `name`.
    pub fn built_in(name: &str, bytes: &'static [u8]) -> Result<Self> {
        let path = PathBuf::from(name);
        let (metadata, tensors) = parse(bytes, bytes.len() as u64, &path)?;
        Ok(Self {
            path,
            metadata,
            tensors,
            source: Source::Memory(bytes),
        })
    }

    /// Returns the tensor of this name.
    pub fn entry(&self, name: &str) -> Option<&TensorEntry> {
        self.tensors.get(name)
    }

    /// Returns the names of all tensors, sorted.
    pub fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Reads a tensor onto a device. The tensor stays quantized as it is in the file.
    pub fn read(&self, name: &str, device: &Device) -> Result<QTensor> {
        let entry = self
            .entry(name)
            .ok_or_else(|| Error::gguf(&self.path, format!("tensor {name}"), "is missing"))?;
        let bytes = match &self.source {
            // Reading takes no memory beyond the tensor's, where the mapping would keep its pages.
            Source::File { file, .. } => {
                let mut file = file;
                let mut bytes = vec![0u8; entry.bytes];
                file.seek(SeekFrom::Start(entry.start))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(|source| self.unreadable(source))?;
                bytes
            }
            // Candle takes the bytes as numbers, so they must be aligned. Those of a program may be anywhere.
            Source::Memory(_) => self.bytes(name)?.to_vec(),
        };
        qtensor_from_ggml(entry.dtype, &bytes, entry.shape.clone(), device)
            .map_err(|e| Error::tensor(&self.path, name, &e))
    }

    /// Returns the bytes of a tensor as they are in the file, mapped rather than copied.
    pub fn bytes(&self, name: &str) -> Result<&[u8]> {
        let missing = || Error::gguf(&self.path, format!("tensor {name}"), "is missing");
        let entry = self.entry(name).ok_or_else(missing)?;
        let all = self.all()?;
        let start = usize::try_from(entry.start).ok();
        let range = start.and_then(|start| all.get(start..start.checked_add(entry.bytes)?));
        range.ok_or_else(missing)
    }

    /// Returns all bytes of the file.
    fn all(&self) -> Result<&[u8]> {
        let (file, map) = match &self.source {
            Source::Memory(bytes) => return Ok(bytes),
            Source::File { file, map } => (file, map),
        };
        if let Some(map) = map.get() {
            return Ok(map);
        }
        // SAFETY: the file is only read. Who cuts it short meanwhile ends this process, as with any mapped file; that
        // its bytes change is no harm, since any bytes are weights.
        let made = unsafe { Mmap::map(file) }.map_err(|source| self.unreadable(source))?;
        Ok(map.get_or_init(|| made))
    }

    fn unreadable(&self, source: std::io::Error) -> Error {
        Error::Unreadable {
            path: self.path.clone(),
            source,
        }
    }

    /// Returns the file itself, for readers that receive offsets. Reading keeps no pages, as a mapping would.
    ///
    /// # Errors
    /// [`Error::Unreadable`] if the file is built into the program.
    pub fn file(&self) -> Result<&File> {
        match &self.source {
            Source::File { file, .. } => Ok(file),
            Source::Memory(_) => Err(self.unreadable(std::io::ErrorKind::Unsupported.into())),
        }
    }

    /// Returns the location of each tensor, as Candle's reader takes it. Offsets count from the start of the file.
    pub fn places(&self) -> HashMap<String, TensorInfo> {
        let place = |(name, entry): (&String, &TensorEntry)| (name.clone(), entry.place(entry.shape.clone(), 0));
        self.tensors.iter().map(place).collect()
    }

    /// Returns the locations of a tensor's slices along its outermost dimension.
    pub fn slices(&self, name: &str) -> Vec<TensorInfo> {
        let Some((entry, (&count, shape))) = self.entry(name).and_then(|e| Some((e, e.shape.split_first()?))) else {
            return Vec::new();
        };
        // Rows are whole blocks, so slices are whole bytes.
        let bytes = (entry.bytes / count) as u64;
        (0..count as u64)
            .map(|index| entry.place(shape.to_vec(), index * bytes))
            .collect()
    }

    /// Releases the memory that [`Gguf::bytes`] used for a tensor. A later read loads it from the file again.
    ///
    /// # Safety
    /// No slice that `bytes` returned for this tensor may be in use.
    pub unsafe fn give_back(&self, name: &str) {
        #[cfg(unix)]
        if let (Some(entry), Source::File { map, .. }) = (self.entry(name), &self.source) {
            let Some(map) = map.get() else { return };
            let end = entry.start.saturating_add(entry.bytes as u64);
            if end > map.len() as u64 {
                return;
            }
            // SAFETY: the range lies inside the mapping, which is read-only and backed by the file. A dropped page is read
            // from the file again, with the same bytes, and the caller promises that nothing borrows it meanwhile.
            let dropped = unsafe {
                map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, entry.start as usize, entry.bytes)
            };
            // If the system refuses, it releases the memory later.
            let _ = dropped;
        }
    }

    /// Returns the number of weights in the file.
    pub fn parameters(&self) -> u64 {
        self.tensors
            .values()
            .map(TensorEntry::elements)
            .fold(0, u64::saturating_add)
    }

    /// Returns the name of the type that stores the most bytes of weights, such as `Q4_1`.
    pub fn quantization(&self) -> String {
        let mut bytes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for tensor in self.tensors.values() {
            *bytes.entry(dtype_name(tensor.dtype)).or_default() += tensor.bytes as u64;
        }
        bytes
            .into_iter()
            .max_by_key(|&(_, n)| n)
            .map_or_else(|| "none".into(), |(name, _)| name.into())
    }
}

/// Returns the type with this number in `enum ggml_type`, if Candle has kernels for it.
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

/// Parses the header of a file of `len` bytes.
fn parse(inner: impl Read, len: u64, path: &Path) -> Result<(Metadata, BTreeMap<String, TensorEntry>)> {
    let mut cursor = Cursor::new(inner, len, path);
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
    // A metadata entry takes at least 13 bytes, a tensor entry at least 24.
    let least = metadata_count
        .saturating_mul(13)
        .saturating_add(tensor_count.saturating_mul(24));
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
        if !entry.start.is_multiple_of(alignment) {
            return cursor.fail(format!(
                "offset {} is not a multiple of the alignment {alignment}",
                entry.start
            ));
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

/// Parses one tensor entry. Its `start` is still the offset within the data section.
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
    if !row.is_multiple_of(dtype.block_size()) {
        return cursor.fail(format!(
            "rows of {row} do not divide into blocks of {}",
            dtype.block_size()
        ));
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
    Ok(TensorEntry {
        shape,
        dtype,
        start,
        bytes,
    })
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
