//! Unpacks the members of a ZIP archive within limits.

use std::io::{Cursor, Read as _};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::corpus::import::Limits;

/// Highest ratio of unpacked to packed size, for members longer than [`SHORT`].
const RATIO: u64 = 200;
/// Members of up to this many bytes may have any ratio.
const SHORT: u64 = 4 << 20;

/// A file or folder in an archive.
pub(in crate::corpus::import) struct Member {
    pub name: String,
    index: usize,
    pub is_folder: bool,
}

/// An archive, with its members sorted by name.
pub(in crate::corpus::import) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    pub members: Vec<Member>,
    most: u64,
}

impl<'a> Archive<'a> {
    pub(in crate::corpus::import) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, String> {
        let damaged = |error: zip::result::ZipError| format!("it is a damaged zip archive: {error}");
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        if zip.len() > limits.files {
            return Err(format!("it is an archive of more than {} files", limits.files));
        }
        let mut members = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let entry = zip.by_index_raw(index).map_err(damaged)?;
            members.push(Member {
                name: entry.name().map_err(damaged)?.replace('\\', "/"),
                index,
                is_folder: entry.is_dir(),
            });
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Archive {
            zip,
            members,
            most: limits.file_bytes,
        })
    }

    pub(in crate::corpus::import) fn find(&self, name: &str) -> Option<usize> {
        self.members
            .binary_search_by(|member| member.name.as_str().cmp(name))
            .ok()
    }

    /// Returns the content of a member, or why it is not read.
    ///
    /// Subtracts its size from `left`, the number of bytes that may still be unpacked from the whole archive.
    pub(in crate::corpus::import) fn bytes(&mut self, at: usize, left: &mut u64) -> Result<Vec<u8>, String> {
        let damaged = |error: &dyn std::fmt::Display| format!("it is damaged in the archive: {error}");
        let index = self.members.get(at).map_or(usize::MAX, |member| member.index);
        let entry = self.zip.by_index_raw(index).map_err(|error| damaged(&error))?;
        if entry.encrypted() {
            return Err("it is encrypted: unpack the archive with its password first".into());
        }
        let (size, packed) = (entry.size(), entry.compressed_size());
        if size > self.most {
            return Err(format!("{size} bytes are more than the {} that are read", self.most));
        }
        if size > SHORT && size / RATIO > packed {
            return Err(format!("it unpacks to more than {RATIO} times its size"));
        }
        if size > *left {
            return Err("the archive holds more than is read of one: unpack it and import its folders".into());
        }
        let mut bytes = Vec::new();
        let read = match entry.compression() {
            CompressionMethod::Stored => entry.take(size + 1).read_to_end(&mut bytes),
            CompressionMethod::DEFLATE => DeflateDecoder::new(entry).take(size + 1).read_to_end(&mut bytes),
            other => {
                return Err(format!(
                    "it is packed in a way that is not read here ({other}): unpack it first"
                ));
            }
        };
        read.map_err(|error| damaged(&error))?;
        if bytes.len() as u64 != size {
            return Err("it is damaged in the archive: it is not as long as it should be".into());
        }
        *left -= size;
        Ok(bytes)
    }
}
