//! The conformance suite on the store in memory.

use store::MemoryStore;

async fn open() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

store::store_conformance!(open);
