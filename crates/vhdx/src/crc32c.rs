//! CRC-32C (Castagnoli), the checksum of every VHDX structure.

const POLYNOMIAL_REVERSED: u32 = 0x82F6_3B78;
const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL_REVERSED
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn update(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (crc >> 8) ^ TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize]
    })
}

/// Checksum of `bytes` as it stands.
#[cfg(test)]
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    !update(!0, bytes)
}

/// Checksum of a structure whose own four-byte checksum field lies at 4 and counts as zero.
pub(crate) fn checksum_of_structure(bytes: &[u8]) -> u32 {
    let (head, rest) = bytes.split_at(bytes.len().min(4));
    let crc = update(!0, head);
    let crc = update(crc, &[0; 4]);
    !update(crc, rest.get(4..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_check_value_comes_out() {
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
        assert_eq!(checksum(&[0; 32]), 0x8A91_36AA);
    }

    #[test]
    fn the_checksum_field_of_a_structure_counts_as_zero() {
        let with_field = b"head\xAA\xBB\xCC\xDDrest";
        assert_eq!(checksum_of_structure(with_field), checksum(b"head\0\0\0\0rest"));
    }
}
