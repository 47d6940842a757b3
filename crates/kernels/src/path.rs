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

impl Path {
    /// Returns the fastest path of this processor.
    pub(super) fn best() -> Self {
        static BEST: OnceLock<Path> = OnceLock::new();
        *BEST.get_or_init(|| Self::all()[0])
    }

    /// Returns all paths of this processor, the fastest first.
    pub(super) fn all() -> Vec<Self> {
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
                all.push(Self::Avx512);
            }
            if avx2 && is_x86_feature_detected!("avxvnni") {
                all.push(Self::AvxVnni);
            }
            if avx2 {
                all.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") && std::arch::is_aarch64_feature_detected!("dotprod") {
            all.push(Self::Neon);
        }
        all.push(Self::Plain);
        all
    }
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
