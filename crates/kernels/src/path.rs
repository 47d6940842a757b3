//! Detects which instructions the processor has, and chooses the path that the kernels take.

use std::sync::OnceLock;

/// A set of kernels for one instruction set. Their matmuls give the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// 512-bit byte dot products (AVX-512 VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit byte dot products (AVX-VNNI).
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// 256-bit multiply-and-add of bytes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 128-bit byte dot products (Armv8.2).
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Plain Rust, vectorized by the compiler.
    Plain,
}

/// The names of all paths, those of other processors too.
const NAMES: [&str; 5] = ["avx512", "avxvnni", "avx2", "neon", "plain"];

/// The path that all kernels of this process take.
static CHOSEN: OnceLock<Path> = OnceLock::new();

/// Why a path cannot be chosen.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No path has this name.
    #[error("askpm has no such path")]
    Unknown,
    /// The processor lacks the instructions.
    #[error("this processor does not have it")]
    Absent,
    /// The kernels have run on another path before.
    #[error("the kernels already use another")]
    Late,
}

/// Makes all kernels of this process take the path with this name, instead of the fastest. They must not have run
/// before.
///
/// # Errors
/// A name that is not in [`paths`], or kernels that have taken another path already.
pub fn choose(name: &str) -> Result<(), PathError> {
    let path = named(name, &Path::all())?;
    if *CHOSEN.get_or_init(|| path) == path {
        Ok(())
    } else {
        Err(PathError::Late)
    }
}

/// The name of the path that the kernels take.
pub fn path() -> &'static str {
    Path::best().name()
}

/// The names of the paths that this processor has, the fastest first.
pub fn paths() -> Vec<&'static str> {
    Path::all().iter().map(|path| path.name()).collect()
}

fn named(name: &str, all: &[Path]) -> Result<Path, PathError> {
    let found = all.iter().copied().find(|path| path.name() == name);
    found.ok_or(if NAMES.contains(&name) {
        PathError::Absent
    } else {
        PathError::Unknown
    })
}

impl Path {
    /// Returns the path that was chosen, else the fastest of this processor.
    pub(super) fn best() -> Self {
        *CHOSEN.get_or_init(|| Self::all()[0])
    }

    /// Returns all paths of this processor, the fastest first.
    pub(super) fn all() -> Vec<Self> {
        static ALL: OnceLock<Vec<Path>> = OnceLock::new();
        ALL.get_or_init(detect).clone()
    }

    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "neon",
            Self::Plain => "plain",
        }
    }
}

fn detect() -> Vec<Path> {
    let mut all = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let avx2 =
            is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni");
        if avx2 && avx512 {
            all.push(Path::Avx512);
        }
        if avx2 && is_x86_feature_detected!("avxvnni") {
            all.push(Path::AvxVnni);
        }
        if avx2 {
            all.push(Path::Avx2);
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") && std::arch::is_aarch64_feature_detected!("dotprod") {
        all.push(Path::Neon);
    }
    all.push(Path::Plain);
    all
}

/// The instruction sets that the kernels use on this processor.
pub fn features() -> &'static [&'static str] {
    match Path::best() {
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => &[
            "avx512f",
            "avx512bw",
            "avx512vl",
            "avx512dq",
            "avx512vnni",
            "fma",
            "f16c",
        ],
        #[cfg(target_arch = "x86_64")]
        Path::AvxVnni => &["avx2", "avxvnni", "fma", "f16c"],
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => &["avx2", "fma", "f16c"],
        #[cfg(target_arch = "aarch64")]
        Path::Neon => &["neon", "dotprod"],
        Path::Plain if cfg!(target_arch = "aarch64") => &["neon"],
        Path::Plain => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_found_by_its_name_and_other_names_are_refused() {
        for path in Path::all() {
            assert_eq!(named(path.name(), &Path::all()), Ok(path));
            assert!(NAMES.contains(&path.name()));
        }
        assert_eq!(named("plain", &[]), Err(PathError::Absent));
        for name in ["", "AVX2", "avx2 ", "sse"] {
            assert_eq!(named(name, &Path::all()), Err(PathError::Unknown), "{name:?}");
        }
    }

    #[test]
    fn the_path_of_a_process_is_chosen_once() {
        let fastest = Path::best();
        assert_eq!(choose(fastest.name()), Ok(()));
        if let Some(other) = Path::all().into_iter().find(|path| *path != fastest) {
            assert_eq!(choose(other.name()), Err(PathError::Late));
        }
        assert_eq!(Path::best(), fastest);
    }
}
