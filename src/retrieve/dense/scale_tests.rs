//! Tests the scale of models with the vectors that come with the program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::corpus::Corpus;
use crate::index::Store;
use crate::index::vectors::Key;
use crate::index::vectors::builtin::Builtin;
use crate::models::Registry;
use crate::retrieve::dense::adapted;

/// The built-in editions with the vectors that come with the program, each changed by `change`.
fn built_in(change: impl Fn(Vec<f32>) -> Vec<f32>) -> (Table, Vectors) {
    let registry = Registry::built_in().unwrap();
    let sha256 = registry.embedder().unwrap().sha256.clone().unwrap();
    let base: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&sha256[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let builtin = Builtin::of(&adapted(&base.try_into().unwrap()), 384).unwrap();
    let bytes = |key: Key| {
        let rows = builtin.vectors(key).unwrap().into_iter().map(&change);
        rows.flatten().flat_map(f32::to_le_bytes).collect::<Vec<u8>>()
    };
    let texts: BTreeMap<Key, Vec<u8>> = builtin.keys().map(|key| (key, bytes(key))).collect();
    let dir = tempfile::tempdir().unwrap();
    let imported = PathBuf::from("/nowhere");
    let (store, _) = Store::refresh(dir.path(), &(Corpus::Builtin { imported }).files().unwrap()).unwrap();
    let vectors = Vectors::of(384, &texts);
    (Table::new(&store, &vectors).unwrap().0, vectors)
}

#[test]
fn the_constants_are_the_means_of_the_built_in_model() {
    let (table, vectors) = built_in(|vector| vector);
    let (own, others) = means(&table, &vectors).unwrap();
    assert!(
        (own - OWN).abs() < 0.01 && (others - OTHERS).abs() < 0.01,
        "{own} {others}"
    );
    let scale = measured(&table, &vectors).unwrap();
    assert!(
        (scale.slope - 1.0).abs() < 0.03 && scale.offset.abs() < 0.02,
        "{scale:?}"
    );
}

/// Many models put all texts near each other.
#[test]
fn similarities_of_a_narrow_cone_come_back_to_the_scale_of_the_built_in_model() {
    let narrow = |mut vector: Vec<f32>| {
        vector[0] += 2.0;
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    };
    let (table, vectors) = built_in(narrow);
    let (own, others) = means(&table, &vectors).unwrap();
    assert!(others > 0.8, "{others}");
    let scale = measured(&table, &vectors).unwrap();
    assert!((scale.of(own) - OWN).abs() < 1e-3 && (scale.of(others) - OTHERS).abs() < 1e-3);
}
