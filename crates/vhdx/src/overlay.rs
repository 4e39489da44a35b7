//! Bytes that a replayed log puts over the file, kept in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One replayed sector or zeroed run.
#[derive(Debug, Clone)]
enum Patch {
    Zero,
    /// The sector and how many of its leading bytes were cut off by later patches.
    Data(Arc<[u8]>, usize),
}

/// Non-overlapping patches by file offset. Later ones win.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlay {
    /// start -> (end, patch)
    patches: BTreeMap<u64, (u64, Patch)>,
}

impl Overlay {
    pub(crate) fn put_data(&mut self, offset: u64, bytes: Arc<[u8]>) {
        let end = offset.saturating_add(bytes.len() as u64);
        self.insert(offset, end, Patch::Data(bytes, 0));
    }

    pub(crate) fn put_zero(&mut self, offset: u64, len: u64) {
        self.insert(offset, offset.saturating_add(len), Patch::Zero);
    }

    fn insert(&mut self, start: u64, end: u64, patch: Patch) {
        if end <= start {
            return;
        }
        let hit: Vec<u64> = self.touching(start, end).map(|(at, _)| *at).collect();
        for at in hit {
            let Some((old_end, old)) = self.patches.remove(&at) else {
                continue;
            };
            if at < start {
                self.patches.insert(at, (start, old.clone()));
            }
            if old_end > end {
                let tail = match old {
                    Patch::Zero => Patch::Zero,
                    Patch::Data(bytes, skip) => Patch::Data(bytes, skip + (end - at) as usize),
                };
                self.patches.insert(end, (old_end, tail));
            }
        }
        self.patches.insert(start, (end, patch));
    }

    fn touching(&self, start: u64, end: u64) -> impl Iterator<Item = (&u64, &(u64, Patch))> {
        let first = self
            .patches
            .range(..=start)
            .next_back()
            .map_or(start, |(at, _)| *at);
        self.patches
            .range(first..end)
            .filter(move |(_, (patch_end, _))| *patch_end > start)
    }

    /// Puts the patches over `buf`, which holds the file's bytes from `offset`.
    pub(crate) fn apply(&self, offset: u64, buf: &mut [u8]) {
        let end = offset.saturating_add(buf.len() as u64);
        for (at, (patch_end, patch)) in self.touching(offset, end) {
            let (from, to) = (offset.max(*at), end.min(*patch_end));
            let Some(target) = buf.get_mut((from - offset) as usize..(to - offset) as usize) else {
                continue;
            };
            match patch {
                Patch::Zero => target.fill(0),
                Patch::Data(bytes, skip) => {
                    let start = skip + (from - at) as usize;
                    if let Some(source) = bytes.get(start..start + target.len()) {
                        target.copy_from_slice(source);
                    }
                }
            }
        }
    }

    /// Every patch in order of the file: (offset, length, bytes or `None` for zeros).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64, Option<&[u8]>)> {
        self.patches.iter().map(|(at, (end, patch))| {
            let bytes = match patch {
                Patch::Zero => None,
                Patch::Data(bytes, skip) => bytes.get(*skip..skip + (end - at) as usize),
            };
            (*at, end - at, bytes)
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn patches_in_any_order_read_like_writes_to_memory(
            ops in proptest::collection::vec((0u64..200, 1usize..40, any::<Option<u8>>()), 0..40)
        ) {
            let mut overlay = Overlay::default();
            let mut model = vec![0xEEu8; 256];
            for (offset, len, fill) in ops {
                match fill {
                    Some(byte) => overlay.put_data(offset, vec![byte; len].into()),
                    None => overlay.put_zero(offset, len as u64),
                }
                model[offset as usize..offset as usize + len].fill(fill.unwrap_or(0));
            }
            let mut read = vec![0xEE; 256];
            overlay.apply(0, &mut read);
            prop_assert_eq!(&read, &model);
            let mut middle = vec![0xEE; 100];
            overlay.apply(50, &mut middle);
            prop_assert_eq!(&middle[..], &model[50..150]);
        }
    }
}
