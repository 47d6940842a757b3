//! Tests the decoder against candle-transformers' models where those are right: a second independent reference.

use askpm_fixtures::{TinyGguf, Weights};
use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Tensor};
use candle_transformers::models::{quantized_llama, quantized_qwen2};

use super::*;

fn ours(file: &TinyGguf, ids: &[u32]) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let gguf = Gguf::open(&file.write(folder.path(), "tiny.gguf")).unwrap();
    Model::load(&gguf, None, 274, &Device::Cpu)
        .unwrap()
        .logits_after(ids, 1)
        .unwrap()
}

fn assert_close(name: &str, a: &[f32], b: &[f32]) {
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    assert!(a.len() == b.len() && worst < 1e-4, "{name}: {worst}");
}

#[test]
fn llama_and_qwen2_agree_with_candle_transformers() {
    let ids: Vec<u32> = (0..30).map(|i| 10 + i * 7).collect();
    let input = Tensor::new(ids.as_slice(), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let logits = |t: Tensor| t.squeeze(0).unwrap().to_vec1::<f32>().unwrap();
    for weights in [Weights::F32, Weights::Q8_0, Weights::Q4_0] {
        let file = TinyGguf::new("llama", weights);
        let mut reader = std::io::Cursor::new(file.bytes());
        let content = Content::read(&mut reader).unwrap();
        let mut theirs = quantized_llama::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
        assert_close("llama", &ours(&file, &ids), &logits(theirs.forward(&input, 0).unwrap()));

        let file = TinyGguf::new("qwen2", weights);
        let mut reader = std::io::Cursor::new(file.bytes());
        let content = Content::read(&mut reader).unwrap();
        let mut theirs = quantized_qwen2::ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).unwrap();
        assert_close("qwen2", &ours(&file, &ids), &logits(theirs.forward(&input, 0).unwrap()));
    }
}

#[test]
fn a_chunk_shrinks_as_the_past_grows_and_never_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let gguf = Gguf::open(&TinyGguf::new("llama", Weights::F32).write(folder.path(), "tiny.gguf")).unwrap();
    let mut model = Model::load(&gguf, None, 274, &Device::Cpu).unwrap();
    assert_eq!(model.chunk(), MAX_CHUNK);
    model.past = 1 << 20;
    assert_eq!(model.chunk(), MIN_CHUNK);
}

#[test]
fn positions_past_the_context_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let gguf = Gguf::open(&TinyGguf::new("llama", Weights::F32).write(folder.path(), "tiny.gguf")).unwrap();
    let mut model = Model::load(&gguf, None, 274, &Device::Cpu).unwrap();
    assert!(model.logits_after(&[], 0).is_err());
    assert!(model.logits_after(&[1; 257], 0).is_err());
    model.logits_after(&[1; 256], 0).unwrap();
    assert!(model.logits_after(&[1], 0).is_err());
    model.truncate(0);
    assert!(model.logits_after(&[1], 0).is_ok());
}
