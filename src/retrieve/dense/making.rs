//! Makes the vectors of an index's texts, and opens them.
//!
//! Texts that have vectors keep them. The texts of the built-in editions have vectors that come with the program, for the
//! built-in model.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use super::encoder::Encoder;
use super::similarity::nearest;
use super::table::{Table, Text, texts};
use super::{DenseError, Progress, Vectors};
use crate::index::vectors::builtin::Builtin;
use crate::index::vectors::{self, Key, Vectors as StoredVectors, VectorsFile, VectorsWriter};
use crate::index::{IndexError, Store};

/// Minimum number of texts between two writes of the vectors, so that a long first run that is interrupted keeps most
/// of its work.
const WRITE_EVERY: usize = 1_000;

/// The least cosine of two vectors that one model made of one text. A server may compute in half precision.
const SAME: f32 = 0.99;

/// Returns how long the vectors of the model `identity` on a server are, if `store` has all of them from an earlier run.
/// New texts may lack theirs.
pub fn dimensions_made(store: &Store, identity: &[u8; 32]) -> Option<usize> {
    store.vector_dimensions(&VectorsFile::of(identity), identity)
}

/// Returns how many texts of `store` have no vectors of this model.
///
/// # Errors
/// Fails if the index cannot be read.
pub fn lacking(store: &Store, encoder: &dyn Encoder) -> Result<usize, IndexError> {
    let there = begun(store, encoder).1;
    let keys = store.keys()?.into_iter();
    let all = keys.flat_map(|(_, keys)| [vec![keys.text, keys.question], keys.asked].concat());
    let absent: BTreeSet<Key> = all.filter(|key| there.span(*key).is_none()).collect();
    Ok(absent.len())
}

/// Compares the vectors of one text of `store` with what the model on a server makes of it now, and deletes all vectors
/// if they differ: the server has another model under the same name. Returns whether it did.
///
/// # Errors
/// Fails if the index cannot be read, or the model cannot be run.
pub fn forget_if_changed(store: &Store, encoder: &dyn Encoder) -> Result<bool, DenseError> {
    let (file, there) = begun(store, encoder);
    let (texts, order) = texts(store)?;
    let sample = order.into_iter().find_map(|key| Some((key, there.span(key)?)));
    let Some((key, rows)) = sample else {
        return Ok(false);
    };
    let Some(text) = texts.get(&key) else {
        return Ok(false);
    };
    let now = embed(store, encoder, &[(key, text)])?.into_iter().flatten().next();
    let same = now.and_then(|now| nearest(&now, there.vectors(rows.start..rows.start + 1)));
    let changed = same.is_none_or(|same| same < SAME);
    if changed {
        store.delete_vectors(&file)?;
    }
    Ok(changed)
}

/// Returns the file of this model's vectors.
fn file_of(encoder: &dyn Encoder) -> VectorsFile {
    match encoder.is_served() {
        true => VectorsFile::of(&encoder.identity()),
        false => vectors::USUAL,
    }
}

/// Returns the file to write while vectors are made, and what there is of them.
fn begun(store: &Store, encoder: &dyn Encoder) -> (VectorsFile, StoredVectors) {
    let (identity, dimensions) = (encoder.identity(), encoder.dimensions());
    let file = file_of(encoder);
    let file = match store.vector_dimensions(&file, &identity) {
        Some(made) if made == dimensions => file,
        _ => file.part(),
    };
    let there = store.vectors(&file, &identity, dimensions, true);
    (file, there)
}

