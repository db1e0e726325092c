//! How full the disk under a node's databases is, and the ballast that is given up when it is.
//!
//! A database that meets the end of the disk at a commit keeps what it has, but what was begun cannot be finished. So people
//! are warned before, nothing new is begun near the end, and the ballast, a file of nothing, is deleted then: what was begun
//! finds its room.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;

/// From here on people are told.
pub const SCARCE_PERCENT: u64 = 95;
/// From here on nothing new is begun.
pub const FULL_PERCENT: u64 = 99;
/// A day of receipts, and some.
pub const BALLAST_BYTES: u64 = 64 * 1024 * 1024;

/// Of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub used: u64,
    pub total: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    Enough,
    Scarce { percent: u64 },
    None { percent: u64 },
}

impl Room {
    /// How full it is, once somebody should know.
    pub fn worrying(self) -> Option<u64> {
        match self {
            Room::Enough => None,
            Room::Scarce { percent } | Room::None { percent } => Some(percent),
        }
    }
}

type Probe = Arc<dyn Fn() -> io::Result<Space> + Send + Sync>;

/// The disk of a node. By default nobody watches it: there is room.
#[derive(Clone, Default)]
pub struct Disk {
    probe: Option<Probe>,
    ballast: Option<PathBuf>,
}

impl Disk {
    /// The disk on which `folder` lies.
    pub fn of(folder: &Path) -> Disk {
        let folder = folder.to_owned();
        Disk::measured_by(move || {
            let of = statvfs(&folder)?;
            let block = of.fragment_size();
            let used = of.blocks().saturating_sub(of.blocks_free()) * block;
            // What only the system may use is not room for us.
            Ok(Space { used, total: used + of.blocks_available() * block })
        })
    }

    pub fn measured_by(probe: impl Fn() -> io::Result<Space> + Send + Sync + 'static) -> Disk {
        Disk { probe: Some(Arc::new(probe)), ballast: None }
    }

    /// Keep so many bytes back in `file`, if there is room for them now.
    pub fn with_ballast(mut self, file: PathBuf, bytes: u64) -> Disk {
        if !file.exists()
            && self.room() == Room::Enough
            && let Err(error) = lay(&file, bytes)
        {
            tracing::warn!(file = %file.display(), %error, "no ballast could be laid on the disk");
            std::fs::remove_file(&file).ok();
        }
        self.ballast = Some(file);
        self
    }

    /// How much room there is. Near the end the ballast is given up first.
    pub fn room(&self) -> Room {
        let room = self.measured();
        if matches!(room, Room::None { .. })
            && let Some(ballast) = &self.ballast
            && std::fs::remove_file(ballast).is_ok()
        {
            tracing::error!(file = %ballast.display(), "the disk is full: the ballast is given up");
            return self.measured();
        }
        room
    }

    fn measured(&self) -> Room {
        let Some(probe) = &self.probe else { return Room::Enough };
        match probe() {
            Ok(Space { used, total }) => match used.saturating_mul(100) / total.max(1) {
                percent if percent >= FULL_PERCENT => Room::None { percent },
                percent if percent >= SCARCE_PERCENT => Room::Scarce { percent },
                _ => Room::Enough,
            },
            // A disk that cannot be measured may be a good one: nobody stops for it.
            Err(error) => {
                tracing::debug!(%error, "the disk cannot be measured");
                Room::Enough
            }
        }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("ballast", &self.ballast).finish_non_exhaustive()
    }
}

/// Blocks that are really taken, and not only promised.
fn lay(file: &Path, bytes: u64) -> io::Result<()> {
    let bytes = i64::try_from(bytes).map_err(io::Error::other)?;
    Ok(posix_fallocate(File::create(file)?, 0, bytes)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn people_are_warned_then_the_ballast_goes_then_nothing_is_begun() {
        let folder = std::env::temp_dir().join(format!("disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("ballast");
        let used = Arc::new(AtomicU64::new(50));
        let (others, ballast) = (used.clone(), file.clone());
        let disk = Disk::measured_by(move || {
            let own = if ballast.exists() { 4 } else { 0 };
            Ok(Space { used: others.load(Ordering::Acquire) + own, total: 100 })
        });
        let disk = disk.with_ballast(file.clone(), 1_000_000);
        assert!(std::fs::metadata(&file).expect("it is laid").blocks() * 512 >= 1_000_000);
        for (others, room, lies) in [
            (90, Room::Enough, true),
            (91, Room::Scarce { percent: 95 }, true),
            (94, Room::Scarce { percent: 98 }, true),
            (95, Room::Scarce { percent: 95 }, false),
            (98, Room::Scarce { percent: 98 }, false),
            (99, Room::None { percent: 99 }, false),
            (50, Room::Enough, false),
        ] {
            used.store(others, Ordering::Release);
            assert_eq!((disk.room(), file.exists()), (room, lies), "with {others} of others");
        }
        assert_eq!(Disk::measured_by(|| Err(io::Error::other("no such disk"))).room(), Room::Enough);
        assert_eq!(Disk::of(&folder.join("nowhere")).room(), Room::Enough);
        assert!(Disk::of(&folder).room().worrying().is_none_or(|percent| (SCARCE_PERCENT..=100).contains(&percent)));
        std::fs::remove_dir_all(&folder).expect("it is taken away");
    }
}
