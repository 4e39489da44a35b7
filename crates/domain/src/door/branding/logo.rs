//! A logo: what may be shown of a file that somebody sent. Kind and size are read from its head; the pixels are the browser's.

use super::InvalidBrand;
use std::fmt;

/// The most bytes of a logo: with its form around it, it fits a request.
pub const LOGO_BYTES_MAX: usize = 32 * 1024;
/// The most pixels of a logo's side.
pub const LOGO_SIDE_MAX: u32 = 1_024;

/// What browsers show as a picture and nothing else. No SVG, which can hold scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    Png,
    Jpeg,
    Webp,
}

impl LogoKind {
    /// For `Content-Type`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A picture within bounds.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    kind: LogoKind,
    bytes: Vec<u8>,
}

impl Logo {
    /// Checks kind and bounds.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, InvalidBrand> {
        if bytes.len() > LOGO_BYTES_MAX {
            return Err(InvalidBrand::Bytes(bytes.len()));
        }
        let (kind, width, height) = png(&bytes)
            .map(|(w, h)| (LogoKind::Png, w, h))
            .or_else(|| jpeg(&bytes).map(|(w, h)| (LogoKind::Jpeg, w, h)))
            .or_else(|| webp(&bytes).map(|(w, h)| (LogoKind::Webp, w, h)))
            .ok_or(InvalidBrand::NotPicture)?;
        let fits = |side: u32| (1..=LOGO_SIDE_MAX).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(InvalidBrand::Side { width, height });
        }
        Ok(Self { kind, bytes })
    }
    /// What it is, by its own head and not by what it was called.
    #[must_use]
    pub fn kind(&self) -> LogoKind {
        self.kind
    }
    /// The file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// ISO 15948: the signature, `IHDR` first, `IEND` last.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(8..16)? == b"\0\0\0\x0dIHDR";
    let end = bytes.ends_with(b"IEND\xae\x42\x60\x82");
    let side = |at| Some(u32::from_be_bytes(take(bytes, at)?));
    (head && end).then_some((side(16)?, side(20)?))
}

/// ITU T.81: segments from the start of the image to the frame's header; the end of the image last.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    if !bytes.starts_with(&[0xff, 0xd8]) || !bytes.ends_with(&[0xff, 0xd9]) {
        return None;
    }
    let mut at = 2;
    loop {
        let [mark, kind] = take(bytes, at)?;
        if mark != 0xff {
            return None;
        }
        let len = usize::from(u16::from_be_bytes(take(bytes, at + 2)?));
        match kind {
            // Frames: all of them but tables (C4), extensions (C8) and conditioning (CC).
            0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let side = |at| Some(u32::from(u16::from_be_bytes(take(bytes, at)?)));
                let (height, width) = (side(at + 5)?, side(at + 7)?);
                return Some((width, height));
            }
            // Segments with a length, before the scan.
            0xc4 | 0xcc | 0xdb | 0xdd | 0xe0..=0xef | 0xfe if len >= 2 => at += 2 + len,
            _ => return None,
        }
    }
}

