//! Tests the forward pass on the CPU against the one on Candle's tensors, and against itself in other chunks.

use askpm_fixtures::{ARCHITECTURES, Meta, TinyGguf, Weights as Kind};
use candle_core::Device;

use super::*;
use crate::arch;
use crate::tests::{any_ids, mean_square, rounding};

const VOCABULARY: usize = 274;

fn open(file: &TinyGguf) -> Gguf {
    let folder = tempfile::tempdir().unwrap();
    Gguf::open(&file.write(folder.path(), "tiny.gguf")).unwrap()
}

fn vocabulary(file: &TinyGguf) -> usize {
    match file.metadata.get("tokenizer.ggml.tokens") {
        Some(Meta::Texts(tokens)) => tokens.len(),
        _ => VOCABULARY,
    }
}

fn load(file: &TinyGguf, precision: Precision, threads: usize) -> Model {
    Model::load(&open(file), None, vocabulary(file), precision, Workers::new(threads)).unwrap()
}

fn pass(model: &mut Model, ids: &[u32], wanted: usize) -> Vec<f32> {
    let mut logits = Vec::new();
    model.pass(ids, wanted, &mut logits).unwrap();
    logits
}

fn bits(logits: &[f32]) -> Vec<u32> {
    logits.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn every_architecture_gives_the_logits_that_candles_tensors_give() {
    for architecture in ARCHITECTURES {
        for kind in [Kind::F32, Kind::Q8_0, Kind::Q4_0] {
            let file = TinyGguf::new(architecture, kind);
            let mut theirs = arch::Model::load(&open(&file), None, vocabulary(&file), &Device::Cpu).unwrap();
            let mut ours = load(&file, Precision::Full, 2);
            // Below 32 rows, Candle's matmul is the quantized one.
            for part in any_ids(60).chunks(20) {
                let expected = theirs.logits_after(part, part.len()).unwrap();
                let logits = pass(&mut ours, part, part.len());
                let apart = logits.iter().zip(&expected).map(|(a, b)| a - b);
                if kind == Kind::F32 {
                    // Only the order of additions differs.
                    let worst = apart.map(f32::abs).fold(0f32, f32::max);
                    assert!(worst < 1e-4, "{architecture}: {worst}");
                } else {
                    // Gated activations have larger outliers, so matmuls with them are off by up to twice as much.
                    let bound = 2.0 * rounding(&expected, ours.layers.len());
                    let usual = mean_square(apart).sqrt();
                    assert!(usual < bound, "{architecture} {kind:?}: {usual} of {bound}");
                }
            }
        }
    }
}

#[test]
fn a_position_has_the_same_logits_alone_in_chunks_and_on_any_number_of_threads() {
    let ids = any_ids(150);
    for architecture in ARCHITECTURES {
        for kind in [Kind::F32, Kind::Q8_0, Kind::Q4_0] {
            let file = TinyGguf::new(architecture, kind);
            let whole = pass(&mut load(&file, Precision::Half, 1), &ids, ids.len());
            let size = whole.len() / ids.len();
            for (part, threads) in [(1, 1), (7, 3), (64, 2)] {
                let mut model = load(&file, Precision::Half, threads);
                for (index, some) in ids.chunks(part).enumerate() {
                    let from = index * part * size;
                    let logits = pass(&mut model, some, some.len());
                    let expected = &whole[from..from + logits.len()];
                    assert!(bits(&logits) == bits(expected), "{architecture} {kind:?} by {part}");
                }
            }
        }
    }
}

#[test]
fn positions_that_were_taken_back_leave_no_trace() {
    let ids = any_ids(100);
    for architecture in ARCHITECTURES {
        let file = TinyGguf::new(architecture, Kind::F32);
        let mut model = load(&file, Precision::Half, 2);
        let expected = pass(&mut model, &ids, 1);
        assert_eq!(model.truncate(0), 0);
        pass(&mut model, &ids[..70], 0);
        pass(&mut model, &[30; 20], 0);
        assert_eq!(model.truncate(70), 70, "{architecture}");
        assert!(
            bits(&pass(&mut model, &ids[70..], 1)) == bits(&expected),
            "{architecture}"
        );
        // A convolution cannot go back that far, and reports it.
        let kept = model.truncate(10);
        assert_eq!(kept, if architecture == "lfm2" { 0 } else { 10 });
        assert!(
            bits(&pass(&mut model, &ids[kept..], 1)) == bits(&expected),
            "{architecture}"
        );
    }
}

#[test]
fn half_precision_keys_and_values_move_logits_little() {
    for architecture in ARCHITECTURES {
        let file = TinyGguf::new(architecture, Kind::F32);
        let full = pass(&mut load(&file, Precision::Full, 1), &any_ids(100), 1);
        let half = pass(&mut load(&file, Precision::Half, 1), &any_ids(100), 1);
        let worst = full.iter().zip(&half).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        let greatest = full.iter().fold(0f32, |most, x| most.max(x.abs()));
        // Half precision is off by 2^-11 at most, in keys and in values of up to six layers.
        assert!(
            worst < greatest * 12.0 * 2f32.powi(-11) && worst > 0.0,
            "{architecture}: {worst} of {greatest}"
        );
    }
}

#[test]
fn tokens_outside_the_vocabulary_and_positions_outside_the_context_are_errors() {
    let file = TinyGguf::new("llama", Kind::F32);
    let mut model = load(&file, Precision::Half, 1);
    let mut logits = Vec::new();
    assert!(model.pass(&[VOCABULARY as u32 + 9999], 1, &mut logits).is_err());
    assert!(model.pass(&[], 0, &mut logits).is_err());
    assert!(model.pass(&[1; 257], 1, &mut logits).is_err());
    assert_eq!(model.past(), 0);
    model.pass(&[1; 256], 1, &mut logits).unwrap();
    assert!(model.pass(&[1], 1, &mut logits).is_err());
}
