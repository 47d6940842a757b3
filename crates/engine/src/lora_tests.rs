//! Tests adapters against the plain sum: a model whose matrices are `W + scale · B A` from the start.

use std::path::{Path, PathBuf};

use askpm_fixtures::{ARCHITECTURES as TINY, Meta, TinyGguf, TinyTensor, Weights};

use askpm_kernels::attention::Precision;

use super::*;
use crate::{DeviceChoice, LocalEngine};

const RANK: usize = 3;
const ALPHA: f32 = 6.0;
const IDS: [u32; 9] = [5, 9, 20, 7, 31, 8, 12, 40, 3];

/// Small numbers, the same on every machine.
fn numbers(seed: usize, count: usize) -> Vec<f32> {
    let number = |at: usize| ((at * 7919 + seed * 104_729) % 1000) as f32 / 1000.0 - 0.5;
    (0..count).map(|at| number(at) * 0.3).collect()
}

fn floats(tensor: &TinyTensor) -> Vec<f32> {
    let (chunks, _) = tensor.data.as_chunks::<4>();
    chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn tensor(dims: [usize; 2], numbers: &[f32]) -> TinyTensor {
    TinyTensor::floats(&dims.map(|dim| dim as u64), numbers.iter().copied())
}

/// Returns an adapter of every matrix in the blocks of `base`, and the base with the adapter's products in its matrices.
fn adapter_and_sum(architecture: &str, base: &TinyGguf) -> (TinyGguf, TinyGguf) {
    let (mut adapter, mut sum) = (TinyGguf::adapter(architecture, ALPHA), base.clone());
    let matrices = base
        .tensors
        .iter()
        .filter(|(name, tensor)| name.starts_with("blk.") && tensor.dims.len() == 2 && !name.contains("conv.weight"));
    for (seed, (name, base)) in matrices.enumerate() {
        let (cols, rows) = (base.dims[0] as usize, base.dims[1] as usize);
        let (a, b) = (numbers(seed, RANK * cols), numbers(seed + 50, rows * RANK));
        let mut all = floats(base);
        for (at, weight) in all.iter_mut().enumerate() {
            let (row, col) = (at / cols, at % cols);
            let product: f32 = (0..RANK).map(|r| b[row * RANK + r] * a[r * cols + col]).sum();
            *weight += ALPHA / RANK as f32 * product;
        }
        sum.tensors.insert(name.clone(), tensor([cols, rows], &all));
        adapter
            .tensors
            .insert(format!("{name}.lora_a"), tensor([cols, RANK], &a));
        adapter
            .tensors
            .insert(format!("{name}.lora_b"), tensor([RANK, rows], &b));
    }
    assert!(!adapter.tensors.is_empty());
    (adapter, sum)
}

fn logits(engine: &mut LocalEngine) -> Vec<f32> {
    let mut logits = Vec::new();
    engine.session.take_back(0);
    engine.session.prompt(&IDS, &mut logits).unwrap();
    logits
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

struct Written {
    _folder: tempfile::TempDir,
    base: PathBuf,
    sum: PathBuf,
    adapter: PathBuf,
}

fn written(architecture: &str) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let base = TinyGguf::new(architecture, Weights::F32);
    let (adapter, sum) = adapter_and_sum(architecture, &base);
    Written {
        base: base.write(folder.path(), "base.gguf"),
        sum: sum.write(folder.path(), "sum.gguf"),
        adapter: adapter.write(folder.path(), "adapter.gguf"),
        _folder: folder,
    }
}

fn adapted(base: &Path, adapter: &Path) -> Result<LocalEngine> {
    LocalEngine::load_with(base, Some(&Adapter::open(adapter)?), DeviceChoice::Cpu, Precision::Full)
}

fn plain(path: &Path) -> LocalEngine {
    LocalEngine::load_with(path, None, DeviceChoice::Cpu, Precision::Full).unwrap()
}

#[test]
fn an_adapted_model_is_the_sum_of_base_and_adapter() {
    for architecture in TINY {
        let files = written(architecture);
        let base = logits(&mut plain(&files.base));
        let sum = logits(&mut plain(&files.sum));
        let ours = logits(&mut adapted(&files.base, &files.adapter).unwrap());
        let (changed, off) = (apart(&base, &sum), apart(&ours, &sum));
        assert!(off < 1e-3 * changed.max(1.0), "{architecture}: {off} of {changed}");
        assert!(changed > 0.1, "{architecture}: the adapter changes little: {changed}");
    }
}

#[test]
fn candle_s_tensors_take_an_adapter_too() {
    let files = written("llama");
    let (base, sum) = (Gguf::open(&files.base).unwrap(), Gguf::open(&files.sum).unwrap());
    let adapter = Adapter::open(&files.adapter).unwrap();
    let rows = base.entry("token_embd.weight").unwrap().shape[0];
    let load = |gguf, adapter| crate::arch::Model::load(gguf, adapter, rows, &Device::Cpu).unwrap();
    let ours = load(&base, Some(&adapter)).logits_after(&IDS, 1).unwrap();
    let theirs = load(&sum, None).logits_after(&IDS, 1).unwrap();
    assert!(apart(&ours, &theirs) < 1e-3);
}

#[test]
fn an_adapter_that_does_not_fit_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let base = TinyGguf::new("llama", Weights::F32);
    let path = base.write(folder.path(), "base.gguf");
    let (adapter, _) = adapter_and_sum("llama", &base);
    let refused = |change: &dyn Fn(&mut TinyGguf), part: &str| {
        let mut adapter = adapter.clone();
        change(&mut adapter);
        let error = adapted(&path, &adapter.write(folder.path(), "adapter.gguf"))
            .err()
            .unwrap();
        let text = error.to_string();
        assert!(text.contains(part) && text.contains("adapter.gguf"), "{text}");
    };
    let q = "blk.0.attn_q.weight";
    refused(&|file| file.set("general.type", Meta::text("model")), "general.type");
    refused(
        &|file| file.set("adapter.type", Meta::text("control_vector")),
        "adapter.type",
    );
    refused(
        &|file| file.set("general.architecture", Meta::text("qwen3")),
        "the adapter is for `qwen3`",
    );
    refused(&|file| file.set("adapter.lora.alpha", Meta::F32(-1.0)), "alpha");
    refused(
        &|file| drop(file.tensors.remove(&format!("{q}.lora_a"))),
        "lora_a: is missing",
    );
    refused(
        &|file| drop(file.tensors.remove(&format!("{q}.lora_b"))),
        "lora_b: is missing",
    );
    let other = tensor([5, 7], &numbers(1, 35));
    refused(
        &|file| drop(file.tensors.insert(format!("{q}.lora_a"), other.clone())),
        "do not fit a matrix of",
    );
    refused(
        &|file| {
            file.tensors.insert("blk.9.attn_q.weight.lora_a".into(), other.clone());
            file.tensors.insert("blk.9.attn_q.weight.lora_b".into(), other.clone());
        },
        "changes nothing that the base model has",
    );
    assert!(matches!(
        Adapter::open(&path).unwrap_err(),
        EngineError::File(askpm_gguf::Error::Gguf { .. })
    ));
}
