//! What every disk of the lab must hold, as a pure function, so that a copy can be judged without asking the lab.
//!
//! Generation 0 fills part of a disk; each log is one generation more and writes a few blocks of **every** disk of its
//! replica. A block says which replica, disk and place it belongs to and which generation wrote it. A set of disks is
//! consistent exactly if one generation explains every block of all of them, the unwritten ones included.

mod check;

pub use check::{CheckError, Report, Torn, check};

use crate::model::DiskSpec;
use uuid::Uuid;

/// Size of a block in bytes.
pub const BLOCK_BYTES: usize = 4096;
const BLOCKS_PER_CHUNK: u64 = (1 << 20) / BLOCK_BYTES as u64;
const MAGIC: &[u8; 8] = b"STILLPT1";
const CHECKSUM_AT: usize = 64;
const HEADER_BYTES: usize = 72;

/// Mixes words into one: the only source of chance in the lab.
#[must_use]
pub fn mix(seed: u64, words: &[u64]) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for word in words {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

/// A UUID (version 8) decided by the words.
#[must_use]
pub fn derived_uuid(seed: u64, words: &[u64]) -> Uuid {
    let (high, low) = (mix(seed, words), mix(seed ^ 0x5851_f42d_4c95_7f2d, words));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn id_word(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    mix(high, &[low])
}

/// One disk of one replica, with all that decides its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskIdentity {
    pub seed: u64,
    /// The replica's lab id.
    pub replica: Uuid,
    /// From 0.
    pub disk: u16,
    /// How many disks the replica has.
    pub disks: u16,
    pub spec: DiskSpec,
}

impl DiskIdentity {
    fn blocks(&self) -> u64 {
        self.spec.bytes / BLOCK_BYTES as u64
    }

    fn chunks(&self) -> u64 {
        self.blocks() / BLOCKS_PER_CHUNK
    }

    /// Whether generation 0 filled this MiB. The first one always is, so a disk can always be told by its content.
    fn filled(&self, chunk: u64) -> bool {
        chunk == 0
            || mix(
                self.seed,
                &[id_word(self.replica), self.disk.into(), chunk, 0xf111],
            ) % 1000
                < self.spec.fill_permille.into()
    }
}

/// The blocks that a generation writes, ascending, each once. Never empty.
#[must_use]
pub fn written(disk: &DiskIdentity, generation: u64) -> Vec<u64> {
    if generation == 0 {
        let filled = (0..disk.chunks()).filter(|chunk| disk.filled(*chunk));
        return filled
            .flat_map(|c| c * BLOCKS_PER_CHUNK..(c + 1) * BLOCKS_PER_CHUNK)
            .collect();
    }
    let base = mix(disk.seed, &[id_word(disk.replica), disk.disk.into(), generation]);
    let count = 4 + mix(base, &[1]) % (u64::from(disk.spec.burst) + 1);
    let mut blocks: Vec<u64> = (0..count).map(|n| place(disk, mix(base, &[2, n]))).collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

/// Nine writes of ten go where something already is, as a guest's do; the tenth anywhere.
fn place(disk: &DiskIdentity, chance: u64) -> u64 {
    let anywhere = chance % disk.blocks();
    if (chance >> 32).is_multiple_of(10) {
        return anywhere;
    }
    let from = anywhere / BLOCKS_PER_CHUNK;
    let chunk = (0..disk.chunks())
        .map(|n| (from + n) % disk.chunks())
        .find(|c| disk.filled(*c));
    chunk.unwrap_or(0) * BLOCKS_PER_CHUNK + anywhere % BLOCKS_PER_CHUNK
}

/// The bytes of a block as `generation` wrote it.
#[must_use]
pub fn block_bytes(disk: &DiskIdentity, block: u64, generation: u64) -> [u8; BLOCK_BYTES] {
    let mut bytes = [0; BLOCK_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..16].copy_from_slice(&disk.seed.to_le_bytes());
    bytes[16..32].copy_from_slice(disk.replica.as_bytes());
    for (at, word) in [
        (32, disk.disk),
        (34, disk.disks),
        (36, disk.spec.fill_permille),
        (38, disk.spec.burst),
    ] {
        bytes[at..at + 2].copy_from_slice(&word.to_le_bytes());
    }
    for (at, word) in [(40, disk.spec.bytes), (48, block), (56, generation)] {
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    // The first half is noise, the second repeats a row: about as compressible as what a guest writes.
    let mut noise = mix(
        disk.seed,
        &[id_word(disk.replica), disk.disk.into(), block, generation, 0xda7a],
    ) | 1;
    let (half, rest) = bytes.split_at_mut(BLOCK_BYTES / 2);
    for word in half[HEADER_BYTES..].chunks_exact_mut(8) {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        word.copy_from_slice(&noise.to_le_bytes());
    }
    for row in rest.chunks_exact_mut(64) {
        row.copy_from_slice(&half[HEADER_BYTES..HEADER_BYTES + 64]);
    }
    let sum = checksum(&bytes);
    bytes[CHECKSUM_AT..HEADER_BYTES].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Over the whole block but the checksum's own place.
fn checksum(bytes: &[u8; BLOCK_BYTES]) -> u64 {
    let mut sum = 0x2545_f491_4f6c_dd1d_u64;
    for (at, word) in bytes.chunks_exact(8).enumerate() {
        if at != CHECKSUM_AT / 8 {
            sum = (sum ^ le(word))
                .wrapping_mul(0x9fb2_1c65_1e98_df25)
                .rotate_left(29);
        }
    }
    sum
}

fn le(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

/// What a block says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockLabel {
    pub disk: DiskIdentity,
    pub block: u64,
    pub generation: u64,
}

/// Reads a block's label; `None` if it is not a whole block of the lab.
#[must_use]
pub fn label(bytes: &[u8; BLOCK_BYTES]) -> Option<BlockLabel> {
    if bytes[..8] != *MAGIC || checksum(bytes) != le(&bytes[CHECKSUM_AT..HEADER_BYTES]) {
        return None;
    }
    let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| le(&bytes[at..at + 8]);
    let spec = DiskSpec {
        bytes: long(40),
        fill_permille: short(36),
        burst: short(38),
    };
    let replica = Uuid::from_slice(&bytes[16..32]).ok()?;
    let disk = DiskIdentity {
        seed: long(8),
        replica,
        disk: short(32),
        disks: short(34),
        spec,
    };
    Some(BlockLabel {
        disk,
        block: long(48),
        generation: long(56),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn disk(seed: u64, mib: u64, burst: u16) -> DiskIdentity {
        let spec = DiskSpec {
            bytes: mib << 20,
            fill_permille: 300,
            burst,
        };
        DiskIdentity {
            seed,
            replica: derived_uuid(seed, &[7]),
            disk: 1,
            disks: 2,
            spec,
        }
    }

    proptest! {
        #[test]
        fn every_generation_writes_every_disk_within_its_bounds(seed: u64, mib in 1u64..70, burst in 0u16..40, generation in 0u64..10_000) {
            let disk = disk(seed, mib, burst);
            let blocks = written(&disk, generation);
            prop_assert!(!blocks.is_empty());
            prop_assert!(blocks.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(blocks.iter().all(|b| *b < disk.blocks()));
            prop_assert_eq!(blocks, written(&disk, generation));
        }

        #[test]
        fn a_block_tells_where_it_belongs_and_any_flipped_bit_is_seen(seed: u64, block in 0u64..512, generation: u64, bit in 0usize..BLOCK_BYTES * 8) {
            let disk = disk(seed, 2, 3);
            let mut bytes = block_bytes(&disk, block, generation);
            prop_assert_eq!(label(&bytes), Some(BlockLabel { disk, block, generation }));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(label(&bytes), None);
        }
    }
}