/// RFC 9649: one still picture, lossy, lossless or with more about it.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let size = usize::try_from(u32::from_le_bytes(take(bytes, 4)?)).ok()?;
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12)? != b"WEBP" || size != bytes.len().checked_sub(8)? {
        return None;
    }
    let plus_one = |[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]) + 1;
    match bytes.get(12..16)? {
        b"VP8 " => {
            let side = |at| Some(u32::from(u16::from_le_bytes(take(bytes, at)?) & 0x3fff));
            (bytes.get(23..26)? == b"\x9d\x01\x2a").then_some((side(26)?, side(28)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(take(bytes, 21)?);
            (*bytes.get(20)? == 0x2f).then_some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        // An animation has a frame size of its own, and moves.
        b"VP8X" if bytes.get(20)? & 0x02 == 0 => {
            Some((plus_one(take(bytes, 24)?), plus_one(take(bytes, 27)?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn png(width: u32, height: u32, bytes: usize) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        file.extend(width.to_be_bytes());
        file.extend(height.to_be_bytes());
        file.resize(bytes.max(file.len() + 8) - 8, 0);
        file.extend(b"IEND\xae\x42\x60\x82");
        file
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut file = b"\xff\xd8\xff\xe0\0\x04ab\xff\xdb\0\x03x\xff\xc2\0\x0b\x08".to_vec();
        file.extend(height.to_be_bytes());
        file.extend(width.to_be_bytes());
        file.extend(b"\x01\x01\x11\0\xff\xda\0\x02data\xff\xd9");
        file
    }

    fn riff(chunk: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF".to_vec();
        file.extend(u32::try_from(12 + body.len()).unwrap().to_le_bytes());
        file.extend(b"WEBP");
        file.extend(chunk);
        file.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        file.extend(body);
        file
    }

    fn lossless(width: u32, height: u32) -> Vec<u8> {
        let mut body = vec![0x2f];
        body.extend(((width - 1) | ((height - 1) << 14)).to_le_bytes());
        riff(b"VP8L", &body)
    }

    fn lossy(width: u16, height: u16) -> Vec<u8> {
        let mut body = b"\0\0\0\x9d\x01\x2a".to_vec();
        body.extend(width.to_le_bytes());
        body.extend(height.to_le_bytes());
        riff(b"VP8 ", &body)
    }

    fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
        let mut body = vec![flags, 0, 0, 0];
        body.extend(&(width - 1).to_le_bytes()[..3]);
        body.extend(&(height - 1).to_le_bytes()[..3]);
        riff(b"VP8X", &body)
    }

    #[test]
    fn three_kinds_of_pictures_are_known_by_their_heads() {
        for (file, kind) in [
            (png(200, 60, LOGO_BYTES_MAX), LogoKind::Png),
            (jpeg(200, 60), LogoKind::Jpeg),
            (lossy(200, 60), LogoKind::Webp),
            (lossless(1_024, 1), LogoKind::Webp),
            (extended(0x10, 200, 60), LogoKind::Webp),
        ] {
            assert_eq!(Logo::parse(file).unwrap().kind(), kind);
        }
    }

    #[test]
    fn a_picture_that_is_too_large_is_refused_by_its_numbers() {
        let large = png(200, 60, LOGO_BYTES_MAX + 1);
        assert_eq!(Logo::parse(large), Err(InvalidBrand::Bytes(LOGO_BYTES_MAX + 1)));
        for (width, height) in [(0, 5), (5, 0), (1_025, 5), (5, u32::MAX)] {
            let side = Err(InvalidBrand::Side { width, height });
            assert_eq!(Logo::parse(png(width, height, 0)), side);
        }
        for file in [
            jpeg(1_025, 5),
            lossy(5, 1_025),
            lossless(5, 1_025),
            extended(0, 1_025, 5),
            jpeg(0, 1),
        ] {
            assert!(matches!(Logo::parse(file), Err(InvalidBrand::Side { .. })));
        }
    }

    #[test]
    fn what_is_no_whole_still_picture_is_refused() {
        let mut cut = png(5, 5, 0);
        cut.pop();
        let mut longer = lossless(5, 5);
        longer.push(0);
        for bad in [
            Vec::new(),
            b"<svg onload=alert(1)>".to_vec(),
            b"<?xml version=\"1.0\"?><svg/>".to_vec(),
            b"GIF89a\x05\0\x05\0".to_vec(),
            cut,
            b"\x89PNG\r\n\x1a\n".to_vec(),
            b"\xff\xd8\xff\xd9".to_vec(),
            extended(0x02, 5, 5),
            longer,
        ] {
            assert_eq!(Logo::parse(bad), Err(InvalidBrand::NotPicture));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_more_than_refused(
            start in 0_usize..5, cut in 0_usize..60, more in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let starts = [png(5, 5, 0), jpeg(5, 5), lossy(5, 5), lossless(5, 5), extended(0, 5, 5)];
            let mut file = starts[start].clone();
            file.truncate(cut);
            file.extend(more);
            if let Ok(logo) = Logo::parse(file.clone()) {
                prop_assert_eq!(logo.as_bytes(), file.as_slice());
            }
        }
    }
}
