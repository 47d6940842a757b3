//! Builds a wheel: a ZIP archive with one member, whose header may claim a wrong size.
//!
//! The layout is that of PKWARE's APPNOTE, 4.3. The CRC fields are 0, because nothing here reads them.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::io::Write;

/// Builds a wheel with `bytes` deflated under `member`, which claims to inflate to `claimed` bytes.
pub fn wheel(member: &str, bytes: &[u8], claimed: u32) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("a vector takes everything");
    let packed = encoder.finish().expect("a vector takes everything");
    archive(member, 8, &packed, claimed)
}

/// The same, without compression.
pub fn stored_wheel(member: &str, bytes: &[u8]) -> Vec<u8> {
    archive(member, 0, bytes, bytes.len() as u32)
}

fn archive(member: &str, method: u16, packed: &[u8], claimed: u32) -> Vec<u8> {
    let mut common = Vec::new();
    for half in [20u16, 0, method, 0, 0] {
        common.extend(half.to_le_bytes());
    }
    for word in [0, packed.len() as u32, claimed] {
        common.extend(word.to_le_bytes());
    }
    common.extend((member.len() as u16).to_le_bytes());
    common.extend(0u16.to_le_bytes());

    let mut out = b"PK\x03\x04".to_vec();
    out.extend(&common);
    out.extend(member.as_bytes());
    out.extend(packed);
    let directory_at = out.len() as u32;
    out.extend(b"PK\x01\x02\x14\x00");
    out.extend(&common);
    // Comment length, disk, internal attributes, external attributes, offset of the local header.
    out.extend([0; 6]);
    out.extend(0u32.to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(member.as_bytes());
    let directory_length = out.len() as u32 - directory_at;
    out.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    out.extend(directory_length.to_le_bytes());
    out.extend(directory_at.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out
}
