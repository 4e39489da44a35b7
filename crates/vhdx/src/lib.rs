//! Reading and writing VHDX virtual disks, after Microsoft's open specification MS-VHDX.
//!
//! A file that comes from a host or a tenant is hostile until proven otherwise, so a [`Reader`] checks every
//! signature, checksum, bound and overlap *before* it allocates or follows anything, and never panics.
//!
//! * [`Reader`] reads one file: its size, its bytes, and which ranges of it hold data.
//! * [`Chain`] reads a differencing disk through its parents, within one folder.
//! * [`DynamicWriter`] makes and changes dynamic (and differencing) disks.
//! * [`Outline`] is the file of a dynamic disk that is worked out piece by piece instead of written.
//! * [`VhdxSink`], [`write_vhdx_from`] and [`raw_copy`] turn any [`Disk`] into a new file.
//!
//! What is not kept: the writer does not journal through the VHDX log. A block's data is written before the
//! table entry that points to it, so a crash loses at most what was not flushed, never the rest of the disk.
#![forbid(unsafe_code)]

mod bat;
mod chain;
mod crc32c;
mod create;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod image;
mod locator;
mod log;
mod metadata;
mod outline;
mod overlay;
mod reader;
mod region;
mod sink;
mod source;
mod writer;

pub use chain::Chain;
pub use error::{Error, Result};
pub use locator::ParentLocator;
pub use outline::{Outline, Part};
pub use reader::{AllocatedRanges, Disk, Reader};
pub use sink::{Copied, VhdxSink, raw_copy, write_vhdx_from};
pub use source::ReadAt;
pub use writer::DynamicWriter;

/// One mebibyte: the unit of every offset in a VHDX file.
pub const MIB: u64 = 1 << 20;

/// The largest virtual disk the format allows: 64 TiB.
pub const VIRTUAL_SIZE_MAX: u64 = 64 << 40;

/// Block size Hyper-V itself chooses for a dynamic disk.
pub const DEFAULT_BLOCK_BYTES: u32 = 32 << 20;
