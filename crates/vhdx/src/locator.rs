//! The parent locator of a differencing disk.

use uuid::{Uuid, uuid};

use crate::error::{Error, Result};
use crate::source::{guid_at, u16_at, u32_at};

const WHAT: &str = "parent locator";
const VHDX_LOCATOR: Uuid = uuid!("b04aefb7-d19e-4a81-b789-25b8e9445913");

/// How a differencing disk names its parent. All strings come from the file: hostile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParentLocator {
    /// `parent_linkage`: the parent's data-write GUID when the child was made.
    pub linkage: Option<Uuid>,
    /// `parent_linkage2`: a second accepted GUID.
    pub linkage2: Option<Uuid>,
    /// `relative_path`: from the child's folder.
    pub relative_path: Option<String>,
    /// `absolute_win32_path`: shown to people, never followed.
    pub absolute_path: Option<String>,
}

impl ParentLocator {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let braced = |id: &Uuid| id.braced().to_string();
        let pairs: Vec<(&str, String)> = [
            ("parent_linkage", self.linkage.as_ref().map(braced)),
            ("parent_linkage2", self.linkage2.as_ref().map(braced)),
            ("relative_path", self.relative_path.clone()),
            ("absolute_win32_path", self.absolute_path.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect();
        let utf16 = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        let mut head = VHDX_LOCATOR.to_bytes_le().to_vec();
        head.extend([0; 2]);
        head.extend((pairs.len() as u16).to_le_bytes());
        let mut strings = Vec::new();
        let strings_at = 20 + 12 * pairs.len();
        for (key, value) in &pairs {
            let (key, value) = (utf16(key), utf16(value));
            let key_at = strings_at + strings.len();
            head.extend((key_at as u32).to_le_bytes());
            head.extend(((key_at + key.len()) as u32).to_le_bytes());
            head.extend((key.len() as u16).to_le_bytes());
            head.extend((value.len() as u16).to_le_bytes());
            strings.extend(key);
            strings.extend(value);
        }
        head.extend(strings);
        head
    }

    pub(crate) fn decode(bytes: &[u8], offset: u64) -> Result<Self> {
        if bytes.len() < 20 || guid_at(bytes, 0) != VHDX_LOCATOR {
            return Err(Error::invalid(WHAT, offset, "its type is not the VHDX one"));
        }
        let text = |at: usize, len: usize| -> Result<String> {
            let raw = at.checked_add(len).and_then(|end| bytes.get(at..end));
            let raw = raw.ok_or_else(|| Error::invalid(WHAT, offset, "a string lies outside it"))?;
            let units: Vec<u16> = raw.chunks_exact(2).map(|pair| u16_at(pair, 0)).collect();
            String::from_utf16(&units).map_err(|_| Error::invalid(WHAT, offset, "a string is not UTF-16"))
        };
        let mut found = Self::default();
        for i in 0..usize::from(u16_at(bytes, 18)) {
            let at = 20 + 12 * i;
            if at + 12 > bytes.len() {
                return Err(Error::invalid(
                    WHAT,
                    offset,
                    "it promises more entries than it has",
                ));
            }
            let key = text(u32_at(bytes, at) as usize, usize::from(u16_at(bytes, at + 8)))?;
            let value = || {
                text(
                    u32_at(bytes, at + 4) as usize,
                    usize::from(u16_at(bytes, at + 10)),
                )
            };
            let id = |value: String| {
                Uuid::try_parse(&value)
                    .map_err(|_| Error::invalid(WHAT, offset, format!("{value:?} is not a GUID")))
            };
            match key.as_str() {
                "parent_linkage" => found.linkage = Some(id(value()?)?),
                "parent_linkage2" => found.linkage2 = Some(id(value()?)?),
                "relative_path" => found.relative_path = Some(value()?),
                "absolute_win32_path" => found.absolute_path = Some(value()?),
                _ => {}
            }
        }
        Ok(found)
    }
}
