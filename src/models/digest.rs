//! Computes the SHA-256 (FIPS 180-4) of files and streams, as 64 lower-case hexadecimal digits.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// A running SHA-256.
#[derive(Clone, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of everything so far, as 64 lower-case hexadecimal digits.
    pub fn hex(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Feeds exactly the first `length` bytes of `reader` to `hasher`. Fails if `reader` ends before that.
pub(super) fn hash_prefix(hasher: &mut Hasher, reader: impl Read, length: u64) -> io::Result<()> {
    let read = hash_reader(hasher, reader.take(length), |_| ())?;
    if read == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Feeds all of `reader` to `hasher` and calls `each` with the length of every chunk. Returns the number of bytes.
pub(super) fn hash_reader(hasher: &mut Hasher, mut reader: impl Read, mut each: impl FnMut(u64)) -> io::Result<u64> {
    // With 128 KiB, the cost of system calls is negligible compared to the hashing.
    let mut buffer = vec![0; 128 * 1024];
    let mut total = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        total += read as u64;
        each(read as u64);
    }
}

/// Returns whether `text` is 64 lower-case hexadecimal digits.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && is_lower_hex(text)
}

/// Returns whether `text` is a git commit: 40 lower-case hexadecimal digits.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_lower_hex(text)
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three-letter example of FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_published_example_hashes_as_published() {
        let mut hasher = Hasher::default();
        assert_eq!(hash_reader(&mut hasher, &b"abc"[..], |_| ()).unwrap(), 3);
        assert_eq!(hasher.hex(), ABC);
    }

    #[test]
    fn a_prefix_is_hashed_alone_and_a_short_reader_is_an_error() {
        let mut hasher = Hasher::default();
        hash_prefix(&mut hasher, &b"abcdef"[..], 3).unwrap();
        assert_eq!(hasher.hex(), ABC);
        assert!(hash_prefix(&mut Hasher::default(), &b"ab"[..], 3).is_err());
    }

    #[test]
    fn hashes_and_commits_are_told_by_length_and_lower_case() {
        assert!(is_sha256(ABC) && !is_sha256(&ABC.to_uppercase()) && !is_sha256(&ABC[1..]));
        assert!(is_commit("ab810cf68114990406fdf996510dd3d3c6adbdf5") && !is_commit("main"));
    }
}