/// Returns the vectors of `store`, after those that are missing were made. `instead` takes the place of the model.
pub(super) fn up_to_date(
    store: &Store,
    encoder: &dyn Encoder,
    instead: Option<&dyn Fn(u64) -> Vec<f32>>,
    progress: Progress,
) -> Result<(StoredVectors, Table), DenseError> {
    let (identity, dimensions, file) = (encoder.identity(), encoder.dimensions(), file_of(encoder));
    let there = store.vectors(&file, &identity, dimensions, false);
    let (table, complete) = Table::new(store, &there)?;
    // Vectors of deleted texts are harmless until they are most of the file.
    if complete && there.len() <= 2 * (table.passages.len() + table.rows_asked()) {
        return Ok((there, table));
    }
    drop(table);
    let (begun, there) = begun(store, encoder);
    let (texts, order) = texts(store)?;
    let mut writer = store.new_vectors(&begun, identity, dimensions)?;
    let mut missing = writer.keep(there, order);
    if let Some(builtin) = Builtin::of(&identity, dimensions) {
        missing = take_over(&mut writer, missing, &builtin);
    }
    if let Some(vector) = instead {
        missing.iter().for_each(|key| writer.add(*key, &[vector(*key)]));
    } else {
        let todo: Vec<(Key, &Text)> = missing.iter().filter_map(|key| Some((*key, texts.get(key)?))).collect();
        let (mut unwritten, mut done) = (0, 0);
        let made = embed_all(store, encoder, &todo, |key, vectors| {
            writer.add(key, &vectors);
            done += 1;
            progress(done, todo.len());
            unwritten += 1;
            // Writes happen at doubling intervals, so that all writes together cost at most twice the last one.
            if unwritten >= WRITE_EVERY.max(done / 2) {
                unwritten = 0;
                writer.write()?;
            }
            Ok(())
        });
        if let Err(error) = made {
            // A server that stopped answering has worked, and may want to be paid.
            if unwritten > 0 {
                writer.write()?;
            }
            return Err(error);
        }
    }
    writer.write_as(&file)?;
    drop(writer);
    store.forget_old_vectors(&file)?;
    let vectors = store.vectors(&file, &identity, dimensions, true);
    let (table, _) = Table::new(store, &vectors)?;
    Ok((vectors, table))
}

/// Adds the vectors of `missing` texts that come with the program, and returns the other keys.
fn take_over(writer: &mut VectorsWriter, missing: BTreeSet<Key>, builtin: &Builtin) -> BTreeSet<Key> {
    let absent = missing.into_iter().filter(|key| match builtin.vectors(*key) {
        Some(vectors) => {
            writer.add(*key, &vectors);
            false
        }
        None => true,
    });
    absent.collect()
}

/// Embeds `todo`, with as many calls at a time as the model wants. `take` gets each result, in no particular order.
fn embed_all(
    store: &Store,
    encoder: &dyn Encoder,
    todo: &[(Key, &Text)],
    mut take: impl FnMut(Key, Vectors) -> Result<(), DenseError>,
) -> Result<(), DenseError> {
    let (texts, calls) = encoder.calls();
    let threads = calls.min(todo.len().div_ceil(texts.max(1))).max(1);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::sync_channel(2 * threads);
    let send = Mutex::new(send);
    let parts: Vec<&[(Key, &Text)]> = todo.chunks(texts.max(1)).collect();
    type Made = (usize, Result<Vec<Vectors>, DenseError>);
    let work = |send: mpsc::SyncSender<Made>| {
        while let Some((at, part)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, *parts.get(at)?)))
        {
            let vectors = embed(store, encoder, part);
            if stop.load(Ordering::Relaxed) || send.send((at, vectors)).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            let send = send.lock().unwrap_or_else(PoisonError::into_inner).clone();
            scope.spawn(|| work(send));
        }
        drop(send);
        for (at, vectors) in receive {
            let taken = vectors.and_then(|vectors| {
                let mut made = parts.get(at).copied().unwrap_or_default().iter().zip(vectors);
                made.try_for_each(|((key, _), vectors)| take(*key, vectors))
            });
            if let Err(error) = taken {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    })
}

fn embed(store: &Store, encoder: &dyn Encoder, part: &[(Key, &Text)]) -> Result<Vec<Vectors>, DenseError> {
    let read = |(_, text): &(Key, &Text)| {
        let (Text::Passage(address) | Text::Question(address) | Text::Asked(address, _)) = text;
        let passage = store.passage(*address)?;
        Ok(match text {
            Text::Passage(_) => (passage.discussion, passage.text),
            Text::Question(_) => (passage.discussion, passage.question),
            Text::Asked(_, at) => (String::new(), passage.also_asked.get(*at).cloned().unwrap_or_default()),
        })
    };
    let passages: Vec<(String, String)> = part.iter().map(read).collect::<Result<_, IndexError>>()?;
    Ok(encoder.passages(&passages)?)
}
