//! Headers cut at every byte, and bytes that are not a header. Files that are wrong in one field are tried by the
//! engine's tests, which load them whole.

use askpm_fixtures::{TinyGguf, Weights};
use proptest::prelude::*;

use super::*;

#[test]
fn a_header_cut_anywhere_is_refused_and_named() {
    let (bytes, header) = TinyGguf::new("llama", Weights::F32).bytes_and_header();
    for end in 0..header {
        let error = parse(&bytes[..end], end as u64, Path::new("model.gguf")).expect_err("a cut header is refused");
        assert!(
            error.to_string().starts_with("model.gguf is not a usable GGUF model: "),
            "{error}"
        );
    }
}

#[test]
fn the_most_common_type_by_bytes_names_the_quantization() {
    for (weights, name) in [(Weights::F32, "F32"), (Weights::Q8_0, "Q8_0"), (Weights::Q4_0, "Q4_0")] {
        let folder = tempfile::tempdir().unwrap();
        let path = TinyGguf::new("llama", weights).write(folder.path(), "model.gguf");
        assert_eq!(Gguf::open(&path).unwrap().quantization(), name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_after_the_magic_are_an_error(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let bytes: Vec<u8> = b"GGUF\x03\0\0\0".iter().copied().chain(tail).collect();
        prop_assert!(parse(bytes.as_slice(), bytes.len() as u64, Path::new("x")).is_err() || bytes.len() >= 24);
    }
}

#[test]
fn a_built_in_file_reads_like_one_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = TinyGguf::new("llama", Weights::F32);
    let on_disk = Gguf::open(&tiny.write(folder.path(), "tiny.gguf")).unwrap();
    // The bytes of a program are at any address.
    let mut bytes = vec![0];
    bytes.extend(tiny.bytes());
    let built_in = Gguf::built_in("tiny.gguf", &Box::leak(bytes.into_boxed_slice())[1..]).unwrap();
    for name in on_disk.tensor_names() {
        assert_eq!(on_disk.bytes(name).unwrap(), built_in.bytes(name).unwrap(), "{name}");
        let numbers = |file: &Gguf| file.read(name, &Device::Cpu).unwrap().dequantize(&Device::Cpu).unwrap();
        let flat = |file: &Gguf| numbers(file).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(flat(&on_disk), flat(&built_in), "{name}");
    }
    let error = Gguf::built_in("tiny.gguf", b"GGUX").unwrap_err().to_string();
    assert!(error.contains("tiny.gguf"), "{error}");
}
